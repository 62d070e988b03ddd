#pragma once
// The counters behind INFO that belong to no other part. Plain numbers, loop thread only.

#include <algorithm>
#include <array>
#include <cstdint>

#include "util/check.h"

namespace cairn {

struct ServerStats {
  uint64_t connections_received = 0, connections_rejected = 0;
  uint64_t commands_processed = 0;
  uint64_t net_input_bytes = 0, net_output_bytes = 0;
  uint64_t reads_processed = 0, writes_processed = 0;  // of sockets
  uint64_t keyspace_hits = 0, keyspace_misses = 0, expired_keys = 0;
  uint64_t error_replies = 0;
  uint64_t query_buffer_disconnections = 0, output_buffer_disconnections = 0;
  uint64_t acl_denied_auth = 0;
  // Ours: attempts that were thrown away, by what they waited for.
  uint64_t attempts_missed = 0, attempts_without_room = 0, attempts_unsettled = 0,
           attempts_large = 0;
  // Writing commands that were held back before they ran, and how long, until now or at the most.
  uint64_t throttled_writes = 0, throttled_nanos = 0, throttled_max_nanos = 0;
  uint64_t commands_looked_at = 0;  // ahead of their turn, for the sake of their blocks
  // Commands by the attempts that they took, one at least; the last counts those with more, too.
  std::array<uint64_t, 5> commands_by_attempts{};
  void CountAttempts(uint32_t attempts) {
    DCHECK(attempts > 0);
    ++commands_by_attempts[std::min<size_t>(attempts, commands_by_attempts.size()) - 1];
  }
  uint64_t read_failures = 0;
};

// A rate over the last sixteen samples, as Redis's instantaneous_* fields: the cron adds one every
// 100 ms.
class RateSampler {
 public:
  // `total` is the counter's present value.
  void Sample(uint64_t now_ms, uint64_t total) {
    if (last_ms_ != 0 && now_ms > last_ms_) {
      samples_[next_] = (total - last_total_) * 1000 / (now_ms - last_ms_);
      next_ = (next_ + 1) % samples_.size();
    }
    last_ms_ = now_ms;
    last_total_ = total;
  }
  uint64_t PerSecond() const {
    uint64_t sum = 0;
    for (const uint64_t sample : samples_) sum += sample;
    return sum / samples_.size();
  }
  void Reset() { *this = {}; }

 private:
  std::array<uint64_t, 16> samples_{};
  size_t next_ = 0;
  uint64_t last_ms_ = 0;
  uint64_t last_total_ = 0;
};

}  // namespace cairn
