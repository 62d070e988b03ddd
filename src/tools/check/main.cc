// cairn-check: reads a data directory without a server and says what is damaged in it. See `help`.

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string_view>
#include <system_error>
#include <vector>

#include "env/posix_env.h"
#include "tools/check/check.h"

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  const std::unique_ptr<cairn::Env> env = cairn::NewPosixEnv();
  // Line by line: with a larger buffer a full disk would only show after the exit code was given.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  try {
    return cairn::check::Run(
        *env, arguments, [](std::string_view line) { fmt::print("{}\n", line); },
        [](std::string_view line) { fmt::print(stderr, "{}\n", line); });
  } catch (const std::system_error&) {
    // fmt::print's way to say that the output takes no more: nobody can be told what was found.
    return cairn::check::kExitCannotRead;
  }
}
