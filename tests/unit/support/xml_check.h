/// @file
/// Checks that a text is XML.
#pragma once

#include <string>
#include <string_view>

namespace test_support {

/// What keeps `text` from being well-formed XML 1.0, and near what; empty if nothing does. Comments, CDATA
/// sections and document types other than `<!DOCTYPE html>` are refused, since nothing here writes any.
std::string xml_error(std::string_view text);

}  // namespace test_support
