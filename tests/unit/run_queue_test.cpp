/// @file
/// The circular run queue, on nodes that stand in for tasks.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include <kernel/task/run_queue.h>
#include <tests/unit/support/panics.h>

namespace {

struct Node {
    char name;
    Node* next = nullptr;
    Node* prev = nullptr;
};

/// Names in order from the head; checks that the links agree in both directions.
std::string round_of(const RunQueue<Node>& queue) {
    std::string names;
    const Node* node = &queue.head();
    do {
        names += node->name;
        EXPECT_EQ(node->next->prev, node);
        EXPECT_EQ(node->prev->next, node);
        node = node->next;
    } while (node != &queue.head() && names.size() < 100);
    return names;
}

class RunQueueTest : public testing::Test {
  protected:
    void SetUp() override { queue.init(head); }

    Node head{'h'}, a{'a'}, b{'b'}, c{'c'};
    RunQueue<Node> queue;
};

}  // namespace

TEST_F(RunQueueTest, AHeadAloneIsItsOwnNeighbour) {
    EXPECT_TRUE(queue.is_alone());
    EXPECT_EQ(head.next, &head);
    EXPECT_EQ(head.prev, &head);
    EXPECT_EQ(round_of(queue), "h");
}

TEST_F(RunQueueTest, ANewTaskIsNextAfterTheHead) {
    queue.insert_after_head(a);
    EXPECT_EQ(round_of(queue), "ha");
    queue.insert_after_head(b);
    EXPECT_EQ(round_of(queue), "hba");
    queue.insert_after_head(c);
    EXPECT_EQ(round_of(queue), "hcba");
    EXPECT_FALSE(queue.is_alone());
}

TEST_F(RunQueueTest, InsertBeforeAnyMember) {
    queue.insert_before(a, head);
    EXPECT_EQ(round_of(queue), "ha");
    queue.insert_before(b, head);
    EXPECT_EQ(round_of(queue), "hab");
    queue.insert_before(c, b);
    EXPECT_EQ(round_of(queue), "hacb");
}

TEST_F(RunQueueTest, RemoveUnlinksAndNamesTheSuccessor) {
    queue.insert_before(a, head);
    queue.insert_before(b, head);
    queue.insert_before(c, head);
    EXPECT_EQ(&queue.remove(b), &c);
    EXPECT_EQ(round_of(queue), "hac");
    EXPECT_EQ(b.next, nullptr);
    EXPECT_EQ(b.prev, nullptr);
    EXPECT_FALSE(queue.is_linked(b));
    EXPECT_EQ(&queue.remove(c), &head) << "behind the last is the head";
    EXPECT_EQ(&queue.remove(a), &head);
    EXPECT_TRUE(queue.is_alone());
    queue.insert_after_head(b);
    EXPECT_EQ(round_of(queue), "hb");
}

TEST_F(RunQueueTest, MistakesPanic) {
    queue.insert_after_head(a);
    expect_panic([&] { queue.remove(head); }, "head_");
    expect_panic([&] { queue.remove(b); }, "is_linked");
    expect_panic([&] { queue.insert_after_head(a); }, "is_linked");
    expect_panic([&] { queue.insert_before(b, c); }, "is_linked");
    expect_panic([&] { queue.init(head); }, "head_");
    EXPECT_EQ(round_of(queue), "ha") << "nothing was changed";
}

TEST(RunQueue, BehavesLikeAVector) {
    std::array<Node, 20> nodes{};
    for (size_t i = 0; i < nodes.size(); ++i) nodes[i].name = static_cast<char>('a' + i);
    RunQueue<Node> queue;
    queue.init(nodes[0]);
    std::vector<Node*> model{&nodes[0]};
    std::mt19937 random(3);
    for (int i = 0; i < 5000; ++i) {
        Node& node = nodes[1 + random() % (nodes.size() - 1)];
        const auto found = std::find(model.begin(), model.end(), &node);
        if (found != model.end()) {
            queue.remove(node);
            model.erase(found);
        } else if (random() % 2 == 0) {
            queue.insert_after_head(node);
            model.insert(model.begin() + 1, &node);
        } else {
            const size_t place = random() % model.size();
            queue.insert_before(node, *model[place]);
            model.insert(place == 0 ? model.end() : model.begin() + static_cast<long>(place), &node);
        }
        std::string expected;
        for (const Node* member : model) expected += member->name;
        ASSERT_EQ(round_of(queue), expected);
        ASSERT_EQ(queue.is_alone(), model.size() == 1);
    }
}
