// Candidates for the block cache's eviction on the same traces, and the block cache itself.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lsm/block.h"
#include "lsm/block_cache.h"
#include "tools/bench/cache_candidates.h"
#include "tools/bench/workload.h"
#include "util/random.h"

namespace cairn::bench {
namespace {

using lsm::Block;
using lsm::BlockCache;

constexpr uint64_t kSmallBatch = 64;
constexpr double kZipfExponent = 0.99;  // YCSB's
// A scan of so many blocks comes once in so many reads: as many blocks by scans as by reads.
constexpr uint64_t kScanBlocks = 2000;
constexpr double kLoopShare = 1.25;  // of the capacity

using Trace = std::vector<uint32_t>;

// The popular blocks lie anywhere.
class Zipf {
 public:
  Zipf(uint64_t count, uint64_t seed) : names_(Shuffled(count, seed)), random_(seed) {
    sums_.reserve(count);
    double sum = 0;
    for (uint64_t i = 0; i < count; ++i) {
      sums_.push_back(sum += std::pow(static_cast<double>(i + 1), -kZipfExponent));
    }
  }
  uint32_t Next() {
    const double at = random_.UniformDouble() * sums_.back();
    const auto rank = std::ranges::upper_bound(sums_, at) - sums_.begin();
    return names_[std::min(static_cast<size_t>(rank), names_.size() - 1)];
  }

 private:
  const std::vector<uint32_t> names_;
  Random random_;
  std::vector<double> sums_;
};

Trace ZipfTrace(Context& context) {
  Zipf zipf(context.options().keys, context.options().seed);
  Trace trace(context.options().operations);
  for (uint32_t& block : trace) block = zipf.Next();
  return trace;
}

// Scans go over blocks that may be popular, too, as a scan of a table does.
Trace ScanTrace(Context& context) {
  const uint64_t blocks = context.options().keys;
  Zipf zipf(blocks, context.options().seed);
  Random random(context.options().seed + 1);
  Trace trace;
  while (trace.size() < context.options().operations) {
    for (uint64_t i = 0; i < kScanBlocks; ++i) trace.push_back(zipf.Next());
    const uint64_t begin = random.Uniform(blocks);
    for (uint64_t i = 0; i < kScanBlocks; ++i) {
      trace.push_back(static_cast<uint32_t>((begin + i) % blocks));
    }
  }
  return trace;
}

Trace LoopTrace(Context& context, size_t capacity) {
  const auto length = static_cast<uint64_t>(kLoopShare * static_cast<double>(capacity));
  Trace trace(context.options().operations);
  for (size_t i = 0; i < trace.size(); ++i) trace[i] = static_cast<uint32_t>(i % length);
  return trace;
}

// The engine's cache in the candidates' terms. Its blocks are as small as they can be: making one
// costs what reading it costs the engine beside the disk, and is timed with it.
class EngineCache {
 public:
  explicit EngineCache(size_t capacity) {
    const std::shared_ptr<const Block> block = NewBlock();
    // One block's charge, as the cache counts it.
    BlockCache probe(size_t{1} << 20);
    probe.Insert(1, 0, block);
    cache_ = std::make_unique<BlockCache>(capacity * probe.charge_bytes());
  }
  bool Access(uint64_t key) {
    if (cache_->Lookup(1, key) != nullptr) return true;
    cache_->Insert(1, key, NewBlock());
    return false;
  }

 private:
  static std::shared_ptr<const Block> NewBlock() {
    constexpr size_t kLineBytes = 64;
    std::string bytes(kLineBytes, '\0');
    bytes += {1, 6};  // a filter of one line: scheme, probes
    auto block =
        Block::Make(lsm::BlockKind::kFilter, lsm::BlockBuffer::CopyOf(bytes), bytes.size());
    return std::move(block).value();
  }

  std::unique_ptr<BlockCache> cache_;
};

template <typename Cache>
void RunTrace(Context& context, const std::string& name, const Trace& trace, size_t capacity) {
  Cache cache(capacity);
  uint64_t hits = 0;
  context.Measure(name, trace.size(), kSmallBatch,
                  [&](uint64_t i) { hits += cache.Access(trace[i]) ? 1 : 0; });
  fmt::print("  hits: {:.2f} %\n",
             100.0 * static_cast<double>(hits) / static_cast<double>(trace.size()));
}

Status BenchCaches(Context& context) {
  for (const uint64_t share : {uint64_t{100}, uint64_t{10}}) {
    const size_t capacity = std::max<uint64_t>(1, context.options().keys / share);
    const std::pair<const char*, Trace> traces[] = {{"zipf", ZipfTrace(context)},
                                                    {"zipf+scans", ScanTrace(context)},
                                                    {"loop", LoopTrace(context, capacity)}};
    for (const auto& [name, trace] : traces) {
      const auto title = [&, name = name](const char* policy) {
        return fmt::format("{}, a {}th: {}", name, share, policy);
      };
      RunTrace<LruCache>(context, title("LRU"), trace, capacity);
      RunTrace<S3FifoCache>(context, title("S3-FIFO"), trace, capacity);
      RunTrace<SieveCache>(context, title("SIEVE"), trace, capacity);
      RunTrace<EngineCache>(context, title("the engine's"), trace, capacity);
    }
  }
  return {};
}

}  // namespace

void AddCacheWorkloads(std::vector<Workload>* workloads) {
  workloads->push_back(
      {"caches", "eviction policies on the same traces: hits, time of an access", BenchCaches});
}

}  // namespace cairn::bench
