#include "server/config_table.h"

#include <algorithm>

#include "keyspace/system_records.h"
#include "resp/split_args.h"
#include "server/config_network.h"
#include "server/config_redis_options.h"
#include "server/process_limits.h"

namespace cairn {
namespace {

#define FIELD(path) CAIRN_CONFIG_FIELD(path)

constexpr uint64_t kKiB = 1024, kMiB = kKiB * 1024, kGiB = kMiB * 1024;

const EnumNames<LogLevel> kLogLevels = {{"debug", LogLevel::kDebug},
                                        {"verbose", LogLevel::kVerbose},
                                        {"notice", LogLevel::kNotice},
                                        {"warning", LogLevel::kWarning}};
const EnumNames<EnableCommand> kEnableCommand = {
    {"no", EnableCommand::kNo}, {"yes", EnableCommand::kYes}, {"local", EnableCommand::kLocal}};
const EnumNames<EvictionPolicy> kPolicies = {{"volatile-lru", EvictionPolicy::kVolatileLru},
                                             {"volatile-lfu", EvictionPolicy::kVolatileLfu},
                                             {"volatile-random", EvictionPolicy::kVolatileRandom},
                                             {"volatile-ttl", EvictionPolicy::kVolatileTtl},
                                             {"allkeys-lru", EvictionPolicy::kAllKeysLru},
                                             {"allkeys-lfu", EvictionPolicy::kAllKeysLfu},
                                             {"allkeys-random", EvictionPolicy::kAllKeysRandom},
                                             {"noeviction", EvictionPolicy::kNoEviction}};
const EnumNames<bool> kCompression = {{"snappy", true}, {"none", false}};
const EnumNames<lsm::CompactionStyle> kCompactionStyles = {
    {"tiered", lsm::CompactionStyle::kTiered}, {"leveled", lsm::CompactionStyle::kLeveled}};

// appendfsync decides how the log is synced and what a reply waits for.
ConfigOption AppendFsync() {
  const EnumNames<lsm::SyncMode> names = {{"everysec", lsm::SyncMode::kEverySecond},
                                          {"always", lsm::SyncMode::kAlways},
                                          {"no", lsm::SyncMode::kNo}};
  ConfigOption option = EnumOption("appendfsync", FIELD(engine.sync_mode), names);
  option.set = [set = option.set](Config& config, ConfigWords words) {
    ConfigError error = set(config, words);
    config.clients.reply_level = LevelOf(config.engine.sync_mode);
    return error;
  };
  return option;
}

void SetMaxMemoryPercent(Config& config, uint64_t percent) {
  config.max_memory_percent = percent;
  const uint64_t whole = config.machine_memory_bytes;
  config.max_memory_bytes = whole / 100 * percent + whole % 100 * percent / 100;
}

// Bytes, or a share of the machine's memory as of maxmemory-clients in Redis ("25%"). GET shows
// what is in force, REWRITE keeps the share, so that the file means the same on another machine.
ConfigOption MaxMemory() {
  ConfigOption option = MemoryOption("maxmemory", FIELD(max_memory_bytes), 0, UINT64_MAX);
  option.set = [set = option.set](Config& config, ConfigWords words) -> ConfigError {
    if (words.size() != 1 || !words[0].ends_with('%')) {
      ConfigError error = set(config, words);
      if (!error) config.max_memory_percent = 0;
      return error;
    }
    const auto percent = ParseUint64(words[0].substr(0, words[0].size() - 1));
    if (!percent || *percent == 0) return "argument must be a memory or percent value";
    if (*percent > 100) return "percentage argument must be less or equal to 100";
    SetMaxMemoryPercent(config, *percent);
    return {};
  };
  option.lines = [](const Config& config) -> std::vector<std::string> {
    if (config.max_memory_percent == 0) {
      return {fmt::format("maxmemory {}", config.max_memory_bytes)};
    }
    return {fmt::format("maxmemory {}%", config.max_memory_percent)};
  };
  return option;
}

ConfigOption BloomBits() {
  return {.name = "lsm-bloom-bits-per-key",
          .immutable = true,
          .set = [](Config& config, ConfigWords words) -> ConfigError {
            if (auto error = ExpectOneWord(words)) return error;
            const std::optional<double> bits = ParseDouble(words[0]);
            if (!bits.has_value() || *bits < 0 || *bits > 64) {
              return "argument must be between 0 and 64 inclusive";
            }
            config.engine.bloom_bits_per_key = *bits;
            return {};
          },
          .get = [](const Config& c) { return FormatDouble(c.engine.bloom_bits_per_key); }};
}

ConfigOption Percentiles() {
  return {.name = "latency-tracking-info-percentiles",
          .set = [](Config& config, ConfigWords words) -> ConfigError {
            std::vector<double> percentiles;
            for (const std::string_view word : words) {
              if (word.empty() && words.size() == 1) break;  // "": none
              const std::optional<double> value = ParseDouble(word);
              if (!value.has_value()) return "Invalid latency-tracking-info-percentiles parameters";
              if (*value < 0 || *value > 100) {
                return "latency-tracking-info-percentiles parameters should sit between "
                       "[0.0,100.0]";
              }
              percentiles.push_back(*value);
            }
            config.latency_percentiles = std::move(percentiles);
            return {};
          },
          .get =
              [](const Config& config) {
                return fmt::format("{}", fmt::join(config.latency_percentiles, " "));
              },
          .splits = true};
}

ConfigError CheckYesOrNo(ConfigWords words) {
  if (auto error = ExpectOneWord(words)) return error;
  if (EqualsIgnoreCase(words[0], "yes") || EqualsIgnoreCase(words[0], "no")) return {};
  return "argument must be 'yes' or 'no'";
}

ConfigError CheckInteger(ConfigWords words) {
  if (auto error = ExpectOneWord(words)) return error;
  if (ParseInt64(words[0])) return {};
  return "argument couldn't be parsed into an integer";
}

// Pairs of seconds and changes, in as many words as one likes, or one empty word.
ConfigError CheckSavePoints(ConfigWords words) {
  if (words.empty()) return "wrong number of arguments";
  if (words.size() == 1 && words[0].empty()) return {};
  size_t numbers = 0;
  for (std::string_view word : words) {
    while (!word.empty()) {
      const size_t end = std::min(word.find(' '), word.size());
      const auto number = ParseInt64(word.substr(0, end));
      const int64_t least = numbers++ % 2 == 0 ? 1 : 0;  // of seconds, of changes
      if (!number || *number < least) return "Invalid save parameters";
      word.remove_prefix(std::min(end + 1, word.size()));
    }
  }
  if (numbers % 2 != 0) return "Invalid save parameters";
  return {};
}

// Accepted, if Redis would, for the sake of those who set and read it.
ConfigOption ToldBack(std::string_view name, std::string_view default_value,
                      ConfigError (*check)(ConfigWords)) {
  const std::string key(name);
  return {.name = key,
          .set = [key, check](Config& config, ConfigWords words) -> ConfigError {
            if (auto error = check(words)) return error;
            config.told_back[key] = JoinWords(words);
            return {};
          },
          .get =
              [key, unset = std::string(default_value)](const Config& config) {
                const auto found = config.told_back.find(key);
                return found == config.told_back.end() ? unset : found->second;
              },
          .splits = true};
}

void AddProcessOptions(std::vector<ConfigOption>& rows) {
  rows.push_back(BoolOption("daemonize", FIELD(daemonize), Change::kAtStartOnly));
  rows.push_back(PathOption("pidfile", FIELD(pidfile)));
  rows.push_back(EnumOption("loglevel", FIELD(log_level), kLogLevels));
  rows.push_back(PathOption("logfile", FIELD(logfile)));
  rows.push_back(PathOption("dir", FIELD(dir)));
  rows.push_back(PathOption("checkpoint-dir", FIELD(checkpoint_dir)));
  rows.push_back(IntegerOption("checkpoint-keep", FIELD(checkpoint_keep), 0, 10000));
  rows.push_back(EnumOption("enable-debug-command", FIELD(enable_debug_command), kEnableCommand,
                            Change::kAtStartOnly));
  rows.push_back(StringOption("redis-version", FIELD(redis_version), Change::kAtStartOnly));
  rows.push_back(BoolOption("latency-tracking", FIELD(latency_tracking)));
  rows.push_back(Percentiles());
  rows.push_back(IntegerOption("latency-monitor-threshold", FIELD(latency_monitor_threshold_ms), 0,
                               INT64_MAX));
  rows.push_back(
      IntegerOption("slowlog-log-slower-than", FIELD(slowlog_slower_than_micros), -1, INT64_MAX));
  rows.push_back(IntegerOption("slowlog-max-len", FIELD(slowlog_max_length), 0, INT64_MAX));
  rows.push_back(ToldBack("hz", "10", CheckInteger));
}

void AddDataOptions(std::vector<ConfigOption>& rows) {
  rows.push_back(
      IntegerOption("databases", FIELD(databases), 1, kMaxDatabases, Change::kAtStartOnly));
  rows.push_back(AppendFsync());
  rows.push_back(ToldBack("appendonly", "yes", CheckYesOrNo));
  rows.push_back(ToldBack("save", "", CheckSavePoints));
  rows.push_back(MaxMemory());
  rows.push_back(EnumOption("maxmemory-policy", FIELD(eviction_policy), kPolicies));
  rows.push_back(MemoryOption("hll-sparse-max-bytes", FIELD(hll_sparse_max_bytes), 0, INT64_MAX));
}

void AddEngineOptions(std::vector<ConfigOption>& rows) {
  constexpr Change kStart = Change::kAtStartOnly;
  rows.push_back(MemoryOption("lsm-memtable-size", FIELD(engine.memtable_bytes), 64 * kKiB,
                              16 * kGiB, kStart));
  rows.push_back(
      IntegerOption("lsm-max-frozen-memtables", FIELD(engine.max_frozen_memtables), 1, 64, kStart));
  rows.push_back(
      IntegerOption("lsm-retained-memtables", FIELD(engine.retained_memtables), 0, 64, kStart));
  rows.push_back(MemoryOption("lsm-block-size", FIELD(engine.block_bytes), 256, kMiB, kStart));
  rows.push_back(
      MemoryOption("lsm-table-size", FIELD(engine.table_bytes), 64 * kKiB, 16 * kGiB, kStart));
  rows.push_back(BloomBits());
  rows.push_back(EnumOption("lsm-compression", FIELD(engine.compression), kCompression, kStart));
  rows.push_back(MemoryOption("lsm-block-cache-size", FIELD(engine.block_cache_bytes), 0,
                              uint64_t{1} << 50, kStart));
  rows.push_back(MemoryOption("lsm-record-cache-size", FIELD(engine.record_cache_bytes), 0,
                              uint64_t{1} << 50, kStart));
  rows.push_back(BoolOption("lsm-direct-reads", FIELD(engine.direct_reads), kStart));
  rows.push_back(IntegerOption("lsm-read-threads", FIELD(engine.read_threads), 1, 128, kStart));
  rows.push_back(IntegerOption("lsm-max-open-files", FIELD(engine.max_open_files), kMinOpenTables,
                               1'000'000, kStart));
  rows.push_back(
      IntegerOption("lsm-background-threads", FIELD(engine.background_threads), 1, 128, kStart));
  rows.push_back(MemoryOption("lsm-compaction-rate", FIELD(engine.merge_rate_bytes), 0,
                              uint64_t{1} << 50, kStart));
  rows.push_back(EnumOption("lsm-compaction-style", FIELD(engine.compaction_style),
                            kCompactionStyles, kStart));
  rows.push_back(IntegerOption("lsm-tier-width", FIELD(engine.tier_width), 2, 64, kStart));
  rows.push_back(
      MemoryOption("wal-slot-size", FIELD(engine.wal_slot_bytes), 64 * kKiB, 4 * kGiB, kStart));
  rows.push_back(
      MemoryOption("wal-size", FIELD(engine.wal_bytes), 128 * kKiB, uint64_t{1} << 50, kStart));
  rows.push_back(
      IntegerOption("wal-idle-seal-ms", FIELD(engine.wal_idle_seal_ms), 1, 3600000, kStart));
}

std::vector<ConfigOption> MakeOptions() {
  std::vector<ConfigOption> rows = NetworkOptions();
  AddProcessOptions(rows);
  AddDataOptions(rows);
  AddEngineOptions(rows);
  std::ranges::sort(rows, {}, &ConfigOption::name);
  return rows;
}

// What a value that was taken does not do.
std::string WarningOf(const Config& config, const ConfigOption& option) {
  if (option.name == "appendonly" && option.get(config) == "no") {
    return "appendonly no does not switch the write-ahead log off";
  }
  if (option.name == "maxmemory-policy" && config.eviction_policy != EvictionPolicy::kNoEviction) {
    return "maxmemory-policy is kept, but nothing is evicted: memory holds caches here";
  }
  return {};
}

ConfigOutcome ApplyRedisOnly(Config& config, const RedisOption& option, ConfigWords values) {
  const std::string value = JoinWords(values);
  if (option.option_class == RedisOptionClass::kRefused) {
    if (option.IsHarmless(value)) return {};
    return {.error = fmt::format("option {} is refused: {}", option.name, option.note)};
  }
  config.told_back[std::string(option.name)] = value;
  return {.warning = fmt::format("option {} is ignored: {}", option.name, option.note)};
}

}  // namespace

std::span<const ConfigOption> ConfigOptions() {
  static const std::vector<ConfigOption> options = MakeOptions();
  return options;
}

const ConfigOption* FindConfigOption(std::string_view name) {
  const std::string lower = LowerCase(name);
  const auto options = ConfigOptions();
  const auto found = std::ranges::lower_bound(options, lower, {}, &ConfigOption::name);
  return found != options.end() && found->name == lower ? &*found : nullptr;
}

ConfigOutcome ApplyConfigLine(Config& config, ConfigWords words) {
  ConfigWords values = words.subspan(1);
  if (const ConfigOption* option = FindConfigOption(words[0])) {
    // "normal 10mb 0 0" in quotes, as a shell hands it over, is four words.
    std::string one_value;
    std::vector<std::string_view> split;
    if (option->splits && values.size() == 1) {
      one_value = values[0];
      if (!resp::SplitArgs(one_value.data(), one_value.size(), &split)) {
        return {.error = "Unbalanced quotes in configuration line"};
      }
      if (!split.empty()) values = split;
    }
    ConfigOutcome outcome{.error = option->set(config, values)};
    if (!outcome.error) outcome.warning = WarningOf(config, *option);
    return outcome;
  }
  if (const RedisOption* option = FindRedisOnlyOption(words[0])) {
    return ApplyRedisOnly(config, *option, values);
  }
  return {.error = "Bad directive or wrong number of arguments"};
}

Config DefaultConfig(uint64_t machine_memory_bytes) {
  Config config;
  config.machine_memory_bytes = machine_memory_bytes;
  SetMaxMemoryPercent(config, config.max_memory_percent);
  return config;
}

ConfigError CheckConfig(Config& config) {
  const lsm::Options& engine = config.engine;
  if (engine.wal_bytes < 2 * engine.wal_slot_bytes) {
    return "wal-size must hold at least two slots (wal-slot-size)";
  }
  if (config.port == 0 && config.unixsocket.empty()) {
    return "port 0 and no unixsocket: nobody could connect";
  }
  return {};
}

}  // namespace cairn
