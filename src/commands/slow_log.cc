#include "commands/slow_log.h"

#include <fmt/format.h>
#include <algorithm>
#include <limits>
#include <utility>

#include "util/ascii.h"

namespace cairn {

namespace {

constexpr std::string_view kRedacted = "(redacted)";
// Those of Redis's options that are passwords.
constexpr std::string_view kSecretOptions[] = {"masterauth", "masteruser", "requirepass",
                                               "tls-client-key-file-pass", "tls-key-file-pass"};

// As in Redis: AUTH's arguments, what follows AUTH in HELLO, the values of secret options.
bool IsSecret(std::span<const std::string_view> arguments, size_t i) {
  const std::string_view command = arguments[0];
  if (i == 0) return false;
  if (EqualsIgnoreCase(command, "auth")) return true;
  if (EqualsIgnoreCase(command, "hello")) {
    return (i > 2 && EqualsIgnoreCase(arguments[i - 1], "auth")) ||
           (i > 3 && EqualsIgnoreCase(arguments[i - 2], "auth"));
  }
  if (i < 3 || i % 2 == 0 || !EqualsIgnoreCase(command, "config") ||
      !EqualsIgnoreCase(arguments[1], "set")) {
    return false;
  }
  return std::ranges::any_of(kSecretOptions, [&](std::string_view option) {
    return EqualsIgnoreCase(arguments[i - 1], option);
  });
}

std::string Trimmed(std::string_view argument) {
  if (argument.size() <= SlowLog::kMaxArgumentBytes) return std::string(argument);
  return fmt::format("{}... ({} more bytes)", argument.substr(0, SlowLog::kMaxArgumentBytes),
                     argument.size() - SlowLog::kMaxArgumentBytes);
}

std::vector<std::string> Kept(std::span<const std::string_view> arguments) {
  const bool whole = arguments.size() <= SlowLog::kMaxArguments;
  const size_t shown = whole ? arguments.size() : SlowLog::kMaxArguments - 1;
  std::vector<std::string> kept;
  kept.reserve(SlowLog::kMaxArguments);
  for (size_t i = 0; i < shown; ++i) {
    kept.push_back(Trimmed(IsSecret(arguments, i) ? kRedacted : arguments[i]));
  }
  if (!whole) kept.push_back(fmt::format("... ({} more arguments)", arguments.size() - shown));
  return kept;
}

}  // namespace

void SlowLog::SetLimits(int64_t slower_than_micros, uint64_t max_length) {
  constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
  const auto micros = static_cast<uint64_t>(slower_than_micros);
  const bool never = slower_than_micros < 0 || micros > kNever / 1000;
  slower_than_nanos_ = never ? kNever : micros * 1000;
  // Entries beyond a shorter length go with the next that comes, as in Redis.
  max_length_ = max_length;
}

void SlowLog::Add(SlowCommand command, std::span<const std::string_view> arguments) {
  command.id = next_id_++;
  command.arguments = Kept(arguments);
  commands_.push_front(std::move(command));
  while (commands_.size() > max_length_) commands_.pop_back();
}

}  // namespace cairn
