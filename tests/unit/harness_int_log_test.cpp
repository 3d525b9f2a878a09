/// @file
/// The parser of QEMU's interrupt log, on logs captured from QEMU 7.2.
#include <gtest/gtest.h>

#include <string>

#include <tests/harness/int_log.h>

namespace {

using harness::IntEntry;
using harness::IntLog;

constexpr const char* kReset = R"(CPU Reset (CPU 0)
EAX=00000000 EBX=00000000 ECX=00000000 EDX=00000000
EIP=00000000 EFL=00000000 [-------] CPL=0 II=0 A20=0 SMM=0 HLT=0
TR =0000 00000000 00000000 00000000
CR0=00000000 CR2=00000000 CR3=00000000 CR4=00000000
EFER=0000000000000000
)";

constexpr const char* kUserFault = R"(check_exception old: 0xffffffff new 0xe
    12: v=0e e=0007 i=0 cpl=3 IP=0033:00000000000100b9 pc=00000000000100b9 SP=002b:00007fffffffefc8 CR2=ffffffff80100000
RAX=0000000000000018 RBX=0000000000000000 RCX=00000000000100b9 RDX=0000000000000000
RIP=00000000000100b9 RFL=00010202 [-------] CPL=3 II=0 A20=1 SMM=0 HLT=0
ES =0000 0000000000000000 ffffffff 00cf1300
GS =0000 ffffffff80201000 ffffffff 00c01300
TR =0028 ffffffff80205000 00000067 00008b00 DPL=0 TSS64-busy
CR0=80010033 CR2=ffffffff80100000 CR3=0000000001234000 CR4=003006f8
EFER=0000000000000d01
)";

constexpr const char* kTripleFault = R"(check_exception old: 0xd new 0xd
     3: v=08 e=0000 i=0 cpl=0 IP=0008:000000000010010d pc=000000000010010d SP=0010:0000000000108200 env->regs[R_EAX]=0000000000000054
RIP=000000000010010d RFL=00000046 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=0
CR0=80010011 CR2=0000000000000000 CR3=0000000000102000 CR4=00000020
EFER=0000000000000d00
check_exception old: 0x8 new 0xd
Triple fault
)";

TEST(HarnessIntLog, ReadsAnEntryAndItsRegisters) {
    const IntLog log = IntLog::parse(std::string(kReset) + kUserFault);
    ASSERT_EQ(log.entries().size(), 1u);
    const IntEntry& entry = log.entries()[0];
    EXPECT_EQ(entry.index, 12u);
    EXPECT_EQ(entry.vector, 14u);
    EXPECT_EQ(entry.error, 7u);
    EXPECT_FALSE(entry.is_int);
    EXPECT_EQ(entry.cpl, 3u);
    EXPECT_EQ(entry.cs, 0x33);
    EXPECT_EQ(entry.rip, 0x100b9u);
    EXPECT_EQ(entry.ss, 0x2b);
    EXPECT_EQ(entry.rsp, 0x7fffffffefc8u);
    EXPECT_EQ(entry.cr2, 0xffffffff80100000u);
    EXPECT_EQ(entry.cr3, 0x1234000u);
    EXPECT_EQ(entry.rflags, 0x10202u);
    EXPECT_EQ(entry.gs_base, 0xffffffff80201000u);
    EXPECT_EQ(entry.tr_base, 0xffffffff80205000u);
    EXPECT_EQ(log.resets(), 1u);
    EXPECT_EQ(log.triple_faults(), 0u);
    EXPECT_EQ(
        harness::format_entry(entry),
        "v=0e #PF e=0007 cpl=3 at 0033:00000000000100b9 rsp 002b:00007fffffffefc8 cr2 ffffffff80100000");
}

TEST(HarnessIntLog, CountsTripleFaults) {
    const IntLog log = IntLog::parse(std::string(kUserFault) + kTripleFault + kReset);
    EXPECT_EQ(log.triple_faults(), 1u);
    EXPECT_EQ(log.resets(), 1u);
    EXPECT_EQ(log.with_vector(8).size(), 1u);
    EXPECT_EQ(log.with_vector(8)[0].cr3, 0x102000u);  // the dump after the reset is not its own
    EXPECT_EQ(log.with_vector(3).size(), 0u);
}

TEST(HarnessIntLog, EveryTruncationIsSurvived) {
    const std::string whole = std::string(kReset) + kUserFault + kTripleFault;
    for (size_t size = 0; size < whole.size(); ++size) {
        EXPECT_LE(IntLog::parse(whole.substr(0, size)).entries().size(), 2u);
    }
    const std::string cut = std::string(kUserFault).substr(0, std::string(kUserFault).find("\nRAX") + 1);
    ASSERT_EQ(IntLog::parse(cut).entries().size(), 1u);
    EXPECT_EQ(IntLog::parse(cut).entries()[0].cr3, std::nullopt);
    EXPECT_EQ(IntLog::parse(cut).entries()[0].cr2, 0xffffffff80100000u);
}

TEST(HarnessIntLog, StrangeLinesAreSkipped) {
    const IntLog log = IntLog::parse(
        ": v=0e e=0 i=0 cpl=3 IP=0:0 SP=0:0\nServicing hardware INT=0x20\n  x1: v=06\n 7: v=06 e=zz i=0\n\n\n"
        "  8: v=06 e=0000 i=0 cpl=3 IP=0033 SP=002b:0\n");
    EXPECT_TRUE(log.entries().empty());
    EXPECT_TRUE(IntLog::read("/no/such/file").entries().empty());
}

}  // namespace
