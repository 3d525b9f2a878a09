/// @file
/// poweroff: switches the machine off. Returns only when the kernel refuses.
#include <userland/lib/error.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

int main(int, char**) {
    return complain("poweroff", "reboot", power_off());
}
