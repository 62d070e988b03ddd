#pragma once
// Text cases: a file of commands with the output that they must have.
//
//   # a comment
//   command argument argument
//   input, if any
//   ----
//   output, up to a blank line
//
// RunTextCases runs each command through `run` and compares. With CAIRN_REWRITE=1 in the
// environment it writes the outputs into the file instead: look at the diff before you commit it.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace cairn::test {

struct TextCase {
  std::string command;
  std::vector<std::string> arguments;
  std::string input;  // lines, each with its '\n'
  int line = 0;

  // The argument at `index`, or what stands behind "name=" in any of them.
  std::string Argument(size_t index) const {
    return index < arguments.size() ? arguments[index] : "";
  }
  std::string Named(const std::string& name, const std::string& otherwise) const {
    for (const std::string& argument : arguments) {
      if (argument.starts_with(name + "=")) return argument.substr(name.size() + 1);
    }
    return otherwise;
  }
};

// A command's output as it stands in the file: lines, none of them blank, the last one ended.
inline std::string CaseOutput(std::string text) {
  if (!text.empty() && text.back() != '\n') text.push_back('\n');
  return text;
}

inline void RunTextCases(const std::string& path,
                         const std::function<std::string(const TextCase&)>& run) {
  std::ifstream file(path);
  INFO(path);
  REQUIRE(file.good());
  const char* const rewrite_text = std::getenv("CAIRN_REWRITE");
  const bool rewrite = rewrite_text != nullptr && std::string(rewrite_text) == "1";
  std::string rewritten;
  std::string line;
  int line_number = 0;
  const auto next_line = [&] {
    ++line_number;
    return static_cast<bool>(std::getline(file, line));
  };
  int cases = 0;
  while (next_line()) {
    rewritten += line + "\n";
    if (line.empty() || line.starts_with('#')) continue;
    TextCase text_case;
    text_case.line = line_number;
    std::istringstream words(line);
    words >> text_case.command;
    for (std::string word; words >> word;) text_case.arguments.push_back(word);
    while (next_line() && line != "----") {
      text_case.input += line + "\n";
      rewritten += line + "\n";
    }
    INFO(path << ":" << text_case.line << " (CAIRN_REWRITE=1 takes over what comes out)");
    REQUIRE(line == "----");
    std::string expected;
    while (next_line() && !line.empty()) expected += line + "\n";
    const std::string output = CaseOutput(run(text_case));
    REQUIRE(output.find("\n\n") == std::string::npos);
    rewritten += "----\n" + output + "\n";
    if (!rewrite) CHECK(output == expected);
    ++cases;
  }
  CHECK(cases > 0);
  if (!rewrite) return;
  while (rewritten.ends_with("\n\n")) rewritten.pop_back();
  std::ofstream(path) << rewritten;
}

}  // namespace cairn::test
