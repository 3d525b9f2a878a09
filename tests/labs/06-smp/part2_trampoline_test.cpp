/// @file
/// 6.2: the way of a processor from its first instruction to C++. The grader itself sends the messages that
/// start it, so that 6.3 is not needed.
#include <fmt/format.h>

#include <tests/labs/06-smp/smp_test_base.h>

namespace {

constexpr uint64_t kPE = 1, kWP = 1 << 16, kNW = 1 << 29, kCD = 1 << 30, kPG = 1u << 31;
constexpr uint64_t kPAE = 1 << 5;
constexpr uint64_t kLME = 1 << 8, kLMA = 1 << 10, kNXE = 1 << 11;
constexpr uint64_t kIF = 1 << 9, kDF = 1 << 10;

class Trampoline : public SmpTest {
  protected:
    /// Brings the boot processor to where it would wake the second one, and has it send the messages.
    void start_second_processor() {
        harness::GdbStub& gdb = start_kernel(2);
        hint("The second processor is never waked: is it in the list of 6.1?");
        run_to_kernel("wake_processor");
        hint("");
        const uint64_t id = gdb.regs().rdi & 0xff;
        call("send_init", id, 0);
        call("send_startup", id, kTrampolinePage);
    }

    /// Calls a function of the kernel on the boot processor, which stands at wake_processor().
    void call(const std::string& function, uint64_t first, uint64_t second) {
        harness::GdbStub& gdb = machine().gdb();
        const harness::Registers before = gdb.regs();
        const uint64_t stack = ((before.rsp - 256) & ~15ull) - 8;
        gdb.write_u64(stack, before.rip);
        gdb.write_register("rsp", stack);
        gdb.write_register("rdi", first);
        gdb.write_register("rsi", second);
        gdb.write_register("rip", symbol(function));
        gdb.insert_breakpoint(before.rip);
        gdb.resume_only(0);
        gdb.wait_stop(harness::Duration(2'000));
        gdb.remove_breakpoint(before.rip);
        gdb.select_cpu(0);
        gdb.write_register("rsp", before.rsp);
        gdb.write_register("rip", before.rip);
    }

    /// Lets the second processor alone run to `name`.
    harness::Registers follow_to(const std::string& name) {
        harness::GdbStub& gdb = machine().gdb();
        gdb.insert_breakpoint(symbol(name));
        gdb.resume_only(1);
        const harness::Stop stop = gdb.wait_stop(harness::Duration(1'500));
        gdb.remove_breakpoint(symbol(name));
        if (stop.exited) throw harness::QemuGone("the machine ended");
        return gdb.regs();
    }
};

GRADED(Trampoline, ReachesLongMode,
       {.title = "The second processor goes from real mode to 64-bit mode under boot_pml4",
        .section = "6.2",
        .points = 7,
        .needs = {"Madt.ListsEnabledProcessors"},
        .hint = "It does not come to processor_start64: has DS the page's segment before LGDT, is PAE on "
                "before paging, "
                "and LME before PG?"}) {
    start_second_processor();
    const harness::Registers at = follow_to("processor_start64");
    hint("It must go on in 64-bit code: the far jump loads CS with 0x10, which boot_gdt has for that.");
    ASSERT_EQ(at.cs, 0x10u);
    ASSERT_EQ(at.efer & (kLME | kLMA), kLME | kLMA) << "LME and LMA in EFER";
    ASSERT_EQ(at.cr0 & (kPG | kPE), kPG | kPE) << "PG and PE in CR0";
    ASSERT_EQ(at.cr4 & kPAE, kPAE) << "PAE in CR4";
    ASSERT_EQ(at.cr3 & ~0xfffull, symbol("boot_pml4")) << "CR3";
    hint("The kernel's own page tables have no-execute bits, which are reserved until EFER.NXE is set.");
    ASSERT_EQ(at.efer & kNXE, kNXE) << "EFER is " << std::hex << at.efer;
    hint(
        "Without CR0.WP the kernel could write to read-only pages on this processor, and copy-on-write would "
        "fail.");
    ASSERT_EQ(at.cr0 & kWP, kWP) << "CR0 is " << std::hex << at.cr0;
    hint("After INIT the caches are off, by CD and NW in CR0: clear both.");
    ASSERT_EQ(at.cr0 & (kCD | kNW), 0u) << "CR0 is " << std::hex << at.cr0;
    hint("No interrupt may come while there is no IDT.");
    ASSERT_EQ(at.rflags & kIF, 0u) << "IF";
}

GRADED(
    Trampoline, CallsProcessorMain,
    {.title = "It calls processor_main() under the kernel's tables, on its own stack, with its own GS base",
     .section = "6.2",
     .points = 7,
     .needs = {"Trampoline.ReachesLongMode"},
     .hint = "It does not come to processor_main(): the stack is mapped only in the kernel's own tables, so "
             "CR3 comes first."}) {
    start_second_processor();
    harness::GdbStub& gdb = machine().gdb();
    const uint64_t data = symbol("processor_start_data");
    const uint64_t root = gdb.read_u64(data + symbol("OFFSETOF_ProcessorStart_cr3"));
    const uint64_t stack = gdb.read_u64(data + symbol("OFFSETOF_ProcessorStart_stack"));
    const uint64_t region = gdb.read_u64(data + symbol("OFFSETOF_ProcessorStart_region"));
    const harness::Registers at = follow_to("processor_main");
    hint("CR3 must be what processor_start_data names: boot_pml4 maps everything writable and executable.");
    ASSERT_EQ(at.cr3, root);
    hint("RSP is loaded with `stack` of processor_start_data; the call's return address lies right below.");
    ASSERT_TRUE(at.rsp < stack && stack - at.rsp <= 256)
        << fmt::format("RSP is {:#x}, the stack's end {:#x}", at.rsp, stack);
    hint("The ABI wants RSP at a multiple of 16 before the call.");
    ASSERT_EQ(at.rsp % 16, 8u) << fmt::format("RSP is {:#x}", at.rsp);
    hint("IA32_GS_BASE takes its upper half from EDX: all 64 bits of `region` must get there.");
    ASSERT_EQ(at.gs_base, region) << fmt::format("GS base is {:#x}, the region {:#x}", at.gs_base, region);
    hint("The argument of processor_main() is a reference: RDI holds the address of processor_start_data.");
    ASSERT_EQ(at.rdi, data);
    hint("The ABI wants DF clear, and there is no IDT yet for interrupts.");
    ASSERT_EQ(at.rflags & (kIF | kDF), 0u) << "RFLAGS is " << std::hex << at.rflags;
}

}  // namespace
