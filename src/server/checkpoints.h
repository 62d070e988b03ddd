#pragma once
// BGSAVE and SAVE from the server's side: where checkpoints go, how many are kept, one at a time,
// and what INFO and LASTSAVE say of them. The engine makes them.
//
// Thread: loop. Ownership: everything in Parts outlives it.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "env/env.h"
#include "lsm/checkpoint_info.h"
#include "server/config_store.h"
#include "server/info_writer.h"
#include "server/store.h"
#include "util/log.h"
#include "util/status.h"

namespace cairn {

// checkpoint-dir, or its default.
std::string CheckpointDirectory(const Config& config);

class Checkpoints {
 public:
  struct Parts {
    Env& env;
    Logger& log;
    ConfigStore& config;
    Store& store;
    std::function<void(const Status&)> on_saved;  // of a foreground one
  };
  explicit Checkpoints(Parts parts);

  // The store is open, and has looked for checkpoints.
  void OnOpened();
  // The error text for the client if none can be begun.
  std::optional<std::string> Start(bool foreground);
  // Unix time of the newest checkpoint; without one, of the start, as in Redis.
  uint64_t last_save_seconds() const { return last_save_seconds_; }
  // The rdb_* fields of INFO persistence, and cairn_checkpoint_*.
  void WriteInfo(InfoWriter& out) const;

 private:
  enum class Running : uint8_t { kNone, kForeground, kBackground };

  void OnDone(const Result<lsm::CheckpointInfo>& written);
  uint64_t RunningSeconds() const;

  const Parts parts_;
  Running running_ = Running::kNone;
  uint64_t started_nanos_ = 0;
  uint64_t last_save_seconds_;
  uint64_t begun_ = 0;                   // since the start
  std::optional<uint64_t> last_micros_;  // of the last one that ended
  Status last_status_;
  std::optional<lsm::CheckpointInfo> newest_;
  lsm::Sequence saved_up_to_ = 0;
};

}  // namespace cairn
