#pragma once
// A command that waits: its arguments copied out of the shared read buffer, and what it needs to
// run again from the start (design §2).
//
// Thread: loop. Filled and emptied by the executor.

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/attempt.h"

namespace cairn {

class Connection;

// kRunning: what it waited for is there and it is being run; its arguments are in use.
// kThrottle: it writes, and writers are being slowed; it has not run yet.
// kSnapshot: its snapshot job runs or waits for its turn.
// kWaiting: it asked to wait (WAIT, WAITAOF). kPaused: CLIENT PAUSE; it has not run yet.
enum class ParkReason : uint8_t {
  kNotParked,
  kFetch,
  kRoom,
  kThrottle,
  kSettle,
  kSnapshot,
  kWaiting,
  kPaused,
  kRunning
};

// How far commands behind a parked one were looked at, from the front of what waits.
struct AheadMark {
  size_t commands = 0;
  size_t bytes = 0;
};

class ParkedCommand {
 public:
  bool active() const { return reason != ParkReason::kNotParked; }
  std::span<const std::string_view> argv() const { return argv_; }

  // The views may point into this object's own copy (parked again): then nothing is copied.
  void Keep(std::span<const std::string_view> argv);
  void Clear();
  // What it waited for is there: notes how long that took, and that it is being run.
  void BeginRunning(uint64_t now_nanos);
  size_t memory_bytes() const { return bytes_.capacity(); }

  ParkReason reason = ParkReason::kNotParked;
  CommandRun run;                    // its argv is argv()
  std::unique_ptr<Attempt> attempt;  // kFetch: what is being fetched for
  uint64_t since_nanos = 0;          // when it was parked first
  uint64_t parked_nanos = 0;         // and last
  bool shares_fetch = false;         // the fetch under way brings what others want, too
  bool alone = false;                // such a fetch has failed: it is tried without the others
  AheadMark ahead_from;              // where its looks ahead begin: where the last command's ended
  // kWaiting: what ends the wait.
  lsm::Sequence wait_durable = 0;  // 0: nothing but time
  uint64_t wait_until_nanos = 0;   // 0: no time does
  bool unblocked = false;          // CLIENT UNBLOCK does
  bool unblocked_by_error = false;
  // All but kFetch, and kSnapshot while its job runs: in the executor's list.
  std::list<Connection*>::iterator place;

 private:
  std::string bytes_;
  std::vector<std::string_view> argv_;
};

}  // namespace cairn
