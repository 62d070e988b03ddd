#pragma once
// cairn-bench times parts of the engine by themselves, without a server: named workloads, each a
// function that prepares what it needs and measures loops of one operation.
//
// One thread. A workload prints one line a measured loop; its error ends the program.

#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "env/env.h"
#include "util/histogram.h"
#include "util/random.h"
#include "util/status.h"

namespace cairn::bench {

struct Options {
  uint64_t operations = 1'000'000;  // per measured loop, roughly
  uint64_t keys = 1'000'000;
  uint64_t value_bytes = 100;
  uint64_t seed = 1;
  std::string directory = "/tmp/cairn-bench";  // made, and emptied of what a workload leaves
};

class Context {
 public:
  Context(Env& env, const Options& options) : env_(env), options_(options) {}

  Env& env() { return env_; }
  const Options& options() const { return options_; }

  // Runs operation(i) for i in [0, count) and prints its time. `batch` operations share one look at
  // the clock (25 ns or so): 1 where an operation takes microseconds, 64 where it takes a few
  // nanoseconds; percentiles are over the batches' means.
  template <typename Operation>
  void Measure(const std::string& name, uint64_t count, uint64_t batch, Operation&& operation) {
    Histogram picoseconds;
    for (uint64_t done = 0; done < count;) {
      const uint64_t end = done + batch < count ? done + batch : count;
      const uint64_t size = end - done;
      const uint64_t begin = env_.MonotonicNanos();
      for (; done < end; ++done) operation(done);
      picoseconds.Add((env_.MonotonicNanos() - begin) * 1000 / size);
    }
    Print(name, count, picoseconds);
  }

 private:
  static void Print(const std::string& name, uint64_t count, const Histogram& picoseconds);

  Env& env_;
  const Options& options_;
};

// Keeps the compiler from dropping what computes the value.
template <typename T>
inline void Keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

// 0 to count - 1 in random order. Requires: count > 0.
inline std::vector<uint32_t> Shuffled(uint64_t count, uint64_t seed) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  Random random(seed);
  for (uint64_t i = count - 1; i > 0; --i) std::swap(order[i], order[random.Uniform(i + 1)]);
  return order;
}

struct Workload {
  std::string name;
  std::string what;
  std::function<Status(Context&)> run;
};

// Each part of the engine has its own file of workloads.
void AddTableWorkloads(std::vector<Workload>* workloads);
void AddMemtableWorkloads(std::vector<Workload>* workloads);
void AddLogWorkloads(std::vector<Workload>* workloads);
void AddCacheWorkloads(std::vector<Workload>* workloads);
void AddPaceWorkloads(std::vector<Workload>* workloads);

}  // namespace cairn::bench
