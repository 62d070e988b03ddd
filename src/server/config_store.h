#pragma once
// The configuration of the running server: CONFIG GET, SET and REWRITE.
//
// Thread: loop. Ownership: env and logger outlive it. References to config() stay valid; their
// values change with Set.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/env.h"
#include "server/config.h"
#include "server/config_option.h"
#include "util/log.h"

namespace cairn {

class ConfigStore {
 public:
  // `apply` makes a changed configuration real, or says why it cannot; then it is given back with
  // the old one.
  using Apply = std::function<ConfigError(const Config& before, const Config& now)>;

  // file: absolute, or empty.
  ConfigStore(Env& env, Logger& log, Config config, std::string file);
  void SetApply(Apply apply) { apply_ = std::move(apply); }

  const Config& config() const { return config_; }
  const std::string& file() const { return file_; }

  using Pair = std::pair<std::string_view, std::string_view>;
  std::vector<std::pair<std::string, std::string>> Get(
      std::span<const std::string_view> patterns) const;
  // All or none. The error is complete, for the client.
  std::optional<std::string> Set(std::span<const Pair> pairs);
  // Keeps comments, order and the spelling of what has not changed. May block.
  std::optional<std::string> Rewrite();

 private:
  // The error names the option's argument; empty: taken.
  std::optional<std::string> SetOne(Config& config, const Pair& pair);

  Env& env_;
  Logger& log_;
  Config config_;
  const std::string file_;
  Apply apply_;
};

// The file's new text. For tests apart from the file.
std::string RewriteConfigText(const std::string& text, const Config& config);

}  // namespace cairn
