// Commands that give a value another key: RENAME, RENAMENX, COPY, MOVE.

#include "commands/arguments.h"
#include "commands/key_commands.h"
#include "commands/string_store.h"

namespace cairn {

namespace {

constexpr std::string_view kSameObject = "ERR source and destination objects are the same";

void PutCopy(CommandContext& c, const KeyRef& from, const KeyRef& to) {
  c.tx.Put(to, from.type, from.encoding, from.value, from.expire_at_ms);
  // Redis removes what was there first, so that the name is new in any case.
  c.tx.Notify(KeyEventClass::kNew, "new", to.db, to.name);
}

void Rename(CommandContext& c, bool only_if_absent) {
  const KeyRef from = OpenKey(c, c.argv[1]);
  if (!from.exists) {
    c.reply.Error(kNoSuchKey);
    return;
  }
  const bool same = c.argv[1] == c.argv[2];
  const KeyRef to = OpenKey(c, c.argv[2]);
  const bool renames = !same && !(only_if_absent && to.exists);
  if (renames) {
    PutCopy(c, from, to);
    c.tx.Delete(from);
    c.tx.Notify(KeyEventClass::kGeneric, "rename_from", from.db, from.name);
    c.tx.Notify(KeyEventClass::kGeneric, "rename_to", to.db, to.name);
  }
  if (only_if_absent) {
    c.reply.IntegerBool(renames);
  } else {
    c.reply.Ok();
  }
}

// A database's number from an argument.
std::optional<int> ReadDatabase(CommandContext& c, size_t argument) {
  const std::optional<int> db = ReadInt(c, argument);
  if (!db) return std::nullopt;
  if (*db >= 0 && *db < c.tx.database_count()) return db;
  c.reply.Error(kDatabaseOutOfRange);
  return std::nullopt;
}

struct CopyOptions {
  int db = 0;
  bool replace = false;
};

std::optional<CopyOptions> ReadCopyOptions(CommandContext& c) {
  CopyOptions options{.db = c.session.db};
  for (size_t i = 3; i < c.argv.size(); ++i) {
    if (Is(c.argv[i], "REPLACE")) {
      options.replace = true;
    } else if (Is(c.argv[i], "DB") && i + 1 < c.argv.size()) {
      const std::optional<int> db = ReadDatabase(c, ++i);
      if (!db) return std::nullopt;
      options.db = *db;
    } else {
      c.reply.Error(kSyntaxError);
      return std::nullopt;
    }
  }
  return options;
}

}  // namespace

void RenameCommand(CommandContext& c) {
  Rename(c, false);
}

void RenamenxCommand(CommandContext& c) {
  Rename(c, true);
}

void CopyCommand(CommandContext& c) {
  const std::optional<CopyOptions> options = ReadCopyOptions(c);
  if (!options) return;
  if (options->db == c.session.db && c.argv[1] == c.argv[2]) {
    c.reply.Error(kSameObject);
    return;
  }
  const KeyRef from = LookUpKey(c, c.argv[1]);
  const KeyRef to = c.tx.Open(options->db, c.argv[2]);
  const bool copies = from.exists && (!to.exists || options->replace);
  if (copies) {
    PutCopy(c, from, to);
    c.tx.Notify(KeyEventClass::kGeneric, "copy_to", to.db, to.name);
  }
  c.reply.IntegerBool(copies);
}

void MoveCommand(CommandContext& c) {
  const std::optional<int> db = ReadDatabase(c, 2);
  if (!db) return;
  if (*db == c.session.db) {
    c.reply.Error(kSameObject);
    return;
  }
  const KeyRef from = OpenKey(c, c.argv[1]);
  const KeyRef to = c.tx.Open(*db, c.argv[1]);
  const bool moves = from.exists && !to.exists;
  if (moves) {
    PutCopy(c, from, to);
    c.tx.Delete(from);
    c.tx.Notify(KeyEventClass::kGeneric, "move_from", from.db, from.name);
    c.tx.Notify(KeyEventClass::kGeneric, "move_to", to.db, to.name);
  }
  c.reply.IntegerBool(moves);
}

}  // namespace cairn
