#pragma once
// One option of the configuration: how its words become a value, how the value is spelled, and
// makers for the usual kinds. The rows are in config_table.cc.
//
// Thread: any; options are constants once made.
// Errors: texts as Redis 7.0 words them, since CONFIG SET hands them to clients.

#include <fmt/format.h>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "server/config.h"
#include "util/ascii.h"
#include "util/parse.h"

namespace cairn {

using ConfigWords = std::span<const std::string_view>;
// What is wrong with the words, or nothing.
using ConfigError = std::optional<std::string>;

struct ConfigOption {
  std::string name;
  bool immutable = false;  // only before the start
  // Takes the words behind the name; a value that does not fit leaves the config as it was.
  std::function<ConfigError(Config&, ConfigWords)> set;
  // As CONFIG GET shows it.
  std::function<std::string(const Config&)> get;
  // As CONFIG REWRITE writes it: whole lines, more than one for some. Null: name and value.
  std::function<std::vector<std::string>(const Config&)> lines = nullptr;
  // CONFIG SET gives one string, which is several words for this option.
  bool splits = false;
};

enum class Change : uint8_t { kAnyTime, kAtStartOnly };

// A value as one word of a config file: quoted if it must be.
std::string QuoteConfigWord(std::string_view value);
// For options of one word: an error for any other number.
ConfigError ExpectOneWord(ConfigWords words);
std::string JoinWords(ConfigWords words);

// The words for an integer in [min, max].
std::variant<int64_t, std::string> ParseConfigInteger(std::string_view word, int64_t min,
                                                      int64_t max);

// `Field` is a callable that gives the option's place in a Config, const or not.
#define CAIRN_CONFIG_FIELD(path) ([](auto& config) -> auto& { return config.path; })

template <typename Field>
ConfigOption BoolOption(std::string_view name, Field field, Change change = Change::kAnyTime) {
  return {.name = std::string(name),
          .immutable = change == Change::kAtStartOnly,
          .set = [field](Config& config, ConfigWords words) -> ConfigError {
            if (auto error = ExpectOneWord(words)) return error;
            const bool yes = EqualsIgnoreCase(words[0], "yes");
            if (!yes && !EqualsIgnoreCase(words[0], "no")) {
              return "argument must be 'yes' or 'no'";
            }
            field(config) = yes;
            return {};
          },
          .get = [field](const Config& config) { return field(config) ? "yes" : "no"; }};
}

template <typename Field>
ConfigOption IntegerOption(std::string_view name, Field field, int64_t min, int64_t max,
                           Change change = Change::kAnyTime) {
  return {.name = std::string(name),
          .immutable = change == Change::kAtStartOnly,
          .set = [field, min, max](Config& config, ConfigWords words) -> ConfigError {
            if (auto error = ExpectOneWord(words)) return error;
            const auto parsed = ParseConfigInteger(words[0], min, max);
            if (const auto* error = std::get_if<std::string>(&parsed)) return *error;
            auto& place = field(config);
            place =
                static_cast<std::remove_reference_t<decltype(place)>>(std::get<int64_t>(parsed));
            return {};
          },
          .get = [field](const Config& config) { return std::to_string(field(config)); }};
}

// Bytes, with Redis's units.
template <typename Field>
ConfigOption MemoryOption(std::string_view name, Field field, uint64_t min, uint64_t max,
                          Change change = Change::kAnyTime) {
  return {.name = std::string(name),
          .immutable = change == Change::kAtStartOnly,
          .set = [field, min, max](Config& config, ConfigWords words) -> ConfigError {
            if (auto error = ExpectOneWord(words)) return error;
            const std::optional<uint64_t> bytes = ParseMemorySize(words[0]);
            if (!bytes.has_value()) return "argument must be a memory value";
            if (*bytes < min || *bytes > max) {
              return fmt::format("argument must be between {} and {} inclusive", min, max);
            }
            field(config) = *bytes;
            return {};
          },
          .get = [field](const Config& config) { return std::to_string(field(config)); }};
}

template <typename Field>
ConfigOption StringOption(std::string_view name, Field field, Change change = Change::kAnyTime) {
  return {.name = std::string(name),
          .immutable = change == Change::kAtStartOnly,
          .set = [field](Config& config, ConfigWords words) -> ConfigError {
            if (auto error = ExpectOneWord(words)) return error;
            field(config) = std::string(words[0]);
            return {};
          },
          .get = [field](const Config& config) { return field(config); }};
}

// A name in the file system, which ends at the first NUL. At the start only.
template <typename Field>
ConfigOption PathOption(std::string_view name, Field field) {
  ConfigOption option = StringOption(name, field, Change::kAtStartOnly);
  option.set = [set = option.set](Config& config, ConfigWords words) -> ConfigError {
    for (const std::string_view word : words) {
      if (word.find('\0') != std::string_view::npos) return "a path cannot hold a NUL byte";
    }
    return set(config, words);
  };
  return option;
}

template <typename Enum>
using EnumNames = std::vector<std::pair<std::string_view, Enum>>;

template <typename Field, typename Enum>
ConfigOption EnumOption(std::string_view name, Field field, EnumNames<Enum> names,
                        Change change = Change::kAnyTime) {
  return {.name = std::string(name),
          .immutable = change == Change::kAtStartOnly,
          .set = [field, names](Config& config, ConfigWords words) -> ConfigError {
            if (auto error = ExpectOneWord(words)) return error;
            std::string known;
            for (const auto& [text, value] : names) {
              if (EqualsIgnoreCase(words[0], text)) {
                field(config) = value;
                return {};
              }
              known += (known.empty() ? "" : ", ") + std::string(text);
            }
            return "argument(s) must be one of the following: " + known;
          },
          .get = [field, names](const Config& config) -> std::string {
            for (const auto& [text, value] : names) {
              if (field(config) == value) return std::string(text);
            }
            return {};
          }};
}

}  // namespace cairn
