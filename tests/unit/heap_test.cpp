/// @file
/// The kernel heap over the host's frame pool. Other tests use the heap too, so everything is measured
/// against the start.

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>
#include <vector>

#include <arch/x86_64/cpu.h>
#include <kernel/libk/address.h>
#include <kernel/mm/frame.h>
#include <kernel/mm/heap.h>
#include <tests/unit/support/frames.h>
#include <tests/unit/support/panics.h>

namespace {

uint64_t number(const void* pointer) {
    return reinterpret_cast<uint64_t>(pointer);
}

class HeapTest : public testing::Test {
  protected:
    void SetUp() override {
        if (total_frame_count() == 0) reset_host_frames();
        // Each class keeps up to one empty slab. Have them all before counting.
        for (size_t size = 16; size <= 1024; size *= 2) kfree(kmalloc(size));
        frames_at_start = free_frame_count();
        bytes_at_start = heap_bytes_in_use();
    }
    void TearDown() override {
        EXPECT_EQ(free_frame_count(), frames_at_start) << "a test left frames behind";
        EXPECT_EQ(heap_bytes_in_use(), bytes_at_start) << "a test left objects behind";
        EXPECT_TRUE(host_interrupts_enabled);
    }

    uint64_t frames_taken() const { return frames_at_start - free_frame_count(); }
    size_t bytes_taken() const { return heap_bytes_in_use() - bytes_at_start; }

    uint64_t frames_at_start = 0;
    size_t bytes_at_start = 0;
};

}  // namespace

TEST_F(HeapTest, GivesEverySizeAlignedAndWritable) {
    std::vector<void*> objects;
    for (size_t size : {1u,   8u,   15u,  16u,   17u,   31u,   32u,   48u,   64u,   100u, 128u,
                        256u, 257u, 512u, 1000u, 1024u, 1025u, 2048u, 2049u, 4095u, 4096u}) {
        void* memory = kmalloc(size);
        ASSERT_NE(memory, nullptr) << size;
        EXPECT_EQ(number(memory) % 16, 0u) << size;
        if (size > 2048) {
            EXPECT_EQ(number(memory) % kPageSize, 0u) << size;
        }
        std::memset(memory, 0xa5, size);
        objects.push_back(memory);
    }
    for (void* memory : objects) kfree(memory);
}

TEST_F(HeapTest, RefusesImpossibleSizes) {
    EXPECT_EQ(kmalloc(0), nullptr);
    EXPECT_EQ(kmalloc(kHeapMaximum + 1), nullptr);
    EXPECT_EQ(kmalloc(SIZE_MAX), nullptr);
    EXPECT_EQ(bytes_taken(), 0u);
}

TEST_F(HeapTest, FreeingNullDoesNothing) {
    kfree(nullptr);
    EXPECT_EQ(bytes_taken(), 0u);
}

TEST_F(HeapTest, CountsBytesBySizeClass) {
    void* small = kmalloc(1);
    EXPECT_EQ(bytes_taken(), 16u);
    void* odd = kmalloc(33);
    EXPECT_EQ(bytes_taken(), 16u + 64);
    void* large = kmalloc(1025);
    EXPECT_EQ(bytes_taken(), 16u + 64 + 4096);
    kfree(odd);
    EXPECT_EQ(bytes_taken(), 16u + 4096);
    kfree(small);
    kfree(large);
}

TEST_F(HeapTest, ObjectsOfOneSlabDoNotOverlap) {
    for (size_t size = 16; size <= 1024; size *= 2) {
        // More than one slab full.
        std::vector<unsigned char*> objects;
        const size_t count = (4096 - 64) / size + 2;
        for (size_t i = 0; i < count; ++i) {
            objects.push_back(static_cast<unsigned char*>(kmalloc(size)));
            ASSERT_NE(objects.back(), nullptr);
            std::memset(objects.back(), static_cast<int>(i), size);
        }
        for (size_t i = 0; i < count; ++i) {
            for (size_t byte = 0; byte < size; ++byte)
                ASSERT_EQ(objects[i][byte], static_cast<unsigned char>(i))
                    << "object " << i << " of " << size;
            EXPECT_EQ(number(objects[i]) / kPageSize, (number(objects[i]) + size - 1) / kPageSize);
            EXPECT_NE(number(objects[i]) % kPageSize, 0u) << "a page's start is for whole frames";
        }
        for (unsigned char* object : objects) kfree(object);
    }
}

TEST_F(HeapTest, ReusesFreedObjectsBeforeTakingFrames) {
    void* first = kmalloc(100);
    kfree(first);
    for (int i = 0; i < 1000; ++i) {
        void* again = kmalloc(100);
        EXPECT_EQ(again, first);
        kfree(again);
    }
    EXPECT_EQ(frames_taken(), 0u);
}

TEST_F(HeapTest, GivesEmptySlabsBackButOne) {
    std::vector<void*> objects;
    for (int i = 0; i < 20; ++i) objects.push_back(kmalloc(1024));  // three a slab: 7 slabs, one was there
    EXPECT_EQ(frames_taken(), 6u);
    for (void* object : objects) kfree(object);
    EXPECT_EQ(frames_taken(), 0u);
}

TEST_F(HeapTest, WholeFramesAreGivenBackAtOnce) {
    void* memory = kmalloc(4096);
    EXPECT_EQ(frames_taken(), 1u);
    EXPECT_EQ(frame_references(physical_address(memory)), 1u);
    kfree(memory);
    EXPECT_EQ(frames_taken(), 0u);
}

TEST_F(HeapTest, RunsOutAndRecovers) {
    for (size_t size : {16u, 700u, 4096u}) {
        std::vector<void*> objects;
        while (void* memory = kmalloc(size)) objects.push_back(memory);
        EXPECT_EQ(free_frame_count(), 0u);
        EXPECT_EQ(kmalloc(size), nullptr);
        EXPECT_EQ(kmalloc(4096), nullptr);
        const std::set<void*> distinct(objects.begin(), objects.end());
        EXPECT_EQ(distinct.size(), objects.size());
        void* last = objects.back();
        kfree(last);
        EXPECT_EQ(kmalloc(size), last);
        for (void* memory : objects) kfree(memory);
        EXPECT_EQ(frames_taken(), 0u);
    }
}

TEST_F(HeapTest, ADoubleFreePanics) {
    void* kept = kmalloc(64);
    void* twice = kmalloc(64);
    kfree(twice);
    expect_panic([&] { kfree(twice); }, "which is free already");
    kfree(kept);
    expect_panic([&] { kfree(kept); }, "which is free already");
    void* frame = kmalloc(4096);
    kfree(frame);
    expect_panic([&] { kfree(frame); }, "which is free already");
}

TEST_F(HeapTest, ADoubleFreeDeepInTheListPanics) {
    std::vector<void*> objects;
    for (int i = 0; i < 10; ++i) objects.push_back(kmalloc(64));
    for (int i = 0; i < 9; ++i) kfree(objects[static_cast<size_t>(i)]);
    expect_panic([&] { kfree(objects[0]); }, "which is free already");
    kfree(objects[9]);
}

TEST_F(HeapTest, ALiveObjectThatLooksFreeIsFreed) {
    auto* object = static_cast<uint64_t*>(kmalloc(64));
    kfree(object);
    uint64_t seal = object[1];  // what the heap wrote there
    ASSERT_EQ(kmalloc(64), object);
    object[1] = seal;
    kfree(object);
    EXPECT_EQ(bytes_taken(), 0u);
}

TEST_F(HeapTest, ForeignPointersPanic) {
    auto* object = static_cast<std::byte*>(kmalloc(64));
    expect_panic([&] { kfree(object + 16); }, "which kmalloc did not return");
    expect_panic([&] { kfree(object + 1); }, "which kmalloc did not return");
    void* header = reinterpret_cast<void*>(align_down(number(object), kPageSize) + 16);
    expect_panic([&] { kfree(header); }, "which kmalloc did not return");
    auto* large = static_cast<std::byte*>(kmalloc(1024));
    auto* behind_the_last =
        reinterpret_cast<std::byte*>(align_down(number(large), kPageSize)) + 64 + 3 * 1024;
    expect_panic([&] { kfree(behind_the_last); }, "which kmalloc did not return");
    kfree(large);
    alignas(kPageSize) static std::byte elsewhere[kPageSize];
    expect_panic([&] { kfree(elsewhere + 64); }, "which kmalloc did not return");
    kfree(object);
}

TEST_F(HeapTest, WritingAfterFreePanicsAtTheNextAllocation) {
    auto* object = static_cast<uint64_t*>(kmalloc(64));
    kfree(object);
    const uint64_t seal = object[1];
    object[1] = 0x4141414141414141;
    expect_panic([] { (void)kmalloc(64); }, "was written to after kfree()");
    object[1] = seal;
}

TEST_F(HeapTest, LeavesInterruptsAsTheyWere) {
    host_interrupts_enabled = false;
    void* memory = kmalloc(16);
    EXPECT_FALSE(host_interrupts_enabled);
    kfree(memory);
    EXPECT_FALSE(host_interrupts_enabled);
    host_interrupts_enabled = true;
    kfree(kmalloc(16));
    EXPECT_TRUE(host_interrupts_enabled);
}

TEST_F(HeapTest, KeepsContentsThroughRandomUse) {
    struct Object {
        unsigned char* memory;
        size_t size;
        unsigned char fill;
    };
    std::vector<Object> live;
    std::mt19937 random(9);
    const auto intact = [](const Object& object) {
        for (size_t i = 0; i < object.size; ++i) {
            if (object.memory[i] != object.fill) return false;
        }
        return true;
    };
    for (int step = 0; step < 30000; ++step) {
        if (random() % 2 == 0 && live.size() < 60) {
            const size_t size = random() % 10 == 0 ? 1 + random() % 4096 : 1 + random() % 300;
            auto* memory = static_cast<unsigned char*>(kmalloc(size));
            if (!memory) continue;
            const auto fill = static_cast<unsigned char>(random());
            std::memset(memory, fill, size);
            live.push_back({memory, size, fill});
        } else if (!live.empty()) {
            const size_t index = random() % live.size();
            ASSERT_TRUE(intact(live[index])) << "step " << step;
            kfree(live[index].memory);
            live[index] = live.back();
            live.pop_back();
        }
    }
    for (const Object& object : live) {
        EXPECT_TRUE(intact(object));
        kfree(object.memory);
    }
}
