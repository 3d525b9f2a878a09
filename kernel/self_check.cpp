/// @file
/// Self-check at boot: each subsystem does its work once, in earnest.
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/paging.h>
#include <kernel/console/console.h>
#include <kernel/fs/vfs.h>
#include <kernel/libk/panic.h>
#include <kernel/libk/string.h>
#include <kernel/mm/frame.h>
#include <kernel/mm/heap.h>
#include <kernel/self_check.h>
#include <kernel/task/process.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/timer.h>

namespace {

/// What the two threads of check_scheduler() share: each waits for its own turn and passes it on.
struct PingPong {
    static constexpr int kRounds = 50;
    volatile int turn = 0;
    volatile int passes = 0;
};

template <int kMine>
void play(void* argument) {
    auto& game = *static_cast<PingPong*>(argument);
    for (int round = 0; round < PingPong::kRounds; round++) {
        while (game.turn != kMine) schedule();
        game.passes = game.passes + 1;
        game.turn = 1 - kMine;
    }
}

void check_memory() {
    const uint64_t frames_before = free_frame_count();
    auto frame = allocate_zeroed_frame();
    KASSERT(frame.ok());
    auto* words = static_cast<uint64_t*>(physical_pointer(frame.value()));
    for (uint64_t i = 0; i < kPageSize / 8; i++) KASSERT(words[i] == 0);
    // The same frame at a second address: what is written here must be read there.
    constexpr uint64_t kUserPage = 0x400000;
    auto space = AddressSpace::create();
    KASSERT(space.ok());
    KASSERT(space.value()->add_region(kUserPage, kUserPage + kPageSize, {.write = true}).ok());
    ref_frame(frame.value());
    KASSERT(space.value()->map_shared(kUserPage, frame.value()).ok());
    words[1] = 0x5afe;
    auto copy = space.value()->writable_page(kUserPage);
    KASSERT(copy.ok() && copy.value() != words);  // shared, so writing made a copy
    KASSERT(static_cast<uint64_t*>(copy.value())[1] == 0x5afe);
    KASSERT(frame_references(frame.value()) == 1);
    unref_frame(frame.value());
    space.value() = Ref<AddressSpace>();

    void* small = kmalloc(100);
    void* whole = kmalloc(kHeapMaximum);
    KASSERT(small && whole && small != whole);
    kfree(small);
    kfree(whole);
    // The heap may keep one empty slab of each size it has used.
    KASSERT(frames_before - free_frame_count() <= 4);
}

void check_scheduler() {
    PingPong game;
    auto first = start_kernel_thread("check-0", play<0>, &game);
    auto second = start_kernel_thread("check-1", play<1>, &game);
    KASSERT(first.ok() && second.ok());
    for (int buried = 0; buried < 2;) {
        schedule();
        auto child = wait_for_child(-1, false);
        KASSERT(child.ok());
        if (child.value().pid) buried++;
    }
    KASSERT(game.passes == 2 * PingPong::kRounds);
}

void check_timer() {
    const uint64_t start = timer_ticks();
    while (timer_ticks() < start + 2) wait_for_interrupt();
}

void check_files() {
    auto directory = resolve("/", "/dev/../dev");
    KASSERT(directory.ok() && directory.value()->is_directory());
}

}  // namespace

void self_check() {
    check_memory();
    check_files();
    check_timer();
    check_scheduler();
    kprintf("Self-check passed: memory, files, timer, scheduler.\n");
}
