/// @file
/// The frame allocator: what it gives, what it counts, and the mistakes it must not take quietly.

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <kernel/mm/frame_allocator.h>
#include <tests/unit/support/panics.h>

namespace {

constexpr uint64_t kBase = 0x100000;
constexpr size_t kFrames = 16;

PhysAddr frame(uint64_t index) {
    return {kBase + index * kPageSize};
}

class FrameAllocatorTest : public testing::Test {
  protected:
    void SetUp() override { allocator.init(metadata, {kBase}); }

    /// The index of the next frame given out.
    uint64_t take() {
        auto result = allocator.allocate();
        EXPECT_TRUE(result.ok());
        return result.ok() ? (result.value().value - kBase) / kPageSize : UINT64_MAX;
    }
    std::vector<uint64_t> take_all() {
        std::vector<uint64_t> indices;
        while (allocator.free_count() > 0) indices.push_back(take());
        EXPECT_EQ(allocator.allocate().error(), Errno::kENOMEM);
        return indices;
    }

    std::vector<FrameMeta> metadata = std::vector<FrameMeta>(kFrames);
    FrameAllocator allocator;
};

using Indices = std::vector<uint64_t>;

}  // namespace

TEST_F(FrameAllocatorTest, EverythingIsReservedAtFirst) {
    EXPECT_EQ(allocator.free_count(), 0u);
    EXPECT_EQ(allocator.total_count(), 0u);
    EXPECT_EQ(allocator.allocate().error(), Errno::kENOMEM);
}

TEST_F(FrameAllocatorTest, LowestAddressesFirst) {
    allocator.add_free(frame(8), 2 * kPageSize);
    allocator.add_free(frame(2), 3 * kPageSize);
    EXPECT_EQ(allocator.free_count(), 5u);
    EXPECT_EQ(allocator.total_count(), 5u);
    EXPECT_EQ(take_all(), (Indices{2, 3, 4, 8, 9}));
    EXPECT_EQ(allocator.free_count(), 0u);
    EXPECT_EQ(allocator.total_count(), 5u);
}

TEST_F(FrameAllocatorTest, TheFrameFreedLastIsGivenFirst) {
    allocator.add_free(frame(0), 4 * kPageSize);
    EXPECT_EQ(take(), 0u);
    EXPECT_EQ(take(), 1u);
    allocator.unref(frame(0));
    allocator.unref(frame(1));
    EXPECT_EQ(take_all(), (Indices{1, 0, 2, 3}));
}

TEST_F(FrameAllocatorTest, AddingAfterTheListWasEmptied) {
    allocator.add_free(frame(0), kPageSize);
    EXPECT_EQ(take(), 0u);
    allocator.add_free(frame(5), 2 * kPageSize);
    allocator.unref(frame(0));
    EXPECT_EQ(take_all(), (Indices{0, 5, 6}));
    allocator.unref(frame(6));
    allocator.add_free(frame(7), kPageSize);
    EXPECT_EQ(take_all(), (Indices{7, 6}));
}

TEST_F(FrameAllocatorTest, OnlyWholeFramesAreUsed) {
    allocator.add_free({kBase + 1}, 2 * kPageSize);
    EXPECT_EQ(take_all(), (Indices{1}));
    allocator.add_free(frame(4), 2 * kPageSize - 1);
    EXPECT_EQ(take_all(), (Indices{4}));
    allocator.add_free({kBase + 6 * kPageSize + 1}, 2 * kPageSize - 2);
    allocator.add_free({kBase + 8 * kPageSize + 8}, 100);
    allocator.add_free(frame(10), 0);
    EXPECT_EQ(allocator.free_count(), 0u);
}

TEST_F(FrameAllocatorTest, MemoryOutsideOfTheRangeIsLeftOut) {
    allocator.add_free({0}, kBase + 2 * kPageSize);
    allocator.add_free(frame(14), 100 * kPageSize);
    allocator.add_free(frame(kFrames), 5 * kPageSize);
    allocator.add_free({UINT64_MAX - 10}, 10);
    EXPECT_EQ(take_all(), (Indices{14, 15, 0, 1}));
}

TEST_F(FrameAllocatorTest, LengthsThatWrapReachToTheEnd) {
    allocator.add_free({kBase + 13 * kPageSize + 1}, UINT64_MAX);
    EXPECT_EQ(take_all(), (Indices{14, 15}));
}

TEST_F(FrameAllocatorTest, ManagesARangeFromZero) {
    allocator.init(metadata, {0});
    allocator.add_free({0}, UINT64_MAX);
    EXPECT_EQ(allocator.free_count(), kFrames);
    EXPECT_EQ(allocator.allocate().value().value, 0u);
}

TEST_F(FrameAllocatorTest, NoMetadataMeansNoMemory) {
    allocator.init({}, {kBase});
    allocator.add_free({0}, UINT64_MAX);
    EXPECT_EQ(allocator.allocate().error(), Errno::kENOMEM);
    expect_panic([&] { allocator.unref({kBase}); }, "outside");
}

TEST_F(FrameAllocatorTest, CountsReferences) {
    allocator.add_free(frame(0), kPageSize);
    EXPECT_EQ(take(), 0u);
    EXPECT_EQ(allocator.references(frame(0)), 1u);
    allocator.ref(frame(0));
    allocator.ref(frame(0));
    EXPECT_EQ(allocator.references(frame(0)), 3u);
    allocator.unref(frame(0));
    allocator.unref(frame(0));
    EXPECT_EQ(allocator.references(frame(0)), 1u);
    EXPECT_EQ(allocator.free_count(), 0u) << "still in use";
    allocator.unref(frame(0));
    EXPECT_EQ(allocator.free_count(), 1u);
}

TEST_F(FrameAllocatorTest, MistakesPanicReadably) {
    allocator.add_free(frame(0), 2 * kPageSize);
    EXPECT_EQ(take(), 0u);
    allocator.unref(frame(0));
    expect_panic([&] { allocator.unref(frame(0)); }, "unref of frame 0x100000, which is free already");
    expect_panic([&] { allocator.ref(frame(1)); }, "ref of frame 0x101000, which is free already");
    expect_panic([&] { (void)allocator.references(frame(1)); },
                 "references of frame 0x101000, which is free");
    expect_panic([&] { allocator.unref(frame(5)); }, "unref of frame 0x105000, which was never allocated");
    expect_panic([&] { allocator.unref(frame(kFrames)); },
                 "0x110000, which is outside of the managed memory");
    expect_panic([&] { allocator.unref({kBase - kPageSize}); }, "0xff000, which is outside");
    expect_panic([&] { allocator.unref({0}); }, "outside");
    expect_panic([&] { allocator.unref({UINT64_MAX - kPageSize + 1}); }, "outside");
    expect_panic([&] { allocator.unref({kBase + 8}); }, "0x100008, which is not the start of a frame");
    EXPECT_EQ(allocator.free_count(), 2u) << "nothing was changed";
    EXPECT_EQ(take_all(), (Indices{0, 1}));
}

TEST_F(FrameAllocatorTest, AddingAFrameTwicePanics) {
    allocator.add_free(frame(3), 2 * kPageSize);
    expect_panic([&] { allocator.add_free(frame(4), kPageSize); },
                 "frame 0x104000 added to the free frames twice");
    EXPECT_EQ(take(), 3u);
    expect_panic([&] { allocator.add_free(frame(3), kPageSize); }, "frame 0x103000 added");
}

TEST_F(FrameAllocatorTest, TooManyReferencesPanic) {
    allocator.add_free(frame(0), kPageSize);
    EXPECT_EQ(take(), 0u);
    metadata[0].references = UINT32_MAX;
    expect_panic([&] { allocator.ref(frame(0)); }, "too many references to frame 0x100000");
}

TEST_F(FrameAllocatorTest, ABadRangePanics) {
    expect_panic([&] { allocator.init(metadata, {kBase + 1}); }, "assertion");
    expect_panic([&] { allocator.init(metadata, {UINT64_MAX - kPageSize + 1}); }, "assertion");
}

TEST_F(FrameAllocatorTest, BehavesLikeAModel) {
    allocator.add_free(frame(1), 13 * kPageSize);
    std::map<uint64_t, uint32_t> held;  // address to references
    std::mt19937 random(5);
    for (int step = 0; step < 50000; ++step) {
        const unsigned action = random() % 3;
        if (action == 0) {
            auto result = allocator.allocate();
            ASSERT_EQ(result.ok(), held.size() < 13);
            if (result.ok()) {
                ASSERT_TRUE(held.emplace(result.value().value, 1).second) << "given out twice";
            }
        } else if (!held.empty()) {
            auto it = std::next(held.begin(), static_cast<long>(random() % held.size()));
            if (action == 1 && random() % 2 == 0) {
                allocator.ref({it->first});
                ++it->second;
            } else {
                allocator.unref({it->first});
                if (--it->second == 0) held.erase(it);
            }
        }
        ASSERT_EQ(allocator.free_count(), 13 - held.size());
        for (const auto& [address, references] : held) ASSERT_EQ(allocator.references({address}), references);
    }
}
