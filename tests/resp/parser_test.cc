// The parser finds the same commands however the bytes are cut, refuses what Redis refuses with
// Redis's words, copies only what it must, and takes no memory for bytes that have not come.
#include "resp/parser.h"

#include <fmt/format.h>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/resp_reference.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::resp {
namespace {

using namespace std::string_literals;  // with them a text may hold a NUL
using test::Command;
using test::Parsed;

std::string Encode(const Command& command) {
  std::string bytes = fmt::format("*{}\r\n", command.size());
  for (const std::string& arg : command) bytes += fmt::format("${}\r\n{}\r\n", arg.size(), arg);
  return bytes;
}

Parsed ParseBy(std::string_view bytes, size_t piece_bytes, const Limits& limits = {},
               bool unauthenticated = false) {
  Parser parser(&limits);
  parser.set_unauthenticated(unauthenticated);
  return test::ParseInPieces(bytes, parser, [=] { return piece_bytes; });
}

// In pieces of every kind, with one and the same result.
Parsed ParseEveryWay(std::string_view bytes, const Limits& limits = {},
                     bool unauthenticated = false) {
  const Parsed whole = ParseBy(bytes, bytes.size(), limits, unauthenticated);
  for (const size_t piece : {1, 2, 3, 7, 1000}) {
    if (piece >= bytes.size() && piece > 1) continue;
    const Parsed pieces = ParseBy(bytes, piece, limits, unauthenticated);
    INFO("in pieces of " << piece);
    CHECK(pieces == whole);
  }
  CHECK(test::ReferenceParser(bytes, limits, unauthenticated).Run() == whole);
  return whole;
}

std::string ErrorOf(std::string_view bytes, const Limits& limits = {},
                    bool unauthenticated = false) {
  const Parsed parsed = ParseEveryWay(bytes, limits, unauthenticated);
  CHECK(parsed.commands.empty());
  return parsed.error;
}

std::vector<Command> CommandsOf(std::string_view bytes) {
  const Parsed parsed = ParseEveryWay(bytes);
  CHECK(parsed.error == "");
  CHECK_FALSE(parsed.ends_mid_command);
  return parsed.commands;
}

std::string RandomBytes(Random& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random.Uniform(256));
  return bytes;
}

}  // namespace

TEST_CASE("a command that arrived whole is a view into the input", "[parser]") {
  const Limits limits;
  Parser parser(&limits);
  const std::string bytes = Encode({"SET", "key", ""}) + Encode({"GET", "key"}) + "*1\r\n";
  std::string_view input = bytes;
  std::vector<std::string_view> argv;
  REQUIRE(parser.Next(&input, &argv) == Parser::kCommand);
  CHECK(argv == std::vector<std::string_view>{"SET", "key", ""});
  CHECK(argv[1].data() == bytes.data() + 17);
  REQUIRE(parser.Next(&input, &argv) == Parser::kCommand);
  CHECK(argv == std::vector<std::string_view>{"GET", "key"});
  CHECK(input == "*1\r\n");
  CHECK(parser.memory_bytes() < 64);
  REQUIRE(parser.Next(&input, &argv) == Parser::kNeedMore);
  CHECK(parser.mid_command());
  CHECK(input.empty());
}

TEST_CASE("every cut of every command gives the same command", "[parser]") {
  const std::vector<std::pair<std::string, Command>> cases = {
      {"*1\r\n$4\r\nPING\r\n", {"PING"}},
      {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\nb\n\r\n", {"SET", "k", "a\r\nb\n"}},
      {"*2\r\n$0\r\n\r\n$0\r\n\r\n", {"", ""}},
      {"*2\r\n$3\r\n\0\r\n\r\n$2\r\n*1\r\n"s, {"\0\r\n"s, "*1"}},
      {"*1\r\n$12\r\n0123456789ab\r\n", {"0123456789ab"}},
      {"*0\r\n\r\n*-1\r\n*1\r\n$1\r\nx\r\n", {"x"}},
      {"*1\rx$4\r\rPINGxx", {"PING"}},
      {"PING\r\n", {"PING"}},
      {"set  k\t\"a b\\r\\x41\" 'it\\'s'\n", {"set", "k", "a b\rA", "it's"}},
  };
  for (const auto& [bytes, command] : cases) {
    CAPTURE(bytes);
    CHECK(CommandsOf(bytes) == std::vector<Command>{command});
    // Twice, so that what a cut left behind would be seen in the second.
    const std::string twice = bytes + bytes;
    for (size_t first = 1; first < twice.size(); ++first) {
      for (size_t second = first; second < twice.size(); ++second) {
        const Limits limits;
        Parser parser(&limits);
        size_t cuts = 0;
        const Parsed parsed = test::ParseInPieces(twice, parser, [&] {
          ++cuts;
          return cuts == 1 ? first : cuts == 2 ? second - first : twice.size();
        });
        REQUIRE(parsed == Parsed{{command, command}, "", false});
      }
    }
  }
}

TEST_CASE("a look ahead finds the whole commands and changes nothing", "[parser]") {
  const Limits limits;
  Parser parser(&limits);
  const std::string bytes = Encode({"GET", "a"}) + Encode({"SET", "b", "c"}) + "*1\r\n$4\r\nPI";
  std::string_view ahead = bytes;
  std::string_view input = bytes;
  std::vector<std::string_view> peeked, argv;
  for (int i = 0; i < 2; ++i) {
    REQUIRE(parser.Peek(&ahead, &peeked));
    REQUIRE(parser.Next(&input, &argv) == Parser::kCommand);
    CHECK(peeked == argv);
    CHECK(ahead == input);
  }
  CHECK_FALSE(parser.Peek(&ahead, &peeked));
  CHECK(ahead == "*1\r\n$4\r\nPI");
  CHECK(parser.Next(&input, &argv) == Parser::kNeedMore);
  // In the middle of a command what comes is no command, whatever it looks like.
  const std::string rest = Encode({"GET", "a"});
  ahead = rest;
  CHECK_FALSE(parser.Peek(&ahead, &peeked));
}

TEST_CASE("inline commands are split as redis-cli splits", "[parser]") {
  const auto words = [](const std::string& line) {
    const std::vector<Command> commands = CommandsOf(line + "\r\nEND\n");
    REQUIRE(commands.size() == 2);
    return commands[0];
  };
  CHECK(words("  get   key  ") == Command{"get", "key"});
  CHECK(words("echo \"\"") == Command{"echo", ""});
  CHECK(words("echo a\"b c\" '' d") == Command{"echo", "ab c", "", "d"});
  CHECK(words(R"(echo "\n\r\t\b\a\\\"\q\x00\xFf\x4z\x")").at(1) == "\n\r\t\b\a\\\"q\0\xffx4zx"s);
  CHECK(words(R"(echo 'a\n\'\x41')") == Command{"echo", "a\\n'\\x41"});
  CHECK(words("echo \va\vb\f") == Command{"echo", "a\vb\f"});
  CHECK(words("echo a\\ b") == Command{"echo", "a\\", "b"});
  CHECK(words("\xc3\xa9 \xff") == Command{"\xc3\xa9", "\xff"});
  CHECK(CommandsOf("\r\n\n \t \r\nPING\n") == std::vector<Command>{{"PING"}});
  for (const char* unbalanced : {"\"a", "'a", "a\"b\"c", "'a'b", "\"a\\\"", "\"\"\"", "\"a\\"}) {
    CAPTURE(unbalanced);
    CHECK(ErrorOf(std::string(unbalanced) + "\r\n") ==
          "Protocol error: unbalanced quotes in request");
  }
}

TEST_CASE("malformed headers are refused in Redis's words", "[parser]") {
  for (const char* count : {"", "x", "01", "+1", " 1", "1 ", "-0", "-", "--1", "1.0", "1048577",
                            "2147483648", "9223372036854775808", "99999999999999999999999"}) {
    CAPTURE(count);
    CHECK(ErrorOf(fmt::format("*{}\r\n$4\r\nPING\r\n", count)) ==
          "Protocol error: invalid multibulk length");
  }
  for (const char* size : {"", "x", "04", "+4", " 4", "4 ", "-0", "-1", "536870913",
                           "9223372036854775807", "9223372036854775808"}) {
    CAPTURE(size);
    CHECK(ErrorOf(fmt::format("*1\r\n${}\r\nPING\r\n", size)) ==
          "Protocol error: invalid bulk length");
  }
  CHECK(ErrorOf("*1\r\nfoo\r\n") == "Protocol error: expected '$', got 'f'");
  CHECK(ErrorOf("*1\r\n\n\r\n") == "Protocol error: expected '$', got '\n'");
  CHECK(ErrorOf("*1\r\n\r\n\r\n") == "Protocol error: expected '$', got '\r'");
  CHECK(ErrorOf("*1\r\n*1\r\n") == "Protocol error: expected '$', got '*'");
}

TEST_CASE("what came before an error is still answered, and the error stays", "[parser]") {
  const Limits limits;
  Parser parser(&limits);
  std::string_view input = "*1\r\n$4\r\nPING\r\nPING\r\n*x\r\n*1\r\n$4\r\nPING\r\n";
  std::vector<std::string_view> argv;
  CHECK(parser.Next(&input, &argv) == Parser::kCommand);
  CHECK(parser.Next(&input, &argv) == Parser::kCommand);
  for (int i = 0; i < 3; ++i) {
    CHECK(parser.Next(&input, &argv) == Parser::kError);
    CHECK(parser.error() == "Protocol error: invalid multibulk length");
    CHECK(argv.empty());
  }
}

TEST_CASE("lines have a limit wherever they are cut", "[parser]") {
  const std::string longest(Parser::kMaxLineBytes, 'x');
  CHECK(ParseEveryWay(longest + "\n").commands == std::vector<Command>{{longest}});
  CHECK(ErrorOf(longest + "x") == "Protocol error: too big inline request");
  CHECK(ErrorOf(longest + "x\n") == "Protocol error: too big inline request");
  CHECK(ErrorOf("*" + longest) == "Protocol error: too big mbulk count string");
  CHECK(ErrorOf("*" + longest + "\r\n") == "Protocol error: too big mbulk count string");
  CHECK(ErrorOf("*1\r\n$" + longest) == "Protocol error: too big bulk count string");
  CHECK(ErrorOf("*1\r\n" + longest + "x") == "Protocol error: too big bulk count string");
  CHECK(ErrorOf("*" + longest.substr(1) + "\r\n") == "Protocol error: invalid multibulk length");
  // A NUL hides the end of its line.
  CHECK(ParseEveryWay("PI\0NG\r\nPING\r\n"s) == Parsed{{}, "", true});
  CHECK(ParseEveryWay("*1\0\r\n\r\n"s) == Parsed{{}, "", true});
  CHECK(ErrorOf("\0"s + longest + "\r\n") == "Protocol error: too big inline request");
}

TEST_CASE("limits are taken from the configuration at each header", "[parser]") {
  Limits limits{.max_bulk_bytes = 10, .max_args = 3};
  CHECK(ErrorOf("*1\r\n$11\r\n", limits) == "Protocol error: invalid bulk length");
  CHECK(ErrorOf("*4\r\n", limits) == "Protocol error: invalid multibulk length");
  const std::string at_limit = Encode({"0123456789", "b", "c"});
  CHECK(ParseEveryWay(at_limit, limits).commands.size() == 1);

  Parser parser(&limits);
  std::vector<std::string_view> argv;
  std::string_view input = at_limit;
  CHECK(parser.Next(&input, &argv) == Parser::kCommand);
  limits.max_bulk_bytes = 9;
  input = at_limit;
  CHECK(parser.Next(&input, &argv) == Parser::kError);
}

TEST_CASE("before AUTH the limits are lower", "[parser]") {
  const Command ten(10, "x");
  const Command large{"AUTH", std::string(Parser::kMaxUnauthenticatedBulkBytes, 'p')};
  for (const Command& command : {ten, large}) {
    CHECK(ParseEveryWay(Encode(command), {}, true).commands == std::vector<Command>{command});
  }
  const std::string eleven = Encode(Command(11, "x"));
  const std::string larger = Encode({"AUTH", large[1] + "p"});
  CHECK(ErrorOf(eleven, {}, true) == "Protocol error: unauthenticated multibulk length");
  CHECK(ErrorOf(larger, {}, true) == "Protocol error: unauthenticated bulk length");
  CHECK(ParseEveryWay(eleven).commands.size() == 1);
  CHECK(ParseEveryWay(larger).commands.size() == 1);
}

TEST_CASE("random pipelines in random pieces", "[parser]") {
  Random random(test::Seed());
  for (int round = 0; round < 60; ++round) {
    std::vector<Command> commands(1 + random.Uniform(20));
    std::string bytes;
    for (Command& command : commands) {
      command.resize(1 + random.Uniform(random.OneIn(10) ? 200 : 5));
      for (std::string& arg : command) {
        arg = RandomBytes(random, random.Uniform(random.OneIn(40) ? 90000 : 40));
      }
      bytes += Encode(command);
      if (random.OneIn(8)) bytes += "\r\n*0\r\n*-7\r\n";
    }
    const Limits limits;
    Parser parser(&limits);
    const uint64_t largest = 1 + random.Uniform(random.OneIn(4) ? 70000 : 300);
    const Parsed parsed =
        test::ParseInPieces(bytes, parser, [&] { return random.Uniform(largest); });
    REQUIRE(parsed.error == "");
    REQUIRE(parsed.commands == commands);
    REQUIRE_FALSE(parsed.ends_mid_command);
  }
}

TEST_CASE("a large bulk is read in place, and its memory comes with its bytes", "[parser]") {
  const Limits limits;
  Parser parser(&limits);
  std::vector<std::string_view> argv;
  std::string_view input = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nfirst";
  REQUIRE(parser.Next(&input, &argv) == Parser::kNeedMore);
  CHECK(parser.memory_bytes() < 1024);

  size_t received = 5;
  while (received < 5'000'000) {
    const std::span<char> target = parser.DirectReadTarget();
    REQUIRE(target.size() >= Parser::kDirectReadBytes);
    REQUIRE(target.size() <= Parser::kMaxDirectReadBytes);
    const size_t read = std::min<size_t>(target.size(), 50'000);
    std::memset(target.data(), 'v', read);
    parser.CommitDirectRead(read);
    received += read;
    input = {};
    REQUIRE(parser.Next(&input, &argv) == Parser::kNeedMore);
    REQUIRE(parser.memory_bytes() < 2 * received + 2 * Parser::kDirectReadBytes);
  }
}

TEST_CASE("a direct read ends with its bulk", "[parser]") {
  const Limits limits;
  Parser parser(&limits);
  std::vector<std::string_view> argv;
  std::string_view input = "*2\r\n$5\r\nfirst\r\n$40000\r\n";
  REQUIRE(parser.Next(&input, &argv) == Parser::kNeedMore);
  size_t left = 40002;
  for (std::span<char> target = parser.DirectReadTarget(); !target.empty();
       target = parser.DirectReadTarget()) {
    REQUIRE(target.size() <= left);
    std::memset(target.data(), 'v', 1000);
    parser.CommitDirectRead(1000);
    left -= 1000;
    input = {};
    REQUIRE(parser.Next(&input, &argv) == Parser::kNeedMore);
  }
  CHECK(left < Parser::kDirectReadBytes);
  const std::string rest = std::string(left - 2, 'v') + "\r\nPING\r\n";
  input = rest;
  REQUIRE(parser.Next(&input, &argv) == Parser::kCommand);
  CHECK(argv == std::vector<std::string_view>{"first", std::string(40000, 'v')});
  // The command's memory goes when it is over, though nothing came.
  CHECK(parser.memory_bytes() > 40000);
  REQUIRE(parser.Next(&input, &argv) == Parser::kCommand);
  CHECK(argv == std::vector<std::string_view>{"PING"});
  CHECK(parser.memory_bytes() < 20000);
}

TEST_CASE("a million arguments in pieces", "[parser]") {
  std::string bytes = "*1048576\r\n";
  for (int i = 0; i < 1024 * 1024; ++i) bytes += "$1\r\nx\r\n";
  const Limits limits;
  Parser parser(&limits);
  const Parsed parsed = test::ParseInPieces(bytes, parser, [] { return 65536; });
  REQUIRE(parsed.commands.size() == 1);
  CHECK(parsed.commands[0].size() == 1024 * 1024);
  CHECK(parsed.commands[0].back() == "x");
  std::string_view none;
  std::vector<std::string_view> argv;
  CHECK(parser.Next(&none, &argv) == Parser::kNeedMore);
  CHECK(parser.memory_bytes() < 20000);
}

TEST_CASE("cost of a command", "[.bench]") {
  using Clock = std::chrono::steady_clock;
  constexpr int kRounds = 40'000;
  const Limits limits;
  Parser parser(&limits);
  std::vector<std::string_view> argv;
  const auto measure = [&](const char* name, const std::string& command) {
    std::string bytes;
    while (bytes.size() + command.size() <= 65536) bytes += command;
    size_t commands = 0;
    const auto start = Clock::now();
    for (int i = 0; i < kRounds; ++i) {
      std::string_view input = bytes;
      while (parser.Next(&input, &argv) == Parser::kCommand) ++commands;
    }
    const std::chrono::duration<double, std::nano> took = Clock::now() - start;
    WARN(fmt::format("{}: {:.1f} ns", name, took.count() / static_cast<double>(commands)));
  };
  measure("SET of 100 bytes", Encode({"SET", "key:000000000001", std::string(100, 'v')}));
  measure("GET", Encode({"GET", "key:000000000001"}));
  measure("inline PING", "PING\r\n");
}

}  // namespace cairn::resp
