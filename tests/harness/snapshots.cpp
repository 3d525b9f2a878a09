/// @file
/// An image in QEMU's own format without a disk behind it: it holds nothing but snapshots.
#include <tests/harness/snapshots.h>

#include <fstream>
#include <thread>

namespace harness {

namespace {

constexpr char kFile[] = "snapshots-file";
constexpr char kImage[] = "snapshots";
constexpr char kJob[] = "make-snapshots";

/// Formats the file; QEMU has a job for it.
void make_image(Machine& machine) {
    machine.qmp().execute(
        "blockdev-create",
        {{"job-id", kJob}, {"options", {{"driver", "qcow2"}, {"file", kFile}, {"size", 0}}}});
    ProgressTimer timer(machine.pid(), Duration(10'000));
    for (;;) {
        const Qmp::Json jobs = machine.qmp().execute("query-jobs");
        if (jobs.empty()) throw InfrastructureError("QEMU forgot to make the file for snapshots");
        if (jobs[0].contains("error"))
            throw InfrastructureError("QEMU can't make the file for snapshots: " +
                                      jobs[0]["error"].get<std::string>());
        if (jobs[0]["status"] == "concluded") break;
        if (timer.expired()) throw InfrastructureError("QEMU does not make the file for snapshots");
        std::this_thread::sleep_for(Duration(1));
    }
    machine.qmp().execute("job-dismiss", {{"id", kJob}});
}

}  // namespace

Snapshots::Snapshots(Machine& machine) : machine_(machine) {
    const std::string path = machine.folder() / "snapshots";
    std::ofstream(path).close();
    machine.qmp().execute("blockdev-add", {{"driver", "file"}, {"filename", path}, {"node-name", kFile}});
    make_image(machine);
    machine.qmp().execute("blockdev-add", {{"driver", "qcow2"}, {"file", kFile}, {"node-name", kImage}});
}

void Snapshots::command(const std::string& line) {
    const std::string answer = machine_.qmp().human_monitor_command(line);
    if (!answer.empty()) throw InfrastructureError("QEMU answers \"" + line + "\" with: " + answer);
}

}  // namespace harness
