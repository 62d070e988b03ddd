#include "server/config_store.h"

#include <algorithm>
#include <map>
#include <set>

#include "env/thread_role.h"
#include "resp/split_args.h"
#include "server/config_file.h"
#include "server/config_redis_options.h"
#include "server/config_table.h"
#include "util/glob.h"

namespace cairn {
namespace {

std::string Related(std::string_view name, std::string_view why) {
  return fmt::format("ERR CONFIG SET failed (possibly related to argument '{}') - {}", name, why);
}

std::string UnknownOption(std::string_view name) {
  return fmt::format("ERR Unknown option or number of arguments for CONFIG SET - '{}'", name);
}

}  // namespace

ConfigStore::ConfigStore(Env& env, Logger& log, Config config, std::string file)
    : env_(env), log_(log), config_(std::move(config)), file_(std::move(file)) {}

std::vector<std::pair<std::string, std::string>> ConfigStore::Get(
    std::span<const std::string_view> patterns) const {
  // An option that several patterns match comes once: under its own name, or as it was spelled if
  // the first that matches is no pattern.
  const auto spelling = [&](std::string_view name) -> std::optional<std::string> {
    for (const std::string_view pattern : patterns) {
      if (pattern.find_first_of("*?[") == std::string_view::npos) {
        if (EqualsIgnoreCase(pattern, name)) return std::string(pattern);
      } else if (GlobMatch(pattern, name, true)) {
        return std::string(name);
      }
    }
    return std::nullopt;
  };
  std::map<std::string, std::string> found;
  for (const auto& [name, value] : config_.told_back) {
    if (const auto shown = spelling(name)) found.emplace(*shown, value);
  }
  for (const ConfigOption& option : ConfigOptions()) {
    if (const auto shown = spelling(option.name)) {
      found.insert_or_assign(*shown, option.get(config_));
    }
  }
  return {found.begin(), found.end()};
}

std::optional<std::string> ConfigStore::Set(std::span<const Pair> pairs) {
  Config changed = config_;
  std::set<std::string> seen;
  for (const Pair& pair : pairs) {
    const std::string name = LowerCase(pair.first);
    const ConfigOption* option = FindConfigOption(name);
    if (option == nullptr && FindRedisOnlyOption(name) == nullptr) {
      return UnknownOption(pair.first);
    }
    if (option != nullptr && option->immutable) {
      return Related(pair.first, "can't set immutable config");
    }
    if (!seen.insert(name).second) return Related(pair.first, "duplicate parameter");
  }
  for (const Pair& pair : pairs) {
    if (auto error = SetOne(changed, pair)) return Related(pair.first, *error);
  }
  if (auto error = CheckConfig(changed)) return Related(pairs.back().first, *error);
  if (apply_) {
    if (auto error = apply_(config_, changed)) return Related(pairs.back().first, *error);
  }
  config_ = std::move(changed);
  return std::nullopt;
}

std::optional<std::string> ConfigStore::SetOne(Config& config, const Pair& pair) {
  const ConfigOption* option = FindConfigOption(pair.first);
  std::string value(pair.second);
  std::vector<std::string_view> words = {pair.first};
  // Redis's own options come one word each, or several; ours say which.
  const bool splits = option == nullptr || option->splits;
  if (splits && !resp::SplitArgs(value.data(), value.size(), &words)) {
    return "Unbalanced quotes in configuration line";
  }
  if (!splits) words.push_back(value);
  if (words.size() == 1) words.emplace_back("");
  ConfigOutcome outcome = ApplyConfigLine(config, words);
  if (!outcome.warning.empty()) log_.Warning("CONFIG SET: {}", outcome.warning);
  return outcome.error;
}

std::optional<std::string> ConfigStore::Rewrite() {
  if (file_.empty()) return "ERR The server is running without a config file";
  const MayBlockScope asked_for;  // Redis's REWRITE blocks, too
  const Result<std::string> text = env_.ReadSmallFile(file_, kMaxConfigBytes);
  if (!text.ok() && text.status().code() != StatusCode::kNotFound) {
    return fmt::format("ERR Rewriting config file: {}", text.status().message());
  }
  const std::string rewritten = RewriteConfigText(text.ok() ? text.value() : "", config_);
  const Status status = env_.ReplaceFile(file_, rewritten);
  if (!status.ok()) {
    log_.Warning("CONFIG REWRITE failed: {}", status.ToString());
    return fmt::format("ERR Rewriting config file: {}", status.message());
  }
  log_.Notice("CONFIG REWRITE executed with success.");
  return std::nullopt;
}

}  // namespace cairn
