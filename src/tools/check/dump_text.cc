#include "tools/check/dump_text.h"

#include <fmt/format.h>

#include "lsm/version.h"
#include "util/ascii.h"

namespace cairn::check {
namespace {

std::string_view KindName(lsm::EntryKind kind) {
  switch (kind) {
    case lsm::EntryKind::kValue:
      return "value";
    case lsm::EntryKind::kTombstone:
      return "tombstone";
    case lsm::EntryKind::kExpiredStub:
      return "expired stub";
    case lsm::EntryKind::kValueElsewhere:
      return "value elsewhere";
  }
  return "unknown kind";
}

std::string_view BelowName(lsm::Below below) {
  switch (below) {
    case lsm::Below::kNotCounted:
      return "not counted";
    case lsm::Below::kAbsent:
      return "absent";
    case lsm::Below::kLive:
      return "live";
    case lsm::Below::kUnknown:
      return "unknown";
  }
  return "unknown kind";
}

}  // namespace

std::string EntryText(const lsm::Entry& entry) {
  std::string text = fmt::format("seq {} {} tag {} below {}", entry.sequence, KindName(entry.kind),
                                 entry.tag, BelowName(entry.below));
  if (entry.expire_at_ms != 0) text += fmt::format(" expires {}", entry.expire_at_ms);
  if (entry.child_space != 0) text += fmt::format(" child {}", entry.child_space);
  if (!entry.live()) return text;
  return text + fmt::format(": {} bytes {}", entry.value.size(), BytesText(entry.value));
}

std::string KeyText(std::string_view engine_key, size_t columns) {
  std::string text = lsm::KeyDebugString(engine_key);
  if (text.size() <= columns) return text;
  text.resize(columns - 1);
  constexpr size_t kEscapeBytes = 4;  // \\xNN
  const size_t escape = text.rfind('\\');
  if (escape != std::string::npos && escape + kEscapeBytes > text.size()) text.resize(escape);
  return text + "…";
}

std::string BytesText(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : bytes.substr(0, kShownBytes)) {
    if (IsPrintable(c) && c != '"' && c != '\\') {
      text.push_back(c);
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text + (bytes.size() > kShownBytes ? "\"…" : "\"");
}

}  // namespace cairn::check
