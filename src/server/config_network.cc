#include "server/config_network.h"

namespace cairn {
namespace {

#define FIELD(path) CAIRN_CONFIG_FIELD(path)

constexpr Change kStart = Change::kAtStartOnly;
constexpr size_t kMaxBindAddresses = 16;

ConfigOption Bind() {
  return {.name = "bind",
          .immutable = true,
          .set = [](Config& config, ConfigWords words) -> ConfigError {
            if (words.size() > kMaxBindAddresses) return "Too many bind addresses specified.";
            config.bind.clear();
            for (const std::string_view word : words) {
              if (!word.empty()) config.bind.emplace_back(word);
            }
            return {};
          },
          .get = [](const Config& c) { return fmt::format("{}", fmt::join(c.bind, " ")); },
          .lines = [](const Config& config) -> std::vector<std::string> {
            if (config.bind.empty()) return {"bind \"\""};
            return {fmt::format("bind {}", fmt::join(config.bind, " "))};
          },
          .splits = true};
}

// Octal, 0 (as umask says) to 777.
ConfigOption UnixSocketPermissions() {
  return {.name = "unixsocketperm",
          .immutable = true,
          .set = [](Config& config, ConfigWords words) -> ConfigError {
            if (auto error = ExpectOneWord(words)) return error;
            int64_t mode = 0;
            for (const char c : words[0]) {
              if (c < '0' || c > '7' || mode > 0777) {
                return "argument couldn't be parsed as an octal number";
              }
              mode = mode * 8 + (c - '0');
            }
            if (words[0].empty()) return "argument couldn't be parsed as an octal number";
            if (mode > 0777) return "argument must be between 0 and 777 inclusive";
            config.unixsocketperm = mode;
            return {};
          },
          .get = [](const Config& config) { return fmt::format("{:o}", config.unixsocketperm); }};
}

struct LimitClass {
  std::string_view name;
  OutputLimit ClientLimits::*limit;
};
constexpr LimitClass kLimitClasses[] = {{"normal", &ClientLimits::normal},
                                        {"slave", &ClientLimits::replica},
                                        {"pubsub", &ClientLimits::pubsub}};

const LimitClass* FindLimitClass(std::string_view name) {
  if (EqualsIgnoreCase(name, "replica")) name = "slave";
  for (const LimitClass& limit_class : kLimitClasses) {
    if (EqualsIgnoreCase(name, limit_class.name)) return &limit_class;
  }
  return nullptr;
}

ConfigError SetOutputLimits(Config& config, ConfigWords words) {
  if (words.empty() || words.size() % 4 != 0) {
    return "Wrong number of arguments in buffer limit configuration.";
  }
  ClientLimits limits = config.clients;
  for (size_t i = 0; i < words.size(); i += 4) {
    const LimitClass* limit_class = FindLimitClass(words[i]);
    if (limit_class == nullptr)
      return "Invalid client class specified in buffer limit configuration.";
    const auto hard = ParseMemorySize(words[i + 1]);
    const auto soft = ParseMemorySize(words[i + 2]);
    const auto seconds = ParseInt64(words[i + 3]);
    if (!hard || !soft || !seconds || *seconds < 0) {
      return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    }
    limits.*limit_class->limit = {*hard, *soft, static_cast<uint64_t>(*seconds)};
  }
  config.clients = limits;
  return {};
}

std::vector<std::string> OutputLimitWords(const Config& config) {
  std::vector<std::string> words;
  for (const LimitClass& limit_class : kLimitClasses) {
    const OutputLimit& limit = config.clients.*limit_class.limit;
    words.push_back(fmt::format("{} {} {} {}", limit_class.name, limit.hard_bytes, limit.soft_bytes,
                                limit.soft_seconds));
  }
  return words;
}

ConfigOption OutputBufferLimit() {
  return {
      .name = "client-output-buffer-limit",
      .set = SetOutputLimits,
      .get = [](const Config& c) { return fmt::format("{}", fmt::join(OutputLimitWords(c), " ")); },
      .lines =
          [](const Config& config) {
            std::vector<std::string> lines;
            for (const std::string& words : OutputLimitWords(config)) {
              lines.push_back("client-output-buffer-limit " + words);
            }
            return lines;
          },
      .splits = true};
}

}  // namespace

std::vector<ConfigOption> NetworkOptions() {
  std::vector<ConfigOption> rows;
  rows.push_back(Bind());
  rows.push_back(IntegerOption("port", FIELD(port), 0, 65535, kStart));
  rows.push_back(IntegerOption("tcp-backlog", FIELD(tcp_backlog), 0, INT32_MAX, kStart));
  rows.push_back(PathOption("unixsocket", FIELD(unixsocket)));
  rows.push_back(UnixSocketPermissions());
  rows.push_back(BoolOption("protected-mode", FIELD(protected_mode)));
  rows.push_back(IntegerOption("timeout", FIELD(clients.idle_timeout_seconds), 0, INT32_MAX));
  rows.push_back(IntegerOption("tcp-keepalive", FIELD(tcp_keepalive_seconds), 0, INT32_MAX));
  rows.push_back(IntegerOption("maxclients", FIELD(max_clients), 1, UINT32_MAX));
  rows.push_back(StringOption("requirepass", FIELD(clients.password)));
  rows.push_back(MemoryOption("proto-max-bulk-len", FIELD(protocol.max_bulk_bytes), 1024 * 1024,
                              lsm::kMaxKeyOrValueBytes));
  rows.push_back(MemoryOption("client-query-buffer-limit", FIELD(clients.query_buffer_bytes),
                              1024 * 1024, INT64_MAX));
  rows.push_back(OutputBufferLimit());
  return rows;
}

}  // namespace cairn
