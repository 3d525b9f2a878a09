/// @file
/// The last look before ring 3, which interrupts and system calls have in common.
#pragma once

#include <string>

#include <tests/labs/05-pcr-swapgs/paths.h>

/// The guest stands where C++ has come back to the way out of an interrupt or a system call. Turns interrupts
/// on, as C++ might have left them, and checks up to ring 3 that they are off while GS or RSP is the
/// program's.
void check_interrupts_off(PathsTest& test, const std::string& path);
/// The same beginning; lets work appear as soon as interrupts are off. True when it is seen to before ring 3.
bool sees_late_work(PathsTest& test);
