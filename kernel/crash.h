/// @file
/// Faults on request, to see the reports: `crash=` on the kernel's command line.
#pragma once

/// Commits the fault called `kind`: stack (overflows the kernel stack), ud (invalid opcode), null (reads
/// address 0), text (writes to the kernel's code), exec (executes data), panic. Any other kind is reported
/// and does nothing.
void crash_on_purpose(const char* kind);
