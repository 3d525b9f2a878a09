/// @file
/// The run queue: a circular list, so that "the next task" is always one load away, with no special case at
/// an end.
#pragma once

#include <kernel/libk/panic.h>

/// Circular doubly linked list through the members `next` and `prev` of Node (Task, or a stand-in in the host
/// tests). The head, the boot thread, is always in it. A node outside has both links null. The caller
/// provides mutual exclusion; never allocates or sleeps.
template <class Node>
class RunQueue {
  public:
    constexpr RunQueue() = default;
    RunQueue(const RunQueue&) = delete;
    RunQueue& operator=(const RunQueue&) = delete;

    /// Makes `head` the only member. Once, before anything else.
    void init(Node& head) {
        KASSERT(!head_);
        KASSERT(!is_linked(head));
        head.next = head.prev = &head;
        head_ = &head;
    }

    /// The member that never leaves.
    Node& head() const { return *head_; }
    /// True when only the head is left.
    bool is_alone() const { return head_->next == head_; }
    /// True when `node` is in a queue.
    static bool is_linked(const Node& node) { return node.next != nullptr; }

    /// Links a new node right after the head, so that it is the next to run once the head gives up the
    /// processor.
    void insert_after_head(Node& node) { insert_before(node, *head_->next); }

    /// Links `node` in front of `position`, a member. Before the head is the end of the round.
    void insert_before(Node& node, Node& position) {
        KASSERT(!is_linked(node));
        KASSERT(is_linked(position));
        node.next = &position;
        node.prev = position.prev;
        position.prev->next = &node;
        position.prev = &node;
    }

    /// Takes `node` out and returns the one that stood behind it, whose turn would have been next. The head
    /// can't be taken out.
    Node& remove(Node& node) {
        KASSERT(&node != head_);
        KASSERT(is_linked(node));
        Node& successor = *node.next;
        node.prev->next = node.next;
        node.next->prev = node.prev;
        node.next = node.prev = nullptr;
        return successor;
    }

  private:
    Node* head_ = nullptr;
};
