/// @file
/// Builds QEMU command lines.
#include <tests/harness/error.h>
#include <tests/harness/options.h>

#include <fmt/format.h>

namespace harness {

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

void append_words(Words& words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
}

/// The absolute path of `file`, which must exist.
std::string existing(const fs::path& file, const char* what) {
    std::error_code error;
    if (file.empty()) throw InfrastructureError(fmt::format("no {} was given", what));
    if (!fs::is_regular_file(file, error)) {
        throw InfrastructureError(fmt::format("{} {} does not exist; build it first", what, file.string()));
    }
    return fs::absolute(file).string();
}

/// A file name within one of QEMU's comma-separated options.
std::string escaped(const fs::path& path) {
    std::string text;
    for (char c : path.string()) text += c == ',' ? std::string(",,") : std::string(1, c);
    return text;
}

std::string uefi_firmware() {
    for (const char* path :
         {"/usr/share/ovmf/OVMF.fd", "/usr/share/OVMF/OVMF.fd", "/usr/share/qemu/OVMF.fd"}) {
        if (fs::exists(path)) return path;
    }
    throw InfrastructureError("no UEFI firmware OVMF.fd; install the package ovmf");
}

/// What the guest can notice: the same in every run of these options.
Words machine_words(const MachineOptions& options) {
    Words words{options.qemu_binary, "-accel", "tcg", "-M", "q35", "-cpu", options.cpu_model, "-nodefaults",
                "-no-user-config", "-display", "none", "-no-reboot", "-nic", "none",
                // Without this QEMU patches the guest's APIC accesses, which breaks reverse debugging.
                "-global", "apic.vapic=off", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"};
    append_words(words, {"-m", std::to_string(options.memory_mib), "-smp", std::to_string(options.cpus)});
    if (options.icount_shift) {
        append_words(words, {"-icount", fmt::format("shift={},sleep=off", *options.icount_shift), "-rtc",
                             "base=2024-01-01,clock=vm", "-seed", "1"});
    }
    switch (options.boot) {
        case BootPath::kPvh:
            append_words(words, {"-bios", "qboot.rom"});
            [[fallthrough]];
        case BootPath::kPvhSeaBios:
            append_words(words, {"-kernel", existing(options.kernel, "kernel")});
            if (!options.initrd.empty()) {
                append_words(words, {"-initrd", existing(options.initrd, "boot module")});
            }
            if (!options.append.empty()) append_words(words, {"-append", options.append});
            break;
        case BootPath::kGrubUefi:
            append_words(words, {"-bios", uefi_firmware()});
            [[fallthrough]];
        case BootPath::kGrubBios:
            append_words(words, {"-cdrom", existing(options.iso, "ISO image")});
            break;
    }
    return words;
}

}  // namespace

MachineFiles::MachineFiles(const fs::path& folder)
    : serial(folder / "serial"),
      qmp(folder / "qmp"),
      gdb(folder / "gdb"),
      int_log(folder / "int.log"),
      qemu_output(folder / "qemu.out") {}

Words qemu_command(const MachineOptions& options, const MachineFiles& files) {
    Words words = machine_words(options);
    append_words(words, {"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny"});
    append_words(words, {"-chardev", "socket,id=serial,server=off,path=" + escaped(files.serial)});
    append_words(words, {"-serial", "chardev:serial"});
    append_words(words, {"-chardev", "socket,id=qmp,server=off,path=" + escaped(files.qmp)});
    append_words(words, {"-mon", "chardev=qmp,mode=control"});
    append_words(words, {"-gdb", "unix:" + escaped(files.gdb) + ",server=on,wait=off", "-S"});
    if (options.int_log) append_words(words, {"-d", "int,cpu_reset", "-D", files.int_log.string()});
    append_words(words, options.extra);
    return words;
}

Words reproduction_command(const MachineOptions& options) {
    Words words = machine_words(options);
    append_words(words, {"-serial", "mon:stdio"});
    append_words(words, options.extra);
    return words;
}

}  // namespace harness
