#pragma once
// Errors as values: Status for "it worked or why not", Result<T> for "the value or why not".
// An expected failure (I/O, damage, bad input) is returned; a broken invariant is a CHECK.
//
// Thread safety: values, as safe as the type they hold. An OK status allocates nothing.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "util/check.h"

namespace cairn {

enum class StatusCode : unsigned char {
  kOk = 0,
  kNotFound,
  kInvalidArgument,
  kCorruption,    // stored bytes are not what was written
  kIoError,       // the system said no; the message has errno's text
  kNoSpace,       // ENOSPC or EDQUOT: worth trying again when there is room
  kNotSupported,  // a newer format, a feature this build lacks
  kBusy,          // held by somebody else (LOCK file), or try later
  kAborted,       // stopped on purpose before it was done (shutdown)
};

// The code's name as it stands in messages: "corruption", "no space", …
std::string_view StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message);

  static Status Ok() { return {}; }
  static Status NotFound(std::string message) {
    return {StatusCode::kNotFound, std::move(message)};
  }
  static Status InvalidArgument(std::string message) {
    return {StatusCode::kInvalidArgument, std::move(message)};
  }
  static Status Corruption(std::string message) {
    return {StatusCode::kCorruption, std::move(message)};
  }
  static Status IoError(std::string message) { return {StatusCode::kIoError, std::move(message)}; }
  static Status NoSpace(std::string message) { return {StatusCode::kNoSpace, std::move(message)}; }
  static Status NotSupported(std::string message) {
    return {StatusCode::kNotSupported, std::move(message)};
  }
  static Status Busy(std::string message) { return {StatusCode::kBusy, std::move(message)}; }
  static Status Aborted(std::string message) { return {StatusCode::kAborted, std::move(message)}; }

  bool ok() const { return rep_ == nullptr; }
  StatusCode code() const { return rep_ ? rep_->code : StatusCode::kOk; }
  // What happened, without the code's name; empty when ok. Valid as long as this status lives.
  std::string_view message() const { return rep_ ? std::string_view(rep_->message) : ""; }
  // "OK" or "corruption: 000012.sst offset 4096: …".
  std::string ToString() const;
  // The same error with "context: " before the message; OK stays OK.
  Status Annotate(std::string_view context) const;

 private:
  struct Rep {
    StatusCode code;
    std::string message;
  };
  // Shared: a failed sync's status goes to every reply that waited for it.
  std::shared_ptr<const Rep> rep_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : rep_(std::move(value)) {}        // NOLINT(google-explicit-constructor)
  Result(Status status) : rep_(std::move(status)) {  // NOLINT(google-explicit-constructor)
    CAIRN_CHECK(!std::get<Status>(rep_).ok());
  }

  bool ok() const { return std::holds_alternative<T>(rep_); }
  Status status() const { return ok() ? Status() : std::get<Status>(rep_); }
  // Requires: ok().
  T& value() & {
    CAIRN_CHECK(ok());
    return std::get<T>(rep_);
  }
  const T& value() const& {
    CAIRN_CHECK(ok());
    return std::get<T>(rep_);
  }
  // By value: `for (x : List(d).value())` must not walk over what a dead temporary held.
  T value() && {
    CAIRN_CHECK(ok());
    return std::get<T>(std::move(rep_));
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }

 private:
  std::variant<T, Status> rep_;
};

}  // namespace cairn

// Returns from the calling function with the status unless it is OK.
#define RETURN_IF_ERROR(expression)                                  \
  do {                                                               \
    ::cairn::Status return_if_error_status = (expression);           \
    if (!return_if_error_status.ok()) return return_if_error_status; \
  } while (false)

#define CAIRN_CONCAT_INNER(a, b) a##b
#define CAIRN_CONCAT(a, b) CAIRN_CONCAT_INNER(a, b)
// ASSIGN_OR_RETURN(auto file, env.Open(…)): the value, or return the error.
#define ASSIGN_OR_RETURN(declaration, expression) \
  ASSIGN_OR_RETURN_INNER(CAIRN_CONCAT(result_, __LINE__), declaration, expression)
// NOLINTBEGIN(bugprone-macro-parentheses): two of its arguments are names that it declares.
#define ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                   \
  if (!result.ok()) return result.status();                     \
  declaration = std::move(result).value()
// NOLINTEND(bugprone-macro-parentheses)
