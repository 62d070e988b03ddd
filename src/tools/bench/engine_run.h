#pragma once
// One engine in the comparison: its data, and the loop that times operations on it. Keys and values
// are functions of their number, so that every engine gets the same and every answer can be
// checked.
//
// Thread: one.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/bench/engine_bench.h"
#include "tools/bench/engine_under_test.h"
#include "util/random.h"

namespace cairn::bench {

// Keys: decimal numbers of a fixed width, so that their order is the numbers' order. Values begin
// with their key; the rest compresses to about a half, as db_bench's.
class KeysAndValues {
 public:
  // Requires: key_bytes can hold every number below `count`.
  explicit KeysAndValues(const EngineBenchOptions& options);

  // Valid until the next call.
  std::string_view Key(uint64_t number);
  std::string_view Value(uint64_t number);
  bool IsValueOf(std::string_view value, std::string_view key) const;
  uint64_t pair_bytes() const { return key_.size() + value_.size(); }
  // Every number once, in random order.
  const std::vector<uint32_t>& order() const { return order_; }

 private:
  std::string key_;
  std::string value_;
  std::string noise_;
  size_t next_noise_ = 0;
  std::vector<uint32_t> order_;
};

class EngineRun {
 public:
  EngineRun(Env& env, const EngineBenchOptions& options, KeysAndValues& data,
            std::unique_ptr<EngineUnderTest> engine);

  const EngineBenchOptions& options() const { return options_; }
  KeysAndValues& data() { return data_; }
  EngineUnderTest& engine() { return *engine_; }
  // Numbers below this are there, all of them; 0 after deletions.
  uint64_t loaded() const { return loaded_; }

  // --- around a benchmark ---
  // `seed`: of its random numbers.
  void Begin(std::string_view benchmark, uint64_t seed);
  // Waits for rest if the benchmark wrote, and completes the row.
  Result<EngineRow> End(bool wrote);
  void SetLoaded(uint64_t loaded, uint64_t live) {
    loaded_ = loaded;
    live_ = live;
  }
  void AddFound(uint64_t count) { row_.found += count; }
  void AddWritten(uint64_t bytes) { row_.user_bytes += bytes; }
  // A generator that gives every engine the same numbers in a benchmark, and others in each: what
  // one has brought into caches is not what the next one asks for.
  Random NewRandom() const { return Random(seed_); }

  // Times operation(i) for i in [0, count), each by itself; between(i) follows it untimed, but
  // counts for the whole. Then waits until everything is written. `keys`: how many keys an
  // operation stands for.
  template <typename Operation, typename Between>
  Status Measure(uint64_t count, uint64_t keys, Operation operation, Between between) {
    const uint64_t begin = env_.MonotonicNanos();
    const uint64_t every = std::max<uint64_t>(1, count / kSpaceSamples);
    uint64_t sampling = 0;
    uint64_t before = begin;
    for (uint64_t i = 0; i < count; ++i) {
      RETURN_IF_ERROR(operation(i));
      uint64_t now = env_.MonotonicNanos();
      row_.latency_nanos.Add(now - before);
      RETURN_IF_ERROR(between(i));
      if (i % every == 0) {
        const uint64_t asked = env_.MonotonicNanos();
        RETURN_IF_ERROR(SampleSpace());
        now = env_.MonotonicNanos();
        sampling += now - asked;
      }
      before = now;
    }
    RETURN_IF_ERROR(engine_->WaitWritten());
    row_.operations = count * keys;
    row_.seconds = static_cast<double>(env_.MonotonicNanos() - begin - sampling) / 1e9;
    return {};
  }
  template <typename Operation>
  Status Measure(uint64_t count, Operation operation) {
    return Measure(count, 1, operation, [](uint64_t) { return Status(); });
  }

 private:
  static constexpr uint64_t kSpaceSamples = 100;

  Status SampleSpace();
  Result<uint64_t> TableBytes();

  Env& env_;
  const EngineBenchOptions& options_;
  KeysAndValues& data_;
  const std::unique_ptr<EngineUnderTest> engine_;
  uint64_t loaded_ = 0;
  uint64_t live_ = 0;
  uint64_t seed_ = 0;
  EngineRow row_;
  uint64_t cpu_before_ = 0;
  uint64_t disk_before_ = 0;
  uint64_t tables_before_ = 0;
};

}  // namespace cairn::bench
