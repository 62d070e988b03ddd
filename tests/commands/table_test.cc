// The command table against itself, look-ups, key extraction, and COMMAND.

#include "commands/table.h"

#include <catch2/catch.hpp>
#include <cctype>
#include <functional>
#include <set>

#include "commands/command_names.h"
#include "commands/command_runner.h"
#include "commands/key_extraction.h"

namespace cairn::test {
namespace {

void ForEachRow(const std::function<void(const ResolvedCommand&)>& visit) {
  for (const CommandSpec* spec : AllCommands()) {
    visit({spec, nullptr});
    for (const CommandSpec& subcommand : spec->subcommands) visit({&subcommand, spec});
  }
}

bool IsVersion(std::string_view text) {
  int dots = 0;
  for (const char c : text) {
    if (c == '.') ++dots;
    if (c != '.' && !IsDigit(c)) return false;
  }
  return dots == 2;
}

void CheckArgs(std::span<const CommandArg> args, const CommandSpec& spec) {
  for (const CommandArg& arg : args) {
    INFO(arg.name);
    CHECK_FALSE(arg.name.empty());
    const bool nested =
        arg.type == CommandArg::Type::kOneOf || arg.type == CommandArg::Type::kBlock;
    CHECK(nested == !arg.args.empty());
    CHECK((arg.type == CommandArg::Type::kKey) == (arg.key_spec_index >= 0));
    CHECK(arg.key_spec_index < static_cast<int>(spec.key_specs.size()));
    if (arg.type == CommandArg::Type::kPureToken) CHECK_FALSE(arg.token.empty());
    CHECK((arg.since.empty() || IsVersion(arg.since)));
    CheckArgs(arg.args, spec);
  }
}

TEST_CASE("Every row is complete") {
  ForEachRow([](const ResolvedCommand& command) {
    const CommandSpec& spec = *command.spec;
    INFO(FullName(command));
    CHECK(spec.name == LowerCase(spec.name));
    CHECK(spec.arity != 0);
    CHECK((spec.handler != nullptr || !spec.subcommands.empty()));
    CHECK(IsVersion(spec.since));
    CHECK_FALSE(spec.summary.empty());
    CHECK(spec.summary.back() != '.');
    CHECK_FALSE(spec.complexity.empty());
    CHECK(std::set<std::string_view>{"string", "bitmap", "hyperloglog", "generic", "connection",
                                     "server"}
              .contains(spec.group));
    for (const CommandHistory& entry : spec.history) {
      CHECK(IsVersion(entry.since));
      CHECK_FALSE(entry.change.empty());
    }
    CHECK(spec.deprecated_since.empty() == spec.replaced_by.empty());
    // A container alone has no arguments of its own; any other that takes some names them, but for
    // those that take a whole command: Redis 7.0 leaves that open.
    const bool whole_command = spec.name.starts_with("getkeys");
    const bool open = whole_command || spec.Has(CommandFlag::kSystemCommand);
    if (spec.subcommands.empty() && spec.arity < -1 && !open) {
      CHECK_FALSE(spec.args.empty());
    }
    CheckArgs(spec.args, spec);
  });
}

TEST_CASE("Flags, categories and key specs agree with each other") {
  ForEachRow([](const ResolvedCommand& command) {
    const CommandSpec& spec = *command.spec;
    INFO(FullName(command));
    const auto in = [&](AclCategory category) {
      return (spec.acl_categories & static_cast<uint32_t>(category)) != 0;
    };
    CHECK_FALSE((spec.Has(CommandFlag::kWrite) && spec.Has(CommandFlag::kReadonly)));
    CHECK_FALSE((spec.Has(CommandFlag::kControl) && spec.Has(CommandFlag::kWrite)));
    CHECK(in(AclCategory::kFast) == spec.Has(CommandFlag::kFast));
    CHECK(in(AclCategory::kSlow) == !spec.Has(CommandFlag::kFast));
    CHECK(in(AclCategory::kWrite) == spec.Has(CommandFlag::kWrite));
    CHECK(in(AclCategory::kString) == (spec.group == "string"));
    CHECK(in(AclCategory::kBitmap) == (spec.group == "bitmap"));
    CHECK(in(AclCategory::kHyperLogLog) == (spec.group == "hyperloglog"));
    if (spec.Has(CommandFlag::kAdmin)) CHECK(in(AclCategory::kDangerous));
    for (const KeySpec& key_spec : spec.key_specs) {
      constexpr uint32_t kKinds = KeySpec::kRo | KeySpec::kRw | KeySpec::kOw | KeySpec::kRm;
      CHECK(__builtin_popcount(key_spec.access & kKinds) == 1);
      const bool reads = (key_spec.access & KeySpec::kRo) != 0;
      // PFCOUNT writes no more than what spares the next one work.
      if (!reads && spec.name != "pfcount") CHECK(spec.Has(CommandFlag::kWrite));
      CHECK(key_spec.begin_index >= 1);
      CHECK(key_spec.key_step >= 1);
      const bool varies = (key_spec.access & KeySpec::kVariableFlags) != 0;
      CHECK(varies == (spec.variable_access != nullptr));
    }
  });
}

TEST_CASE("Commands are found in any case, and nothing else is") {
  ForEachRow([](const ResolvedCommand& command) {
    std::vector<std::string_view> argv{command.spec->name};
    if (command.container != nullptr) argv.insert(argv.begin(), command.container->name);
    const std::string upper = UpperCase(argv.back());
    argv.back() = upper;
    if (command.container == nullptr) {
      CHECK(FindCommand(upper) == command.spec);
      CHECK(FindCommand(upper + "x") == nullptr);
    }
    CHECK(ResolveCommand(argv).spec == command.spec);
    CHECK(FindByFullName(UpperCase(FullName(command))).spec == command.spec);
  });
  CHECK(FindCommand("") == nullptr);
  CHECK(FindCommand("get ") == nullptr);
  CHECK(FindCommand(std::string_view("get\0", 4)) == nullptr);
  CHECK(FindByFullName("config|nosuch").spec == nullptr);
  CHECK(FindByFullName("get|x").spec == nullptr);
  // A command without subcommands takes its argument as it is.
  const std::vector<std::string_view> get{"get", "help"};
  CHECK(ResolveCommand(get).spec == FindCommand("get"));
}

TEST_CASE("What is said of unknown commands") {
  CommandRunner runner;
  CHECK(runner.Run("foo") == "-ERR unknown command 'foo', with args beginning with: ");
  CHECK(runner.Run("foo a b") == "-ERR unknown command 'foo', with args beginning with: 'a' 'b' ");
  CHECK(runner.Run("\"a\\r\\nb\" x") ==
        "-ERR unknown command 'a  b', with args beginning with: 'x' ");
  CHECK(runner.Run("\"a\\x00b\"") == "-ERR unknown command 'a', with args beginning with: ");
  const std::string longest(200, 'x');
  const std::string cut(128, 'x');
  CHECK(runner.Run(longest) == "-ERR unknown command '" + cut + "', with args beginning with: ");
  // Arguments until 128 bytes are full, quotes and spaces counted.
  const std::string half(60, 'y');
  CHECK(runner.Run("foo " + half + " " + half + "z " + half) ==
        "-ERR unknown command 'foo', with args beginning with: '" + half + "' '" + half +
            "z' 'y' ");
  CHECK(runner.Run("Config " + longest) ==
        "-ERR unknown subcommand '" + cut + "'. Try CONFIG HELP.");
}

std::string Keys(const CommandSpec& spec, std::string_view line) {
  const std::vector<std::string> words = SplitWords(line);
  const std::vector<std::string_view> argv(words.begin(), words.end());
  std::vector<KeyArgument> keys;
  if (!ExtractKeys(spec, argv, &keys)) return "(invalid)";
  std::string text;
  for (const KeyArgument& key : keys) text += (text.empty() ? "" : " ") + words[key.index];
  return text;
}

TEST_CASE("Keys are found by key specs of every kind") {
  const auto keys = [](std::string_view line) {
    return Keys(*FindCommand(SplitWords(line)[0]), line);
  };
  CHECK(keys("get a") == "a");
  CHECK(keys("mset a 1 b 2") == "a b");
  CHECK(keys("del a b c") == "a b c");
  CHECK(keys("copy a b DB 1") == "a b");
  CHECK(keys("ping x").empty());
  const KeySpec keynum{
      .begin_index = 2, .find = KeySpec::Find::kKeyNum, .keynum_index = 0, .first_key = 1};
  CommandSpec spec{.name = "eval", .key_specs = {&keynum, 1}};
  CHECK(Keys(spec, "eval s 2 a b c") == "a b");
  CHECK(Keys(spec, "eval s 0 a").empty());
  CHECK(Keys(spec, "eval s 4 a b c") == "(invalid)");
  CHECK(Keys(spec, "eval s -1 a") == "(invalid)");
  CHECK(Keys(spec, "eval s x a") == "(invalid)");
  CHECK(Keys(spec, "eval s 9223372036854775807 a") == "(invalid)");
  KeySpec keyword{.begin = KeySpec::Begin::kKeyword,
                  .begin_index = 1,
                  .begin_keyword = "STREAMS",
                  .last_key = -1,
                  .limit = 2};
  spec.key_specs = {&keyword, 1};
  CHECK(Keys(spec, "xread COUNT 1 streams a b 0 0") == "a b");
  CHECK(Keys(spec, "xread COUNT 1").empty());
  CHECK(Keys(spec, "xread streams").empty());
  keyword = {.begin = KeySpec::Begin::kKeyword, .begin_index = -2, .begin_keyword = "KEYS"};
  CHECK(Keys(spec, "cmd KEYS a KEYS b x") == "b");
  const KeySpec unknown{.find = KeySpec::Find::kUnknown};
  spec.key_specs = {&unknown, 1};
  CHECK(Keys(spec, "cmd a").empty());
}

TEST_CASE("COMMAND GETKEYS and GETKEYSANDFLAGS") {
  CheckCases({
      {"COMMAND GETKEYS mset a 1 b 2", "[\"a\", \"b\"]"},
      {"COMMAND GETKEYS object encoding x", "[\"x\"]"},
      {"COMMAND GETKEYSANDFLAGS set a 1", "[[\"a\", [OW, update]]]"},
      {"COMMAND GETKEYSANDFLAGS set a 1 ex 5 get", "[[\"a\", [RW, access, update]]]"},
      {"COMMAND GETKEYSANDFLAGS copy a b", "[[\"a\", [RO, access]], [\"b\", [OW, update]]]"},
      {"COMMAND GETKEYS nosuch a", "-ERR Invalid command specified"},
      {"COMMAND GETKEYS ping a", "-ERR The command has no key arguments"},
      {"COMMAND GETKEYS get a b", "-ERR Invalid number of arguments specified for command"},
      {"COMMAND GETKEYS get", "-ERR wrong number of arguments for 'command|getkeys' command"},
  });
  CheckCases({{"COMMAND GETKEYSANDFLAGS get a", "[[\"a\", ~[RO, access]]]"}}, 3);
}

TEST_CASE("COMMAND INFO in the shape that clients read") {
  CheckCases({
      {"COMMAND INFO get nosuch",
       "[[\"get\", 2, [readonly, fast], 1, 1, 1, [@read, @string, @fast], [], [[\"flags\", [RO, "
       "access], \"begin_search\", [\"type\", \"index\", \"spec\", [\"index\", 1]], "
       "\"find_keys\", [\"type\", \"range\", \"spec\", [\"lastkey\", 0, \"keystep\", 1, "
       "\"limit\", 0]]]], []], nil]"},
      {"COMMAND INFO config|get",
       "[[\"config|get\", -3, [admin, noscript, loading, stale], 0, 0, 0, [@admin, @slow, "
       "@dangerous], [], [], []]]"},
  });
  CheckCases(
      {{"COMMAND INFO mget",
        "[[\"mget\", -2, ~[readonly, fast], 1, -1, 1, ~[@read, @string, @fast], "
        "~[\"request_policy:multi_shard\"], ~[{\"flags\": ~[RO, access], \"begin_search\": "
        "{\"type\": \"index\", \"spec\": {\"index\": 1}}, \"find_keys\": {\"type\": \"range\", "
        "\"spec\": {\"lastkey\": -1, \"keystep\": 1, \"limit\": 0}}}], ~[]]]"}},
      3);
  CommandRunner runner;
  CHECK(runner.Run("COMMAND INFO copy").starts_with("[[\"copy\", -3, [write, denyoom], 1, 2, 1,"));
  CHECK(runner.Run("COMMAND INFO mset").starts_with("[[\"mset\", -3, [write, denyoom], 1, -1, 2,"));
  CHECK(runner.Run("COMMAND") == runner.Run("COMMAND INFO"));
  // The rows of our own flags do not show.
  CHECK(runner.Run("COMMAND INFO keys").starts_with("[[\"keys\", 2, [readonly], 0, 0, 0,"));
}

TEST_CASE("COMMAND COUNT and LIST") {
  CheckCases({
      {"COMMAND LIST FILTERBY PATTERN GETR*", "[\"getrange\"]"},
      {"COMMAND LIST FILTERBY PATTERN object|f*", "[\"object|freq\"]"},
      {"COMMAND LIST FILTERBY MODULE x", "[]"},
      {"COMMAND LIST FILTERBY ACLCAT nosuch", "[]"},
      {"COMMAND LIST FILTERBY FOO x", "-ERR syntax error"},
      {"COMMAND LIST FOO", "-ERR syntax error"},
      {"COMMAND FOO", "-ERR unknown subcommand 'FOO'. Try COMMAND HELP."},
  });
  CommandRunner runner;
  CHECK(runner.Run("COMMAND COUNT") == std::to_string(AllCommands().size()));
  const std::string admin = runner.Run("COMMAND LIST FILTERBY ACLCAT admin");
  CHECK(admin.find("\"config|set\"") != std::string::npos);
  CHECK(admin.find("\"get\"") == std::string::npos);
  CHECK(runner.Run("COMMAND HELP").starts_with("[COMMAND <subcommand>"));
}

TEST_CASE("COMMAND DOCS in the shape that redis-cli reads") {
  CheckCases(
      {{"COMMAND DOCS getset nosuch",
        "{\"getset\": {\"summary\": \"Makes a key hold a string and returns the one before\", "
        "\"since\": \"1.0.0\", \"group\": \"string\", \"complexity\": \"O(1)\", \"doc_flags\": "
        "~[deprecated], \"deprecated_since\": \"6.2.0\", \"replaced_by\": \"`SET` with the `!GET` "
        "argument\", \"arguments\": [{\"name\": \"key\", \"type\": \"key\", \"key_spec_index\": "
        "0}, {\"name\": \"value\", \"type\": \"string\"}]}}"}},
      3);
  CommandRunner runner;
  const std::string scan = runner.Run("COMMAND DOCS scan");
  CHECK(scan.find("[\"name\", \"pattern\", \"type\", \"pattern\", \"token\", \"MATCH\", \"flags\", "
                  "[optional]]") != std::string::npos);
  CHECK(scan.find("\"history\", [[\"6.0.0\", ") != std::string::npos);
  const std::string client = runner.Run("COMMAND DOCS client");
  CHECK(client.find("\"subcommands\", [\"client|getname\", [\"summary\"") != std::string::npos);
  CHECK(runner.Run("COMMAND DOCS debug").find("[syscmd]") != std::string::npos);
  CHECK(runner.Run("COMMAND DOCS nosuch") == "[]");
  CHECK(runner.Run("COMMAND DOCS config|get").starts_with("[\"config|get\", [\"summary\""));
}

}  // namespace
}  // namespace cairn::test
