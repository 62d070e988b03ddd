#pragma once
// What SETBIT and BITFIELD share: where a bit may lie, and a string that is edited in place.
//
// Thread: that of the attempt. Lifetime: what is handed out lives in the transaction's scratch.

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "commands/command.h"
#include "commands/string_store.h"
#include "util/parse.h"

namespace cairn {

// The argument as the offset of a bit within proto-max-bulk-len; `#n` is n times `field_bits`, if
// those are not 0. nullopt: the error was answered.
inline std::optional<uint64_t> ReadBitOffset(CommandContext& c, std::string_view text,
                                             uint32_t field_bits = 0) {
  const bool in_fields = field_bits != 0 && text.starts_with('#');
  const std::optional<int64_t> number = ParseInt64(text.substr(in_fields ? 1 : 0));
  // Wraps around, as Redis's does.
  const uint64_t offset = static_cast<uint64_t>(number.value_or(-1)) * (in_fields ? field_bits : 1);
  if (number && static_cast<int64_t>(offset) >= 0 && offset / 8 < c.max_bulk_bytes) return offset;
  c.reply.Error("ERR bit offset is not an integer or out of range");
  return std::nullopt;
}

// Whether the string must be made, or made longer, to have that bit.
inline bool GrowsTo(const KeyRef& key, uint64_t last_bit) {
  return !key.exists || key.value.size() <= last_bit / 8;
}

// A copy of the string, with zeros behind it up to that bit.
inline std::span<char> CopyToEdit(CommandContext& c, const KeyRef& key, uint64_t last_bit) {
  const size_t size = std::max<size_t>(key.value.size(), last_bit / 8 + 1);
  char* const bytes = c.tx.scratch().Allocate(size, 1);
  std::fill(std::copy(key.value.begin(), key.value.end(), bytes), bytes + size, '\0');
  return {bytes, size};
}

// `changed`: not only the encoding, which has no event.
inline void StoreBits(CommandContext& c, const KeyRef& key, std::span<const char> bytes,
                      bool changed) {
  c.tx.Put(key, Type::kString, Encoding::kRaw, {bytes.data(), bytes.size()}, key.expire_at_ms);
  NotifyIfNew(c, key);
  if (changed) c.tx.Notify(KeyEventClass::kString, "setbit", key.db, key.name);
}

}  // namespace cairn
