// OBJECT: how the value of a key is kept.

#include <climits>

#include "commands/arguments.h"
#include "commands/key_commands.h"
#include "keyspace/strings.h"
#include "util/parse.h"

namespace cairn {

namespace {

// The key, or null was answered.
std::optional<KeyRef> LookUpOrNull(CommandContext& c) {
  const KeyRef key = LookUpKey(c, c.argv[2]);
  if (key.exists) return key;
  c.reply.Null();
  return std::nullopt;
}

constexpr std::string_view kHelp[] = {
    "ENCODING <key>", "    Names the encoding of the value.",
    "FREQ <key>",     "    Says how often the key is used, as a logarithmic counter.",
    "IDLETIME <key>", "    Says for how many seconds the key has not been used.",
    "REFCOUNT <key>", "    Says how many times the value is referred to.",
};

}  // namespace

void ObjectEncodingCommand(CommandContext& c) {
  if (const auto key = LookUpOrNull(c)) c.reply.Bulk(EncodingName(key->encoding));
}

void ObjectRefcountCommand(CommandContext& c) {
  const auto key = LookUpOrNull(c);
  if (!key) return;
  // Redis keeps one object each for the small integers, with a count that never changes.
  const std::optional<int64_t> number =
      key->encoding == Encoding::kInt ? ParseInt64(key->value) : std::nullopt;
  const bool shared = number && *number >= 0 && *number < kSharedIntegers;
  c.reply.Integer(shared ? INT_MAX : 1);
}

void ObjectIdletimeCommand(CommandContext& c) {
  if (!LookUpOrNull(c)) return;
  if (c.server.FrequencyPolicy()) {
    c.reply.Error(
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
        "switching between policies at runtime LRU and LFU data will take some time to adjust.");
    return;
  }
  c.reply.Integer(static_cast<int64_t>(c.server.IdleSeconds(c.session.db, c.argv[2])));
}

void ObjectFreqCommand(CommandContext& c) {
  if (!LookUpOrNull(c)) return;
  if (!c.server.FrequencyPolicy()) {
    c.reply.Error(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
        "that when switching between policies at runtime LRU and LFU data will take some time to "
        "adjust.");
    return;
  }
  c.reply.Integer(static_cast<int64_t>(c.server.AccessFrequency(c.session.db, c.argv[2])));
}

void ObjectHelpCommand(CommandContext& c) {
  ReplyHelp(c, "OBJECT", kHelp);
}

}  // namespace cairn
