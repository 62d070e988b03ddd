#include "tools/bench/process_usage.h"

#include <sys/resource.h>

#include <string>
#include <string_view>

#include "util/check.h"
#include "util/parse.h"

namespace cairn::bench {
namespace {

constexpr size_t kMaxIoFileBytes = 4096;

uint64_t MicrosOf(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
}

uint64_t WrittenBytes(Env& env) {
  const Result<std::string> text = env.ReadSmallFile("/proc/self/io", kMaxIoFileBytes);
  if (!text.ok()) return 0;
  constexpr std::string_view kField = "\nwrite_bytes: ";
  const size_t at = text->find(kField);
  if (at == text->npos) return 0;
  const size_t begin = at + kField.size();
  const std::string_view number(text->data() + begin, text->find('\n', begin) - begin);
  return ParseUint64(number).value_or(0);
}

}  // namespace

ProcessUsage ProcessUsage::Now(Env& env) {
  rusage usage{};
  CHECK(::getrusage(RUSAGE_SELF, &usage) == 0);
  return {.cpu_micros = MicrosOf(usage.ru_utime) + MicrosOf(usage.ru_stime),
          .written_bytes = WrittenBytes(env)};
}

}  // namespace cairn::bench
