#pragma once
// Eviction policies for the block cache, side by side: LRU, SIEVE and S3-FIFO over the same nodes
// and the same index, so that only the policies differ. Entries are all of one size. SIEVE is what
// was kept (lsm/block_cache.h); see src/lsm/README.md, Block cache.
//
// Not thread-safe.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace cairn::bench {

using CacheNodeIndex = uint32_t;

struct CacheNode {
  static constexpr CacheNodeIndex kNone = UINT32_MAX;

  uint64_t key = 0;
  CacheNodeIndex newer = kNone;
  CacheNodeIndex older = kNone;
  uint8_t uses = 0;       // since it came, or was last spared
  bool is_small = false;  // S3-FIFO: in the small queue
};

// Nodes in the order in which they came.
class CacheQueue {
 public:
  explicit CacheQueue(std::vector<CacheNode>& nodes) : nodes_(nodes) {}

  size_t size() const { return size_; }
  CacheNodeIndex oldest() const { return oldest_; }

  void PushNewest(CacheNodeIndex index) {
    CacheNode& node = nodes_[index];
    node.newer = CacheNode::kNone;
    node.older = newest_;
    if (newest_ != CacheNode::kNone) nodes_[newest_].newer = index;
    newest_ = index;
    if (oldest_ == CacheNode::kNone) oldest_ = index;
    ++size_;
  }
  void Remove(CacheNodeIndex index) {
    const CacheNode& node = nodes_[index];
    if (node.newer != CacheNode::kNone) nodes_[node.newer].older = node.older;
    if (node.older != CacheNode::kNone) nodes_[node.older].newer = node.newer;
    if (newest_ == index) newest_ = node.older;
    if (oldest_ == index) oldest_ = node.newer;
    --size_;
  }

 private:
  std::vector<CacheNode>& nodes_;
  CacheNodeIndex newest_ = CacheNode::kNone;
  CacheNodeIndex oldest_ = CacheNode::kNone;
  size_t size_ = 0;
};

// What the policies share: `capacity` nodes, found by key. A policy says what a hit does, where a
// new node goes, and which one gives it its place.
template <typename Policy>
class CandidateCache {
 public:
  explicit CandidateCache(size_t capacity) : capacity_(capacity), nodes_(capacity) {
    index_.reserve(capacity);
    free_.reserve(capacity);
    for (size_t i = capacity; i-- > 0;) free_.push_back(static_cast<CacheNodeIndex>(i));
  }
  CandidateCache(const CandidateCache&) = delete;
  CandidateCache& operator=(const CandidateCache&) = delete;

  // True: it was there. Otherwise it is now.
  bool Access(uint64_t key) {
    const auto found = index_.find(key);
    if (found != index_.end()) {
      policy().OnHit(found->second);
      return true;
    }
    if (free_.empty()) policy().Evict();
    const CacheNodeIndex index = free_.back();
    free_.pop_back();
    nodes_[index] = {.key = key};
    index_.emplace(key, index);
    policy().OnInsert(index);
    return false;
  }

 protected:
  // The policy has taken it off its queue.
  void Free(CacheNodeIndex index) {
    index_.erase(nodes_[index].key);
    free_.push_back(index);
  }
  CacheNode& At(CacheNodeIndex index) { return nodes_[index]; }
  std::vector<CacheNode>& nodes() { return nodes_; }
  size_t capacity() const { return capacity_; }

 private:
  Policy& policy() { return static_cast<Policy&>(*this); }

  const size_t capacity_;
  std::vector<CacheNode> nodes_;
  std::vector<CacheNodeIndex> free_;
  std::unordered_map<uint64_t, CacheNodeIndex> index_;
};

class LruCache : public CandidateCache<LruCache> {
 public:
  explicit LruCache(size_t capacity) : CandidateCache(capacity), queue_(nodes()) {}

  void OnHit(CacheNodeIndex index) {
    queue_.Remove(index);
    queue_.PushNewest(index);
  }
  void OnInsert(CacheNodeIndex index) { queue_.PushNewest(index); }
  void Evict() {
    const CacheNodeIndex oldest = queue_.oldest();
    queue_.Remove(oldest);
    Free(oldest);
  }

 private:
  CacheQueue queue_;
};

// Zhang et al., "SIEVE is Simpler than LRU" (NSDI 2024).
class SieveCache : public CandidateCache<SieveCache> {
 public:
  explicit SieveCache(size_t capacity) : CandidateCache(capacity), queue_(nodes()) {}

  void OnHit(CacheNodeIndex index) { At(index).uses = 1; }
  void OnInsert(CacheNodeIndex index) { queue_.PushNewest(index); }
  void Evict() {
    for (;;) {
      if (hand_ == CacheNode::kNone) hand_ = queue_.oldest();
      const CacheNodeIndex candidate = hand_;
      hand_ = At(candidate).newer;
      if (At(candidate).uses == 0) {
        queue_.Remove(candidate);
        return Free(candidate);
      }
      At(candidate).uses = 0;
    }
  }

 private:
  CacheQueue queue_;
  CacheNodeIndex hand_ = CacheNode::kNone;
};

// Yang et al., "FIFO queues are all you need for cache eviction" (SOSP 2023): a tenth is a small
// queue that new entries pass through, the rest a main queue; a ghost queue of keys remembers what
// left the small one, and brings it into the main one if it comes again.
class S3FifoCache : public CandidateCache<S3FifoCache> {
 public:
  explicit S3FifoCache(size_t capacity)
      : CandidateCache(capacity),
        small_(nodes()),
        main_(nodes()),
        small_target_(std::max<size_t>(1, capacity / kSmallShare)) {
    ghosts_.reserve(capacity);
  }

  void OnHit(CacheNodeIndex index) {
    uint8_t& uses = At(index).uses;
    uses = std::min<uint8_t>(uses + 1, kMostUses);
  }
  void OnInsert(CacheNodeIndex index) {
    const bool is_ghost = ghosts_.erase(At(index).key) > 0;
    At(index).is_small = !is_ghost;
    (is_ghost ? main_ : small_).PushNewest(index);
  }
  void Evict() {
    for (;;) {
      const bool from_small = small_.size() >= small_target_ || main_.size() == 0;
      if (from_small ? EvictSmall() : EvictMain()) return;
    }
  }

 private:
  static constexpr size_t kSmallShare = 10;
  static constexpr uint8_t kMostUses = 3;

  // False if it made no room: the oldest one was moved to the main queue.
  bool EvictSmall() {
    const CacheNodeIndex oldest = small_.oldest();
    CacheNode& node = At(oldest);
    small_.Remove(oldest);
    if (node.uses > 1) {
      node.uses = 0;
      node.is_small = false;
      main_.PushNewest(oldest);
      return false;
    }
    AddGhost(node.key);
    Free(oldest);
    return true;
  }
  // False if the oldest one was spared.
  bool EvictMain() {
    const CacheNodeIndex oldest = main_.oldest();
    CacheNode& node = At(oldest);
    main_.Remove(oldest);
    if (node.uses > 0) {
      --node.uses;
      main_.PushNewest(oldest);
      return false;
    }
    Free(oldest);
    return true;
  }
  // As many ghosts as the main queue has places. A ghost that came back stays in the queue, under
  // an older number than the one it may get next.
  void AddGhost(uint64_t key) {
    ghost_queue_.emplace_back(key, ++ghost_number_);
    ghosts_[key] = ghost_number_;
    while (ghost_queue_.size() > capacity() - small_target_) {
      const auto [oldest, number] = ghost_queue_.front();
      ghost_queue_.pop_front();
      const auto found = ghosts_.find(oldest);
      if (found != ghosts_.end() && found->second == number) ghosts_.erase(found);
    }
  }

  CacheQueue small_;
  CacheQueue main_;
  const size_t small_target_;
  std::unordered_map<uint64_t, uint64_t> ghosts_;  // by key: the number in the queue
  std::deque<std::pair<uint64_t, uint64_t>> ghost_queue_;
  uint64_t ghost_number_ = 0;
};

}  // namespace cairn::bench
