#include "commands/string_options.h"

#include "commands/arguments.h"

namespace cairn {

namespace {

struct ExpiryWord {
  std::string_view word;
  ExpiryUnit unit;
  ExpiryBase base;
};
constexpr ExpiryWord kExpiryWords[] = {
    {"EX", ExpiryUnit::kSeconds, ExpiryBase::kNow},
    {"PX", ExpiryUnit::kMilliseconds, ExpiryBase::kNow},
    {"EXAT", ExpiryUnit::kSeconds, ExpiryBase::kEpoch},
    {"PXAT", ExpiryUnit::kMilliseconds, ExpiryBase::kEpoch},
};

bool TakeSetOption(std::string_view word, StringOptions& options) {
  if (Is(word, "NX") && !options.only_if_present) return options.only_if_absent = true;
  if (Is(word, "XX") && !options.only_if_absent) return options.only_if_present = true;
  if (Is(word, "GET")) return options.get = true;
  if (Is(word, "KEEPTTL") && options.expiry_argument == 0) return options.keep_ttl = true;
  return false;
}

// The same word twice is fine, the later one counts; two of them are not.
bool TakeExpiry(std::string_view word, size_t argument, StringOptions& options) {
  if (options.keep_ttl || options.persist) return false;
  for (const ExpiryWord& expiry : kExpiryWords) {
    if (!Is(word, expiry.word)) continue;
    const bool other = options.expiry_argument != 0 &&
                       (options.unit != expiry.unit || options.base != expiry.base);
    if (other) return false;
    options.expiry_argument = argument;
    options.unit = expiry.unit;
    options.base = expiry.base;
    return true;
  }
  return false;
}

}  // namespace

std::optional<StringOptions> ReadStringOptions(CommandContext& c, size_t first,
                                               StringOptionSet set) {
  StringOptions options;
  for (size_t i = first; i < c.argv.size(); ++i) {
    const std::string_view word = c.argv[i];
    if (set == StringOptionSet::kSet && TakeSetOption(word, options)) continue;
    if (set == StringOptionSet::kGetEx && Is(word, "PERSIST") && options.expiry_argument == 0) {
      options.persist = true;
      continue;
    }
    if (i + 1 < c.argv.size() && TakeExpiry(word, i + 1, options)) {
      ++i;
      continue;
    }
    c.reply.Error(kSyntaxError);
    return std::nullopt;
  }
  return options;
}

std::optional<uint64_t> ReadExpiry(CommandContext& c, const StringOptions& options) {
  if (options.expiry_argument == 0) return 0;
  return ReadExpiry(c, options.expiry_argument, options.unit, options.base);
}

std::optional<uint64_t> ReadExpiry(CommandContext& c, size_t argument, ExpiryUnit unit,
                                   ExpiryBase base) {
  const std::optional<int64_t> number = ReadInteger(c, argument);
  if (!number) return std::nullopt;
  const std::optional<uint64_t> at_ms = PositiveExpiry(*number, unit, base, c.tx.now_ms());
  if (!at_ms) ReplyInvalidExpire(c);
  return at_ms;
}

}  // namespace cairn
