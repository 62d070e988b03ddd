// INFO is what exporters and dashboards parse: every field of redis-server 7.0 is there, in its
// section and in its shape, or stands on the list of those that are left out, with the reason.

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/raw_client.h"
#include "support/redis_process.h"
#include "util/ascii.h"

namespace cairn::test {
namespace {

// Left out knowingly. A field that is served may not stand here.
const std::map<std::string, std::string> kLeftOut = {
    {"expired_stale_perc",
     "a sample of the share of expired keys that are still in memory: nothing samples them here, "
     "and 0 would say that there are none"},
};

class Server {
 public:
  Server(RedisProcess::Program program, const std::vector<std::string>& arguments) {
    auto started = RedisProcess::StartInTemp(program, arguments);
    INFO(started.status().ToString());
    REQUIRE(started.ok());
    process_ = std::move(started).value();
    auto connected = RawClient::Connect(process_->port());
    REQUIRE(connected.ok());
    client_ = std::move(connected).value();
  }
  std::string Call(const std::vector<std::string>& command) {
    Result<std::string> reply = client_->Call(command);
    REQUIRE(reply.ok());
    return std::move(reply).value();
  }

 private:
  std::unique_ptr<RedisProcess> process_;
  std::unique_ptr<RawClient> client_;
};

// What a parser sees of a value: numbers as N, with their decimals, and what stands around them.
// "keys=3,expires=0" is "keys=N,expires=N"; "1.50M" and "800.00K" are both "size".
std::string ShapeOf(std::string_view value) {
  std::string shape;
  for (size_t i = 0; i < value.size();) {
    if (!IsDigit(value[i])) {
      if (value[i] != '-' || i > 0) shape += value[i];
      ++i;
      continue;
    }
    while (i < value.size() && IsDigit(value[i])) ++i;
    shape += 'N';
  }
  if (shape == "NB" || shape == "N.NK" || shape == "N.NM" || shape == "N.NG") return "size";
  return shape;
}

// What differs by nature: names, paths, and texts that say what the machine is.
const std::set<std::string> kFreeText = {
    "redis_build_id", "os", "executable", "config_file", "run_id", "mem_allocator", "master_replid",
    "redis_git_sha1"};

struct Field {
  std::string section, name, value;
};

std::vector<Field> Parse(const std::string& reply) {
  std::vector<Field> fields;
  std::string section;
  size_t at = reply.find("\r\n") + 2;  // behind the bulk's length
  while (at < reply.size()) {
    const size_t end = reply.find("\r\n", at);
    const std::string line = reply.substr(at, end - at);
    at = end + 2;
    if (line.starts_with("# ")) section = line.substr(2);
    const size_t colon = line.find(':');
    if (line.starts_with("#") || colon == std::string::npos) continue;
    fields.push_back({section, line.substr(0, colon), line.substr(colon + 1)});
  }
  return fields;
}

std::vector<std::string> SectionsOf(const std::string& reply) {
  std::vector<std::string> sections;
  for (size_t at = reply.find("# "); at != std::string::npos; at = reply.find("\r\n# ", at)) {
    at = reply.find("# ", at);
    const std::string name = reply.substr(at + 2, reply.find("\r\n", at) - at - 2);
    if (name != "LSM") sections.push_back(name);
  }
  return sections;
}

struct Servers {
  // With what makes Redis show the fields of its log, which Cairn always has.
  Server redis{RedisProcess::Program::kRedis, {"--appendonly", "yes"}};
  Server cairn{RedisProcess::Program::kCairn, {}};
  void Both(const std::vector<std::string>& command) {
    redis.Call(command);
    cairn.Call(command);
  }
};

}  // namespace

TEST_CASE("every field of redis-server's INFO is served or knowingly left out", "[info]") {
  Servers servers;
  servers.Both({"SET", "k", "v"});
  servers.Both({"SET", "n", "v", "EX", "1000"});
  servers.Both({"GET", "none"});
  servers.Both({"INCR", "k"});
  const std::vector<Field> wanted = Parse(servers.redis.Call({"INFO", "everything"}));
  const std::vector<Field> served = Parse(servers.cairn.Call({"INFO", "everything"}));
  REQUIRE(wanted.size() > 180);
  std::map<std::string, Field> ours;
  for (const Field& field : served) {
    INFO(field.name);
    CHECK(ours.emplace(field.name, field).second);  // no field twice
  }
  for (const Field& field : wanted) {
    INFO(field.section << ": " << field.name << ":" << field.value);
    const auto found = ours.find(field.name);
    if (kLeftOut.contains(field.name)) {
      CHECK(found == ours.end());
      continue;
    }
    REQUIRE(found != ours.end());
    INFO("here: " << found->second.value);
    CHECK(found->second.section == field.section);
    if (kFreeText.contains(field.name)) continue;
    CHECK(ShapeOf(found->second.value) == ShapeOf(field.value));
  }
}

TEST_CASE("our own fields have a name of our own", "[info]") {
  Servers servers;
  std::set<std::string> known;
  for (const Field& field : Parse(servers.redis.Call({"INFO", "everything"}))) {
    known.insert(field.name);
  }
  // Redis has these in other releases or states.
  known.insert({"client_query_buffer_limit_disconnections", "acl_access_denied_auth",
                "client_output_buffer_limit_disconnections"});
  for (const Field& field : Parse(servers.cairn.Call({"INFO", "everything"}))) {
    INFO(field.section << ": " << field.name);
    const bool own = field.name.starts_with("cairn_") || field.name.starts_with("lsm_");
    const bool per_command = field.section.ends_with("stats") && field.section != "Stats";
    CHECK((own || per_command || known.contains(field.name)));
  }
}

TEST_CASE("INFO takes sections as redis-server does", "[info]") {
  Servers servers;
  servers.Both({"PING"});
  for (const std::vector<std::string>& sections : {std::vector<std::string>{},
                                                   {"default"},
                                                   {"all"},
                                                   {"everything"},
                                                   {"DEFAULT"},
                                                   {"server"},
                                                   {"Server", "CPU"},
                                                   {"cpu", "server"},
                                                   {"keyspace", "keyspace"},
                                                   {"nosuch"},
                                                   {"nosuch", "memory"},
                                                   {"default", "commandstats"},
                                                   {"commandstats", "latencystats"},
                                                   {"errorstats"},
                                                   {"modules"},
                                                   {"cluster", "all"},
                                                   {"", "clients"}}) {
    std::vector<std::string> command = {"INFO"};
    command.insert(command.end(), sections.begin(), sections.end());
    const std::string reference = servers.redis.Call(command);
    const std::string ours = servers.cairn.Call(command);
    INFO(reference.substr(0, 100) << " but " << ours.substr(0, 100));
    CHECK(SectionsOf(ours) == SectionsOf(reference));
  }
}

}  // namespace cairn::test
