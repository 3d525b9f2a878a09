/// @file
/// From the boot loader's hand-over to the first program.
#include <charconv>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/devices.h>
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/idt.h>
#include <arch/x86_64/layout.h>
#include <arch/x86_64/paging.h>
#include <arch/x86_64/processor.h>
#include <arch/x86_64/serial.h>
#include <kernel/boot/boot_info.h>
#include <kernel/console/console.h>
#include <kernel/crash.h>
#include <kernel/fault_policy.h>
#include <kernel/fs/vfs.h>
#include <kernel/idle.h>
#include <kernel/libk/string.h>
#include <kernel/mm/frame.h>
#include <kernel/panic_policy.h>
#include <kernel/self_check.h>
#include <kernel/task/task.h>
#include <kernel/userspace.h>

namespace {

/// In EAX from a multiboot2 loader; boot.S puts the other one there for PVH.
constexpr uint32_t kMultiboot2Magic = 0x36d76289;
constexpr uint32_t kPvhMagic = 0x336ec578;

constexpr uint32_t kDefaultHz = 1000;

BootInfo boot_info;

/// The end of a boot that can't go on: one line, and rest. The line may not wait in the console's ring:
/// nobody would empty it any more.
[[noreturn]] void boot_failed(const char* why) {
    irq_disable();
    console_emergency();
    kprintf("Trapline can't start: %s.\n", why);
    finish_panic();
}

const std::byte* read_physical(uint64_t address, uint64_t length) {
    if (address == 0 || address >= kEarlyMapEnd || length > kEarlyMapEnd - address) return nullptr;
    return static_cast<const std::byte*>(physical_pointer({address}));
}

const char* parse_boot_data(uint32_t magic, uint32_t address) {
    if (magic == kPvhMagic) return parse_pvh(address, read_physical, boot_info);
    if (magic != kMultiboot2Magic) return "the boot loader speaks neither multiboot2 nor PVH";
    const std::byte* data = read_physical(address, sizeof(uint32_t));
    if (!data) return "the multiboot2 information has no address";
    // How long the structure is, only it knows; the parser checks it against what can be read at all.
    return parse_multiboot2({data, kEarlyMapEnd - address}, address, boot_info);
}

std::string_view option(std::string_view key) {
    return command_line_value(boot_info.command_line.data(), key);
}

/// The timer's rate: what `hz=` on the command line says.
uint32_t timer_rate() {
    const std::string_view text = option("hz");
    if (text.empty()) return kDefaultHz;
    uint32_t hz = 0;
    std::from_chars(text.begin(), text.end(), hz);
    if (hz < 10 || hz > 10'000) boot_failed("hz= on the command line must be between 10 and 10000");
    return hz;
}

void mount_initramfs() {
    if (boot_info.module_count == 0)
        boot_failed("the boot loader brought no initramfs (a module with the programs)");
    const BootModule& module = boot_info.modules[0];
    const auto* data = static_cast<const std::byte*>(physical_pointer({module.base}));
    if (const char* error = mount_root({data, module.length})) boot_failed(error);
    release_module(module.base, module.length);
}

/// The boot task: brings the machine up, then rests whenever nobody else has work.
void boot_task_body() {
    const uint32_t hz = timer_rate();
    if (const char* error = init_devices(hz)) boot_failed(error);
    start_processors(hz);
    mount_initramfs();

    std::array<char, 16> crash;
    if (copy_string(crash, option("crash")) > 0) crash_on_purpose(crash.data());

    self_check();
    start_userspace();

    idle_loop();
}

}  // namespace

/// boot.S comes here with interrupts off, on the boot stack, under its own page tables. `magic` says by which
/// protocol, `address` is the physical address of the loader's data.
/// @callgraph
extern "C" [[noreturn]] void kernel_main(uint32_t magic, uint32_t address) {
    serial_init();
    init_gdt();
    init_idt();
    init_cpu_features();

    if (const char* error = parse_boot_data(magic, address)) boot_failed(error);
    set_panic_exit(option("panic") == "exit");
    if (option("faults") == "stop") stop_at_program_fault = true;
    if (option("faults") == "kill") stop_at_program_fault = false;
    if (const char* error = check_boot_info(boot_info, 0x100000, image_physical(kernel_end).value))
        boot_failed(error);
    note_processors(boot_info.rsdp, read_physical);
    if (const char* error = init_frames(boot_info)) boot_failed(error);
    kprintf("Trapline on %s, %lu MiB\n", boot_info.loader, total_frame_count() * kPageSize >> 20);
    if (!init_paging(boot_info).ok()) boot_failed("not enough memory for the kernel's page tables");
    init_task_entry();
    become_boot_task(boot_task_body);
}
