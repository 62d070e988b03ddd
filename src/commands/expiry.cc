// EXPIRE and its kin, TTL and its kin, PERSIST.

#include "keyspace/expiry.h"

#include <fmt/format.h>

#include "commands/arguments.h"
#include "commands/expiry_commands.h"

namespace cairn {

namespace {

// On what the new expiry depends.
struct ExpireConditions {
  bool only_without = false;  // NX
  bool only_with = false;     // XX
  bool only_later = false;    // GT
  bool only_earlier = false;  // LT
};

std::optional<ExpireConditions> ReadConditions(CommandContext& c) {
  ExpireConditions conditions;
  for (const std::string_view word : c.argv.subspan(3)) {
    if (Is(word, "NX")) {
      conditions.only_without = true;
    } else if (Is(word, "XX")) {
      conditions.only_with = true;
    } else if (Is(word, "GT")) {
      conditions.only_later = true;
    } else if (Is(word, "LT")) {
      conditions.only_earlier = true;
    } else {
      c.reply.Error(fmt::format("ERR Unsupported option {}", word.substr(0, word.find('\0'))));
      return std::nullopt;
    }
  }
  if (conditions.only_without &&
      (conditions.only_with || conditions.only_later || conditions.only_earlier)) {
    c.reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return std::nullopt;
  }
  if (conditions.only_later && conditions.only_earlier) {
    c.reply.Error("ERR GT and LT options at the same time are not compatible");
    return std::nullopt;
  }
  return conditions;
}

// No expiry is later than any other.
bool Allowed(const ExpireConditions& conditions, const KeyRef& key, int64_t at_ms) {
  const bool has = key.expire_at_ms != 0;
  const auto current = static_cast<int64_t>(key.expire_at_ms);
  if (conditions.only_without && has) return false;
  if (conditions.only_with && !has) return false;
  if (conditions.only_later && (!has || at_ms <= current)) return false;
  return !(conditions.only_earlier && has && at_ms >= current);
}

void Expire(CommandContext& c, ExpiryUnit unit, ExpiryBase base) {
  const auto conditions = ReadConditions(c);
  if (!conditions) return;
  const std::optional<int64_t> number = ReadInteger(c, 2);
  if (!number) return;
  const std::optional<int64_t> at_ms = AnyExpiry(*number, unit, base, c.tx.now_ms());
  if (!at_ms) {
    ReplyInvalidExpire(c);
    return;
  }
  const KeyRef key = OpenKey(c, c.argv[1]);
  if (!key.exists || !Allowed(*conditions, key, *at_ms)) {
    c.reply.Integer(0);
    return;
  }
  if (IsPast(*at_ms, c.tx.now_ms())) {
    c.tx.Delete(key);
    c.tx.Notify(KeyEventClass::kGeneric, "del", key.db, key.name);
  } else {
    c.tx.SetExpire(key, static_cast<uint64_t>(*at_ms));
    c.tx.Notify(KeyEventClass::kGeneric, "expire", key.db, key.name);
  }
  c.reply.Integer(1);
}

// -2: no key, -1: no expiry; else what remains, or the time itself.
void TimeToLive(CommandContext& c, ExpiryUnit unit, ExpiryBase base) {
  const KeyRef key = LookUpKey(c, c.argv[1]);
  if (!key.exists || key.expire_at_ms == 0) {
    c.reply.Integer(key.exists ? -1 : -2);
    return;
  }
  const uint64_t from = base == ExpiryBase::kNow ? c.tx.now_ms() : 0;
  const auto ms = static_cast<int64_t>(key.expire_at_ms - from);
  // Rounded to the nearest second; added after the division, so that it cannot overflow.
  c.reply.Integer(unit == ExpiryUnit::kMilliseconds ? ms : ms / 1000 + (ms % 1000 >= 500 ? 1 : 0));
}

}  // namespace

void ExpireCommand(CommandContext& c) {
  Expire(c, ExpiryUnit::kSeconds, ExpiryBase::kNow);
}
void PexpireCommand(CommandContext& c) {
  Expire(c, ExpiryUnit::kMilliseconds, ExpiryBase::kNow);
}
void ExpireatCommand(CommandContext& c) {
  Expire(c, ExpiryUnit::kSeconds, ExpiryBase::kEpoch);
}
void PexpireatCommand(CommandContext& c) {
  Expire(c, ExpiryUnit::kMilliseconds, ExpiryBase::kEpoch);
}

void TtlCommand(CommandContext& c) {
  TimeToLive(c, ExpiryUnit::kSeconds, ExpiryBase::kNow);
}
void PttlCommand(CommandContext& c) {
  TimeToLive(c, ExpiryUnit::kMilliseconds, ExpiryBase::kNow);
}
void ExpiretimeCommand(CommandContext& c) {
  TimeToLive(c, ExpiryUnit::kSeconds, ExpiryBase::kEpoch);
}
void PexpiretimeCommand(CommandContext& c) {
  TimeToLive(c, ExpiryUnit::kMilliseconds, ExpiryBase::kEpoch);
}

void PersistCommand(CommandContext& c) {
  const KeyRef key = OpenKey(c, c.argv[1]);
  const bool persists = key.exists && key.expire_at_ms != 0;
  if (persists) {
    c.tx.SetExpire(key, 0);
    c.tx.Notify(KeyEventClass::kGeneric, "persist", key.db, key.name);
  }
  c.reply.IntegerBool(persists);
}

}  // namespace cairn
