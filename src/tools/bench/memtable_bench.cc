// Workloads over the memtable and the commit path, keys in random order.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lsm/background.h"
#include "lsm/engine.h"
#include "lsm/memtable.h"
#include "tools/bench/skip_list.h"
#include "tools/bench/workload.h"
#include "util/log.h"

namespace cairn::bench {
namespace {

constexpr uint64_t kSmallBatch = 64;
constexpr lsm::SpaceId kSpace = lsm::kFirstUserSpace;

// "key:000000012345", made where it stands: a key that comes over the network is in the processor's
// cache, and the benchmark's should be no farther away.
class KeyMaker {
 public:
  std::string_view Make(uint32_t number) {
    for (size_t i = bytes_.size() - 1; i > 3; --i, number /= 10) {
      bytes_[i] = static_cast<char>('0' + number % 10);
    }
    return {bytes_.data(), bytes_.size()};
  }

 private:
  std::array<char, 16> bytes_ = {'k', 'e', 'y', ':'};
};

lsm::StagedWrite SetOf(std::string_view key, std::string_view value) {
  lsm::StagedWrite write;
  write.space = kSpace;
  write.key = key;
  write.value = value;
  write.below = lsm::Below::kAbsent;
  return write;
}

Status BenchMemtable(Context& context) {
  const uint64_t count = context.options().keys;
  const std::string value(context.options().value_bytes, 'v');
  const std::vector<uint32_t> in_order = Shuffled(count, context.options().seed);
  const std::vector<uint32_t> at_random = Shuffled(count, context.options().seed + 1);
  lsm::Memtable memtable(1, 1);
  KeyMaker keys;
  lsm::Sequence sequence = 0;
  const auto set = [&](uint32_t number) {
    lsm::StagedWrite write = SetOf(keys.Make(number), value);
    memtable.Apply({&write, 1}, ++sequence, nullptr);
  };
  context.Measure("memtable insert", count, kSmallBatch, [&](uint64_t i) { set(in_order[i]); });
  fmt::print("{:<28} {:.1f} bytes an entry\n", "",
             static_cast<double>(memtable.held_bytes()) / static_cast<double>(count));
  std::string key;
  context.Measure("memtable get", count, kSmallBatch, [&](uint64_t i) {
    Keep(memtable.Get(lsm::MakeKey(&key, kSpace, keys.Make(at_random[i]))));
  });
  context.Measure("memtable overwrite", count, kSmallBatch, [&](uint64_t i) { set(at_random[i]); });
  const auto walk = memtable.NewIterator();
  walk->SeekToFirst();
  context.Measure("memtable next", count - 1, kSmallBatch, [&](uint64_t) {
    Keep(walk->key());
    walk->Next();
  });
  return {};
}

Status BenchSkipList(Context& context) {
  const uint64_t count = context.options().keys;
  const std::vector<uint32_t> in_order = Shuffled(count, context.options().seed);
  const std::vector<uint32_t> at_random = Shuffled(count, context.options().seed + 1);
  SkipList list;
  KeyMaker keys;
  context.Measure("skip list insert (no value)", count, kSmallBatch,
                  [&](uint64_t i) { list.Insert(keys.Make(in_order[i])); });
  context.Measure("skip list get", count, kSmallBatch,
                  [&](uint64_t i) { Keep(list.Contains(keys.Make(at_random[i]))); });
  return {};
}

// An engine over real files whose memtable holds all of the keys.
class BenchEngine {
 public:
  explicit BenchEngine(Context& context) : context_(context), log_([] { return uint64_t{0}; }) {
    log_.SetLevel(LogLevel::kWarning);
  }
  ~BenchEngine() {
    context_of_reads_.reset();
    engine_.reset();
    background_.reset();
    RemoveFiles(directory_ + "/wal");
    RemoveFiles(directory_);
  }

  Status Open() {
    // A name of its own: a store that lost its CURRENT is not opened, and directories stay.
    directory_ =
        fmt::format("{}/engine-{}", context_.options().directory, context_.env().WallMicros());
    lsm::Options options;
    options.directory = directory_;
    options.sync_mode = lsm::SyncMode::kEverySecond;
    options.memtable_bytes = size_t{2} << 30;
    options.wal_bytes = size_t{4} << 30;
    background_ = lsm::NewThreadedBackground({1, options.read_threads}, [] {});
    lsm::EngineOpener opener(context_.env(), *background_, log_, options);
    RETURN_IF_ERROR(opener.Run());
    engine_ = opener.Take();
    context_of_reads_ = engine_->NewLoopContext();
    return {};
  }

  void Tick() {
    engine_->EndTick();
    background_->RunCompletions(SIZE_MAX);
    engine_->Poll();
  }
  // Waits for the log, so that no loop that follows pays for what went before.
  void Drain() {
    while (engine_->watermarks().written < engine_->watermarks().applied) Tick();
  }
  lsm::Engine& engine() { return *engine_; }
  lsm::ReadContext& reads() { return *context_of_reads_; }

 private:
  void RemoveFiles(const std::string& directory) {
    const auto names = context_.env().List(directory);
    if (!names.ok()) return;
    for (const std::string& name : *names) (void)context_.env().Remove(directory + "/" + name);
  }

  Context& context_;
  Logger log_;
  std::string directory_;
  std::unique_ptr<lsm::Background> background_;
  std::unique_ptr<lsm::Engine> engine_;
  std::unique_ptr<lsm::ReadContext> context_of_reads_;
};

Status BenchCommit(Context& context) {
  const uint64_t count = context.options().keys;
  const std::string value(context.options().value_bytes, 'v');
  const std::vector<uint32_t> in_order = Shuffled(count, context.options().seed);
  const std::vector<uint32_t> at_random = Shuffled(count, context.options().seed + 1);
  BenchEngine bench(context);
  RETURN_IF_ERROR(bench.Open());
  lsm::Engine& engine = bench.engine();
  KeyMaker keys;
  // As a SET does it: asks what is cheap to know, asks for admission, commits. A tick has 64.
  const auto set = [&](uint32_t number) {
    lsm::StagedWrite write = SetOf(keys.Make(number), value);
    write.below = bench.reads().CheapBelow(kSpace, write.key);
    if (engine.AdmitWrite(write.key.size() + value.size()) == lsm::Admission::kAdmit) {
      engine.Commit({&write, 1});
    }
  };
  const auto measure = [&](const std::string& name, const std::vector<uint32_t>& order) {
    context.Measure(name, count, kSmallBatch, [&](uint64_t i) {
      set(order[i]);
      if (i % kSmallBatch == kSmallBatch - 1) engine.EndTick();
    });
    bench.Drain();
  };
  measure("commit insert", in_order);
  measure("commit overwrite", at_random);
  context.Measure("commit alone, overwrite", count, kSmallBatch, [&](uint64_t i) {
    const lsm::StagedWrite write = SetOf(keys.Make(in_order[i]), value);
    engine.Commit({&write, 1});
    if (i % kSmallBatch == kSmallBatch - 1) engine.EndTick();
  });
  bench.Drain();
  context.Measure("context get", count, kSmallBatch, [&](uint64_t i) {
    engine.ResetContext(bench.reads());
    Keep(bench.reads().Get(kSpace, keys.Make(at_random[i])));
  });
  return engine.Stop();
}

}  // namespace

void AddMemtableWorkloads(std::vector<Workload>* workloads) {
  workloads->push_back({"memtable", "the memtable: insert, get, overwrite, next", BenchMemtable});
  workloads->push_back({"skip-list", "the index that was not kept: insert, get", BenchSkipList});
  workloads->push_back({"commit", "engine commits over real files, log included", BenchCommit});
}

}  // namespace cairn::bench
