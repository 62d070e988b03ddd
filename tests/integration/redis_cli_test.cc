// The real redis-cli in each of the modes with which operators look at a server and fill it.

#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <string>

#include "integration/server_fixture.h"

namespace cairn::test {
namespace {

// What the shell command printed; it may end by itself or by timeout(1).
std::string Shell(const std::string& command) {
  const auto finished = RedisProcess::RunToEnd("/bin/sh", {"-c", command}, 60'000);
  INFO(finished.status().ToString());
  REQUIRE(finished.ok());
  INFO(finished->output);
  REQUIRE(WIFEXITED(finished->wait_status));
  const int code = WEXITSTATUS(finished->wait_status);
  CHECK((code == 0 || code == 124));
  return finished->output;
}

std::string Cli(const RedisProcess& server, const std::string& arguments) {
  return Shell(fmt::format("timeout 20 redis-cli -p {} {} 2>&1", server.port(), arguments));
}

// Modes that go on for ever, for so long; what is printed comes out line by line.
std::string CliFor(const RedisProcess& server, const char* seconds, const std::string& arguments) {
  return Shell(fmt::format("timeout -s INT {} stdbuf -oL redis-cli -p {} {} 2>&1 </dev/null",
                           seconds, server.port(), arguments));
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::unique_ptr<RedisProcess> StartFilled() {
  auto server = StartServer();
  const std::string loaded =
      Shell(fmt::format("(for i in $(seq 1 3000); do echo SET user:$i v$i; done; echo SET big:one "
                        "$(head -c 5000 /dev/zero | tr '\\0' x)) | redis-cli -p {} --pipe",
                        server->port()));
  CHECK(Has(loaded, "errors: 0, replies: 3001"));
  return server;
}

}  // namespace

TEST_CASE("redis-cli --scan finds every key", "[cli]") {
  const auto server = StartFilled();
  CHECK(Cli(*server, "--scan | sort -u | wc -l") == "3001\n");
  CHECK(Cli(*server, "--scan --pattern 'big:*'") == "big:one\n");
  CHECK(Cli(*server, "--scan --pattern 'user:*' | sort -u | wc -l") == "3000\n");
}

TEST_CASE("redis-cli --bigkeys and --memkeys find the largest", "[cli]") {
  const auto server = StartFilled();
  const std::string big = Cli(*server, "--bigkeys");
  INFO(big);
  CHECK(Has(big, "Sampled 3001 keys in the keyspace!"));
  CHECK(Has(big, "Biggest string found '\"big:one\"' has 5000 bytes"));
  CHECK(Has(big, "3001 strings with"));
  const std::string memory = Cli(*server, "--memkeys");
  INFO(memory);
  CHECK(Has(memory, "Sampled 3001 keys in the keyspace!"));
  CHECK(Has(memory, "Biggest string found '\"big:one\"' has 5071 bytes"));
  CHECK(Has(Cli(*server, "--memkeys-samples 3"), "has 5071 bytes"));
}

TEST_CASE("redis-cli --stat shows the server's figures", "[cli]") {
  const auto server = StartFilled();
  const std::string stat = CliFor(*server, "1.5", "--stat -i 0.3");
  INFO(stat);
  CHECK(Has(stat, "------- data ------ --------------------- load -------------------- - child -"));
  CHECK(Has(stat, "\n3001 "));
}

TEST_CASE("redis-cli --latency measures", "[cli]") {
  const auto server = StartServer();
  // min, max, average in ms, and the number of samples.
  const std::string latency = CliFor(*server, "3", "--latency -i 1");
  INFO(latency);
  double min = -1, max = -1, average = -1;
  int samples = 0;
  REQUIRE(std::sscanf(latency.c_str(), "%lf %lf %lf %d", &min, &max, &average, &samples) == 4);
  CHECK(samples > 10);
  CHECK(min <= average);
  CHECK(average <= max);
}

TEST_CASE("redis-cli shows the commands that operators type", "[cli]") {
  const auto server = StartFilled();
  CHECK(Has(Cli(*server, "LATENCY DOCTOR"), "Latency monitoring is off"));
  CHECK(Cli(*server, "CONFIG SET latency-monitor-threshold 1") == "OK\n");
  CHECK(Has(Cli(*server, "LATENCY HISTOGRAM set"), "3001"));
  CHECK(Cli(*server, "--no-raw MEMORY USAGE big:one") == "(integer) 5071\n");
  CHECK(Has(Cli(*server, "MEMORY STATS"), "db.0"));
  CHECK(Has(Cli(*server, "MEMORY MALLOC-STATS"), "in use:"));
  CHECK(Cli(*server, "MEMORY PURGE") == "OK\n");
  CHECK(Has(Cli(*server, "MEMORY DOCTOR"), "."));
  CHECK(Cli(*server, "ROLE") == "master\n0\n\n");
  CHECK(Cli(*server, "WAIT 1 20") == "0\n");
  CHECK(Cli(*server, "WAITAOF 1 0 0") == "1\n0\n");
  CHECK(Has(Cli(*server, "CLIENT LIST"), "cmd=client|list"));
}

TEST_CASE("a connection that is stricter than the server waits for its own sync alone", "[cli]") {
  // Nothing else would sync.
  const auto server = StartServer({"--appendfsync", "no"});
  const auto strict = Connect(*server), other = Connect(*server);
  CHECK(Call(*other, {"SET", "a", "1"}) == "+OK\r\n");
  CHECK(Call(*strict, {"CAIRN.DURABILITY", "ALWAYS"}) == "+OK\r\n");
  const auto syncs = [&other] {
    const std::string info = Call(*other, {"INFO", "lsm"});
    const size_t at = info.find("cairn_wal_syncs:");
    REQUIRE(at != std::string::npos);
    return std::stoi(info.substr(at + 16));
  };
  const int before = syncs();
  CHECK(Call(*other, {"SET", "b", "1"}) == "+OK\r\n");
  CHECK(Call(*strict, {"SET", "c", "1"}) == "+OK\r\n");
  CHECK(syncs() > before);
  // It reads what another wrote: that has to be safe, too.
  CHECK(Call(*other, {"SET", "d", "1"}) == "+OK\r\n");
  CHECK(Call(*strict, {"GET", "d"}) == "$1\r\n1\r\n");
  CHECK(Call(*other, {"SET", "e", "1"}) == "+OK\r\n");
  CHECK(Call(*other, {"WAITAOF", "1", "0", "0"}) == "*2\r\n:1\r\n:0\r\n");
}

}  // namespace cairn::test
