// SET and its older relatives.

#include "commands/arguments.h"
#include "commands/string_commands.h"
#include "commands/string_options.h"
#include "commands/string_store.h"
#include "keyspace/strings.h"

namespace cairn {

namespace {

// SET … GET: answers with the old value, before it is known whether the new one goes in. False:
// the key has another type.
bool ReplyOldValue(CommandContext& c, const KeyRef& key) {
  c.tx.CountLookup(key);
  if (!CheckString(c, key)) return false;
  if (key.exists) {
    c.reply.Bulk(key.value);
  } else {
    c.reply.Null();
  }
  return true;
}

bool NeedsOld(const CommandContext& c, const StringOptions& options) {
  return options.only_if_absent || options.only_if_present || options.get || options.keep_ttl ||
         c.tx.listening();
}

}  // namespace

void SetCommand(CommandContext& c) {
  StringOptions options;
  if (c.argv.size() > 3) {
    const auto read = ReadStringOptions(c, 3, StringOptionSet::kSet);
    if (!read) return;
    options = *read;
  }
  const std::optional<uint64_t> expiry = ReadExpiry(c, options);
  if (!expiry) return;
  // A plain SET reads nothing: what was there does not matter.
  const KeyRef key =
      NeedsOld(c, options) ? OpenKey(c, c.argv[1]) : c.tx.OpenBlind(c.session.db, c.argv[1]);
  if (options.get && !ReplyOldValue(c, key)) return;
  if ((options.only_if_absent && key.exists) || (options.only_if_present && !key.exists)) {
    if (!options.get) c.reply.Null();
    return;
  }
  StoreString(c, key, c.argv[2], options.keep_ttl ? key.expire_at_ms : *expiry);
  if (*expiry != 0) c.tx.Notify(KeyEventClass::kGeneric, "expire", key.db, key.name);
  if (!options.get) c.reply.Ok();
}

uint32_t SetAccess(std::span<const std::string_view> argv) {
  for (size_t i = 3; i < argv.size(); ++i) {
    if (Is(argv[i], "GET")) return KeySpec::kRw | KeySpec::kAccess | KeySpec::kUpdate;
  }
  return KeySpec::kOw | KeySpec::kUpdate;
}

}  // namespace cairn
