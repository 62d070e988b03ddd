#pragma once
// Cuts a connection's input into commands: RESP multibulk (what every client sends, in RESP2 and
// RESP3 alike) and inline lines. One parser a connection; the loop feeds it views of the shared
// read buffer, and arguments of a command that arrived whole are views into that buffer. Only a
// command that did not arrive whole is copied out, into memory of the parser's own, and the rest of
// a bulk beyond 32 KiB can be read from the socket straight to its place there.
//
//   std::string_view input = <what was read>;
//   for (;;) {
//     switch (parser.Next(&input, &argv)) {
//       case kCommand:  run argv (copy it if the command must be parked); continue;
//       case kNeedMore: read again, into DirectReadTarget() if that is not empty; return;
//       case kError:    send "-ERR " + parser.error(), close; return;
//     }
//   }
//
// Thread safety: none; it belongs to its connection.
// Errors: what breaks the protocol or a limit is kError, for good; input may then be in any state.
// Texts and limits are those of Redis 7.0, except that a count beyond max_args is refused (Redis 7
// lets the count grow to 2^31) and that whether a line is too long does not depend on how it was
// split into packets. As in Redis, the two bytes that end a bulk, and the byte behind a header's
// CR, are skipped unread, a NUL hides the end of its line, and a count below 1 is no command.
// Source: RESP specification; behaviour of redis-server 7.0.15.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/pending_bytes.h"

namespace cairn::resp {

// Shared by all parsers of a server; CONFIG SET takes effect at the next header.
struct Limits {
  uint64_t max_bulk_bytes = 512ULL * 1024 * 1024;  // proto-max-bulk-len
  uint64_t max_args = 1024 * 1024;
};

class Parser {
 public:
  enum Outcome { kCommand, kNeedMore, kError };

  // Longest line without its end: an inline command or a header.
  static constexpr size_t kMaxLineBytes = 64 * 1024;
  // Before AUTH.
  static constexpr uint64_t kMaxUnauthenticatedArgs = 10;
  static constexpr uint64_t kMaxUnauthenticatedBulkBytes = 16 * 1024;
  // From here on the rest of a bulk is worth reading in place.
  static constexpr size_t kDirectReadBytes = 32 * 1024;
  // At most so much in one direct read: the loop has other connections.
  static constexpr size_t kMaxDirectReadBytes = 256 * 1024;

  // `limits` outlives the parser.
  explicit Parser(const Limits* limits) : limits_(limits) {}

  // Whether AUTH is required and has not succeeded: then the lower limits hold.
  void set_unauthenticated(bool value) { unauthenticated_ = value; }

  // Takes one command off the front of *input.
  //   kCommand: argv has at least one argument. The views are valid until the next call of a method
  //     of this parser that is not const, and no longer than the caller keeps input's bytes.
  //   kNeedMore: all of *input was taken; argv is empty and nothing points into input's bytes.
  //   kError: see error(); every later call says the same.
  // Frees a large previous command's memory, also when *input is empty: so call it until kNeedMore.
  Outcome Next(std::string_view* input, std::vector<std::string_view>* argv);

  // Takes one whole command off the front of *input as Next would, but keeps no trace of it: a look
  // ahead. False if there is none, or one that Next has to look at more closely.
  bool Peek(std::string_view* input, std::vector<std::string_view>* argv) const {
    argv->clear();
    return phase_ == Phase::kIdle && TakeWholeCommand(input, argv);
  }

  // Where the socket's next bytes belong if a large bulk is on its way; empty otherwise, or if
  // input is left. Valid until the next call of another method. After reading n bytes there, call
  // CommitDirectRead(n) and then Next, with an empty input.
  std::span<char> DirectReadTarget();
  void CommitDirectRead(size_t bytes);

  // What broke the protocol, "Protocol error: …". Requires: Next said kError.
  const std::string& error() const { return error_; }
  // Whether part of a command was taken that Next has not returned.
  bool mid_command() const { return phase_ != Phase::kIdle; }
  // Bytes of memory that this parser holds for commands.
  size_t memory_bytes() const {
    return pending_.capacity() + line_.capacity() + args_.capacity() * sizeof(Arg);
  }

 private:
  enum class Phase : unsigned char { kIdle, kInline, kArgCount, kBulkLength, kBulkBody, kFailed };
  // What one phase did.
  enum class Step : unsigned char { kNextPhase, kCommand, kNeedMore, kError };
  // An argument in pending_.
  struct Arg {
    size_t offset;
    size_t size_bytes;
  };

  uint64_t MaxArgs() const;
  uint64_t MaxBulkBytes() const;

  // A whole and plain multibulk command at the front of *input, without touching the state; false
  // for everything else, errors too: the phases below sort that out.
  bool TakeWholeCommand(std::string_view* input, std::vector<std::string_view>* argv) const;

  Step Advance(std::string_view* input, std::vector<std::string_view>* argv);
  Step TakeInline(std::string_view* input, std::vector<std::string_view>* argv);
  Step TakeArgCount(std::string_view* input);
  Step TakeBulkLength(std::string_view* input);
  Step TakeBulkBody(std::string_view* input, std::vector<std::string_view>* argv);

  // Moves bytes to line_ up to its end, which is dropped. False if there is more to come, or it is
  // too long (Full()).
  bool TakeInlineLine(std::string_view* input);
  bool TakeHeaderLine(std::string_view* input);
  void PutInLine(char c);
  bool LineIsTooLong() const { return line_.size() > kMaxLineBytes; }
  // line_ is done with.
  void ForgetLine();

  Step Fail(std::string text);
  void Reset();

  const Limits* limits_;
  Phase phase_ = Phase::kIdle;
  bool unauthenticated_ = false;
  bool holds_bytes_ = false;  // of the last command, or of the one that is coming
  bool line_has_nul_ = false;
  bool line_has_cr_ = false;
  uint64_t args_left_ = 0;
  uint64_t body_left_bytes_ = 0;  // of the bulk that is coming, its CR LF included
  std::string line_;              // an inline command or header that is coming
  PendingBytes pending_;          // arguments that have come, each with its CR LF
  std::vector<Arg> args_;
  std::string error_;
};

}  // namespace cairn::resp
