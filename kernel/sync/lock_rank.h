/// @file
/// The order in which the kernel's spin locks may be taken. Processors that all keep to one order can't wait
/// for each other in a circle.
/// Invariant: docs/invariants/lock-ranks.md.
#pragma once

#include <cstdint>

/// A lock may be taken only while every lock the processor holds has a lower rank: locks of the same rank,
/// those of two files for example, are never held together. First what is taken at the door of a system call,
/// last what everybody needs. CHECK_LOCKS=yes builds a kernel that watches over it.
enum class LockRank : uint8_t {
    kFilePosition,  ///< an open file's offset; held while the file behind it is read or written
    kRamfsNames,    ///< the names in all directories; looks at inodes, which take no lock for it
    kRamfsFile,     ///< a file's size and pages; frames come and go under it
    kAddressSpace,  ///< regions and page tables; frames come and go, other processors' TLBs are told
    kTaskList,      ///< all tasks, their parents and exit states; signals and dead children wake sleepers
    kPipe,          ///< a pipe's ring; wakes readers and writers
    kTty,           ///< the terminal's state; echoes to the console, wakes readers
    kTimer,         ///< the clock; wakes sleepers
    kRunQueue,      ///< a processor's run queue; waking and sleeping under any lock above end here
    kTlbShootdown,  ///< the one request to other processors, which may wait for a lock while they answer
    kKernelStacks,  ///< free kernel stacks; a new one takes frames, for itself and for page tables
    kHeap,          ///< slabs; takes frames for new ones
    kRandom,        ///< the generator's state
    kFrames,        ///< counts of references to physical memory; wanted by nearly everything above
    kConsole,       ///< the output ring and the UART: last, so that all may call kprintf()
};
