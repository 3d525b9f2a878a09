/// @file
/// Where system calls begin and end in the kernel's code.
#pragma once

#include <cstdint>

#include <tests/harness/machine.h>

/// The address of the `sysretq` behind syscall_entry. Throws InfrastructureError when there is none.
uint64_t find_sysret(harness::Machine& machine);
