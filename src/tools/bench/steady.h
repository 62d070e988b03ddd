#pragma once
// Overwrites at a steady rate, open loop: how late writes are answered while merges run, and while
// they are paused. First the rate is found: as many writes as the engine takes in the long run,
// with all that slows writers in force (Engine::WriteDelayNanos, AdmitWrite). Then a share of it is
// offered by the clock, and a write's latency counts from when it was due, not from when it was
// made, so that a stall is met by every write that fell due in it. A write is answered when the
// server would answer it: written, or durable with `always`.
//
// Thread: one, which stands for the server's loop. May block.
// Source: Tene, "How NOT to measure latency" (coordinated omission); Luo, Carey, "On performance
// stability in LSM-based storage systems" (VLDB 2019), the two phases.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "env/env.h"
#include "lsm/engine.h"
#include "lsm/options.h"
#include "util/histogram.h"
#include "util/status.h"

namespace cairn::bench {

struct SteadyOptions {
  uint64_t keys = 2'000'000;
  uint64_t value_bytes = 100;
  uint64_t seconds = 600;     // of each of the two measurements
  uint64_t seek_seconds = 0;  // of finding the rate; 0: a quarter of that, at least 10
  double share = 0.7;         // of the rate that was found
  double rate = 0;            // writes a second; 0: it is found
  uint64_t seed = 1;
  lsm::Options engine;  // its directory is filled in
  std::string directory = "/tmp/cairn-bench";
};

struct SteadyPhase {
  uint64_t writes = 0;
  Histogram latency_micros;
  uint64_t least_in_a_second = 0;  // answered
  uint64_t latest_micros = 0;      // the longest that a write was made after it was due
  uint64_t stalls = 0;             // times that writers were parked
  uint64_t merged_bytes = 0;       // written by merges
  HistogramSummary sync_micros;
  double debt = 0;           // of merges, at the end (merge_debt.h)
  uint64_t table_bytes = 0;  // at the end
};

struct SteadyReport {
  double found_rate = 0;  // writes a second
  double rate = 0;        // offered
  SteadyPhase merging, paused;
};

// `say`: a line of progress.
Result<SteadyReport> RunSteady(Env& env, const SteadyOptions& options,
                               const std::function<void(std::string_view)>& say);

// `cairn-bench steady …`; the program's exit code.
int SteadyMain(const std::vector<std::string_view>& arguments);

}  // namespace cairn::bench
