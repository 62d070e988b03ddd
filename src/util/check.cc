#include "util/check.h"

#include <unistd.h>

#include <fmt/format.h>
#include <cstdlib>

namespace cairn {

void CheckFailed(const char* file, int line, const char* expression) {
  const std::string text = fmt::format("{}:{}: CHECK failed: {}\n", file, line, expression);
  // Straight to the descriptor: the heap and stdio may be what is broken.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  std::abort();
}

}  // namespace cairn
