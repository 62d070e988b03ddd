#include "differential/grammar_terms.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include "util/check.h"

namespace cairn::test {
namespace {

using namespace std::string_literals;

std::string Pick(std::span<const std::string> pool, Random& random) {
  return pool[random.Uniform(pool.size())];
}

std::string RandomBytes(Random& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random.Uniform(256));
  return bytes;
}

// Few, so that commands meet each other's keys.
std::string Key(Random& random) {
  static const std::string kPool[] = {"k1",
                                      "k2",
                                      "k3",
                                      "k4",
                                      "k5",
                                      "",
                                      "123",
                                      "-1",
                                      "a*b",
                                      "k[1-3]",
                                      "{tag}x",
                                      "\xc3\xa9",
                                      "\0bin\r\n\xff"s,
                                      std::string(300, 'L'),
                                      "key with space",
                                      "K1"};
  return Pick(kPool, random);
}

const std::string kIntegers[] = {"0",
                                 "1",
                                 "-1",
                                 "10",
                                 "-10",
                                 "9999",
                                 "10000",
                                 "2147483647",
                                 "2147483648",
                                 "4294967296",
                                 "9223372036854775806",
                                 "9223372036854775807",
                                 "9223372036854775808",
                                 "-9223372036854775807",
                                 "-9223372036854775808",
                                 "-9223372036854775809",
                                 "18446744073709551615",
                                 "99999999999999999999",
                                 "+1",
                                 " 1",
                                 "1 ",
                                 "01",
                                 "-0",
                                 "1.0",
                                 "1e2",
                                 "0x10",
                                 "",
                                 "abc",
                                 "1\0"s};

std::string Integer(Random& random) {
  if (random.OneIn(2)) return fmt::format("{}", static_cast<int64_t>(random.Uniform(200)) - 100);
  return Pick(kIntegers, random);
}

std::string Float(Random& random) {
  static const std::string kPool[] = {"1.5",
                                      "-1.5",
                                      "0.1",
                                      "0",
                                      "-0",
                                      "-0.0",
                                      "3.0",
                                      "5.0e3",
                                      "1.0e5",
                                      "1e-10",
                                      "200",
                                      "1e17",
                                      "1e300",
                                      "1e400",
                                      "1e4932",
                                      "1e5000",
                                      "-1e4932",
                                      "inf",
                                      "-inf",
                                      "+inf",
                                      "infinity",
                                      "nan",
                                      "0x1p3",
                                      "0xA",
                                      " 1.5",
                                      "1.5 ",
                                      "+1.5",
                                      ".5",
                                      "5.",
                                      "1,5",
                                      "",
                                      "abc",
                                      "1e",
                                      "3.14159265358979323846264338327950288",
                                      "0.000000000000000000001",
                                      "123456789012345678901234567890",
                                      "1.5\0"s};
  if (random.OneIn(4)) return Pick(kIntegers, random);
  return Pick(kPool, random);
}

std::string Value(Random& random) {
  switch (random.Uniform(8)) {
    case 0:
      return Pick(kIntegers, random);
    case 1:
      return Float(random);
    case 2:
      return RandomBytes(random, random.Uniform(30));
    // Around the length where Redis changes the encoding.
    case 3:
      return std::string(43 + random.Uniform(4), 'e');
    case 4:
      return std::string(random.Uniform(random.OneIn(10) ? 40'000 : 1000), 'v');
    case 5:
      return fmt::format("{}", random.Uniform(20'000));
    default:
      return fmt::format("value-{}", random.Uniform(50));
  }
}

// Times from now on are wide apart, so that GT and LT do not depend on the millisecond at which a
// server happens to run the command.
std::string Seconds(Random& random) {
  static const std::string kPool[] = {
      "0", "-1", "-1000000", "9223372036854775", "9223372036854776", "-9223372036854775808"};
  if (random.OneIn(5)) return Pick(kPool, random);
  if (random.OneIn(8)) return Pick(kIntegers, random);
  return fmt::format("{}", 100'000 + random.Uniform(1'000'000'000));
}

std::string Milliseconds(Random& random) {
  if (random.OneIn(5)) return Seconds(random);
  return fmt::format("{}", 100'000'000 + random.Uniform(1'000'000'000'000));
}

std::string AtSeconds(Random& random) {
  static const std::string kPool[] = {"1",
                                      "0",
                                      "-1",
                                      "1000000000",
                                      "4102444800",
                                      "33177117420",
                                      "9223372036854775",
                                      "9223372036854776"};
  if (random.OneIn(6)) return Pick(kIntegers, random);
  return Pick(kPool, random);
}

std::string AtMilliseconds(Random& random) {
  static const std::string kPool[] = {"1",
                                      "0",
                                      "-1",
                                      "1000000000000",
                                      "4102444800000",
                                      "4102444800999",
                                      "33177117420123",
                                      "9223372036854775807"};
  if (random.OneIn(6)) return Pick(kIntegers, random);
  return Pick(kPool, random);
}

// Three of them: what lies in others is not looked at.
std::string Database(Random& random) {
  static const std::string kPool[] = {
      "16", "-1", "abc", "", "01", "2147483648", "9223372036854775807", "9223372036854775808",
      "1.0"};
  if (random.OneIn(10)) return Pick(kPool, random);
  return fmt::format("{}", random.Uniform(3));
}

std::string Glob(Random& random) {
  static const std::string kPool[] = {"*",      "k*",    "k?",    "k[1-3]", "k[^1]", "k[3-1]",
                                      "*1",     "a\\*b", "K*",    "",       "?",     "\\",
                                      "[",      "k[",    "k[1",   "k[\\1]", "**",    "*x*",
                                      "{tag}*", "k[]1]", "k[1-]", "L*L",    "*\r*",  "k[12][^3]*"};
  return Pick(kPool, random);
}

std::string Index(Random& random) {
  if (random.OneIn(10)) return Pick(kIntegers, random);
  return fmt::format("{}", static_cast<int64_t>(random.Uniform(40)) - 20);
}

// Offsets of SETRANGE: near, or past what a string may have.
std::string Offset(Random& random) {
  static const std::string kPool[] = {"-1", "70000", "536870912", "9223372036854775807", "abc"};
  if (random.OneIn(8)) return Pick(kPool, random);
  return fmt::format("{}", random.Uniform(60));
}

std::string Bit(Random& random) {
  static const std::string kPool[] = {"2", "-1", "", "abc", "4294967296"};
  if (random.OneIn(15)) return Pick(kPool, random);
  return random.OneIn(3) ? "0" : "1";
}

// Where a bit lies: near, or past what a string may have. None that makes a string of megabytes.
std::string BitOffset(Random& random) {
  static const std::string kPool[] = {"-1", "4294967296", "9223372036854775807", "abc", "01", "#0"};
  if (random.OneIn(12)) return Pick(kPool, random);
  return fmt::format("{}", random.Uniform(random.OneIn(20) ? 70'000 : 200));
}

// Of BITFIELD: in bits, or in fields, also such that wrap around 64 bits.
std::string FieldOffset(Random& random) {
  static const std::string kPool[] = {
      "#-1",   "#4611686018427387904", "#2305843009213693952", "#abc", "#", "#9223372036854775807",
      "#0x10", "#288230376151711744"};
  if (random.OneIn(2)) return BitOffset(random);
  if (random.OneIn(12)) return Pick(kPool, random);
  return fmt::format("#{}", random.Uniform(12));
}

std::string FieldType(Random& random) {
  static const std::string kPool[] = {"u64", "i65", "u0",  "i0",     "U8",      "8",  "",
                                      "u",   "i-1", "u8 ", "u8\0x"s, "i\0008"s, "u08"};
  if (random.OneIn(20)) return Pick(kPool, random);
  static const std::string kUsual[] = {"u1", "i1",  "u2",  "u8",  "i8", "i5",
                                       "u7", "i63", "u63", "i64", "i32"};
  return Pick(kUsual, random);
}

// Of HyperLogLogs that nothing else edits.
std::string CounterKey(Random& random) {
  return fmt::format("h{}", random.Uniform(4));
}

// Many, so that HyperLogLogs fill up; some again.
std::string Element(Random& random) {
  if (random.OneIn(8)) return Value(random);
  return fmt::format("{}", random.Uniform(random.OneIn(3) ? 30 : 20'000));
}

std::string TypeName(Random& random) {
  static const std::string kPool[] = {"string", "STRING", "list", "set", "zset",
                                      "hash",   "stream", "none", ""};
  return Pick(kPool, random);
}

std::string ClientName(Random& random) {
  static const std::string kPool[] = {"name", "",   "with space", "new\nline",
                                      "\x7f", "~!", "\xc3\xa9"};
  return Pick(kPool, random);
}

std::string Protocol(Random& random) {
  static const std::string kPool[] = {"2", "3", "3", "2", "1", "4", "abc", "-1", ""};
  return Pick(kPool, random);
}

// Options of any command, for places where they do not belong.
std::string Option(Random& random) {
  static const std::string kPool[] = {"NX",    "XX",      "GT",      "LT",    "EX", "PX",
                                      "EXAT",  "PXAT",    "KEEPTTL", "GET",   "10", "PERSIST",
                                      "COUNT", "MATCH",   "TYPE",    "ASYNC", "DB", "REPLACE",
                                      "SYNC",  "default", "setname", "auth",  "*",  "junk"};
  return Pick(kPool, random);
}

std::string CommandName(Random& random) {
  static const std::string kPool[] = {"get",         "set",    "mget",
                                      "mset",        "msetnx", "del",
                                      "copy",        "rename", "append",
                                      "incr",        "expire", "object",
                                      "scan",        "keys",   "getex",
                                      "getdel",      "ping",   "select",
                                      "swapdb",      "config", "object|encoding",
                                      "config|get",  "client", "client|setname",
                                      "randomkey",   "touch",  "unlink",
                                      "exists",      "type",   "flushdb",
                                      "GETRANGE",    "substr", "nosuch",
                                      "get|x",       "",       "setbit",
                                      "bitop",       "bitpos", "bitfield",
                                      "bitfield_ro", "pfadd",  "pfcount",
                                      "pfmerge"};
  return Pick(kPool, random);
}

std::string UnknownCommand(Random& random) {
  static const std::string kPool[] = {"nosuch", "NOSUCH",    "",
                                      "get ",   "get|x",     "no\r\nsuch",
                                      "\xff\n", "no\0such"s, std::string(200, 'n'),
                                      "se",     "sett",      "'"};
  return Pick(kPool, random);
}

struct Kind {
  std::string_view name;
  std::string (*make)(Random&);
};

constexpr Kind kKinds[] = {
    {"key", Key},
    {"value", Value},
    {"integer", Integer},
    {"float", Float},
    {"seconds", Seconds},
    {"ms", Milliseconds},
    {"at-seconds", AtSeconds},
    {"at-ms", AtMilliseconds},
    {"db", Database},
    {"glob", Glob},
    {"index", Index},
    {"offset", Offset},
    {"bit", Bit},
    {"bit-offset", BitOffset},
    {"field-offset", FieldOffset},
    {"field", FieldType},
    {"hll", CounterKey},
    {"element", Element},
    {"type", TypeName},
    {"name", ClientName},
    {"protocol", Protocol},
    {"option", Option},
    {"command", CommandName},
    {"unknown", UnknownCommand},
};

}  // namespace

std::string RandomTerm(std::string_view kind, Random& random) {
  const Kind* found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [&](const Kind& known) { return known.name == kind; });
  CAIRN_CHECK(found != std::end(kKinds));
  return found->make(random);
}

}  // namespace cairn::test
