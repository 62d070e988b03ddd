// LCS: the longest common subsequence of two strings.

#include <optional>

#include "commands/arguments.h"
#include "commands/string_commands.h"
#include "keyspace/common_subsequence.h"

namespace cairn {

namespace {

// What Redis's table takes for a cell; its limit is told by that.
constexpr uint64_t kCellBytes = 4;
// A step of a walk is worth so many: a few million run on the loop, more on a worker.
constexpr uint64_t kCellsPerStep = 128;

struct LcsOptions {
  bool length = false, ranges = false, with_length = false;
  int64_t min_length = 0;
};

std::optional<LcsOptions> ReadLcsOptions(CommandContext& c) {
  LcsOptions options;
  for (size_t i = 3; i < c.argv.size(); ++i) {
    if (Is(c.argv[i], "IDX")) {
      options.ranges = true;
    } else if (Is(c.argv[i], "LEN")) {
      options.length = true;
    } else if (Is(c.argv[i], "WITHMATCHLEN")) {
      options.with_length = true;
    } else if (Is(c.argv[i], "MINMATCHLEN") && i + 1 < c.argv.size()) {
      const std::optional<int64_t> least = ReadInteger(c, ++i);
      if (!least) return std::nullopt;
      options.min_length = *least;
    } else {
      c.reply.Error(kSyntaxError);
      return std::nullopt;
    }
  }
  if (!options.ranges || !options.length) return options;
  c.reply.Error("ERR If you want both the length and indexes, please just use IDX.");
  return std::nullopt;
}

// First and last byte.
void ReplyBytes(CommandContext& c, size_t first, size_t length) {
  c.reply.ArrayHeader(2);
  c.reply.Integer(static_cast<int64_t>(first));
  c.reply.Integer(static_cast<int64_t>(first + length - 1));
}

void ReplyRanges(CommandContext& c, const CommonSubsequence& common, const LcsOptions& options) {
  c.reply.MapHeader(2);
  c.reply.Bulk("matches");
  resp::DeferredArray matches(c.reply);
  for (const CommonRange& range : common.Ranges()) {
    if (static_cast<int64_t>(range.length) < options.min_length) continue;
    c.reply.ArrayHeader(options.with_length ? 3 : 2);
    ReplyBytes(c, range.a_first, range.length);
    ReplyBytes(c, range.b_first, range.length);
    if (options.with_length) c.reply.Integer(static_cast<int64_t>(range.length));
    matches.Add();
  }
  matches.Close();
  c.reply.Bulk("len");
  c.reply.Integer(static_cast<int64_t>(common.length()));
}

}  // namespace

void LcsCommand(CommandContext& c) {
  const KeyRef a = LookUpKey(c, c.argv[1]);
  const KeyRef b = LookUpKey(c, c.argv[2]);
  for (const KeyRef& key : {a, b}) {
    if (!key.exists || key.type == Type::kString) continue;
    c.reply.Error("ERR The specified keys must contain string values");
    return;
  }
  const std::optional<LcsOptions> options = ReadLcsOptions(c);
  if (!options) return;
  const uint64_t cells = CommonSubsequence::CellCount(a.value, b.value);
  if (cells > c.max_bulk_bytes / kCellBytes) {
    c.reply.Error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    return;
  }
  if (c.tx.missed() || !c.tx.StepWalk(cells / kCellsPerStep)) return;
  const CommonSubsequence common(a.value, b.value, options->length);
  if (options->ranges) {
    ReplyRanges(c, common, *options);
  } else if (options->length) {
    c.reply.Integer(static_cast<int64_t>(common.length()));
  } else {
    c.reply.Bulk(common.Text());
  }
}

}  // namespace cairn
