#pragma once
// The slow log: the last commands that took longer than slowlog-log-slower-than, newest first, as
// SLOWLOG GET shows them, and what each of them waited for.
//
// Thread: loop. Ownership: keeps copies, cut as Redis cuts them: at most kMaxArguments, each of at
// most kMaxArgumentBytes; at most slowlog-max-len entries.

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cairn {

// How long a command was parked, by what it waited for (README, Slow log), in nanoseconds.
struct CommandWaits {
  uint64_t throttled = 0;  // writers are being slowed
  uint64_t room = 0;       // for flushes, merges or the log, which were full
  uint64_t fetch = 0;      // for blocks that were not in memory
  uint64_t settle = 0;     // for counts
  uint64_t snapshot = 0;   // its snapshot job's turn, and that
};

struct SlowCommand {
  uint64_t id = 0;
  uint64_t unix_seconds = 0;  // when it ended
  uint64_t nanos = 0;
  CommandWaits waits;
  std::vector<std::string> arguments;
  std::string peer_address, client_name;
};

class SlowLog {
 public:
  static constexpr size_t kMaxArguments = 32;
  static constexpr size_t kMaxArgumentBytes = 128;

  // slowlog-log-slower-than, microseconds, negative: nothing; slowlog-max-len.
  void SetLimits(int64_t slower_than_micros, uint64_t max_length);
  bool IsSlow(uint64_t nanos) const { return nanos >= slower_than_nanos_; }
  // Gives it an id. `arguments`: as they came in; passwords are not kept.
  void Add(SlowCommand command, std::span<const std::string_view> arguments);
  void Reset() { commands_.clear(); }

  const std::deque<SlowCommand>& commands() const { return commands_; }  // newest first

 private:
  std::deque<SlowCommand> commands_;
  uint64_t slower_than_nanos_ = 10'000'000;
  uint64_t max_length_ = 128;
  uint64_t next_id_ = 0;
};

}  // namespace cairn
