#include "differential/grammar.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "differential/grammar_terms.h"
#include "util/ascii.h"
#include "util/check.h"

namespace cairn::test {
namespace {

constexpr GrammarRow kRows[] = {
    // Strings.
    {30, "GET <key>"},
    {40, "SET <key> <value>"},
    {30,
     "SET <key> <value> {NX|XX|GET|KEEPTTL|EX <seconds>|PX <ms>|EXAT <at-seconds>|PXAT <at-ms>}"},
    {12, "SET <key> <value> [(NX|XX)] [GET] [(EX <seconds>|PX <ms>|PXAT <at-ms>|KEEPTTL)]"},
    {6, "SETNX <key> <value>"},
    {5, "SETEX <key> <seconds> <value>"},
    {5, "PSETEX <key> <ms> <value>"},
    {6, "GETSET <key> <value>"},
    {8, "GETEX <key> {EX <seconds>|PX <ms>|EXAT <at-seconds>|PXAT <at-ms>|PERSIST}"},
    {8, "GETEX <key> [(EX <seconds>|PX <ms>|EXAT <at-seconds>|PXAT <at-ms>|PERSIST)]"},
    {6, "GETDEL <key>"},
    {8, "MGET <key> {<key>}"},
    {8, "MSET <key> <value> {<key> <value>}"},
    {6, "MSETNX <key> <value> {<key> <value>}"},
    {10, "APPEND <key> <value>"},
    {8, "STRLEN <key>"},
    {10, "GETRANGE <key> <index> <index>"},
    {4, "SUBSTR <key> <index> <index>"},
    {8, "SETRANGE <key> <offset> <value>"},
    {14, "INCR <key>"},
    {8, "DECR <key>"},
    {14, "INCRBY <key> <integer>"},
    {8, "DECRBY <key> <integer>"},
    {16, "INCRBYFLOAT <key> <float>"},
    {6, "LCS <key> <key> [LEN]"},
    {8, "LCS <key> <key> {IDX|WITHMATCHLEN|MINMATCHLEN <index>|len|<option>}"},
    {6, "LCS <key> <key> IDX [WITHMATCHLEN] [MINMATCHLEN <index>]"},
    // Bitmaps.
    {12, "SETBIT <key> <bit-offset> <bit>"},
    {1, "SETBIT <key> <bit-offset> <bit> [<option>]"},
    {8, "GETBIT <key> <bit-offset>"},
    {10, "BITCOUNT <key> [<index> <index> [(BYTE|BIT|bit|<option>)]]"},
    {12, "BITPOS <key> <bit> [<index> [<index> [(BYTE|BIT|byte|<option>)]]]"},
    {8, "BITOP (AND|OR|XOR|xor) <key> <key> {<key>}"},
    {4, "BITOP NOT <key> <key> [<key>]"},
    {12,
     "BITFIELD <key> {GET <field> <field-offset>|SET <field> <field-offset> <integer>|"
     "INCRBY <field> <field-offset> <integer>|OVERFLOW (WRAP|SAT|FAIL|sat|<option>)}"},
    {8, "BITFIELD <key> [OVERFLOW (SAT|FAIL)] (SET|INCRBY) <field> <field-offset> <integer> [GET]"},
    {4, "BITFIELD_RO <key> {GET <field> <field-offset>} [SET u8 0 1]"},
    // HyperLogLogs. Only one element for those that other commands may have damaged: Redis keeps
    // what
    // came before the one at which it finds that out.
    {20, "PFADD <hll> {<element>}"},
    {6, "PFADD <hll> <element> <element> <element> <element> <element> <element> {<element>}"},
    {6, "PFADD <key> [<element>]"},
    {8, "PFCOUNT <hll> [<hll>]"},
    {3, "PFCOUNT (<hll>|<key>) [<key>]"},
    {5, "PFMERGE <hll> {<hll>}"},
    {3, "PFMERGE <key> {<hll>|<key>}"},
    {12, "GET <hll>"},
    {3, "(RENAME|COPY) <hll> (<key>|<hll>)"},
    {3, "PFDEBUG (DECODE|encoding|<option>) (<hll>|<key>)"},
    {1, "PFDEBUG (GETREG|TODENSE) (<hll>|<key>)"},
    // Keys.
    {10, "DEL <key> {<key>}"},
    {5, "UNLINK <key> {<key>}"},
    {8, "EXISTS <key> {<key>}"},
    {6, "TOUCH <key> {<key>}"},
    {6, "TYPE <key>"},
    {6, "KEYS <glob>"},
    {3, "RANDOMKEY"},
    {8, "RENAME <key> <key>"},
    {6, "RENAMENX <key> <key>"},
    {8, "COPY <key> <key> {DB <db>|REPLACE}"},
    {5, "MOVE <key> <db>"},
    {12, "EXPIRE <key> <seconds> {NX|XX|GT|LT}"},
    {8, "PEXPIRE <key> <ms> {NX|XX|GT|LT}"},
    {8, "EXPIREAT <key> <at-seconds> {NX|XX|GT|LT}"},
    {8, "PEXPIREAT <key> <at-ms> {NX|XX|GT|LT}"},
    {8, "TTL <key>"},
    {8, "PTTL <key>"},
    {8, "EXPIRETIME <key>"},
    {8, "PEXPIRETIME <key>"},
    {6, "PERSIST <key>"},
    {14, "OBJECT ENCODING <key>"},
    {4, "OBJECT REFCOUNT <key>"},
    {2, "OBJECT IDLETIME <key>"},
    {2, "OBJECT FREQ <key>"},
    {1, "OBJECT HELP"},
    {6, "SCAN 0 {MATCH <glob>|TYPE <type>} COUNT 1000"},
    {3, "SCAN <integer> {MATCH <glob>|COUNT <integer>|TYPE <type>}"},
    // Databases. A whole SCAN makes the reference delete the expired keys that it still counts.
    {8, "SCAN 0 COUNT 1000 ; DBSIZE"},
    {6, "SELECT <db>"},
    {3, "SWAPDB <db> <db>"},
    {1, "FLUSHDB [(ASYNC|SYNC|<option>)]"},
    {1, "FLUSHALL [(ASYNC|SYNC|<option>)]"},
    {2,
     "SELECT 0 ; SCAN 0 COUNT 1000 ; SELECT 1 ; SCAN 0 COUNT 1000 ; SELECT 2 ; "
     "SCAN 0 COUNT 1000 ; INFO keyspace"},
    // Connection.
    {4, "PING [<value>]"},
    {3, "ECHO <value>"},
    {3, "HELLO [<protocol>] {SETNAME <name>|AUTH default <value>|AUTH <name> <value>}"},
    {1, "RESET"},
    {1, "AUTH <value> [<value>]"},
    {2, "CLIENT SETNAME <name>"},
    {2, "CLIENT GETNAME"},
    {2, "CLIENT ID"},
    {1, "CLIENT INFO"},
    {1, "CLIENT NO-EVICT (on|OFF|<option>)"},
    {1, "CLIENT LIST [TYPE (normal|master|replica|pubsub|<option>)]"},
    // Nobody has such an id or address.
    {1, "CLIENT LIST ID (999999|0|abc|-1) [999999]"},
    {1, "CLIENT KILL (ID (999999|0|abc)|ADDR 127.0.0.1:1|LADDR 1.2.3.4:5|TYPE junk|1.2.3.4:5)"},
    {1, "CLIENT KILL ID 999999 {ADDR 127.0.0.1:1|SKIPME <option>|SKIPME no|USER <name>|<option>}"},
    {1, "CLIENT REPLY (ON|<option>)"},
    {1, "CLIENT HELP"},
    {1, "CLIENT <option> [<value>]"},
    // Server.
    {1, "TIME"},
    {2, "COMMAND COUNT"},
    {6, "COMMAND INFO <command> {<command>}"},
    {3, "COMMAND DOCS <command> {<command>}"},
    {1, "COMMAND LIST FILTERBY (PATTERN <glob>|ACLCAT <option>|MODULE <option>|<option>)"},
    {3, "COMMAND GETKEYS (SET|GETEX|APPEND|COPY|MOVE|RENAME) <key> <key> {<option>}"},
    {3, "COMMAND GETKEYS (MGET|MSET|DEL|MSETNX|OBJECT ENCODING|PING|<command>) {<key>}"},
    {3, "COMMAND GETKEYSANDFLAGS (SET <key> <value> {<option>}|MSET <key> <value>|MGET <key>)"},
    {3, "COMMAND GETKEYSANDFLAGS (GETEX|COPY|RENAME|GETDEL|TTL|<command>) {<key>}"},
    {1, "COMMAND HELP"},
    {1, "COMMAND <option> {<value>}"},
    {3,
     "CONFIG GET (timeout|databases|proto-max-bulk-len|TIMEOUT|time?ut|nosuch|<option>) "
     "[(timeout|databases|tim*)]"},
    {1, "CONFIG SET timeout 0 {timeout 0|databases 16|nosuch 1|timeout abc|timeout -1}"},
    // Not below its least: the error names the greatest, which is lower here.
    {1, "CONFIG SET proto-max-bulk-len (512mb|536870912|abc|-1)"},
    {1, "CONFIG SET [timeout] [0] [nosuch]"},
    {1, "CONFIG RESETSTAT"},
    {1, "CONFIG HELP"},
    {1, "CONFIG <option> [<value>]"},
    {1, "INFO [(server|nosuch|everything|ALL|default|clients memory)]"},
    {1, "DEBUG SLEEP 0"},
    {1, "DEBUG OBJECT <key>"},
    {1, "OBJECT <option> [<key>]"},
    // Nothing that exists.
    {3, "<unknown> {<value>}"},
    {2, "<command> {<key>}"},
};

// Splits at `;`.
std::vector<std::string_view> Commands(std::string_view pattern) {
  std::vector<std::string_view> commands;
  for (;;) {
    const size_t end = pattern.find(';');
    commands.push_back(pattern.substr(0, end));
    if (end == std::string_view::npos) return commands;
    pattern.remove_prefix(end + 1);
  }
}

// Rows that are not mutated: CLIENT KILL might hit somebody by chance, COMMAND meet a command that
// only the reference has, DEBUG SLEEP for hours, CONFIG SET an option that matters, SETBIT and
// BITFIELD an offset that makes half a gigabyte.
bool IsFixed(std::string_view pattern) {
  return pattern.starts_with("SETBIT") || pattern.starts_with("BITFIELD") ||
         pattern.starts_with("CLIENT KILL") || pattern.starts_with("COMMAND ") ||
         pattern.starts_with("DEBUG ") || pattern.starts_with("CONFIG SET");
}

// Whether argument i is a time from now on.
bool IsDelay(const Command& command, size_t i) {
  const std::string_view name = command[0];
  for (const char* with_second : {"expire", "pexpire", "setex", "psetex"}) {
    if (i == 2 && EqualsIgnoreCase(name, with_second)) return true;
  }
  const std::string_view before = command[i - 1];
  return (EqualsIgnoreCase(name, "set") || EqualsIgnoreCase(name, "getex")) &&
         (EqualsIgnoreCase(before, "ex") || EqualsIgnoreCase(before, "px"));
}

// Nothing expires while the servers run: what they answer would depend on the moment.
void LengthenDelays(Command* command) {
  for (size_t i = 1; i < command->size(); ++i) {
    std::string& argument = (*command)[i];
    const bool is_short = !argument.empty() && argument.size() < 6 && argument[0] != '0' &&
                          argument.find_first_not_of("0123456789") == std::string::npos;
    if (is_short && IsDelay(*command, i)) argument += "00000000";
  }
}

}  // namespace

Grammar::Grammar(uint64_t seed) : random_(seed) {
  for (const GrammarRow& row : kRows) total_weight_ += row.weight;
}

std::vector<Command> Grammar::Next() {
  int at = static_cast<int>(random_.Uniform(static_cast<uint64_t>(total_weight_)));
  const GrammarRow* row = kRows;
  while (at >= row->weight) at -= (row++)->weight;
  CAIRN_CHECK(row < std::end(kRows));
  std::vector<Command> commands;
  for (const std::string_view part : Commands(row->pattern)) commands.push_back(Words(part));
  if (commands.size() == 1 && !IsFixed(row->pattern) && random_.OneIn(10)) {
    Mutate(&commands.front());
  }
  for (Command& command : commands) LengthenDelays(&command);
  // SET with a time that is over leaves a key that nobody sees but DBSIZE counts, until somebody
  // looks for it; in the reference also until a timer finds it.
  const Command& last = commands.back();
  if (last.size() > 3 && EqualsIgnoreCase(last[0], "set")) commands.push_back(Touch(last[1]));
  return commands;
}

Command Grammar::Touch(const std::string& key) {
  // None that answers before it looks at the key.
  static constexpr const char* kPatterns[] = {"EXISTS",
                                              "GET",
                                              "GETDEL",
                                              "TTL",
                                              "TYPE",
                                              "INCR",
                                              "STRLEN",
                                              "TOUCH",
                                              "APPEND <value>",
                                              "SETNX <value>",
                                              "GETSET <value>",
                                              "INCRBYFLOAT 1.5",
                                              "DEL",
                                              "COPY copied",
                                              "RENAME renamed",
                                              "UNLINK",
                                              "SETRANGE 3 xyz",
                                              "PERSIST",
                                              "EXPIRE 1000000",
                                              "GETEX PERSIST",
                                              "OBJECT ENCODING"};
  Command command = Words(kPatterns[random_.Uniform(std::size(kPatterns))]);
  const size_t place = EqualsIgnoreCase(command[0], "object") ? 2 : 1;
  command.insert(command.begin() + static_cast<ptrdiff_t>(place), key);
  return command;
}

Command Grammar::Words(std::string_view pattern) {
  Command command;
  size_t at = 0;
  Sequence(pattern, &at, &command);
  CAIRN_CHECK(at == pattern.size());
  if (random_.OneIn(6)) {
    for (char& c : command.front()) {
      if (random_.OneIn(2)) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return command;
}

void Grammar::Sequence(std::string_view pattern, size_t* at, Command* out) {
  while (*at < pattern.size()) {
    const char c = pattern[*at];
    if (c == '|' || c == ')' || c == ']' || c == '}') return;
    if (c == ' ') {
      ++*at;
    } else if (c == '[') {
      Command perhaps;
      Alternatives(pattern, at, ']', &perhaps);
      if (random_.OneIn(2)) out->insert(out->end(), perhaps.begin(), perhaps.end());
    } else if (c == '(') {
      Alternatives(pattern, at, ')', out);
    } else if (c == '{') {
      const size_t begin = *at;
      Command none;
      Alternatives(pattern, at, '}', &none);
      for (uint64_t i = random_.Uniform(5); i > 0; --i) {
        size_t again = begin;
        Alternatives(pattern, &again, '}', out);
      }
    } else {
      const size_t end = std::min(pattern.find_first_of(" |)]}", *at), pattern.size());
      const std::string_view word = pattern.substr(*at, end - *at);
      *at = end;
      out->push_back(word.front() == '<' ? RandomTerm(word.substr(1, word.size() - 2), random_)
                                         : std::string(word));
    }
  }
}

void Grammar::Alternatives(std::string_view pattern, size_t* at, char close, Command* out) {
  std::vector<Command> alternatives;
  do {
    ++*at;
    Sequence(pattern, at, &alternatives.emplace_back());
    CAIRN_CHECK(*at < pattern.size());
  } while (pattern[*at] == '|');
  CAIRN_CHECK(pattern[*at] == close);
  ++*at;
  const Command& chosen = alternatives[random_.Uniform(alternatives.size())];
  out->insert(out->end(), chosen.begin(), chosen.end());
}

void Grammar::Mutate(Command* command) {
  // The name stays: by chance it might become a command that the reference has and we have not.
  const size_t at = random_.Uniform(command->size());
  const auto place = command->begin() + static_cast<ptrdiff_t>(at);
  switch (at == 0 ? random_.Uniform(3) : random_.Uniform(7)) {
    case 0:
      command->resize(std::max<size_t>(at, 1));
      break;
    case 1:
      command->push_back(RandomTerm("option", random_));
      break;
    case 2:
      command->insert(place + 1, RandomTerm("integer", random_));
      break;
    case 3:
      *place = RandomTerm("value", random_);
      break;
    case 4:
      *place = RandomTerm("option", random_);
      break;
    case 5:
      command->erase(place);
      break;
    default:
      std::swap(*place, command->back());
  }
}

}  // namespace cairn::test
