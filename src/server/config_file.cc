#include "server/config_file.h"

#include <algorithm>
#include <utility>

#include "resp/split_args.h"
#include "server/config_table.h"
#include "server/machine_memory.h"
#include "util/glob.h"

namespace cairn {
namespace {

constexpr int kMaxIncludeDepth = 16;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

bool HasGlob(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

class Reader {
 public:
  Reader(Env& env, LoadedConfig* loaded) : env_(env), loaded_(*loaded) {}

  // kNotFound, with the path, if it cannot be read.
  Status ReadFile(const std::string& path, int depth) {
    const std::string name = path == "-" ? "/dev/stdin" : path;
    const Result<std::string> content = env_.ReadSmallFile(name, kMaxConfigBytes);
    if (!content.ok()) {
      return Status::NotFound(
          fmt::format("cannot open the configuration file {}", content.status().message()));
    }
    return ReadText(content.value(), path == "-" ? "standard input" : path, depth);
  }

  Status ReadText(std::string_view text, const std::string& name, int depth) {
    size_t number = 0;
    while (!text.empty()) {
      const size_t end = text.find('\n');
      ++number;
      RETURN_IF_ERROR(ReadLine(text.substr(0, end), name, number, depth));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return Status::Ok();
  }

  Status ReadLine(std::string_view text, const std::string& name, size_t number, int depth) {
    const std::string original(Trim(text));
    std::string line = original;
    const auto fail = [&](std::string_view what) {
      return Status::InvalidArgument(
          fmt::format("Reading {}, at line {}\n>>> '{}'\n{}", name, number, original, what));
    };
    // SplitArgs, as Redis, would read no further; half a line must not pass for a whole one.
    if (line.find('\0') != std::string::npos) return fail("A NUL byte in configuration line");
    const auto words = SplitConfigLine(&line);
    if (!words.has_value()) return fail("Unbalanced quotes in configuration line");
    if (words->empty()) return Status::Ok();
    if (EqualsIgnoreCase((*words)[0], "include")) {
      if (words->size() != 2) return fail("wrong number of arguments");
      if (depth >= kMaxIncludeDepth) return fail("too many files include each other");
      const std::string path((*words)[1]);
      if (HasGlob(path)) return IncludeAll(path, depth);
      const Status included = ReadFile(path, depth + 1);
      return included.code() == StatusCode::kNotFound ? fail(included.message()) : included;
    }
    ConfigOutcome outcome = ApplyConfigLine(loaded_.config, *words);
    if (outcome.error) return fail(*outcome.error);
    if (!outcome.warning.empty()) {
      loaded_.warnings.push_back(fmt::format("{}, line {}: {}", name, number, outcome.warning));
    }
    return Status::Ok();
  }

 private:
  // A pattern in the last part of a path; files in name order, none is fine.
  Status IncludeAll(const std::string& path, int depth) {
    const size_t slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash);
    const std::string pattern = path.substr(slash == std::string::npos ? 0 : slash + 1);
    const Result<std::vector<std::string>> names = env_.List(directory);
    if (!names.ok()) return Status::Ok();
    for (const std::string& name : names.value()) {
      if (name.front() == '.' || !GlobMatch(pattern, name)) continue;
      RETURN_IF_ERROR(ReadFile(directory + "/" + name, depth + 1));
    }
    return Status::Ok();
  }

  Env& env_;
  LoadedConfig& loaded_;
};

}  // namespace

std::optional<std::vector<std::string_view>> SplitConfigLine(std::string* line) {
  const std::string_view trimmed = Trim(*line);
  std::vector<std::string_view> words;
  if (trimmed.empty() || trimmed[0] == '#') return words;
  const auto offset = static_cast<size_t>(trimmed.data() - line->data());
  if (!resp::SplitArgs(line->data() + offset, trimmed.size(), &words)) return std::nullopt;
  return words;
}

Result<Arguments> ParseArguments(std::span<const std::string_view> args) {
  Arguments parsed;
  size_t at = 0;
  if (args.size() == 1) {
    parsed.version = args[0] == "-v" || args[0] == "--version";
    parsed.help = args[0] == "-h" || args[0] == "--help";
    if (parsed.version || parsed.help) return parsed;
  }
  if (!args.empty() && !args[0].starts_with("--")) parsed.source.file = args[at++];
  for (; at < args.size(); ++at) {
    if (args[at].starts_with("--")) {
      parsed.source.lines.emplace_back(args[at].substr(2));
    } else if (!parsed.source.lines.empty()) {
      parsed.source.lines.back() += " " + QuoteConfigWord(args[at]);
    } else {
      return Status::InvalidArgument(fmt::format("'{}' belongs to no option", args[at]));
    }
  }
  return parsed;
}

Result<LoadedConfig> LoadConfig(Env& env, const ConfigSource& source,
                                std::string_view working_directory) {
  LoadedConfig loaded;
  loaded.config = DefaultConfig(MachineMemoryBytes(env));
  Reader reader(env, &loaded);
  if (!source.file.empty()) {
    RETURN_IF_ERROR(reader.ReadFile(source.file, 0));
    if (source.file != "-") {
      const bool absolute = source.file.front() == '/';
      loaded.file = absolute ? source.file : fmt::format("{}/{}", working_directory, source.file);
    }
  }
  for (const std::string& line : source.lines) {
    RETURN_IF_ERROR(reader.ReadLine(line, "the command line", 1, 0));
  }
  if (const ConfigError error = CheckConfig(loaded.config)) {
    return Status::InvalidArgument(*error);
  }
  return loaded;
}

}  // namespace cairn
