// redis.conf.example tells the truth: it names every option there is, in its class, with its
// default; and no option of Redis 7.0 is forgotten.

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "env/posix_env.h"
#include "server/config_file.h"
#include "server/config_redis_options.h"
#include "server/config_table.h"

namespace cairn::test {
namespace {

constexpr char kExample[] = CAIRN_SOURCE_DIR "/redis.conf.example";
constexpr char kRedisOptions[] = CAIRN_CASES_DIR "/redis_options.txt";
constexpr char kDebianFile[] = "/etc/redis/redis.conf";

std::vector<std::string> Lines(const std::string& path) {
  const auto env = NewPosixEnv();
  const Result<std::string> text = env->ReadSmallFile(path, kMaxConfigBytes);
  REQUIRE(text.ok());
  std::istringstream stream(text.value());
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The names, each with what stands in brackets behind it, of a list at the end of the example: the
// lines "#   name name (value) …" below the heading.
std::map<std::string, std::string> Listed(const std::string& heading) {
  std::string text;
  bool inside = false;
  for (const std::string& line : Lines(kExample)) {
    if (line.starts_with("####")) inside = line.ends_with("# " + heading);
    if (inside && line.starts_with("#   ")) text += line.substr(1);
  }
  std::map<std::string, std::string> listed;
  std::string name;
  for (size_t at = text.find_first_not_of(' '); at != std::string::npos;
       at = text.find_first_not_of(' ', at)) {
    const size_t end = text[at] == '(' ? text.find(')', at) + 1 : text.find(' ', at);
    const std::string word = text.substr(at, end - at);
    if (word.front() == '(') {
      listed[name] = word;
    } else {
      listed[name = word] = "";
    }
    if (end == std::string::npos) break;
    at = end;
  }
  return listed;
}

TEST_CASE("the example is the default, and names every option") {
  const auto env = NewPosixEnv();
  const Result<LoadedConfig> loaded = LoadConfig(*env, {.file = kExample, .lines = {}}, "/");
  INFO((loaded.ok() ? "" : loaded.status().ToString()));
  REQUIRE(loaded.ok());
  CHECK(loaded->warnings.empty());
  const Result<LoadedConfig> unset = LoadConfig(*env, {.file = {}, .lines = {}}, "/");
  REQUIRE(unset.ok());
  std::set<std::string> named;
  for (std::string line : Lines(kExample)) {
    const auto words = SplitConfigLine(&line);
    REQUIRE(words.has_value());
    if (!words->empty()) named.emplace((*words)[0]);
  }
  for (const ConfigOption& option : ConfigOptions()) {
    INFO(option.name);
    CHECK(named.contains(option.name));
    if (option.name != "bind") CHECK(option.get(loaded->config) == option.get(unset->config));
  }
  CHECK(loaded->config.bind == std::vector<std::string>{"127.0.0.1", "-::1"});
}

TEST_CASE("the example lists what is ignored and what is refused") {
  std::map<std::string, std::string> ignored, refused;
  for (const RedisOption& option : RedisOnlyOptions()) {
    if (option.option_class == RedisOptionClass::kIgnored) {
      ignored[std::string(option.name)] = "";
      continue;
    }
    std::string value;
    if (option.harmless_value) {
      value = option.harmless_value->empty() ? "(\"\")"
                                             : "(" + std::string(*option.harmless_value) + ")";
    }
    refused[std::string(option.name)] = value;
  }
  CHECK(Listed("ignored") == ignored);
  CHECK(Listed("refused") == refused);
}

TEST_CASE("every option of Redis 7.0 is either implemented or has its class") {
  std::set<std::string> known;
  for (const std::string& name : Lines(kRedisOptions)) {
    INFO(name);
    known.insert(name);
    if (name == "include") continue;  // the file's reader takes it
    CHECK((FindConfigOption(name) != nullptr) != (FindRedisOnlyOption(name) != nullptr));
  }
  for (const RedisOption& option : RedisOnlyOptions()) {
    INFO(option.name);
    CHECK(known.contains(std::string(option.name)));
  }
}

TEST_CASE("Debian's redis.conf is taken") {
  const auto env = NewPosixEnv();
  if (!env->ReadSmallFile(kDebianFile, kMaxConfigBytes).ok()) {
    WARN(kDebianFile << " is not there or not ours to read");
    return;
  }
  const Result<LoadedConfig> loaded = LoadConfig(*env, {.file = kDebianFile, .lines = {}}, "/");
  INFO((loaded.ok() ? "" : loaded.status().ToString()));
  REQUIRE(loaded.ok());
  CHECK(loaded->config.dir == "/var/lib/redis");
  for (const std::string& warning : loaded->warnings) {
    INFO(warning);
    CHECK((warning.find("is ignored") != std::string::npos ||
           warning.find("appendonly no") != std::string::npos));
  }
}

}  // namespace
}  // namespace cairn::test
