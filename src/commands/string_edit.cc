// APPEND and SETRANGE: a new value made from the old one.

#include <cstring>

#include "commands/arguments.h"
#include "commands/string_commands.h"
#include "commands/string_store.h"

namespace cairn {

namespace {

// `size` may have overflowed: `added` is what the client sent and cannot be that large.
bool CheckSize(CommandContext& c, uint64_t base, uint64_t added) {
  if (base <= c.max_bulk_bytes && added <= c.max_bulk_bytes - base) return true;
  c.reply.Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  return false;
}

// Copies the bytes; returns where the next ones go. Empty ones may have no address.
char* Write(char* to, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

// What editing leaves is never looked at as an integer again.
void StoreEdited(CommandContext& c, const KeyRef& key, std::string_view value,
                 std::string_view event) {
  c.tx.Put(key, Type::kString, Encoding::kRaw, value, key.expire_at_ms);
  NotifyIfNew(c, key);
  c.tx.Notify(KeyEventClass::kString, event, key.db, key.name);
  c.reply.Integer(static_cast<int64_t>(value.size()));
}

}  // namespace

void AppendCommand(CommandContext& c) {
  const KeyRef key = OpenKey(c, c.argv[1]);
  const std::string_view added = c.argv[2];
  if (!key.exists) {
    c.tx.Put(key, Type::kString, StringEncoding(added), added, 0);
    NotifyIfNew(c, key);
    c.tx.Notify(KeyEventClass::kString, "append", key.db, key.name);
    c.reply.Integer(static_cast<int64_t>(added.size()));
    return;
  }
  if (!CheckString(c, key) || !CheckSize(c, key.value.size(), added.size())) return;
  char* joined = c.tx.scratch().Allocate(key.value.size() + added.size(), 1);
  Write(Write(joined, key.value), added);
  StoreEdited(c, key, {joined, key.value.size() + added.size()}, "append");
}

void SetrangeCommand(CommandContext& c) {
  const std::optional<int64_t> offset = ReadInteger(c, 2);
  if (!offset) return;
  if (*offset < 0) {
    c.reply.Error("ERR offset is out of range");
    return;
  }
  const KeyRef key = OpenKey(c, c.argv[1]);
  const std::string_view patch = c.argv[3];
  if (!CheckString(c, key)) return;
  if (patch.empty()) {
    c.reply.Integer(static_cast<int64_t>(key.value.size()));
    return;
  }
  const auto start = static_cast<uint64_t>(*offset);
  if (!CheckSize(c, start, patch.size())) return;
  // It is tried again, so nothing large is made for it.
  if (c.tx.missed()) return;
  const size_t size = std::max<size_t>(key.value.size(), start + patch.size());
  char* edited = c.tx.scratch().Allocate(size, 1);
  char* const old_end = Write(edited, key.value);
  if (start > key.value.size()) std::memset(old_end, 0, start - key.value.size());
  Write(edited + start, patch);
  StoreEdited(c, key, {edited, size}, "setrange");
}

}  // namespace cairn
