/// @file
/// What a test asks of its machine, and the QEMU command line that this becomes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace harness {

/// How the kernel gets into the machine.
enum class BootPath {
    kPvh,         ///< `-kernel` through the PVH note, with the small qboot firmware: the fastest
    kPvhSeaBios,  ///< `-kernel` through the PVH note under SeaBIOS
    kGrubBios,    ///< the ISO image under SeaBIOS
    kGrubUefi,    ///< the ISO image under UEFI (OVMF); give it at least 128 MiB
};

/// A machine to be. The processor is always emulated (TCG); KVM is never used.
struct MachineOptions {
    BootPath boot = BootPath::kPvh;
    std::filesystem::path kernel;  ///< ELF file: booted by the PVH paths, and the source of symbols for all
    std::filesystem::path iso;     ///< booted by the GRUB paths
    std::filesystem::path initrd;  ///< boot module of the PVH paths, optional
    std::string append;            ///< kernel command line of the PVH paths
    int memory_mib = 64;
    int cpus = 1;
    /// One instruction takes 2^shift ns of guest time; every run is then the same as long as nothing is
    /// typed.
    std::optional<int> icount_shift;
    std::string cpu_model = "max";
    bool int_log = true;             ///< keep the log of interrupts and resets
    bool start_paused = false;       ///< don't run before resume() or the debugger says so
    size_t serial_cap = 4ull << 20;  ///< bytes of serial output to keep; more is a flood
    std::vector<std::string> extra;  ///< further QEMU arguments, last on the line
    std::string qemu_binary = "qemu-system-x86_64";
};

/// Files in the machine's private folder through which it is reached.
struct MachineFiles {
    explicit MachineFiles(const std::filesystem::path& folder);
    std::filesystem::path serial;  ///< socket; the harness listens
    std::filesystem::path qmp;     ///< socket; the harness listens
    std::filesystem::path gdb;     ///< socket; QEMU listens
    std::filesystem::path int_log;
    std::filesystem::path qemu_output;
};

/// The command that starts QEMU, paused. Throws InfrastructureError when a file that it needs does not exist.
std::vector<std::string> qemu_command(const MachineOptions& options, const MachineFiles& files);
/// A command that repeats the run by hand, with the serial line on the terminal.
std::vector<std::string> reproduction_command(const MachineOptions& options);

}  // namespace harness
