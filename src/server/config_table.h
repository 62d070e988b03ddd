#pragma once
// The options that Cairn implements, and how a line of any option is taken: implemented ones set
// their value, Redis's others are ignored with a warning or refused (design §14).
//
// Thread: any. Errors: see ConfigOutcome.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/config_option.h"

namespace cairn {

// All of them, sorted by name.
std::span<const ConfigOption> ConfigOptions();
// Null if there is none of that name; any case.
const ConfigOption* FindConfigOption(std::string_view name);

// What came of one option.
struct ConfigOutcome {
  ConfigError error = {};    // it was not taken
  std::string warning = {};  // it was, but …; empty if there is nothing to say
};

// words[0] is the name. Requires: words not empty; not "include", which the file's reader handles.
ConfigOutcome ApplyConfigLine(Config& config, ConfigWords words);

// The defaults on a machine of so much memory; 0: it is not known.
Config DefaultConfig(uint64_t machine_memory_bytes);

// What an option has to say about the others, once all are set; also fills in what follows from
// other options. Empty error: all is well.
ConfigError CheckConfig(Config& config);

}  // namespace cairn
