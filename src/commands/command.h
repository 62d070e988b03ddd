#pragma once
// The command table's row and what a handler is given (design §2, §15 "Interface").
//
// A handler is a plain synchronous function: arguments, state and a clock in; staged effects and a
// reply out. It never blocks and touches nothing else, so it may run any number of times before
// one run counts. Handlers of control commands (CommandFlag::kControl) are run exactly once, at
// commit, and may change the session and the server through the interfaces given. One that reads
// keys (DEBUG OBJECT) changes nothing, and is run again like any other when it misses.
//
// Thread: the loop, or a worker for snapshot jobs (then with a blocking read context).

#include <cstdint>
#include <span>
#include <string_view>

#include "commands/effects.h"
#include "commands/server_control.h"
#include "commands/session.h"
#include "keyspace/transaction.h"
#include "resp/writer.h"

namespace cairn {

struct CommandSpec;

struct CommandContext {
  std::span<const std::string_view> argv;  // argv[0] is the command's name as it was sent
  const CommandSpec& spec;                 // the row (a subcommand's own row where it has one)
  Transaction& tx;
  Effects& effects;
  resp::Writer& reply;
  Session& session;                               // read only, except in control commands
  ServerControl& server;                          // control commands and INFO-like ones only
  uint64_t max_bulk_bytes = uint64_t{512} << 20;  // proto-max-bulk-len: no string grows beyond it
  // The command may ask to wait (Effects::wait). False once it need wait no longer, and where
  // nobody can wait: then it answers with what there is.
  bool may_wait = false;
};

using Handler = void (*)(CommandContext&);

// Redis's command flags (COMMAND INFO) and two of our own.
enum class CommandFlag : uint32_t {
  kWrite = 1u << 0,
  kReadonly = 1u << 1,
  kDenyOom = 1u << 2,
  kAdmin = 1u << 3,
  kPubsub = 1u << 4,
  kNoScript = 1u << 5,
  kBlocking = 1u << 6,
  kLoading = 1u << 7,
  kStale = 1u << 8,
  kSkipMonitor = 1u << 9,
  kSkipSlowlog = 1u << 10,
  kAsking = 1u << 11,
  kFast = 1u << 12,
  kNoAuth = 1u << 13,
  kMayReplicate = 1u << 14,
  kNoAsyncLoading = 1u << 15,
  kNoMulti = 1u << 16,
  kMovableKeys = 1u << 17,
  kAllowBusy = 1u << 18,
  // Ours, not shown by COMMAND INFO:
  kControl = 1u << 24,  // run once, at commit; changes session or server
  // Takes long without a bound (KEYS, LCS): a snapshot job on a worker then. Only reads, and of the
  // session's database alone.
  kLarge = 1u << 25,
  kNoTouch = 1u << 26,        // looks at keys without using them (TTL, OBJECT): idle times stay
  kSystemCommand = 1u << 27,  // COMMAND DOCS says doc flag "syscmd"
  // Always a snapshot job (with kLarge), since it blocks for longer than the loop may: asks neither
  // the server nor the session.
  kOnWorker = 1u << 28,
};
constexpr uint32_t operator|(CommandFlag a, CommandFlag b) {
  return static_cast<uint32_t>(a) | static_cast<uint32_t>(b);
}
constexpr uint32_t operator|(uint32_t a, CommandFlag b) {
  return a | static_cast<uint32_t>(b);
}

// ACL categories as bits, in the order in which COMMAND INFO prints them.
enum class AclCategory : uint32_t {
  kKeyspace = 1u << 0,
  kRead = 1u << 1,
  kWrite = 1u << 2,
  kSet = 1u << 3,
  kSortedSet = 1u << 4,
  kList = 1u << 5,
  kHash = 1u << 6,
  kString = 1u << 7,
  kBitmap = 1u << 8,
  kHyperLogLog = 1u << 9,
  kGeo = 1u << 10,
  kStream = 1u << 11,
  kPubsub = 1u << 12,
  kAdmin = 1u << 13,
  kFast = 1u << 14,
  kSlow = 1u << 15,
  kBlocking = 1u << 16,
  kDangerous = 1u << 17,
  kConnection = 1u << 18,
  kTransaction = 1u << 19,
  kScripting = 1u << 20,
};
constexpr uint32_t operator|(AclCategory a, AclCategory b) {
  return static_cast<uint32_t>(a) | static_cast<uint32_t>(b);
}
constexpr uint32_t operator|(uint32_t a, AclCategory b) {
  return a | static_cast<uint32_t>(b);
}

// Key specification, as in the Redis manual ("Command key specifications"): where keys begin, how
// many follow, what is done to them.
struct KeySpec {
  enum class Begin : uint8_t { kIndex, kKeyword, kUnknown };
  enum class Find : uint8_t { kRange, kKeyNum, kUnknown };
  enum Access : uint32_t {
    kRo = 1u << 0,
    kRw = 1u << 1,
    kOw = 1u << 2,
    kRm = 1u << 3,
    kAccess = 1u << 4,
    kUpdate = 1u << 5,
    kInsert = 1u << 6,
    kDelete = 1u << 7,
    kNotKey = 1u << 8,
    kIncomplete = 1u << 9,
    kVariableFlags = 1u << 10,
  };
  uint32_t access = 0;
  std::string_view notes = {};
  Begin begin = Begin::kIndex;
  int begin_index = 1;                  // kIndex: the argument; kKeyword: where the search starts
  std::string_view begin_keyword = {};  // kKeyword
  Find find = Find::kRange;
  int last_key = 0, key_step = 1, limit = 0;  // kRange
  int keynum_index = 0, first_key = 0;        // kKeyNum (key_step too)
};

// An argument of the command, as COMMAND DOCS describes it.
struct CommandArg {
  enum class Type : uint8_t {
    kString,
    kInteger,
    kDouble,
    kKey,
    kPattern,
    kUnixTime,
    kPureToken,
    kOneOf,
    kBlock
  };
  enum Flag : uint8_t { kOptional = 1, kMultiple = 2, kMultipleToken = 4 };
  std::string_view name = {};
  Type type = Type::kString;
  uint8_t flags = 0;
  int key_spec_index = -1;
  std::string_view token = {}, summary = {}, since = {}, deprecated_since = {};
  std::span<const CommandArg> args = {};  // of kOneOf and kBlock
};

struct CommandHistory {
  std::string_view since, change;
};

// One row. Rows are constexpr tables, one per family, in the family's file or its _table.cc;
// commands/table.cc lists the families. Texts are our own words; names, arity, flags, categories,
// key specs, argument names and tokens are Redis 7.0.15's.
struct CommandSpec {
  std::string_view name = {};  // lower case; of a subcommand: without its container ("get")
  int arity = 0;               // as in Redis: negative = at least
  uint32_t flags = 0;          // CommandFlag
  uint32_t acl_categories = 0;
  std::string_view group = {}, since = {}, summary = {}, complexity = {};
  Handler handler = nullptr;  // null for a container that is nothing without a subcommand
  std::span<const KeySpec> key_specs = {};
  std::span<const CommandArg> args = {};
  std::span<const std::string_view> tips = {};
  std::span<const CommandHistory> history = {};
  std::span<const CommandSpec> subcommands = {};
  // Of rows with a key spec of kVariableFlags: what these arguments really do to the key.
  uint32_t (*variable_access)(std::span<const std::string_view> argv) = nullptr;
  std::string_view deprecated_since = {}, replaced_by = {};

  bool Has(CommandFlag flag) const { return flags & static_cast<uint32_t>(flag); }
  bool ArityFits(size_t argc) const {
    return arity >= 0 ? argc == static_cast<size_t>(arity) : argc >= static_cast<size_t>(-arity);
  }
};

// --- commands/table.h has the look-up; see there ---

}  // namespace cairn
