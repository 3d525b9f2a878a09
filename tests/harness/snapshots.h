/// @file
/// States of a machine that can be gone back to.
#pragma once

#include <string>

#include <tests/harness/machine.h>

namespace harness {

/// Keeps them in a file in the machine's folder. The guest must be stopped for each call; what the debugger
/// has inserted stays. QEMU's interrupt log goes on where it is. The machine must outlive this.
class Snapshots {
  public:
    /// Makes the file. Throws InfrastructureError when QEMU refuses.
    explicit Snapshots(Machine& machine);

    /// Keeps the machine's state as `name`; an older one of that name is replaced.
    void save(const std::string& name) { command("savevm " + name); }
    /// Goes back to it.
    void load(const std::string& name) { command("loadvm " + name); }

  private:
    void command(const std::string& line);

    Machine& machine_;
};

}  // namespace harness
