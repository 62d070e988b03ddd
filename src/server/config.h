#pragma once
// Every option that Cairn implements, as values; a plain struct that can be copied, so that a
// change is tried on a copy and taken over whole. Names, parsing and spelling: config_table.h. The
// options of Redis that are ignored or refused: config_redis_options.h.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lsm/options.h"
#include "resp/parser.h"
#include "server/client_limits.h"
#include "util/log.h"

namespace cairn {

enum class EnableCommand : uint8_t { kNo, kYes, kLocal };

// maxmemory-policy, in Redis's order.
enum class EvictionPolicy : uint8_t {
  kVolatileLru,
  kVolatileLfu,
  kVolatileRandom,
  kVolatileTtl,
  kAllKeysLru,
  kAllKeysLfu,
  kAllKeysRandom,
  kNoEviction,
};

inline bool IsFrequencyPolicy(EvictionPolicy policy) {
  return policy == EvictionPolicy::kAllKeysLfu || policy == EvictionPolicy::kVolatileLfu;
}

// For port: the system chooses one. Not to be had from a file.
constexpr int64_t kAnyPort = -1;

struct Config {
  // Network
  std::vector<std::string> bind = {"*", "-::*"};
  int64_t port = 6379;
  int64_t tcp_backlog = 511;
  std::string unixsocket;
  int64_t unixsocketperm = 0;
  bool protected_mode = true;
  int64_t tcp_keepalive_seconds = 300;
  int64_t max_clients = 10000;
  ClientLimits clients;
  resp::Limits protocol;

  // Process
  bool daemonize = false;
  std::string pidfile;
  LogLevel log_level = LogLevel::kNotice;
  std::string logfile;
  std::string dir = ".";
  std::string checkpoint_dir;   // empty: checkpoints, in dir
  int64_t checkpoint_keep = 2;  // 0: all
  EnableCommand enable_debug_command = EnableCommand::kNo;
  std::string redis_version = "7.0.15";  // what INFO and HELLO say
  bool latency_tracking = true;
  std::vector<double> latency_percentiles = {50, 99, 99.9};
  int64_t latency_monitor_threshold_ms = 0;    // 0: nothing is noted
  int64_t slowlog_slower_than_micros = 10000;  // negative: nothing is logged
  int64_t slowlog_max_length = 128;

  // Data
  int64_t databases = 16;
  lsm::Options engine;  // `directory` is filled in when the store is opened
  // What is in force; 0: no bound. Follows from the share, if that is not 0.
  uint64_t max_memory_bytes = 0;
  uint64_t max_memory_percent = 25;
  uint64_t machine_memory_bytes = 0;  // that the share is of; 0: unknown
  EvictionPolicy eviction_policy = EvictionPolicy::kNoEviction;
  uint64_t hll_sparse_max_bytes = 3000;

  // Accepted, without effect here, and told back: "appendonly", "save", "hz", … by name.
  std::map<std::string, std::string> told_back;
};

}  // namespace cairn
