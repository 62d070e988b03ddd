// BITFIELD and BITFIELD_RO: integers of any width in a string.

#include <algorithm>
#include <vector>

#include "commands/arguments.h"
#include "commands/bitmap_commands.h"
#include "commands/bitmap_store.h"
#include "keyspace/bitmaps.h"

namespace cairn {

namespace {

struct FieldOperation {
  enum class Kind : uint8_t { kGet, kSet, kIncrBy };
  Kind kind = Kind::kGet;
  FieldOverflow overflow = FieldOverflow::kWrap;
  BitField field;
  uint64_t offset = 0;
  int64_t number = 0;  // to set or to add

  bool writes() const { return kind != Kind::kGet; }
  uint64_t last_bit() const { return offset + field.bits - 1; }
};

// Arguments behind the name of the operation at argv[at], if there are as many; 0: it is none.
size_t ArgumentCount(std::span<const std::string_view> argv, size_t at) {
  size_t count = 0;
  if (Is(argv[at], "GET")) count = 2;
  if (Is(argv[at], "SET") || Is(argv[at], "INCRBY")) count = 3;
  if (Is(argv[at], "OVERFLOW")) count = 1;
  return at + count < argv.size() ? count : 0;
}

std::optional<BitField> ReadFieldType(CommandContext& c, std::string_view text) {
  const bool is_signed = text.starts_with('i');
  if (is_signed || text.starts_with('u')) {
    // What Redis reads ends with the first zero byte.
    const std::string_view digits = text.substr(1, text.find('\0', 1) - 1);
    const std::optional<int64_t> bits = ParseInt64(digits);
    if (bits && *bits >= 1 && *bits <= (is_signed ? 64 : 63)) {
      return BitField{is_signed, static_cast<uint32_t>(*bits)};
    }
  }
  c.reply.Error(
      "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "
      "i64 is.");
  return std::nullopt;
}

std::optional<FieldOverflow> ReadOverflow(CommandContext& c, std::string_view text) {
  if (Is(text, "WRAP")) return FieldOverflow::kWrap;
  if (Is(text, "SAT")) return FieldOverflow::kSaturate;
  if (Is(text, "FAIL")) return FieldOverflow::kFail;
  c.reply.Error("ERR Invalid OVERFLOW type specified");
  return std::nullopt;
}

// The operation at argv[at].
std::optional<FieldOperation> ReadOperation(CommandContext& c, size_t at) {
  FieldOperation operation;
  const std::optional<BitField> field = ReadFieldType(c, c.argv[at + 1]);
  if (!field) return std::nullopt;
  operation.field = *field;
  const std::optional<uint64_t> offset = ReadBitOffset(c, c.argv[at + 2], field->bits);
  if (!offset) return std::nullopt;
  operation.offset = *offset;
  if (Is(c.argv[at], "GET")) return operation;
  operation.kind =
      Is(c.argv[at], "SET") ? FieldOperation::Kind::kSet : FieldOperation::Kind::kIncrBy;
  const std::optional<int64_t> number = ReadInteger(c, at + 3);
  if (!number) return std::nullopt;
  operation.number = *number;
  return operation;
}

std::optional<std::vector<FieldOperation>> ReadOperations(CommandContext& c) {
  std::vector<FieldOperation> operations;
  FieldOverflow overflow = FieldOverflow::kWrap;
  for (size_t at = 2; at < c.argv.size();) {
    const size_t count = ArgumentCount(c.argv, at);
    if (count == 0) {
      c.reply.Error(kSyntaxError);
      return std::nullopt;
    }
    if (count == 1) {
      const std::optional<FieldOverflow> read = ReadOverflow(c, c.argv[at + 1]);
      if (!read) return std::nullopt;
      overflow = *read;
    } else {
      const std::optional<FieldOperation> read = ReadOperation(c, at);
      if (!read) return std::nullopt;
      operations.push_back(*read);
      operations.back().overflow = overflow;
    }
    at += 1 + count;
  }
  return operations;
}

void ReplyField(CommandContext& c, std::string_view bytes, const FieldOperation& get) {
  c.reply.Integer(static_cast<int64_t>(ReadField(bytes, get.field, get.offset)));
}

// Sets or adds, and answers. Nothing is stored if it does not fit.
enum class Stored : uint8_t { kNothing, kSame, kOther };
Stored Write(CommandContext& c, std::span<char> bytes, const FieldOperation& operation) {
  const bool sets = operation.kind == FieldOperation::Kind::kSet;
  const uint64_t old = ReadField({bytes.data(), bytes.size()}, operation.field, operation.offset);
  const std::optional<uint64_t> now =
      sets ? SetField(operation.field, operation.number, operation.overflow)
           : AddToField(operation.field, old, operation.number, operation.overflow);
  if (!now) {
    c.reply.Null();
    return Stored::kNothing;
  }
  WriteField(bytes, operation.field, operation.offset, *now);
  c.reply.Integer(static_cast<int64_t>(sets ? old : *now));
  return *now != old ? Stored::kOther : Stored::kSame;
}

void RunReads(CommandContext& c, std::span<const FieldOperation> operations) {
  const KeyRef key = LookUpKey(c, c.argv[1]);
  if (!CheckString(c, key)) return;
  c.reply.ArrayHeader(operations.size());
  for (const FieldOperation& get : operations) ReplyField(c, key.value, get);
}

// The string is made as long as the operations need even if all of them fail.
void RunWrites(CommandContext& c, std::span<const FieldOperation> operations, uint64_t last_bit) {
  const KeyRef key = OpenKey(c, c.argv[1]);
  // It is tried again, so nothing large is made for it.
  if (!CheckString(c, key) || c.tx.missed()) return;
  const bool grows = GrowsTo(key, last_bit);
  const std::span<char> bytes = CopyToEdit(c, key, last_bit);
  bool changed = false;
  c.reply.ArrayHeader(operations.size());
  for (const FieldOperation& operation : operations) {
    if (!operation.writes()) {
      ReplyField(c, {bytes.data(), bytes.size()}, operation);
      continue;
    }
    const Stored stored = Write(c, bytes, operation);
    changed |= stored == Stored::kOther || (stored == Stored::kSame && grows);
  }
  if (grows || changed || key.encoding != Encoding::kRaw) StoreBits(c, key, bytes, changed);
}

}  // namespace

void BitfieldCommand(CommandContext& c) {
  const auto operations = ReadOperations(c);
  if (!operations) return;
  std::optional<uint64_t> last_bit;
  for (const FieldOperation& operation : *operations) {
    if (operation.writes()) last_bit = std::max(last_bit.value_or(0), operation.last_bit());
  }
  if (last_bit) {
    RunWrites(c, *operations, *last_bit);
  } else {
    RunReads(c, *operations);
  }
}

void BitfieldRoCommand(CommandContext& c) {
  const auto operations = ReadOperations(c);
  if (!operations) return;
  for (const FieldOperation& operation : *operations) {
    if (!operation.writes()) continue;
    c.reply.Error("ERR BITFIELD_RO only supports the GET subcommand");
    return;
  }
  RunReads(c, *operations);
}

uint32_t BitfieldAccess(std::span<const std::string_view> argv) {
  constexpr uint32_t kReads = KeySpec::kRo | KeySpec::kAccess;
  constexpr uint32_t kWrites = KeySpec::kRw | KeySpec::kAccess | KeySpec::kUpdate;
  for (size_t at = 2; at < argv.size();) {
    const size_t count = ArgumentCount(argv, at);
    if (count == 0 || count == 3) return kWrites;
    at += 1 + count;
  }
  return kReads;
}

}  // namespace cairn
