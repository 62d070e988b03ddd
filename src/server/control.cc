#include "server/control.h"

#include <uv.h>

#include <fmt/format.h>
#include <algorithm>

namespace cairn {

std::string Control::TraceKey(int db, std::string_view key) {
  const lsm::SpaceId space = parts_.store.keyspace().space_of(db);
  if (space == 0) return "nothing was ever written to this database\n";
  return parts_.store.engine().TraceKey(space, key);
}

std::string Control::LsmDebugString() {
  const Histogram& away = parts_.loop_watch.away_micros();
  return fmt::format("{}loop away from its poll, us: {}\n{}", parts_.store.engine().DebugString(),
                     away.DebugString(), away.Distribution());
}

std::optional<std::string> Control::StartCompaction() {
  lsm::Engine& engine = parts_.store.engine();
  if (engine.compaction_paused()) {
    return "ERR Compaction is paused. Use CAIRN.COMPACT RESUME first.";
  }
  engine.CompactAll();
  return std::nullopt;
}

uint64_t Control::IdleSeconds(int db, std::string_view key) {
  return parts_.access.IdleSeconds(db, key, parts_.clock.WallMsAt(parts_.clock.Nanos()) / 1000);
}

uint64_t Control::AccessFrequency(int db, std::string_view key) {
  return parts_.access.Frequency(db, key, parts_.clock.WallMsAt(parts_.clock.Nanos()) / 1000);
}

bool Control::FrequencyPolicy() const {
  return IsFrequencyPolicy(parts_.config.config().eviction_policy);
}

std::string Control::ClientInfo(const Session& self) {
  const Connection* connection = parts_.clients.Find(self.id);
  if (connection == nullptr) return {};
  const uint64_t now = parts_.clock.Nanos();
  return ClientLine(*connection, now, parts_.clock.WallMsAt(now)) + '\n';
}

bool Control::UnblockClient(uint64_t id, bool with_error) {
  Connection* connection = parts_.clients.Find(id);
  return connection != nullptr && parts_.executor.Unblock(*connection, with_error);
}

bool Control::DebugAllowed(const Session& session) const {
  switch (parts_.config.config().enable_debug_command) {
    case EnableCommand::kYes:
      return true;
    case EnableCommand::kLocal:
      return session.is_local;
    case EnableCommand::kNo:
      break;
  }
  return false;
}

void Control::DebugSleep(double seconds) {
  // libuv's sleep takes whole milliseconds in 32 bits.
  const double ms = std::clamp(seconds * 1000, 0.0, 4.0e9);
  uv_sleep(static_cast<unsigned>(ms));
}

}  // namespace cairn
