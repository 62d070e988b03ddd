#include "keyspace/strings.h"

#include <algorithm>

#include "util/parse.h"

namespace cairn {

namespace {

// "-9223372036854775808".
constexpr size_t kMaxIntegerBytes = 20;

}  // namespace

Encoding StringEncoding(std::string_view value) {
  if (value.size() <= kMaxIntegerBytes && ParseInt64(value)) return Encoding::kInt;
  return TextEncoding(value);
}

ByteRange ClampRange(int64_t start, int64_t end, size_t size) {
  const auto length = static_cast<int64_t>(size);
  // Both before the beginning and the wrong way round: nothing, rather than the first byte.
  if (start < 0 && end < 0 && start > end) return {};
  if (start < 0) start = std::max<int64_t>(start + length, 0);
  if (end < 0) end = std::max<int64_t>(end + length, 0);
  end = std::min(end, length - 1);
  if (start > end || length == 0) return {};
  return {static_cast<size_t>(start), static_cast<size_t>(end - start + 1)};
}

}  // namespace cairn
