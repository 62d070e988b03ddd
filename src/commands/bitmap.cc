// Strings as bitmaps, a bit or a range at a time. BITFIELD is in bitfield.cc.

#include <algorithm>
#include <vector>

#include "commands/arguments.h"
#include "commands/bitmap_commands.h"
#include "commands/bitmap_store.h"
#include "keyspace/bitmaps.h"

namespace cairn {

namespace {

constexpr std::string_view kBadBit = "ERR bit is not an integer or out of range";

// The unit that the argument names: 8 or 1 bits.
std::optional<uint64_t> ReadUnit(CommandContext& c, size_t argument) {
  if (Is(c.argv[argument], "BYTE")) return 8;
  if (Is(c.argv[argument], "BIT")) return 1;
  c.reply.Error(kSyntaxError);
  return std::nullopt;
}

// start … end, inclusive and from the end where negative, in units of `unit` bits.
BitRange ClampBits(int64_t start, int64_t end, uint64_t unit, size_t size_bytes) {
  const auto count = static_cast<int64_t>(size_bytes * 8 / unit);
  if (start < 0) start = std::max<int64_t>(start + count, 0);
  if (end < 0) end = std::max<int64_t>(end + count, 0);
  end = std::min(end, count - 1);
  if (start > end) return {};
  return {static_cast<uint64_t>(start) * unit, static_cast<uint64_t>(end + 1) * unit};
}

std::optional<BitOperation> ReadOperation(CommandContext& c) {
  struct Name {
    std::string_view name;
    BitOperation operation;
  };
  static constexpr Name kNames[] = {{"AND", BitOperation::kAnd},
                                    {"OR", BitOperation::kOr},
                                    {"XOR", BitOperation::kXor},
                                    {"NOT", BitOperation::kNot}};
  for (const Name& known : kNames) {
    if (!Is(c.argv[1], known.name)) continue;
    if (known.operation == BitOperation::kNot && c.argv.size() != 4) {
      c.reply.Error("ERR BITOP NOT must be called with a single source key.");
      return std::nullopt;
    }
    return known.operation;
  }
  c.reply.Error(kSyntaxError);
  return std::nullopt;
}

// The range that BITCOUNT's arguments name. In Redis's order: both numbers, then the unit.
std::optional<BitRange> ReadCountRange(CommandContext& c, size_t size_bytes) {
  if (c.argv.size() == 2) return BitRange{0, uint64_t{size_bytes} * 8};
  if (c.argv.size() != 4 && c.argv.size() != 5) {
    c.reply.Error(kSyntaxError);
    return std::nullopt;
  }
  const std::optional<int64_t> start = ReadInteger(c, 2);
  const std::optional<int64_t> end = start ? ReadInteger(c, 3) : std::nullopt;
  if (!end) return std::nullopt;
  // Both before the beginning and the wrong way round: nothing, and nobody looks at the unit.
  if (*start < 0 && *end < 0 && *start > *end) return BitRange{};
  const std::optional<uint64_t> unit = c.argv.size() == 5 ? ReadUnit(c, 4) : 8;
  if (!unit) return std::nullopt;
  return ClampBits(*start, *end, *unit, size_bytes);
}

// The same for BITPOS, whose unit comes before the end.
std::optional<BitRange> ReadSearchRange(CommandContext& c, size_t size_bytes) {
  const size_t argc = c.argv.size();
  if (argc > 6) {
    c.reply.Error(kSyntaxError);
    return std::nullopt;
  }
  const std::optional<int64_t> start = argc > 3 ? ReadInteger(c, 3) : 0;
  if (!start) return std::nullopt;
  const std::optional<uint64_t> unit = argc > 5 ? ReadUnit(c, 5) : 8;
  if (!unit) return std::nullopt;
  const std::optional<int64_t> end = argc > 4 ? ReadInteger(c, 4) : -1;
  if (!end) return std::nullopt;
  return ClampBits(*start, *end, *unit, size_bytes);
}

}  // namespace

void SetbitCommand(CommandContext& c) {
  const std::optional<uint64_t> offset = ReadBitOffset(c, c.argv[2]);
  if (!offset) return;
  const std::optional<int64_t> on = ReadInteger(c, 3, kBadBit);
  if (!on) return;
  if (*on != 0 && *on != 1) {
    c.reply.Error(kBadBit);
    return;
  }
  const KeyRef key = OpenKey(c, c.argv[1]);
  if (!CheckString(c, key) || c.tx.missed()) return;
  constexpr BitField kOneBit{.is_signed = false, .bits = 1};
  const uint64_t old = ReadField(key.value, kOneBit, *offset);
  const bool changes = old != static_cast<uint64_t>(*on) || GrowsTo(key, *offset);
  if (changes || key.encoding != Encoding::kRaw) {
    const std::span<char> bytes = CopyToEdit(c, key, *offset);
    WriteField(bytes, kOneBit, *offset, static_cast<uint64_t>(*on));
    StoreBits(c, key, bytes, changes);
  }
  c.reply.Integer(static_cast<int64_t>(old));
}

void GetbitCommand(CommandContext& c) {
  const std::optional<uint64_t> offset = ReadBitOffset(c, c.argv[2]);
  if (!offset) return;
  const KeyRef key = LookUpKey(c, c.argv[1]);
  if (!CheckString(c, key)) return;
  c.reply.Integer(static_cast<int64_t>(ReadField(key.value, {.bits = 1}, *offset)));
}

void BitcountCommand(CommandContext& c) {
  const KeyRef key = LookUpKey(c, c.argv[1]);
  if (!CheckString(c, key)) return;
  // As in Redis, arguments are looked at only if the key is there.
  if (!key.exists) {
    c.reply.Integer(0);
    return;
  }
  const std::optional<BitRange> range = ReadCountRange(c, key.value.size());
  if (range) c.reply.Integer(static_cast<int64_t>(CountBits(key.value, *range)));
}

void BitposCommand(CommandContext& c) {
  const std::optional<int64_t> bit = ReadInteger(c, 2);
  if (!bit) return;
  if (*bit != 0 && *bit != 1) {
    c.reply.Error("ERR The bit argument must be 1 or 0.");
    return;
  }
  const KeyRef key = LookUpKey(c, c.argv[1]);
  if (!CheckString(c, key)) return;
  if (!key.exists) {
    c.reply.Integer(*bit == 1 ? -1 : 0);
    return;
  }
  const std::optional<BitRange> range = ReadSearchRange(c, key.value.size());
  if (!range) return;
  const std::optional<uint64_t> found = FindBit(key.value, *bit == 1, *range);
  // Whoever names no end takes the string for one that goes on with zeros.
  const bool goes_on = *bit == 0 && c.argv.size() <= 4 && range->first < range->end;
  const uint64_t not_found = goes_on ? range->end : ~uint64_t{0};
  c.reply.Integer(static_cast<int64_t>(found.value_or(not_found)));
}

void BitopCommand(CommandContext& c) {
  const std::optional<BitOperation> operation = ReadOperation(c);
  if (!operation) return;
  std::vector<std::string_view> sources;
  size_t size = 0;
  for (const std::string_view name : c.argv.subspan(3)) {
    const KeyRef source = LookUpKey(c, name);
    if (!CheckString(c, source)) return;
    sources.push_back(source.value);
    size = std::max(size, source.value.size());
  }
  const KeyRef target = OpenKey(c, c.argv[2]);
  // It is tried again, so nothing large is made for it.
  if (c.tx.missed()) return;
  if (size > 0) {
    const std::span<char> out(c.tx.scratch().Allocate(size, 1), size);
    CombineBits(*operation, sources, out);
    c.tx.Put(target, Type::kString, Encoding::kRaw, {out.data(), out.size()}, 0);
    NotifyIfNew(c, target);
    c.tx.Notify(KeyEventClass::kString, "set", target.db, target.name);
  } else if (target.exists) {
    c.tx.Delete(target);
    c.tx.Notify(KeyEventClass::kGeneric, "del", target.db, target.name);
  }
  c.reply.Integer(static_cast<int64_t>(size));
}

}  // namespace cairn
