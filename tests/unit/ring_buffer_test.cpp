/// @file
/// The byte ring between an interrupt handler and a task.

#include <gtest/gtest.h>

#include <thread>

#include <kernel/libk/ring_buffer.h>

TEST(RingBuffer, StartsEmpty) {
    RingBuffer<8> ring;
    char byte = '#';
    EXPECT_TRUE(ring.empty());
    EXPECT_FALSE(ring.full());
    EXPECT_FALSE(ring.get(byte));
    EXPECT_EQ(byte, '#');
    EXPECT_EQ(ring.capacity(), 8u);
}

TEST(RingBuffer, HoldsExactlyItsCapacity) {
    RingBuffer<8> ring;
    for (char c = 'a'; c < 'i'; ++c) EXPECT_TRUE(ring.put(c));
    EXPECT_TRUE(ring.full());
    EXPECT_FALSE(ring.put('x'));
    EXPECT_EQ(ring.size(), 8u);
    for (char c = 'a'; c < 'i'; ++c) {
        char byte;
        ASSERT_TRUE(ring.get(byte));
        EXPECT_EQ(byte, c) << "first in, first out; the refused byte changed nothing";
    }
    EXPECT_TRUE(ring.empty());
}

TEST(RingBuffer, GoesRoundManyTimes) {
    RingBuffer<4> ring;
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(ring.put(static_cast<char>(i)));
        ASSERT_TRUE(ring.put(static_cast<char>(i + 1)));
        ASSERT_EQ(ring.size(), 2u);
        char first, second;
        ASSERT_TRUE(ring.get(first) && ring.get(second));
        ASSERT_EQ(first, static_cast<char>(i));
        ASSERT_EQ(second, static_cast<char>(i + 1));
    }
}

TEST(RingBuffer, CanHoldOneByte) {
    RingBuffer<1> ring;
    char byte;
    EXPECT_TRUE(ring.put('a'));
    EXPECT_FALSE(ring.put('b'));
    EXPECT_TRUE(ring.get(byte));
    EXPECT_EQ(byte, 'a');
}

TEST(RingBuffer, LosesNothingBetweenTwoThreads) {
    RingBuffer<64> ring;
    constexpr int kBytes = 100'000;
    std::thread producer([&] {
        for (int i = 0; i < kBytes; ++i) {
            while (!ring.put(static_cast<char>(i * 7))) std::this_thread::yield();
        }
    });
    int wrong = 0;
    for (int i = 0; i < kBytes; ++i) {
        char byte;
        while (!ring.get(byte)) std::this_thread::yield();
        if (byte != static_cast<char>(i * 7)) ++wrong;
    }
    producer.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_TRUE(ring.empty());
}
