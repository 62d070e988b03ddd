#include "resp/parser.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "resp/split_args.h"

namespace cairn::resp {
namespace {

// What a connection may keep between commands.
constexpr size_t kKeptPendingBytes = 16 * 1024;
constexpr size_t kKeptLineBytes = 1024;
constexpr size_t kKeptArgs = 64;

// A count's digits in TakeWholeCommand: more than any limit needs, and no overflow.
constexpr int kMaxPlainDigits = 10;

// A signed decimal as Redis reads lengths: no blank, no plus sign, no leading zero.
std::optional<int64_t> ParseLength(std::string_view digits) {
  const std::string_view magnitude = digits.substr(digits.starts_with('-') ? 1 : 0);
  if (magnitude.starts_with('0') && digits != "0") return std::nullopt;
  int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stopped_at, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || stopped_at != end) return std::nullopt;
  return value;
}

// A header of plain form, `type` digits CR LF, at *at: its number, with *at behind it. -1 if it is
// not whole, not plain, or not there.
inline int64_t TakePlainHeader(char type, const char** at, const char* end) {
  const char* p = *at;
  if (end - p < 4 || *p != type) return -1;
  ++p;
  if (*p == '0' && p[1] != '\r') return -1;
  const char* digits_end = p + std::min<ptrdiff_t>(end - p, kMaxPlainDigits);
  int64_t value = 0;
  const char* first = p;
  while (p < digits_end && *p >= '0' && *p <= '9') value = value * 10 + (*p++ - '0');
  if (p == first || end - p < 2 || *p != '\r') return -1;
  *at = p + 2;
  return value;
}

}  // namespace

uint64_t Parser::MaxArgs() const {
  return unauthenticated_ ? std::min(kMaxUnauthenticatedArgs, limits_->max_args)
                          : limits_->max_args;
}

uint64_t Parser::MaxBulkBytes() const {
  return unauthenticated_ ? std::min(kMaxUnauthenticatedBulkBytes, limits_->max_bulk_bytes)
                          : limits_->max_bulk_bytes;
}

Parser::Outcome Parser::Next(std::string_view* input, std::vector<std::string_view>* argv) {
  argv->clear();
  if (holds_bytes_ && phase_ == Phase::kIdle) Reset();
  for (;;) {
    if (phase_ == Phase::kIdle) {
      if (input->empty()) return kNeedMore;
      if (TakeWholeCommand(input, argv)) return kCommand;
      holds_bytes_ = true;
      phase_ = input->front() == '*' ? Phase::kArgCount : Phase::kInline;
    }
    switch (Advance(input, argv)) {
      case Step::kNextPhase:
        break;
      case Step::kCommand:
        return kCommand;
      case Step::kNeedMore:
        return kNeedMore;
      case Step::kError:
        return kError;
    }
  }
}

bool Parser::TakeWholeCommand(std::string_view* input, std::vector<std::string_view>* argv) const {
  const char* at = input->data();
  const char* end = at + input->size();
  const int64_t arg_count = TakePlainHeader('*', &at, end);
  if (arg_count < 1 || static_cast<uint64_t>(arg_count) > MaxArgs()) return false;
  const int64_t max_bulk_bytes = static_cast<int64_t>(MaxBulkBytes());
  for (int64_t i = 0; i < arg_count; ++i) {
    const int64_t size = TakePlainHeader('$', &at, end);
    if (size < 0 || size > max_bulk_bytes || end - at < size + 2) {
      argv->clear();
      return false;
    }
    argv->emplace_back(at, static_cast<size_t>(size));
    at += size + 2;
  }
  input->remove_prefix(static_cast<size_t>(at - input->data()));
  return true;
}

Parser::Step Parser::Advance(std::string_view* input, std::vector<std::string_view>* argv) {
  switch (phase_) {
    case Phase::kInline:
      return TakeInline(input, argv);
    case Phase::kArgCount:
      return TakeArgCount(input);
    case Phase::kBulkLength:
      return TakeBulkLength(input);
    case Phase::kBulkBody:
      return TakeBulkBody(input, argv);
    case Phase::kFailed:
    case Phase::kIdle:
      break;
  }
  return Step::kError;
}

void Parser::PutInLine(char c) {
  line_.push_back(c);
  if (c == '\0') line_has_nul_ = true;
}

bool Parser::TakeInlineLine(std::string_view* input) {
  while (!input->empty() && !LineIsTooLong()) {
    const char c = input->front();
    input->remove_prefix(1);
    if (c == '\n' && !line_has_nul_) {
      if (line_.ends_with('\r')) line_.pop_back();
      return true;
    }
    PutInLine(c);
  }
  return false;
}

bool Parser::TakeHeaderLine(std::string_view* input) {
  while (!input->empty() && !LineIsTooLong()) {
    const char c = input->front();
    input->remove_prefix(1);
    if (line_has_cr_) return true;
    if (c == '\r' && !line_has_nul_) {
      line_has_cr_ = true;
    } else {
      PutInLine(c);
    }
  }
  return false;
}

void Parser::ForgetLine() {
  DCHECK(!line_has_nul_);  // such a line never ends
  line_.clear();
  line_has_cr_ = false;
}

Parser::Step Parser::TakeInline(std::string_view* input, std::vector<std::string_view>* argv) {
  if (!TakeInlineLine(input)) {
    return LineIsTooLong() ? Fail("Protocol error: too big inline request") : Step::kNeedMore;
  }
  if (!SplitArgs(line_.data(), line_.size(), argv)) {
    return Fail("Protocol error: unbalanced quotes in request");
  }
  phase_ = Phase::kIdle;
  if (!argv->empty()) return Step::kCommand;
  ForgetLine();
  return Step::kNextPhase;
}

Parser::Step Parser::TakeArgCount(std::string_view* input) {
  if (!TakeHeaderLine(input)) {
    return LineIsTooLong() ? Fail("Protocol error: too big mbulk count string") : Step::kNeedMore;
  }
  const std::optional<int64_t> count = ParseLength(std::string_view(line_).substr(1));
  ForgetLine();
  if (!count || *count > static_cast<int64_t>(limits_->max_args)) {
    return Fail("Protocol error: invalid multibulk length");
  }
  if (*count > static_cast<int64_t>(MaxArgs())) {
    return Fail("Protocol error: unauthenticated multibulk length");
  }
  args_left_ = static_cast<uint64_t>(std::max<int64_t>(*count, 0));
  phase_ = args_left_ > 0 ? Phase::kBulkLength : Phase::kIdle;
  return Step::kNextPhase;
}

Parser::Step Parser::TakeBulkLength(std::string_view* input) {
  if (!TakeHeaderLine(input)) {
    return LineIsTooLong() ? Fail("Protocol error: too big bulk count string") : Step::kNeedMore;
  }
  if (!line_.starts_with('$')) {
    // An empty line's first byte is its CR, which the writer shows as a blank.
    const char got = line_.empty() ? '\r' : line_.front();
    return Fail(fmt::format("Protocol error: expected '$', got '{}'", got));
  }
  const std::optional<int64_t> size = ParseLength(std::string_view(line_).substr(1));
  ForgetLine();
  if (!size || *size < 0 || static_cast<uint64_t>(*size) > limits_->max_bulk_bytes) {
    return Fail("Protocol error: invalid bulk length");
  }
  if (static_cast<uint64_t>(*size) > MaxBulkBytes()) {
    return Fail("Protocol error: unauthenticated bulk length");
  }
  args_.push_back({pending_.size(), static_cast<size_t>(*size)});
  body_left_bytes_ = static_cast<uint64_t>(*size) + 2;
  phase_ = Phase::kBulkBody;
  return Step::kNextPhase;
}

Parser::Step Parser::TakeBulkBody(std::string_view* input, std::vector<std::string_view>* argv) {
  const size_t taken = std::min<uint64_t>(input->size(), body_left_bytes_);
  pending_.Append(input->substr(0, taken), body_left_bytes_);
  input->remove_prefix(taken);
  body_left_bytes_ -= taken;
  if (body_left_bytes_ > 0) return Step::kNeedMore;

  DCHECK(args_left_ > 0);
  if (--args_left_ > 0) {
    phase_ = Phase::kBulkLength;
    return Step::kNextPhase;
  }
  for (const Arg& arg : args_) argv->emplace_back(pending_.data() + arg.offset, arg.size_bytes);
  phase_ = Phase::kIdle;
  return Step::kCommand;
}

std::span<char> Parser::DirectReadTarget() {
  if (phase_ != Phase::kBulkBody || body_left_bytes_ < kDirectReadBytes) return {};
  pending_.Grow(kDirectReadBytes, body_left_bytes_);
  return {pending_.end(),
          std::min<uint64_t>({pending_.room(), body_left_bytes_, kMaxDirectReadBytes})};
}

void Parser::CommitDirectRead(size_t bytes) {
  CHECK(phase_ == Phase::kBulkBody);
  CHECK(bytes <= body_left_bytes_);
  pending_.Commit(bytes);
  body_left_bytes_ -= bytes;
}

Parser::Step Parser::Fail(std::string text) {
  error_ = std::move(text);
  phase_ = Phase::kFailed;
  return Step::kError;
}

void Parser::Reset() {
  holds_bytes_ = false;
  pending_.Clear(kKeptPendingBytes);
  args_.clear();
  if (args_.capacity() > kKeptArgs) std::vector<Arg>().swap(args_);
  ForgetLine();
  if (line_.capacity() > kKeptLineBytes) std::string().swap(line_);
}

}  // namespace cairn::resp
