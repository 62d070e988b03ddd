#pragma once
// The memtable's index that was not kept: a skip list (Pugh, "Skip lists: a probabilistic
// alternative to balanced trees", 1990) with a quarter of the nodes on each next level. Here so
// that the choice can be measured again; see src/lsm/README.md, Memtable.
//
// Not thread-safe. Keys are copied into its arena and never removed.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "lsm/slab_arena.h"
#include "util/random.h"

namespace cairn::bench {

class SkipList {
 public:
  SkipList() : head_(NewNode("", kMaxHeight)) {}

  bool Contains(std::string_view key) const {
    const Node* next = FindBefore(key, nullptr)->next()[0];
    return next != nullptr && next->key() == key;
  }

  // Requires: !Contains(key).
  void Insert(std::string_view key) {
    std::array<Node*, kMaxHeight> before;
    before.fill(head_);
    FindBefore(key, &before);
    int height = 1;
    while (height < kMaxHeight && random_.OneIn(4)) ++height;
    Node* node = NewNode(key, height);
    for (int level = 0; level < height; ++level) {
      node->next()[level] = before[level]->next()[level];
      before[level]->next()[level] = node;
    }
    height_ = std::max(height_, height);
  }

  size_t held_bytes() const { return arena_.held_bytes(); }

 private:
  static constexpr int kMaxHeight = 14;

  // Followed by the links of its levels and the key.
  struct Node {
    uint32_t key_bytes;
    int height;

    Node** next() { return reinterpret_cast<Node**>(this + 1); }
    Node* const* next() const { return reinterpret_cast<Node* const*>(this + 1); }
    char* bytes() { return reinterpret_cast<char*>(next() + height); }
    std::string_view key() const {
      return {reinterpret_cast<const char*>(next() + height), key_bytes};
    }
  };

  Node* NewNode(std::string_view key, int height) {
    const size_t links = static_cast<size_t>(height) * sizeof(std::uintptr_t);
    Node* node =
        std::construct_at(static_cast<Node*>(arena_.Allocate(sizeof(Node) + links + key.size())),
                          Node{static_cast<uint32_t>(key.size()), height});
    for (int level = 0; level < height; ++level) node->next()[level] = nullptr;
    if (!key.empty()) std::memcpy(node->bytes(), key.data(), key.size());
    return node;
  }

  Node* FindBefore(std::string_view key, std::array<Node*, kMaxHeight>* before) const {
    Node* node = head_;
    for (int level = height_ - 1; level >= 0; --level) {
      for (Node* next = node->next()[level]; next != nullptr && next->key() < key;
           next = node->next()[level]) {
        node = next;
      }
      if (before != nullptr) (*before)[level] = node;
    }
    return node;
  }

  lsm::SlabArena arena_;
  Random random_{1};
  int height_ = 1;
  Node* head_;
};

}  // namespace cairn::bench
