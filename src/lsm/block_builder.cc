#include "lsm/block_builder.h"

#include <algorithm>

#include "lsm/entry_codec.h"
#include "util/check.h"
#include "util/coding.h"

namespace cairn::lsm {
namespace {

constexpr size_t kMaxPartBytes = size_t{1} << 30;

// What stands between header and value; a header and it together fit a small buffer.
constexpr size_t kMaxEntryPrefixBytes = kMaxEntryHeaderBytes + kMaxVarint64Bytes;

}  // namespace

BlockBuilder::BlockBuilder(int restart_interval) : restart_interval_(restart_interval) {
  CHECK(restart_interval > 0);
}

void BlockBuilder::Add(std::string_view key, std::string_view payload) {
  BeginEntry(key, payload.size());
  bytes_.append(payload);
}

void BlockBuilder::AddEntry(std::string_view key, const Entry& entry) {
  DCHECK(entry.live() || entry.value.empty());
  DCHECK(key.size() >= kSpacePrefixBytes && entry.sequence > 0);
  char prefix[kMaxEntryPrefixBytes];
  const char* end = EncodeVarint64(EncodeEntryHeader(prefix, entry), entry.sequence);
  const size_t prefix_bytes = static_cast<size_t>(end - prefix);
  BeginEntry(key, prefix_bytes + entry.value.size());
  bytes_.append(prefix, prefix_bytes);
  bytes_.append(entry.value);
}

size_t BlockBuilder::EntryBytes(std::string_view key, const Entry& entry) {
  // Three lengths of up to 5 bytes, and a restart point.
  return key.size() + entry.value.size() + kMaxEntryPrefixBytes + 3 * 5 + 4;
}

void BlockBuilder::BeginEntry(std::string_view key, size_t payload_bytes) {
  CHECK(key.size() < kMaxPartBytes && payload_bytes < kMaxPartBytes);
  CHECK(bytes_.size() < UINT32_MAX);
  DCHECK(empty() || std::string_view(last_key_) < key);
  size_t shared = 0;
  if (empty() || since_restart_ == restart_interval_) {
    restarts_.push_back(static_cast<uint32_t>(bytes_.size()));
    since_restart_ = 0;
  } else {
    const size_t limit = std::min(last_key_.size(), key.size());
    while (shared < limit && last_key_[shared] == key[shared]) ++shared;
  }
  PutVarint64(&bytes_, shared);
  PutVarint64(&bytes_, key.size() - shared);
  PutVarint64(&bytes_, payload_bytes);
  bytes_.append(key.substr(shared));
  last_key_.resize(shared);
  last_key_.append(key.substr(shared));
  ++entry_count_;
  ++since_restart_;
}

std::string_view BlockBuilder::Finish() {
  CHECK(!empty());
  for (const uint32_t restart : restarts_) PutFixed32(&bytes_, restart);
  PutFixed32(&bytes_, static_cast<uint32_t>(restarts_.size()));
  return bytes_;
}

void BlockBuilder::Reset() {
  bytes_.clear();
  restarts_.clear();
  last_key_.clear();
  entry_count_ = 0;
  since_restart_ = 0;
}

}  // namespace cairn::lsm
