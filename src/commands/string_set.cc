// SET and its older relatives.

#include "commands/arguments.h"
#include "commands/string_commands.h"
#include "commands/string_options.h"
#include "commands/string_store.h"
#include "commands/table.h"
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

// SETEX and PSETEX.
void SetWithExpiry(CommandContext& c, ExpiryUnit unit) {
  const std::optional<uint64_t> expiry = ReadExpiry(c, 2, unit, ExpiryBase::kNow);
  if (!expiry) return;
  const KeyRef key = OpenToOverwrite(c, c.argv[1]);
  StoreString(c, key, c.argv[3], *expiry);
  c.tx.Notify(KeyEventClass::kGeneric, "expire", key.db, key.name);
  c.reply.Ok();
}

// False, and the error was answered, if a key lacks its value.
bool CheckPairs(CommandContext& c) {
  if (c.argv.size() % 2 == 1) return true;
  c.reply.Error(ArityError({&c.spec, nullptr}));
  return false;
}

void StorePairs(CommandContext& c) {
  for (size_t i = 1; i < c.argv.size(); i += 2) {
    StoreString(c, OpenToOverwrite(c, c.argv[i]), c.argv[i + 1], 0);
  }
}

bool NeedsOld(const StringOptions& options) {
  return options.only_if_absent || options.only_if_present || options.get || options.keep_ttl;
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
  const KeyRef key = NeedsOld(options) ? OpenKey(c, c.argv[1]) : OpenToOverwrite(c, c.argv[1]);
  if (options.get && !ReplyOldValue(c, key)) return;
  if ((options.only_if_absent && key.exists) || (options.only_if_present && !key.exists)) {
    if (!options.get) c.reply.Null();
    return;
  }
  StoreString(c, key, c.argv[2], options.keep_ttl ? key.expire_at_ms : *expiry);
  if (*expiry != 0) c.tx.Notify(KeyEventClass::kGeneric, "expire", key.db, key.name);
  if (!options.get) c.reply.Ok();
}

void SetnxCommand(CommandContext& c) {
  const KeyRef key = OpenKey(c, c.argv[1]);
  if (!key.exists) StoreString(c, key, c.argv[2], 0);
  c.reply.IntegerBool(!key.exists);
}

void SetexCommand(CommandContext& c) {
  SetWithExpiry(c, ExpiryUnit::kSeconds);
}

void PsetexCommand(CommandContext& c) {
  SetWithExpiry(c, ExpiryUnit::kMilliseconds);
}

void GetsetCommand(CommandContext& c) {
  const KeyRef key = OpenKey(c, c.argv[1]);
  if (ReplyOldValue(c, key)) StoreString(c, key, c.argv[2], 0);
}

void MsetCommand(CommandContext& c) {
  if (!CheckPairs(c)) return;
  StorePairs(c);
  c.reply.Ok();
}

void MsetnxCommand(CommandContext& c) {
  if (!CheckPairs(c)) return;
  bool all_absent = true;
  // Every key is opened even after one that is there, so that one fetch brings all that miss.
  for (size_t i = 1; i < c.argv.size(); i += 2) all_absent &= !OpenKey(c, c.argv[i]).exists;
  if (all_absent) StorePairs(c);
  c.reply.IntegerBool(all_absent);
}

uint32_t SetAccess(std::span<const std::string_view> argv) {
  for (size_t i = 3; i < argv.size(); ++i) {
    if (Is(argv[i], "GET")) return KeySpec::kRw | KeySpec::kAccess | KeySpec::kUpdate;
  }
  return KeySpec::kOw | KeySpec::kUpdate;
}

}  // namespace cairn
