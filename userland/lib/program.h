/// @file
/// What start.S and a program agree on. Every program includes this before it defines main(), which gives its
/// main() the C name that start.S calls (a freestanding C++ compiler would mangle it otherwise).
#pragma once

/// The program. `argv[argc]` is null. The result is its exit status.
extern "C" int main(int argc, char** argv);

/// The environment: strings NAME=value, ended by a null pointer.
extern "C" char** environ;
