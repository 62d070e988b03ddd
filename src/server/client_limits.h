#pragma once
// What a client may hold and how long it may idle: the configuration's part that connections look
// at for every reply.

#include <cstdint>
#include <string>

#include "server/reply_gate.h"

namespace cairn {

// One class of client-output-buffer-limit; 0 = no limit.
struct OutputLimit {
  uint64_t hard_bytes = 0;
  uint64_t soft_bytes = 0;
  uint64_t soft_seconds = 0;
  bool operator==(const OutputLimit&) const = default;
};

struct ClientLimits {
  OutputLimit normal;
  // Kept for the classes of clients that come with replication and pub/sub.
  OutputLimit replica{uint64_t{256} << 20, uint64_t{64} << 20, 60};
  OutputLimit pubsub{uint64_t{32} << 20, uint64_t{8} << 20, 60};
  uint64_t query_buffer_bytes = uint64_t{1} << 30;
  uint64_t idle_timeout_seconds = 0;  // 0 = never
  ReplyLevel reply_level = ReplyLevel::kDurable;
  std::string password;  // requirepass
};

}  // namespace cairn
