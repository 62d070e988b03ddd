#include "commands/key_extraction.h"

#include <algorithm>

#include "util/ascii.h"
#include "util/parse.h"

namespace cairn {

namespace {

using Argv = std::span<const std::string_view>;

// Where the spec's keys begin; argv.size() if they do not occur in these arguments.
size_t FindBegin(const KeySpec& spec, Argv argv) {
  if (spec.begin == KeySpec::Begin::kIndex) return static_cast<size_t>(spec.begin_index);
  // From argument |begin_index|, counted from the end and searched backwards if negative.
  const bool backwards = spec.begin_index < 0;
  const auto size = static_cast<int>(argv.size());
  for (int i = backwards ? size + spec.begin_index : spec.begin_index; i >= 1 && i < size;
       i += backwards ? -1 : 1) {
    if (EqualsIgnoreCase(argv[static_cast<size_t>(i)], spec.begin_keyword)) {
      return static_cast<size_t>(i) + 1;
    }
  }
  return argv.size();
}

struct Range {
  size_t first = 0, last = 0, step = 1;  // last is a key or lies between two of them
};

Range FindRange(const KeySpec& spec, Argv argv, size_t begin) {
  const auto first = static_cast<int64_t>(begin);
  const auto size = static_cast<int64_t>(argv.size());
  int64_t last = spec.last_key >= 0 ? first + spec.last_key : size + spec.last_key;
  // limit 2: only the first half of the rest are keys, and so on.
  if (spec.last_key < 0 && spec.limit > 1) last = first + (size - first) / spec.limit - 1;
  return {begin, static_cast<size_t>(std::max<int64_t>(last, 0)),
          static_cast<size_t>(std::max(spec.key_step, 1))};
}

}  // namespace

bool ExtractKeys(const CommandSpec& spec, Argv argv, std::vector<KeyArgument>* keys) {
  for (const KeySpec& key_spec : spec.key_specs) {
    if (key_spec.begin == KeySpec::Begin::kUnknown || key_spec.find == KeySpec::Find::kUnknown) {
      continue;
    }
    const size_t begin = FindBegin(key_spec, argv);
    if (begin >= argv.size()) {
      // As in Redis: PFMERGE without sources does not fit, a keyword need not occur.
      if (key_spec.begin == KeySpec::Begin::kIndex) return false;
      continue;
    }
    const bool varies = (key_spec.access & KeySpec::kVariableFlags) != 0;
    const uint32_t access =
        varies && spec.variable_access != nullptr ? spec.variable_access(argv) : key_spec.access;
    Range range;
    if (key_spec.find == KeySpec::Find::kRange) {
      range = FindRange(key_spec, argv, begin);
    } else {
      const size_t count_at = begin + static_cast<size_t>(key_spec.keynum_index);
      if (count_at >= argv.size()) return false;
      const auto count = ParseInt64(argv[count_at]);
      if (!count || *count < 0 || static_cast<uint64_t>(*count) > argv.size()) return false;
      if (*count == 0) continue;
      range.first = begin + static_cast<size_t>(key_spec.first_key);
      range.step = static_cast<size_t>(std::max(key_spec.key_step, 1));
      range.last = range.first + (static_cast<size_t>(*count) - 1) * range.step;
    }
    if (range.last >= argv.size()) return false;
    for (size_t i = range.first; i <= range.last; i += range.step) keys->push_back({i, access});
  }
  return true;
}

}  // namespace cairn
