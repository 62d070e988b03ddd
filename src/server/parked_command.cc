#include "server/parked_command.h"

namespace cairn {

void ParkedCommand::Keep(std::span<const std::string_view> argv) {
  if (!argv_.empty() && argv.data() == argv_.data()) return;
  size_t total_bytes = 0;
  for (const std::string_view arg : argv) total_bytes += arg.size();
  bytes_.clear();
  bytes_.reserve(total_bytes);
  argv_.clear();
  for (const std::string_view arg : argv) {
    const size_t offset = bytes_.size();
    bytes_.append(arg);
    argv_.emplace_back(bytes_.data() + offset, arg.size());
  }
}

void ParkedCommand::BeginRunning(uint64_t now_nanos) {
  const uint64_t waited = now_nanos - parked_nanos;
  switch (reason) {
    case ParkReason::kThrottle:
      run.waits.throttled += waited;
      break;
    case ParkReason::kRoom:
      run.waits.room += waited;
      break;
    case ParkReason::kFetch:
      run.waits.fetch += waited;
      break;
    case ParkReason::kSettle:
      run.waits.settle += waited;
      break;
    case ParkReason::kSnapshot:
      run.waits.snapshot += waited;
      break;
    case ParkReason::kWaiting:
    case ParkReason::kPaused:
      // Somebody wanted it to take so long: as if it had begun later.
      run.begun_nanos += waited;
      break;
    case ParkReason::kNotParked:
    case ParkReason::kRunning:
      break;
  }
  reason = ParkReason::kRunning;
}

void ParkedCommand::Clear() {
  constexpr size_t kKeptBytes = 4096;
  reason = ParkReason::kNotParked;
  run = {};
  attempt.reset();
  shares_fetch = false;
  alone = false;
  wait_durable = 0;
  wait_until_nanos = 0;
  unblocked = unblocked_by_error = false;
  argv_.clear();
  bytes_.clear();
  if (bytes_.capacity() > kKeptBytes) bytes_ = std::string();
}

}  // namespace cairn
