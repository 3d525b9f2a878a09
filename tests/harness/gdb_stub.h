/// @file
/// A client of QEMU's gdb stub: registers, memory, breakpoints, watchpoints and steps of the guest.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tests/harness/file_descriptor.h>
#include <tests/harness/registers.h>

namespace harness {

/// Why the guest stopped.
struct Stop {
    bool exited = false;  ///< QEMU ended instead; nothing else here counts
    int signal = 0;       ///< 5 (SIGTRAP): breakpoint, watchpoint, step; 2 (SIGINT): interrupt
    unsigned cpu = 0;     ///< processor that stopped, from 0; it is selected, too
    std::optional<uint64_t> watch_address;  ///< set for a watchpoint
};

/// The kinds of breakpoints. QEMU implements both without changing guest memory.
enum class Breakpoint { kSoftware = 0, kHardware = 1 };
/// What a watchpoint reacts to.
enum class Watch { kWrite = 2, kRead = 3, kAccess = 4 };

/// A debugging session. Attaching stops the guest; detaching lets it run. Requests other than interrupt() and
/// wait_stop() need a stopped guest, else they throw std::logic_error. Every call throws QemuGone when QEMU
/// has ended, RequestRefused when the stub reports an error, InfrastructureError when it does not answer. Not
/// for use from two threads at once.
class GdbStub {
  public:
    /// Connects to the stub's socket. `pid` is QEMU's, for time limits.
    GdbStub(const std::filesystem::path& socket, pid_t pid);
    ~GdbStub();
    GdbStub(const GdbStub&) = delete;
    GdbStub& operator=(const GdbStub&) = delete;

    /// Registers of the selected processor.
    Registers regs();
    /// One register by gdb's name; `eflags` for RFLAGS. Only registers of up to 64 bits.
    uint64_t read_register(std::string_view name);
    void write_register(std::string_view name, uint64_t value);

    /// Guest memory, by virtual address in the selected processor's current address space.
    std::vector<uint8_t> read(uint64_t address, size_t size);
    void write(uint64_t address, std::span<const uint8_t> bytes);
    /// Guest memory by physical address.
    std::vector<uint8_t> read_physical(uint64_t address, size_t size);
    void write_physical(uint64_t address, std::span<const uint8_t> bytes);
    /// Little-endian numbers at virtual addresses.
    uint8_t read_u8(uint64_t address) { return static_cast<uint8_t>(read_number(address, 1)); }
    uint16_t read_u16(uint64_t address) { return static_cast<uint16_t>(read_number(address, 2)); }
    uint32_t read_u32(uint64_t address) { return static_cast<uint32_t>(read_number(address, 4)); }
    uint64_t read_u64(uint64_t address) { return read_number(address, 8); }
    void write_u64(uint64_t address, uint64_t value);

    void insert_breakpoint(uint64_t address, Breakpoint kind = Breakpoint::kHardware);
    void remove_breakpoint(uint64_t address, Breakpoint kind = Breakpoint::kHardware);
    /// Watches `size` bytes (1, 2, 4 or 8, aligned). The guest stops just after the access. Remove it before
    /// the guest panics or changes its page tables: QEMU 7.2 may abort otherwise.
    void insert_watchpoint(uint64_t address, size_t size, Watch kind = Watch::kWrite);
    void remove_watchpoint(uint64_t address, size_t size, Watch kind = Watch::kWrite);
    /// Removes all breakpoints and watchpoints.
    void remove_all();

    /// Lets all processors run.
    void resume();
    /// Lets one processor run while the others stay stopped.
    void resume_only(unsigned cpu);
    /// Waits until the guest stops. Throws Timeout (kNoStop) after `limit`; the guest goes on running then.
    Stop wait_stop(Duration limit = Duration(10'000));
    /// Stops a running guest.
    Stop interrupt();
    /// Executes one instruction of the selected processor, no other.
    Stop step();
    /// resume() and wait_stop() with a temporary breakpoint at `address`. Another cause may stop it earlier.
    Stop run_to(uint64_t address, Duration limit = Duration(10'000));
    /// Whether interrupts are delivered and timers run on during step(). At first neither is.
    void set_step_events(bool interrupts, bool timers);

    /// Number of processors.
    unsigned cpu_count();
    /// Chooses the processor for registers, memory and step(), from 0.
    void select_cpu(unsigned cpu);
    bool running() const { return running_; }
    /// Ends the session: removes break- and watchpoints and lets the guest run. No other call makes sense
    /// afterwards; Machine::gdb() attaches a new session.
    void detach();
    bool attached() const { return attached_; }

    /// Sends any packet and returns the answer, for what has no function here.
    std::string request(std::string_view payload);

  private:
    void send_packet(std::string_view payload);
    std::optional<std::string> receive_packet(Duration limit);
    void expect_ok(std::string_view payload);
    std::string read_feature(const std::string& file);
    const RegisterSlot& slot(std::string_view name) const;
    void set_physical(bool physical);
    uint64_t read_number(uint64_t address, size_t size);
    void start_running(const std::string& payload);
    Stop parse_stop(std::string_view payload);

    FileDescriptor connection_;
    pid_t pid_;
    std::string buffer_;
    std::string last_sent_;
    std::vector<RegisterSlot> layout_;
    std::vector<RegisterSlot> field_slots_;  ///< of register_fields(), in their order
    std::set<std::string> points_;  ///< inserted break- and watchpoints, as the tail of their Z packet
    unsigned cpu_ = 0;
    bool running_ = false;
    bool attached_ = true;
};

}  // namespace harness
