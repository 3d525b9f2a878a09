/// @file
/// Local APIC, I/O APIC and the timer.
#include <arch/x86_64/apic.h>
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/paging.h>
#include <arch/x86_64/processor.h>

namespace {

// Local APIC registers, byte offsets (Intel SDM 3A, table 10-1).
constexpr uint32_t kEoi = 0xb0;
constexpr uint32_t kSpurious = 0xf0;
constexpr uint32_t kLvtTimer = 0x320;
constexpr uint32_t kLvtLint1 = 0x360;
constexpr uint32_t kTimerInitial = 0x380;
constexpr uint32_t kTimerCurrent = 0x390;
constexpr uint32_t kTimerDivide = 0x3e0;

constexpr uint32_t kSpuriousEnable = 1 << 8;
constexpr uint32_t kLvtNmi = 0b100 << 8;
constexpr uint32_t kLvtMasked = 1 << 16;
constexpr uint32_t kLvtPeriodic = 1 << 17;
constexpr uint32_t kDivideBy16 = 0b0011;
constexpr uint64_t kApicBaseEnable = 1 << 11;

/// Where PCs have their first I/O APIC, with ISA line n on input n but for the timer's.
constexpr uint64_t kIoApicAddress = 0xfec00000;
constexpr uint32_t kIoApicVersion = 0x01;
constexpr uint32_t kIoApicRedirection = 0x10;
constexpr uint32_t kRedirectionMasked = 1 << 16;

// The PIT's channel 2, gated by port 0x61 and readable there, is free for measuring (Intel 8254 data sheet).
constexpr uint16_t kPitChannel2 = 0x42;
constexpr uint16_t kPitCommand = 0x43;
constexpr uint16_t kPitGate = 0x61;
constexpr uint32_t kPitHz = 1193182;
constexpr uint32_t kCalibration = 5000;  ///< measure for so many microseconds

volatile uint32_t* local_apic;
volatile uint32_t* io_apic;
uint32_t timer_hz_by_16 = 0;  ///< the timer's clock at divide by 16, in Hz, once it has been measured

uint32_t io_read(uint32_t index) {
    io_apic[0] = index;
    return io_apic[4];
}
void io_write(uint32_t index, uint32_t value) {
    io_apic[0] = index;
    io_apic[4] = value;
}

/// The 8259s may still raise an interrupt (spurious IRQ 7) at vectors that are exceptions: move them away,
/// then mask all.
void silence_pic() {
    constexpr uint16_t kMaster = 0x20, kSlave = 0xa0;
    for (const uint16_t port : {kMaster, kSlave}) out8(port, 0x11);  // ICW1: initialise, ICW4 follows
    out8(kMaster + 1, 0xe0);                                         // ICW2: vectors 0xe0 and 0xe8
    out8(kSlave + 1, 0xe8);
    out8(kMaster + 1, 1 << 2);  // ICW3: the slave is on line 2
    out8(kSlave + 1, 2);
    for (const uint16_t port : {kMaster, kSlave}) {
        out8(port + 1, 0x01);  // ICW4: 8086 mode
        out8(port + 1, 0xff);  // mask every line
    }
}

/// Local APIC timer counts, at divide by 16, in a second.
uint32_t measure_timer() {
    local_apic_write(kTimerInitial, ~0u);
    delay_microseconds(kCalibration);
    const uint32_t left = local_apic_read(kTimerCurrent);
    return (~0u - left) * (1'000'000 / kCalibration);
}

}  // namespace

uint32_t local_apic_read(uint32_t offset) {
    return local_apic[offset / 4];
}
void local_apic_write(uint32_t offset, uint32_t value) {
    local_apic[offset / 4] = value;
}

void enable_local_apic() {
    wrmsr(kIA32_APIC_BASE, rdmsr(kIA32_APIC_BASE) | kApicBaseEnable);
    local_apic_write(kSpurious, kSpuriousEnable | kSpuriousVector);
    // Where a PC wires its NMI line to (Intel MultiProcessor Specification 1.4, 5.1).
    local_apic_write(kLvtLint1, kLvtNmi);
}

const char* init_apic() {
    silence_pic();
    auto local = map_device({rdmsr(kIA32_APIC_BASE) & kPteAddress});
    auto io = map_device({kIoApicAddress});
    if (!local.ok() || !io.ok()) return "not enough memory to map the interrupt controllers";
    local_apic = local.value();
    io_apic = io.value();

    enable_local_apic();
    const uint32_t version = io_read(kIoApicVersion);
    if (version == ~0u) return "there is no I/O APIC at 0xfec00000";
    const uint32_t last_input = version >> 16 & 0xff;
    for (uint32_t i = 0; i <= last_input; i++) io_write(kIoApicRedirection + 2 * i, kRedirectionMasked);
    return nullptr;
}

void delay_microseconds(uint32_t microseconds) {
    const uint32_t count = microseconds * (kPitHz / 1000) / 1000;
    out8(kPitGate, (in8(kPitGate) & ~0x02) | 0x01);  // gate open, speaker off
    out8(kPitCommand, 0b10110000);  // channel 2, low and high byte, mode 0: output rises at zero
    out8(kPitChannel2, count & 0xff);
    out8(kPitChannel2, count >> 8);
    while (!(in8(kPitGate) & 0x20)) cpu_relax();
}

void apic_end_of_interrupt() {
    local_apic_write(kEoi, 0);
}

void ioapic_route(uint8_t irq, uint8_t vector) {
    io_write(kIoApicRedirection + 2u * irq + 1, local_apic_id() << 24);  // destination
    io_write(kIoApicRedirection + 2u * irq,
             vector);  // fixed delivery, active high, edge: how ISA devices signal
}

void apic_start_timer(uint32_t hz) {
    local_apic_write(kTimerDivide, kDivideBy16);
    local_apic_write(kLvtTimer, kLvtMasked);
    if (!timer_hz_by_16) timer_hz_by_16 = measure_timer();
    local_apic_write(kLvtTimer, kLvtPeriodic | kTimerVector);
    const uint32_t period = timer_hz_by_16 / hz;
    // Processors that tick in step would fight for the same locks at each tick, so the periods differ a
    // little.
    local_apic_write(kTimerInitial, period + period / 32 * processor_number());
}
