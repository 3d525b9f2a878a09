/// @file
/// One QEMU, from its start to its clean-up.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tests/harness/elf_symbols.h>
#include <tests/harness/error.h>
#include <tests/harness/file_descriptor.h>
#include <tests/harness/gdb_stub.h>
#include <tests/harness/int_log.h>
#include <tests/harness/options.h>
#include <tests/harness/process.h>
#include <tests/harness/progress.h>
#include <tests/harness/qmp.h>
#include <tests/harness/serial.h>
#include <tests/harness/temp_folder.h>

namespace harness {

/// How a machine ended, judged by QEMU's word and not the guest's.
struct ExitStatus {
    enum class Kind {
        kPowerOff,     ///< the guest switched the machine off
        kReset,        ///< the guest asked for a reset
        kTripleFault,  ///< as kReset, and the interrupt log shows a triple fault (needs
                       ///< MachineOptions::int_log)
        kDebugExit,    ///< the guest wrote to the debug-exit port; any guest can, so it proves nothing
        kHostQuit,     ///< someone told QEMU to quit
        kKilled,       ///< a signal ended QEMU
        kFailed,       ///< QEMU itself gave up
    };
    Kind kind = Kind::kFailed;
    int code = 0;  ///< value written to the port for kDebugExit; signal for kKilled; else QEMU's exit code
};
/// One phrase for people.
std::string describe(const ExitStatus& status);

/// Owns one QEMU process and everything by which it is reached: a private folder, the serial line, QMP, the
/// debugger stub and the interrupt log. The destructor ends the process and removes the folder. Not for use
/// from two threads at once. The thread that makes a Machine must live as long as it does.
class Machine {
  public:
    /// Starts QEMU and, unless options.start_paused, the guest. Throws InfrastructureError, with what QEMU
    /// said, when that fails.
    explicit Machine(MachineOptions options);
    ~Machine();

    const MachineOptions& options() const { return options_; }
    pid_t pid() const { return process_->pid(); }
    const std::filesystem::path& folder() const { return folder_.path(); }
    /// False once QEMU has ended.
    bool running() { return !process_->poll_status(); }

    /// Lets a guest that started paused run. With a debugger attached use GdbStub::resume().
    void resume() { qmp_->cont(); }

    // The serial line. Positions count bytes from the machine's start.

    /// Everything printed so far.
    std::string serial() const { return serial_->text(); }
    /// Position of the next byte to come: wait from here for an answer to what is typed next.
    size_t serial_position() const { return serial_->size(); }
    /// Number of bytes dropped because of MachineOptions::serial_cap.
    size_t serial_dropped() const { return serial_->dropped(); }
    /// Number of bytes typed so far.
    size_t serial_typed() const { return serial_->typed(); }
    /// Types `text` on the serial line.
    void send(std::string_view text) { serial_->send(text); }
    /// Waits for `text` at or after position `from` and returns the position just after it. `limit` bounds
    /// the time in which nothing is printed; it is stretched on slow or loaded machines. Throws Timeout, at
    /// once when the guest can't print any more: QEMU has ended, the guest is stopped, or all its processors
    /// are halted for good.
    size_t wait_for(std::string_view text, size_t from = 0, Duration limit = Duration(10'000));
    /// The same for whichever of `texts` comes first.
    SerialMatch wait_for_any(const std::vector<std::string>& texts, size_t from = 0,
                             Duration limit = Duration(10'000));

    /// Waits for the end of QEMU; `limit` as for wait_for().
    ExitStatus wait_exit(Duration limit = Duration(10'000));
    /// Ends QEMU gently, so that a recording it makes is complete. Harmless when it has ended.
    void terminate() { process_->terminate(); }

    Qmp& qmp() { return *qmp_; }
    /// The debugger; the first call attaches it, which stops the guest, and so does the first after
    /// GdbStub::detach(), which makes a new object.
    GdbStub& gdb();
    /// Symbols of MachineOptions::kernel, read at the first call.
    const ElfSymbols& symbols();
    /// The interrupt log so far.
    IntLog int_log() const { return IntLog::read(files_.int_log); }
    /// What QEMU printed itself: warnings and its last words.
    std::string qemu_output() const { return process_->output(); }
    /// A command, quoted for the shell, that repeats this run.
    std::string reproduction() const;

  private:
    FileDescriptor accept_from_qemu(const FileDescriptor& listener);
    void wait_until(const std::function<bool()>& done, const std::string& awaited, Duration limit);
    std::optional<TimeoutReason> stuck_reason();
    ExitStatus classify(int status);

    MachineOptions options_;
    TempFolder folder_;
    MachineFiles files_;
    std::unique_ptr<Process> process_;
    std::unique_ptr<Serial> serial_;
    std::unique_ptr<Qmp> qmp_;
    std::unique_ptr<GdbStub> gdb_;
    std::unique_ptr<ElfSymbols> symbols_;
    std::string halted_state_;  ///< registers at the last look, when all processors were halted
};

}  // namespace harness
