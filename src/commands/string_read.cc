// Commands that read strings, and those that read and then change the key.

#include "commands/arguments.h"
#include "commands/string_commands.h"
#include "commands/string_options.h"
#include "keyspace/strings.h"

namespace cairn {

namespace {

// Answers with the key's string or null. False: it has another type, and that was answered.
bool ReplyString(CommandContext& c, const KeyRef& key) {
  if (!CheckString(c, key)) return false;
  if (key.exists) {
    c.reply.Bulk(key.value);
  } else {
    c.reply.Null();
  }
  return true;
}

void DeleteWithEvent(CommandContext& c, const KeyRef& key) {
  c.tx.Delete(key);
  c.tx.Notify(KeyEventClass::kGeneric, "del", key.db, key.name);
}

}  // namespace

void GetCommand(CommandContext& c) {
  ReplyString(c, LookUpKey(c, c.argv[1]));
}

void MgetCommand(CommandContext& c) {
  c.reply.ArrayHeader(c.argv.size() - 1);
  for (const std::string_view name : c.argv.subspan(1)) {
    const KeyRef key = LookUpKey(c, name);
    if (key.exists && key.type == Type::kString) {
      c.reply.Bulk(key.value);
    } else {
      c.reply.Null();
    }
  }
}

void StrlenCommand(CommandContext& c) {
  const KeyRef key = LookUpKey(c, c.argv[1]);
  if (CheckString(c, key)) c.reply.Integer(static_cast<int64_t>(key.value.size()));
}

void GetrangeCommand(CommandContext& c) {
  const std::optional<int64_t> start = ReadInteger(c, 2);
  if (!start) return;
  const std::optional<int64_t> end = ReadInteger(c, 3);
  if (!end) return;
  const KeyRef key = LookUpKey(c, c.argv[1]);
  if (!CheckString(c, key)) return;
  const ByteRange range = ClampRange(*start, *end, key.value.size());
  c.reply.Bulk(key.value.substr(range.offset, range.size));
}

void GetdelCommand(CommandContext& c) {
  const KeyRef key = LookUpKey(c, c.argv[1]);
  if (ReplyString(c, key) && key.exists) DeleteWithEvent(c, key);
}

void GetexCommand(CommandContext& c) {
  const auto options = ReadStringOptions(c, 2, StringOptionSet::kGetEx);
  if (!options) return;
  const KeyRef key = LookUpKey(c, c.argv[1]);
  if (!CheckString(c, key)) return;
  if (!key.exists) {
    c.reply.Null();
    return;
  }
  // A bad time is told only if the key is there, as Redis does it.
  const std::optional<uint64_t> expiry = ReadExpiry(c, *options);
  if (!expiry) return;
  c.reply.Bulk(key.value);
  if (*expiry != 0) {
    if (options->base == ExpiryBase::kEpoch &&
        IsPast(static_cast<int64_t>(*expiry), c.tx.now_ms())) {
      DeleteWithEvent(c, key);
      return;
    }
    c.tx.SetExpire(key, *expiry);
    c.tx.Notify(KeyEventClass::kGeneric, "expire", key.db, key.name);
  } else if (options->persist && key.expire_at_ms != 0) {
    c.tx.SetExpire(key, 0);
    c.tx.Notify(KeyEventClass::kGeneric, "persist", key.db, key.name);
  }
}

}  // namespace cairn
