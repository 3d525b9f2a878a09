/// @file
/// The kernel's one frame allocator: physical memory in frames of 4 KiB with a reference count each, so that
/// copy-on-write pages and files' pages can be shared. Takes a lock of its own: any context but NMI, unless a
/// comment says otherwise.
#pragma once

#include <cstdint>

#include <kernel/boot/boot_info.h>
#include <kernel/libk/address.h>
#include <kernel/libk/result.h>

/// Takes over the usable memory of a checked `info`, but for the first MiB (the firmware's and the loader's),
/// the kernel's image and the modules. Returns what went wrong in plain words, or null. Boot only.
const char* init_frames(const BootInfo& info);
/// Gives [start, start + length), kept back as a module so far, to the allocator. Boot only.
void release_module(uint64_t start, uint64_t length);

/// A frame with one reference and undefined content, or ENOMEM. Any context except NMI.
Result<PhysAddr> allocate_frame();
/// A frame with one reference, filled with zeros, or ENOMEM.
Result<PhysAddr> allocate_zeroed_frame();
/// One more reference to an allocated frame.
void ref_frame(PhysAddr frame);
/// Drops a reference; the last one frees the frame.
void unref_frame(PhysAddr frame);
/// References held on an allocated frame, at least 1.
uint32_t frame_references(PhysAddr frame);

/// Frames free now, for the leak checks of the tests.
uint64_t free_frame_count();
/// Frames the allocator was given at boot.
uint64_t total_frame_count();

/// The frame's content in the kernel's direct map of physical memory.
/// Defined by the architecture; `address` must be RAM. Any context.
void* physical_pointer(PhysAddr address);
/// The physical address of something that physical_pointer() gave access to. Defined by the architecture. Any
/// context.
PhysAddr physical_address(const void* pointer);
