/// @file
/// Finds SYSRET in the kernel's code.
#include <tests/system/syscall_probe.h>

#include <algorithm>

uint64_t find_sysret(harness::Machine& machine) {
    const harness::ElfSymbols& symbols = machine.symbols();
    constexpr size_t kReach = 1024;
    const uint64_t start = symbols.value("syscall_entry");
    const auto code = symbols.bytes_at(start, std::min(kReach, symbols.value("text_end") - start));
    constexpr uint8_t kSysretq[] = {0x48, 0x0f, 0x07};
    const auto found = std::search(code.begin(), code.end(), std::begin(kSysretq), std::end(kSysretq));
    if (found == code.end()) throw harness::InfrastructureError("there is no sysretq behind syscall_entry");
    return start + static_cast<uint64_t>(found - code.begin());
}
