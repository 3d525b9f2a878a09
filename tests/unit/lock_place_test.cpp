/// @file
/// The rules for spin locks, each broken once. All unit tests are built with LOCK_CHECKS, so the kernel code
/// they test is watched as well.
/// Checks docs/invariants/interrupt-flag.md, docs/invariants/lock-ranks.md.

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

#include <arch/x86_64/processor.h>
#include <kernel/sync/spinlock.h>
#include <tests/unit/support/panics.h>

namespace {

class LockPlaceTest : public testing::Test {
  protected:
    void SetUp() override {
        host_interrupts_enabled = false;
        host_processor = 0;
    }
    void TearDown() override {
        host_interrupts_enabled = true;
        host_processor = 0;
    }

    SpinLock names{"names", LockRank::kRamfsNames};
    SpinLock pipe{"pipe", LockRank::kPipe};
    SpinLock other_pipe{"other pipe", LockRank::kPipe};
    SpinLock queue{"queue", LockRank::kRunQueue};
    SpinLock console{"console", LockRank::kConsole};
};

TEST_F(LockPlaceTest, RanksMayAscend) {
    host_interrupts_enabled = true;
    {
        LockGuard first(names);
        LockGuard second(pipe);
        LockGuard third(console);
        for (const SpinLock* lock : {&names, &pipe, &console}) lock->assert_held();
        EXPECT_FALSE(host_interrupts_enabled);
    }
    EXPECT_TRUE(host_interrupts_enabled);
    host_interrupts_enabled = false;
    check_no_lock_held();
}

TEST_F(LockPlaceTest, ALowerRankPanicsAndIsNotTaken) {
    queue.lock();
    expect_panic([&] { pipe.lock(); },
                 "lock order: processor 0 takes 'pipe' while it holds 'queue', which comes later");
    queue.unlock();
    pipe.lock();
    pipe.unlock();
}

TEST_F(LockPlaceTest, TheSameRankPanics) {
    pipe.lock();
    expect_panic([&] { other_pipe.lock(); }, "takes 'other pipe' while it holds 'pipe'");
    pipe.unlock();
}

TEST_F(LockPlaceTest, TheSameLockPanics) {
    pipe.lock();
    expect_panic([&] { pipe.lock(); }, "processor 0 takes 'pipe', which it holds already");
    console.lock();
    expect_panic([&] { pipe.lock(); }, "processor 0 takes 'pipe', which it holds already");
    console.unlock();
    pipe.unlock();
}

TEST_F(LockPlaceTest, WithInterruptsOnNoLockIsTakenOrGivenBack) {
    host_interrupts_enabled = true;
    expect_panic([&] { pipe.lock(); }, "'pipe' is used with interrupts on");
    host_interrupts_enabled = false;
    pipe.lock();
    host_interrupts_enabled = true;
    expect_panic([&] { pipe.unlock(); }, "'pipe' is used with interrupts on");
    host_interrupts_enabled = false;
    pipe.unlock();
}

TEST_F(LockPlaceTest, OnlyTheHolderGivesBack) {
    expect_panic([&] { pipe.unlock(); }, "processor 0 does not hold 'pipe'");
    pipe.lock();
    host_processor = 1;
    expect_panic([&] { pipe.unlock(); }, "processor 1 does not hold 'pipe'");
    expect_panic([&] { pipe.assert_held(); }, "processor 1 does not hold 'pipe'");
    host_processor = 0;
    pipe.assert_held();
    pipe.unlock();
    expect_panic([&] { pipe.assert_held(); }, "processor 0 does not hold 'pipe'");
}

TEST_F(LockPlaceTest, ProcessorsKeepTheirOwnOrder) {
    console.lock();
    host_processor = kMaximumProcessors - 1;
    names.lock();
    expect_panic([&] { check_no_lock_held(); }, "changes tasks while it holds 'names'");
    names.unlock();
    check_no_lock_held();
    host_processor = 0;
    expect_panic([&] { names.lock(); }, "processor 0 takes 'names' while it holds 'console'");
    console.unlock();
}

TEST_F(LockPlaceTest, AnyOrderOfGivingBack) {
    names.lock();
    pipe.lock();
    queue.lock();
    pipe.unlock();
    expect_panic([&] { other_pipe.lock(); }, "takes 'other pipe' while it holds 'queue'");
    queue.unlock();
    other_pipe.lock();
    names.unlock();
    expect_panic([&] { check_no_lock_held(); }, "processor 0 changes tasks while it holds 'other pipe'");
    other_pipe.unlock();
    check_no_lock_held();
}

TEST_F(LockPlaceTest, TheRecordEnds) {
    std::vector<std::unique_ptr<SpinLock>> locks;
    for (uint8_t rank = 0; rank < 8; rank++) {
        locks.push_back(std::make_unique<SpinLock>("one of many", LockRank{rank}));
        locks.back()->lock();
    }
    expect_panic([&] { console.lock(); }, "processor 0 holds too many locks");
    for (const auto& lock : locks) lock->unlock();
    check_no_lock_held();
}

TEST_F(LockPlaceTest, PatienceEnds) {
    const LockPlace place("slow", LockRank::kPipe);
    host_processor = 2;
    for (const uint64_t turns : {uint64_t{0}, uint64_t{1000}, uint64_t{1} << 28}) place.check_patience(turns);
    expect_panic([&] { place.check_patience((uint64_t{1} << 28) + 1); }, "processor 2 waits for 'slow'");
}

}  // namespace
