/// @file
/// The headers of libraries that most tests begin with. The build compiles them once and puts the result in
/// front of every test program's source, which saves half of the compiler's time. Each source includes what
/// it uses all the same: this file may be left out.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>
