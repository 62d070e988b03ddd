// How much memory the server may take when nobody says: a quarter of what there is for it, be that
// the machine's or a control group's; and maxmemory as a share.

#include "server/machine_memory.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "env/fault_env.h"
#include "server/config_file.h"
#include "server/config_store.h"
#include "server/config_table.h"

namespace cairn::test {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;
constexpr char kEightGiB[] = "MemFree: 5 kB\nMemTotal:        8388608 kB\nSwapTotal: 9 kB\n";

// A machine whose /proc and /sys say what the test wants.
struct Machine {
  FaultEnv env;

  explicit Machine(const std::string& meminfo, const std::string& groups = "") {
    Plant("/proc/meminfo", meminfo);
    Plant("/proc/self/cgroup", groups);
  }
  void Plant(const std::string& path, const std::string& content) {
    REQUIRE(env.MakeDirectories(path.substr(0, path.rfind('/'))).ok());
    REQUIRE(env.ReplaceFile(path, content).ok());
  }
  uint64_t Bytes() { return MachineMemoryBytes(env); }
  Config Load(std::vector<std::string> lines = {}) {
    auto loaded = LoadConfig(env, {.file = {}, .lines = std::move(lines)}, "/");
    INFO((loaded.ok() ? "" : loaded.status().ToString()));
    REQUIRE(loaded.ok());
    return loaded->config;
  }
};

std::string Shown(const Config& config) {
  return FindConfigOption("maxmemory")->get(config);
}

TEST_CASE("the machine's memory, where no control group bounds it") {
  CHECK(Machine(kEightGiB).Bytes() == 8 * kGiB);
  CHECK(Machine(kEightGiB, "0::/\n").Bytes() == 8 * kGiB);
  Machine unbounded(kEightGiB, "0::/a/b\n");
  unbounded.Plant("/sys/fs/cgroup/a/b/memory.max", "max\n");
  CHECK(unbounded.Bytes() == 8 * kGiB);
  Machine huge(kEightGiB, "4:memory:/\n");
  huge.Plant("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(huge.Bytes() == 8 * kGiB);
}

TEST_CASE("a control group's limit counts, and that of each group around it") {
  Machine own(kEightGiB, "0::/a/b\n");
  own.Plant("/sys/fs/cgroup/a/b/memory.max", "1073741824\n");
  CHECK(own.Bytes() == kGiB);
  Machine around(kEightGiB, "0::/a/b\n");
  around.Plant("/sys/fs/cgroup/a/b/memory.max", "max\n");
  around.Plant("/sys/fs/cgroup/a/memory.max", "2147483648\n");
  CHECK(around.Bytes() == 2 * kGiB);
  // A container that sees its own group as the root of the mount.
  Machine inside(kEightGiB, "0::/docker/0123\n");
  inside.Plant("/sys/fs/cgroup/memory.max", "536870912\n");
  CHECK(inside.Bytes() == kGiB / 2);
  Machine old(kEightGiB, "11:cpu,cpuacct:/x\n4:hugetlb,memory:/y\n0::/\n");
  old.Plant("/sys/fs/cgroup/memory/y/memory.limit_in_bytes", "3221225472\n");
  old.Plant("/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n");
  CHECK(old.Bytes() == 3 * kGiB);
}

TEST_CASE("what cannot be read or understood bounds nothing") {
  FaultEnv nothing;
  CHECK(MachineMemoryBytes(nothing) == 0);
  for (const auto* text : {"", "MemTotal", "MemTotal: lots kB\n", "MemTotal:\n", "\n\n:"}) {
    INFO(text);
    CHECK(Machine(text).Bytes() == 0);
  }
  Machine odd(kEightGiB, "0::\n::\nnonsense\n0:");
  odd.Plant("/sys/fs/cgroup/memory.max", "-1\n");
  CHECK(odd.Bytes() == 8 * kGiB);
}

TEST_CASE("maxmemory is a quarter of the machine's memory unless something else is said") {
  Machine machine(kEightGiB, "0::/\n");
  CHECK(machine.Load().max_memory_bytes == 2 * kGiB);
  CHECK(Shown(machine.Load()) == "2147483648");
  CHECK(Shown(machine.Load({"maxmemory 0"})) == "0");
  CHECK(Shown(machine.Load({"maxmemory 100mb"})) == "104857600");
  CHECK(Shown(machine.Load({"maxmemory 1gb", "maxmemory 50%"})) == "4294967296");
  CHECK(Shown(machine.Load({"maxmemory 50%", "maxmemory 1gb"})) == "1073741824");
  machine.Plant("/sys/fs/cgroup/memory.max", "1073741824\n");
  CHECK(Shown(machine.Load()) == "268435456");
  FaultEnv unknown;
  CHECK(LoadConfig(unknown, {}, "/")->config.max_memory_bytes == 0);
}

TEST_CASE("a share of the machine's memory is judged, set, and kept as a share") {
  Machine machine(kEightGiB);
  for (const auto& [value, why] : std::vector<std::pair<std::string, std::string>>{
           {"0%", "argument must be a memory or percent value"},
           {"-5%", "argument must be a memory or percent value"},
           {"%", "argument must be a memory or percent value"},
           {"101%", "percentage argument must be less or equal to 100"},
           {"5 %", "wrong number of arguments"}}) {
    INFO(value);
    const auto loaded = LoadConfig(machine.env, {.file = {}, .lines = {"maxmemory " + value}}, "/");
    REQUIRE_FALSE(loaded.ok());
    CHECK(loaded.status().message().ends_with(why));
  }
  Logger log([] { return uint64_t{0}; });
  log.SetSink([](std::string_view) {});
  machine.Plant("/etc/r.conf", "port 7\n");
  ConfigStore store(machine.env, log, machine.Load({"port 7"}), "/etc/r.conf");
  const auto rewritten = [&](std::string_view value) {
    const std::vector<ConfigStore::Pair> pairs = {{"maxmemory", value}};
    CHECK_FALSE(store.Set(pairs));
    CHECK_FALSE(store.Rewrite());
    return machine.env.Dump("/etc/r.conf").value();
  };
  CHECK(rewritten("25%") == "port 7\n");
  CHECK(rewritten("50%") == "port 7\n# Generated by CONFIG REWRITE\nmaxmemory 50%\n");
  CHECK(store.config().max_memory_bytes == 4 * kGiB);
  CHECK(rewritten("0") == "port 7\n# Generated by CONFIG REWRITE\nmaxmemory 0\n");
  CHECK(rewritten("1gb") == "port 7\n# Generated by CONFIG REWRITE\nmaxmemory 1073741824\n");
  CHECK(store.config().max_memory_percent == 0);
}

}  // namespace
}  // namespace cairn::test
