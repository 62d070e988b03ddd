// Commands that walk over keys: KEYS, SCAN, RANDOMKEY.

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "commands/arguments.h"
#include "commands/key_commands.h"
#include "keyspace/random_key.h"
#include "util/glob.h"

namespace cairn {

namespace {

// What one SCAN call looks at, at most: visible keys by COUNT up to here, and entries of any kind.
constexpr int64_t kMaxCount = 10000;
constexpr int64_t kMaxExamined = 10000;
constexpr int64_t kDefaultCount = 10;
// Dead entries are cheap to pass: a call goes over so many for each key that it may look at.
constexpr int64_t kDeadPerKey = 100;

// The keys that a pattern can match: which it matches, and the range in which all of them lie.
class Pattern {
 public:
  explicit Pattern(std::string_view pattern)
      : pattern_(pattern), all_(pattern == "*"), lower_(GlobLiteralPrefix(pattern)) {
    upper_ = lower_;
    while (!upper_.empty() && static_cast<unsigned char>(upper_.back()) == 0xff) upper_.pop_back();
    if (!upper_.empty()) upper_.back() = static_cast<char>(upper_.back() + 1);
  }
  bool Matches(std::string_view key) const { return all_ || GlobMatch(pattern_, key); }
  const std::string& lower() const { return lower_; }
  const std::string& upper() const { return upper_; }  // exclusive; empty: no bound

 private:
  std::string_view pattern_;
  bool all_;
  std::string lower_, upper_;
};

// As strtoul reads it: digits behind an optional sign, nothing at all is 0, a zero byte ends it.
std::optional<uint64_t> ParseCursor(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  if (text.empty()) return 0;
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  uint64_t value = 0;
  for (const char digit : text) {
    if (!IsDigit(digit) || __builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(digit - '0'), &value)) {
      return std::nullopt;
    }
  }
  return negative ? 0 - value : value;
}

struct ScanRequest {
  uint64_t cursor = 0;
  int64_t count = kDefaultCount;
  std::string_view match = "*";
  std::optional<std::string_view> type;
};

// False: the error was answered.
bool ReadScanOptions(CommandContext& c, ScanRequest* request) {
  for (size_t i = 2; i < c.argv.size(); i += 2) {
    const bool has_value = i + 1 < c.argv.size();
    if (has_value && Is(c.argv[i], "COUNT")) {
      const std::optional<int64_t> count = ReadInteger(c, i + 1);
      if (!count) return false;
      request->count = *count;
    } else if (has_value && Is(c.argv[i], "MATCH")) {
      request->match = c.argv[i + 1];
    } else if (has_value && Is(c.argv[i], "TYPE")) {
      request->type = c.argv[i + 1];
    } else {
      c.reply.Error(kSyntaxError);
      return false;
    }
    if (request->count < 1) {
      c.reply.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// Where the call begins. The cursor's position may lie before the pattern's range, if an earlier
// call had another pattern.
std::string_view StartOf(CommandContext& c, const ScanRequest& request, const Pattern& pattern,
                         ScanStep* step) {
  std::string_view start = {};
  if (request.cursor != 0) {
    const auto position = c.server.scans().Find(request.cursor, step->owner);
    step->restarted = !position;
    start = position.value_or(start);
  }
  start = std::max<std::string_view>(start, pattern.lower());
  // Behind the range: an empty walk, not one the wrong way round.
  return pattern.upper().empty() ? start : std::min<std::string_view>(start, pattern.upper());
}

// The matching keys; moves the walk on until the call's share is used up or it ends.
std::vector<std::string_view> Collect(CommandContext& c, const ScanRequest& request,
                                      const Pattern& pattern, Transaction::Walk& walk) {
  const int64_t count = std::min(request.count, kMaxCount);
  const int64_t max_examined = std::min(count * kDeadPerKey, kMaxExamined);
  std::vector<std::string_view> keys;
  int64_t visible = 0;
  for (int64_t examined = 0; walk.Valid() && visible < count && examined < max_examined;
       ++examined, walk.Next()) {
    if (!walk.visible()) continue;
    ++visible;
    if (request.type && !Is(*request.type, TypeName(walk.type()))) continue;
    if (pattern.Matches(walk.key())) keys.push_back(c.tx.Keep(walk.key()));
  }
  return keys;
}

}  // namespace

void KeysCommand(CommandContext& c) {
  const Pattern pattern(c.argv[1]);
  resp::DeferredArray keys(c.reply);
  Transaction::Walk walk = c.tx.WalkKeys(c.session.db, pattern.lower(), pattern.upper());
  for (; walk.Valid(); walk.Next()) {
    if (!walk.visible() || !pattern.Matches(walk.key())) continue;
    c.reply.Bulk(walk.key());
    keys.Add();
  }
  keys.Close();
}

void ScanCommand(CommandContext& c) {
  const std::optional<uint64_t> cursor = ParseCursor(c.argv[1]);
  if (!cursor) {
    c.reply.Error("ERR invalid cursor");
    return;
  }
  ScanRequest request{.cursor = *cursor, .type = {}};
  if (!ReadScanOptions(c, &request)) return;
  const Pattern pattern(request.match);
  ScanStep step{.cursor = request.cursor, .owner = static_cast<uint64_t>(c.session.db)};
  const std::string_view start = StartOf(c, request, pattern, &step);
  Transaction::Walk walk = c.tx.WalkKeys(c.session.db, start, pattern.upper());
  const std::vector<std::string_view> keys = Collect(c, request, pattern, walk);
  if (walk.Valid()) {
    step.next_cursor =
        c.server.scans().CursorAfter(step.cursor, step.owner, c.effects.scan_steps.size());
    step.position = c.tx.Keep(walk.key());
  }
  c.effects.scan_steps.push_back(step);
  c.reply.ArrayHeader(2);
  const fmt::format_int digits(step.next_cursor);
  c.reply.Bulk({digits.data(), digits.size()});
  c.reply.ArrayHeader(keys.size());
  for (const std::string_view key : keys) c.reply.Bulk(key);
}

void RandomkeyCommand(CommandContext& c) {
  const std::optional<std::string_view> key = RandomKey(c.tx, c.session.db);
  if (key) {
    c.reply.Bulk(*key);
  } else {
    c.reply.Null();
  }
}

}  // namespace cairn
