#include "lsm/wal_claims.h"

#include <fmt/format.h>
#include <algorithm>

namespace cairn::lsm {
namespace {

constexpr size_t kWindowBytes = size_t{8} << 20;
static_assert(kWindowBytes >= kWalMaxPayload + kWalRecordHeaderBytes);

}  // namespace

void WalClaims::Note(SegmentNumber segment, SegmentNumber log_start, Sequence durable,
                     uint64_t edit, const std::string& path, uint64_t offset) {
  highest_segment = std::max(highest_segment, segment);
  if (segment >= log_start && durable > durable_seq) {
    durable_seq = durable;
    durable_by = fmt::format("{} offset {}", path, offset);
  }
  if (edit > manifest_edit) {
    manifest_edit = edit;
    manifest_by = fmt::format("{} offset {}", path, offset);
  }
}

Status WalSlotView::Read(uint64_t offset, size_t want, std::string_view* bytes) {
  *bytes = {};
  if (offset >= size_bytes()) return {};
  want = std::min<uint64_t>(want, size_bytes() - offset);
  const bool inside = offset >= window_offset_ && offset + want <= window_offset_ + window_bytes_;
  if (!inside) {
    const size_t length = std::min<uint64_t>(std::max(want, kWindowBytes), size_bytes() - offset);
    if (window_.size() < length) window_.resize(length);
    window_bytes_ = 0;
    RETURN_IF_ERROR(file_->Read(offset, length, window_.data()));
    window_offset_ = offset;
    window_bytes_ = length;
    read_bytes_ += length;
  }
  *bytes = std::string_view(window_.data(), window_bytes_).substr(offset - window_offset_);
  return {};
}

void WalSlotView::Release() {
  std::string().swap(window_);
  window_bytes_ = 0;
}

Status WalSlotView::Check(const StoreIdentity& identity, uint64_t offset, WalRecordCheck* check,
                          WalRecordHeader* header, std::string_view* payload) {
  std::string_view bytes;
  RETURN_IF_ERROR(Read(offset, kWalRecordHeaderBytes, &bytes));
  *check = CheckRecord(identity, offset, bytes, header, payload);
  if (*check != WalRecordCheck::kHeaderOnly || header->payload_bytes > kWalMaxPayload) return {};
  const size_t whole = kWalRecordHeaderBytes + header->payload_bytes;
  if (whole <= bytes.size() || offset + whole > size_bytes()) return {};
  RETURN_IF_ERROR(Read(offset, whole, &bytes));
  *check = CheckRecord(identity, offset, bytes, header, payload);
  return {};
}

Status WalSlotView::NoteClaims(const StoreIdentity& identity, SegmentNumber log_start,
                               uint64_t begin, uint64_t end, WalClaims* claims) {
  end = std::min(end, size_bytes());
  for (uint64_t at = AlignUp(begin, kWalBlockBytes); at < end; at += kWalBlockBytes) {
    std::string_view bytes;
    RETURN_IF_ERROR(Read(at, kWalRecordHeaderBytes, &bytes));
    WalRecordHeader header;
    std::string_view payload;
    // The header's own checksum is enough: what it says was true even if its payload got lost. So
    // the payload is not read, and client data that looks like headers costs no more than others.
    const auto check =
        CheckRecord(identity, at, bytes.substr(0, kWalRecordHeaderBytes), &header, &payload);
    if (check == WalRecordCheck::kNone) continue;
    claims->Note(header.segment, log_start, header.durable_seq, header.manifest_edit, path(), at);
  }
  return {};
}

}  // namespace cairn::lsm
