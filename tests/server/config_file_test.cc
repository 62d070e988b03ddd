// redis.conf as redis-server reads it: quoting, include, units, arguments; each Redis option same,
// ignored or refused; errors name file, line and text.

#include "server/config_file.h"

#include <catch2/catch.hpp>
#include <string>

#include "env/fault_env.h"
#include "lsm/chunk_pool.h"
#include "server/config_redis_options.h"
#include "server/config_table.h"
#include "server/memory_budget.h"

namespace cairn::test {
namespace {

Result<LoadedConfig> Load(const std::string& text, std::vector<std::string> lines = {}) {
  FaultEnv env;
  CHECK(env.MakeDirectories("/etc").ok());
  CHECK(env.ReplaceFile("/etc/r.conf", text).ok());
  return LoadConfig(env, {.file = "/etc/r.conf", .lines = std::move(lines)}, "/work");
}

std::string ErrorOf(const std::string& text) {
  const auto loaded = Load(text);
  return loaded.ok() ? "" : std::string(loaded.status().message());
}

std::string Shown(const Config& config, std::string_view name) {
  return FindConfigOption(name)->get(config);
}

TEST_CASE("a file's options become values") {
  const auto loaded = Load(
      "# a comment\n"
      "\n"
      "  port 7000  \n"
      "BIND 127.0.0.1 -::1\r\n"
      "requirepass \"a \\\"b\\\" \\x41\"\n"
      "logfile ''\n"
      "appendfsync everysec\n"
      "proto-max-bulk-len 2mb\n"
      "lsm-memtable-size 1gb\n"
      "unixsocketperm 700\n"
      "client-output-buffer-limit normal 10mb 1mb 30\n"
      "client-output-buffer-limit \"replica 1gb 0 0\"\n"
      "protected-mode no");
  REQUIRE(loaded.ok());
  const Config& config = loaded->config;
  CHECK(config.port == 7000);
  CHECK(config.bind == std::vector<std::string>{"127.0.0.1", "-::1"});
  CHECK(config.clients.password == "a \"b\" A");
  CHECK(config.engine.sync_mode == lsm::SyncMode::kEverySecond);
  CHECK(config.clients.reply_level == ReplyLevel::kWritten);
  CHECK(config.protocol.max_bulk_bytes == 2 << 20);
  CHECK(config.engine.memtable_bytes == size_t{1} << 30);
  CHECK(config.unixsocketperm == 0700);
  CHECK(config.clients.normal == OutputLimit{10 << 20, 1 << 20, 30});
  CHECK(config.clients.replica == OutputLimit{uint64_t{1} << 30, 0, 0});
  CHECK_FALSE(config.protected_mode);
  CHECK(loaded->file == "/etc/r.conf");
  CHECK(loaded->warnings.empty());
}

TEST_CASE("an unknown or malformed line stops with file, line and text") {
  CHECK(ErrorOf("port 7000\nno-such-option 1\n") ==
        "Reading /etc/r.conf, at line 2\n>>> 'no-such-option 1'\n"
        "Bad directive or wrong number of arguments");
  CHECK(ErrorOf("port x") ==
        "Reading /etc/r.conf, at line 1\n>>> 'port x'\n"
        "argument couldn't be parsed into an integer");
  for (const auto& [line, why] : std::vector<std::pair<std::string, std::string>>{
           {"port 65536", "argument must be between 0 and 65535 inclusive"},
           {"port", "wrong number of arguments"},
           {"port 1 2", "wrong number of arguments"},
           {"daemonize maybe", "argument must be 'yes' or 'no'"},
           {"appendfsync sometimes",
            "argument(s) must be one of the following: everysec, always, no"},
           {"proto-max-bulk-len 1tb", "argument must be a memory value"},
           {"unixsocketperm 999", "argument couldn't be parsed as an octal number"},
           {"latency-tracking-info-percentiles 50 x",
            "Invalid latency-tracking-info-percentiles parameters"},
           {"latency-tracking-info-percentiles 101",
            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"},
           {std::string("requirepass a\0b", 15), "A NUL byte in configuration line"},
           {R"(unixsocket "/tmp/mine\x00more")", "a path cannot hold a NUL byte"},
           {R"(dir "\x00")", "a path cannot hold a NUL byte"},
           {"requirepass \"open", "Unbalanced quotes in configuration line"},
           {"client-output-buffer-limit normal 1 2",
            "Wrong number of arguments in buffer limit configuration."},
           {"client-output-buffer-limit robots 1 2 3",
            "Invalid client class specified in buffer limit configuration."}}) {
    INFO(line);
    CHECK(ErrorOf(line).ends_with(why));
  }
  CHECK(ErrorOf("wal-size 1mb\nwal-slot-size 1mb\n") ==
        "wal-size must hold at least two slots (wal-slot-size)");
}

TEST_CASE("options that only Redis has are ignored with a line, or refused") {
  const auto loaded = Load("hash-max-listpack-entries 512\nsave 3600 1\nrdbcompression yes\n");
  REQUIRE(loaded.ok());
  REQUIRE(loaded->warnings.size() == 2);
  CHECK(loaded->warnings[0].starts_with(
      "/etc/r.conf, line 1: option hash-max-listpack-entries is ignored: "));
  CHECK(ErrorOf("replicaof 10.0.0.1 6379").find("option replicaof is refused: ") !=
        std::string::npos);
  CHECK(ErrorOf("user alice on nopass").find("option user is refused: ") != std::string::npos);
  CHECK(ErrorOf("tls-port 6380").find("option tls-port is refused: ") != std::string::npos);
  CHECK(ErrorOf("cluster-enabled no").empty());
  const auto no_log = Load("appendonly no");
  REQUIRE(no_log.ok());
  REQUIRE(no_log->warnings.size() == 1);
  CHECK(no_log->warnings[0].find("does not switch the write-ahead log off") != std::string::npos);
}

TEST_CASE("what has no effect is judged all the same") {
  for (const auto* good : {"save 900 1", "save 900 1 300 10", "save \"900 1 300 0\"", "save \"\"",
                           "hz 10", "appendonly YES"}) {
    INFO(good);
    CHECK(ErrorOf(good).empty());
  }
  for (const auto* bad :
       {"save 900", "save", "save 0 1", "save 900 -1", "save 900 x", "save 900 1 300"}) {
    INFO(bad);
    CHECK(ErrorOf(bad).find("at line 1") != std::string::npos);
  }
  CHECK(ErrorOf("appendonly maybe").find("argument must be 'yes' or 'no'") != std::string::npos);
  CHECK(ErrorOf("hz often").find("couldn't be parsed into an integer") != std::string::npos);
}

TEST_CASE("no option is both ours and only Redis's") {
  for (const ConfigOption& option : ConfigOptions()) {
    INFO(option.name);
    CHECK(FindRedisOnlyOption(option.name) == nullptr);
  }
}

TEST_CASE("include reads files in place, by pattern in name order") {
  FaultEnv env;
  REQUIRE(env.MakeDirectories("/etc/conf.d").ok());
  REQUIRE(env.ReplaceFile("/etc/r.conf", "port 1\ninclude /etc/conf.d/*.conf\ntimeout 9\n").ok());
  REQUIRE(env.ReplaceFile("/etc/conf.d/b.conf", "port 3\ntimeout 3\n").ok());
  REQUIRE(env.ReplaceFile("/etc/conf.d/a.conf", "port 2\n").ok());
  REQUIRE(env.ReplaceFile("/etc/conf.d/c.txt", "port 4\n").ok());
  const auto loaded = LoadConfig(env, {.file = "/etc/r.conf", .lines = {}}, "/");
  REQUIRE(loaded.ok());
  CHECK(loaded->config.port == 3);
  CHECK(loaded->config.clients.idle_timeout_seconds == 9);
  REQUIRE(env.ReplaceFile("/etc/loop.conf", "include /etc/loop.conf\n").ok());
  const auto loop = LoadConfig(env, {.file = "/etc/loop.conf", .lines = {}}, "/");
  REQUIRE_FALSE(loop.ok());
  CHECK(loop.status().message().find("too many files include each other") != std::string::npos);
  const auto missing = LoadConfig(env, {.file = "/etc/none.conf", .lines = {}}, "/");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.status().message().find("/etc/none.conf") != std::string::npos);
  REQUIRE(env.ReplaceFile("/etc/r.conf", "port 1\ninclude /etc/none.conf\n").ok());
  const auto inner = LoadConfig(env, {.file = "/etc/r.conf", .lines = {}}, "/");
  REQUIRE_FALSE(inner.ok());
  CHECK(inner.status().message().find("Reading /etc/r.conf, at line 2") != std::string::npos);
}

TEST_CASE("arguments: a file first, then options with their words; they win over the file") {
  const std::vector<std::string_view> args = {"x.conf",    "--port",        "7000", "--bind", "::1",
                                              "127.0.0.1", "--requirepass", "a b",  "--save", ""};
  const auto parsed = ParseArguments(args);
  REQUIRE(parsed.ok());
  CHECK(parsed->source.file == "x.conf");
  CHECK(parsed->source.lines == std::vector<std::string>{"port 7000", "bind ::1 127.0.0.1",
                                                         "requirepass \"a b\"", "save \"\""});
  const auto loaded = Load("port 1\ntimeout 5", parsed->source.lines);
  REQUIRE(loaded.ok());
  CHECK(loaded->config.port == 7000);
  CHECK(loaded->config.clients.password == "a b");
  CHECK(loaded->config.clients.idle_timeout_seconds == 5);

  const auto bad = Load("", {"port abc"});
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.status().message().starts_with("Reading the command line, at line 1\n>>> 'port abc'"));

  CHECK(ParseArguments(std::vector<std::string_view>{"-v"})->version);
  CHECK(ParseArguments(std::vector<std::string_view>{"--version"})->version);
  CHECK(ParseArguments(std::vector<std::string_view>{"--help"})->help);
  CHECK(ParseArguments(std::vector<std::string_view>{"-"})->source.file == "-");
  CHECK_FALSE(ParseArguments(std::vector<std::string_view>{"a.conf", "b.conf"}).ok());
}

TEST_CASE("every option's own spelling is taken again and means the same") {
  const Config defaults;
  for (const ConfigOption& option : ConfigOptions()) {
    INFO(option.name);
    std::string line = option.splits ? Shown(defaults, option.name)
                                     : QuoteConfigWord(Shown(defaults, option.name));
    if (line.empty()) line = "\"\"";
    line = option.name + " " + line;
    std::string copy = line;
    const auto words = SplitConfigLine(&copy);
    REQUIRE(words.has_value());
    Config config;
    CHECK_FALSE(ApplyConfigLine(config, *words).error.has_value());
    CHECK(option.get(config) == option.get(defaults));
  }
}

TEST_CASE("maxmemory bounds memtables and caches together, and caches take what it leaves") {
  const lsm::Options defaults;
  CHECK(FitToMemory(defaults, 0).cache_bytes == defaults.cache_bytes);
  const lsm::Options roomy = FitToMemory(defaults, uint64_t{8} << 30);
  CHECK(roomy.memtable_bytes == defaults.memtable_bytes);
  CHECK(roomy.cache_bytes > uint64_t{5} << 30);
  for (const uint64_t mib : {16, 64, 200, 600, 900}) {
    const uint64_t bound = mib << 20;
    const lsm::Options fitted = FitToMemory(defaults, bound);
    INFO(mib);
    const uint64_t caches = fitted.cache_bytes;
    const uint64_t pool = lsm::ChunkPool::MostBytes(fitted.memtable_bytes);
    CHECK((pool > 0) == (mib >= 600));
    CHECK(fitted.memtable_bytes * 6 + pool + caches <= bound - bound / 8);
    CHECK(fitted.memtable_bytes * 6 + pool + caches >= bound / 2);
  }
  CHECK(FitToMemory(defaults, 1).cache_bytes == kSmallestCachesBytes);
}

TEST_CASE("caches get what clients and tables leave of maxmemory") {
  lsm::Options fitted;
  fitted.cache_bytes = 100 << 20;
  const auto mib = [&](uint64_t bound, uint64_t used) {
    return CacheBytes(fitted, bound << 20, used << 20) >> 20;
  };
  CHECK(mib(0, 5000) == 100);
  CHECK(mib(200, 50) == 100);
  CHECK(mib(200, 120) == 55);  // an eighth is the allocator's
  CHECK(mib(200, 199) == 2);
  CHECK(mib(200, 5000) == 2);
}

}  // namespace
}  // namespace cairn::test
