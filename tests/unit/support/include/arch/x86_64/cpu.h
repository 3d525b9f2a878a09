/// @file
/// What kernel code that is tested on the host needs of the processor. Found in place of the real header,
/// which has privileged instructions.
#pragma once

#include <cstdint>

/// The host's stand-in for RFLAGS.IF.
inline bool host_interrupts_enabled = true;

inline bool irq_enabled() {
    return host_interrupts_enabled;
}
/// As in the kernel: turns interrupts off and returns what irq_restore() needs.
[[nodiscard]] inline uint64_t irq_save() {
    const uint64_t flags = host_interrupts_enabled ? 1 : 0;
    host_interrupts_enabled = false;
    return flags;
}
inline void irq_restore(uint64_t flags) {
    if (flags != 0) host_interrupts_enabled = true;
}
