// Versions and keys as text, and back.

#include <fmt/format.h>
#include <algorithm>

#include "lsm/version.h"
#include "util/parse.h"

namespace cairn::lsm {
namespace {

bool IsPlain(char c) {
  return c > ' ' && c <= '~' && c != '\\' && c != '[' && c != ']';
}

// Takes the next blank-separated word off the front; empty at the end.
std::string_view NextWord(std::string_view* line) {
  line->remove_prefix(std::min(line->find_first_not_of(' '), line->size()));
  const std::string_view word = line->substr(0, line->find(' '));
  line->remove_prefix(word.size());
  return word;
}

// "[1024/a .. 1024/m]"
bool TakeRange(std::string_view* line, std::string* lo, std::string* hi) {
  std::string_view first = NextWord(line);
  const std::string_view dots = NextWord(line);
  std::string_view last = NextWord(line);
  if (!first.starts_with('[') || dots != ".." || !last.ends_with(']')) return false;
  first.remove_prefix(1);
  last.remove_suffix(1);
  auto parsed_lo = ParseKeyDebug(first);
  auto parsed_hi = ParseKeyDebug(last);
  if (!parsed_lo.ok() || !parsed_hi.ok()) return false;
  *lo = std::move(*parsed_lo);
  *hi = std::move(*parsed_hi);
  return true;
}

bool TakeNumber(std::string_view* line, std::string_view label, uint64_t* value) {
  if (!label.empty() && NextWord(line) != label) return false;
  const auto number = ParseUint64(NextWord(line));
  if (number) *value = *number;
  return number.has_value();
}

// "seq 1-9"
bool TakeSequences(std::string_view* line, TableInfo* info) {
  if (NextWord(line) != "seq") return false;
  const std::string_view range = NextWord(line);
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return false;
  const auto min = ParseUint64(range.substr(0, dash));
  const auto max = ParseUint64(range.substr(dash + 1));
  if (!min || !max) return false;
  info->min_sequence = *min;
  info->max_sequence = *max;
  return true;
}

bool ParseTableLine(std::string_view line, TableRef* ref) {
  auto info = std::make_shared<TableInfo>();
  if (!TakeNumber(&line, "", &info->file) || !TakeRange(&line, &ref->lo, &ref->hi) ||
      NextWord(&line) != "of" || !TakeRange(&line, &info->smallest, &info->largest) ||
      !TakeSequences(&line, info.get()) || !TakeNumber(&line, "entries", &info->entries) ||
      !TakeNumber(&line, "bytes", &info->size_bytes) || !NextWord(&line).empty()) {
    return false;
  }
  info->values = info->entries;
  ref->table = std::move(info);
  return true;
}

}  // namespace

std::string KeyDebugString(std::string_view engine_key) {
  if (engine_key.size() < kSpacePrefixBytes) return fmt::format("short-key-{}", engine_key.size());
  std::string text = fmt::format("{}/", SpaceOf(engine_key));
  for (const char c : UserKeyOf(engine_key)) {
    if (IsPlain(c)) {
      text.push_back(c);
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

Result<std::string> ParseKeyDebug(std::string_view text) {
  const auto bad = [&] { return Status::InvalidArgument(fmt::format("not a key: {}", text)); };
  const size_t slash = text.find('/');
  const auto space = ParseUint64(text.substr(0, slash));
  if (slash == std::string_view::npos || !space) return bad();
  std::string key;
  PutBigEndian64(&key, *space);
  for (size_t i = slash + 1; i < text.size(); ++i) {
    if (text[i] != '\\') {
      if (!IsPlain(text[i])) return bad();
      key.push_back(text[i]);
      continue;
    }
    if (text.substr(i, 2) != "\\x" || i + 4 > text.size()) return bad();
    int byte = 0;
    for (const char c : text.substr(i + 2, 2)) {
      const bool digit = c >= '0' && c <= '9';
      if (!digit && (c < 'a' || c > 'f')) return bad();
      byte = byte * 16 + (digit ? c - '0' : c - 'a' + 10);
    }
    key.push_back(static_cast<char>(byte));
    i += 3;
  }
  return key;
}

std::string Version::DebugString() const {
  std::string text;
  for (const SortedRun& run : runs_) {
    text += fmt::format("run {}\n", run.id);
    for (const TableRef& ref : run.tables) {
      const TableInfo& info = *ref.table;
      text += fmt::format("  {} [{} .. {}] of [{} .. {}] seq {}-{} entries {} bytes {}\n",
                          info.file, KeyDebugString(ref.lo), KeyDebugString(ref.hi),
                          KeyDebugString(info.smallest), KeyDebugString(info.largest),
                          info.min_sequence, info.max_sequence, info.entries, info.size_bytes);
    }
  }
  return text;
}

Result<Version> ParseVersionDebug(std::string_view text) {
  std::vector<SortedRun> runs;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    std::string_view words = line;
    if (line.starts_with("run ")) {
      SortedRun run;
      if (TakeNumber(&words, "run", &run.id) && NextWord(&words).empty()) {
        runs.push_back(std::move(run));
        continue;
      }
    } else if (TableRef ref; !runs.empty() && ParseTableLine(words, &ref)) {
      runs.back().tables.push_back(std::move(ref));
      continue;
    }
    return Status::InvalidArgument(fmt::format("not a line of a version: {}", line));
  }
  return Version(std::move(runs));
}

}  // namespace cairn::lsm
