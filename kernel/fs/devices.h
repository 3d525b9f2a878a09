/// @file
/// The files below /dev.
#pragma once

#include <kernel/fs/ramfs.h>

/// Links the devices into `directory`: null, zero, full, urandom, and the terminal as console and tty. Boot
/// only.
Result<void> link_devices(RamDirectory& directory);
