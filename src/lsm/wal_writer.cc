#include "lsm/wal_writer.h"

#include <cstring>

#include "util/check.h"

namespace cairn::lsm {

WalWriter::WalWriter(const StoreIdentity& identity, SlotFile& file, size_t slot_bytes)
    : identity_(identity), file_(file), slot_bytes_(slot_bytes) {
  CHECK(slot_bytes % kWalBlockBytes == 0);
  CHECK(slot_bytes > kWalFirstRecord);
}

Status WalWriter::Begin(const WalSlotHeader& header) {
  CHECK(offset_ == 0);
  CHECK(header.segment != 0);
  segment_ = header.segment;
  RETURN_IF_ERROR(file_.Write(0, EncodeSlotHeader(identity_, header)));
  offset_ = kWalFirstRecord;
  written_bytes_ = kWalBlockBytes;
  return {};
}

Status WalWriter::Append(WalRecordHeader header, std::span<const std::string_view> parts) {
  DCHECK(offset_ >= kWalFirstRecord);
  DCHECK(offset_ % kWalRecordAlign == 0);
  size_t payload_bytes = 0;
  for (const std::string_view part : parts) payload_bytes += part.size();
  CHECK(Fits(payload_bytes));
  CHECK(payload_bytes <= kWalMaxPayload);

  const uint64_t record_end = offset_ + kWalRecordHeaderBytes + payload_bytes;
  const size_t write_bytes = AlignUp(record_end, kWalBlockBytes) - offset_;
  if (buffer_.size() < write_bytes) buffer_.resize(write_bytes);
  char* to = buffer_.data() + kWalRecordHeaderBytes;
  for (const std::string_view part : parts) {
    if (part.empty()) continue;
    std::memcpy(to, part.data(), part.size());
    to += part.size();
  }
  std::memset(to, 0, buffer_.data() + write_bytes - to);
  header.segment = segment_;
  header.payload_bytes = static_cast<uint32_t>(payload_bytes);
  SealRecordHeader(identity_, header, offset_, buffer_.data());

  RETURN_IF_ERROR(file_.Write(offset_, {buffer_.data(), write_bytes}));
  offset_ = AlignUp(record_end, kWalRecordAlign);
  written_bytes_ += write_bytes;
  return {};
}

Status WalWriter::Sync() {
  RETURN_IF_ERROR(file_.Sync());
  offset_ = AlignUp(offset_, kWalBlockBytes);
  return {};
}

}  // namespace cairn::lsm
