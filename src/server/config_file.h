#pragma once
// Reads the configuration the way redis-server does: a file (redis.conf's format, with include),
// standard input, and "--option value …" arguments, in this order, later ones winning.
//
// Thread: main, before the server starts. May block.
// Errors: kInvalidArgument whose message is ready to be printed: where, the line itself, what is
// wrong with it.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "env/env.h"
#include "server/config.h"
#include "util/status.h"

namespace cairn {

struct ConfigSource {
  std::string file;                // as given; "-" is standard input; empty: none
  std::vector<std::string> lines;  // from the arguments, one option each
};

// What the program's arguments (without its name) ask for.
struct Arguments {
  bool help = false, version = false;
  ConfigSource source;
};
// Errors: an argument that belongs to no option.
Result<Arguments> ParseArguments(std::span<const std::string_view> args);

struct LoadedConfig {
  Config config;
  std::string file;                   // absolute, for CONFIG REWRITE; empty if there is none
  std::vector<std::string> warnings;  // one line each
};
Result<LoadedConfig> LoadConfig(Env& env, const ConfigSource& source,
                                std::string_view working_directory);

// The words of a line; empty for a blank or a comment. Views point into *line, which is changed.
// nullopt: its quotes are not balanced.
std::optional<std::vector<std::string_view>> SplitConfigLine(std::string* line);

constexpr size_t kMaxConfigBytes = size_t{16} << 20;

}  // namespace cairn
