#pragma once
// The bytes of the write-ahead log: slot headers, record headers, sections. Layouts and the reasons
// for them: src/lsm/README.md, "Write-ahead log".
//
// Any thread; plain functions. Decoding takes untrusted bytes and says false or a Status.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "lsm/store_identity.h"
#include "lsm/types.h"
#include "util/status.h"

namespace cairn::lsm {

// Nothing that one sync makes safe shares a block of this size with what a later sync writes.
constexpr size_t kWalBlockBytes = 4096;
// The slot header's block; records begin after it.
constexpr uint64_t kWalFirstRecord = kWalBlockBytes;
constexpr size_t kWalRecordHeaderBytes = 72;
// Records begin on a multiple of this.
constexpr size_t kWalRecordAlign = 8;
// A batch with a longer payload goes on in further records, so that a reader's memory and a
// scanner's work stay bounded.
constexpr size_t kWalMaxPayload = size_t{4} << 20;
constexpr uint32_t kWalFormat = 1;

constexpr uint64_t AlignUp(uint64_t value, uint64_t to) {
  return (value + to - 1) / to * to;
}

// What stands in a slot's first block.
struct WalSlotHeader {
  uint32_t format = kWalFormat;
  uint64_t may_ignore = 0;  // feature bits
  uint64_t must_know = 0;
  uint64_t store_id_high = 0;
  uint64_t store_id_low = 0;
  SegmentNumber segment = 0;  // 0: made ready, never used
  Sequence first_seq = 0;     // the first that may stand in the segment; all before it is durable
  bool continues = false;     // begins inside a long batch, whose first sequence first_seq is
  // The file had slot_bytes bytes before the segment began: a shorter one was cut.
  bool whole = false;
  uint64_t slot_bytes = 0;
  uint32_t slot_count = 0;   // slot files in the pool when it was written
  Sequence durable_seq = 0;  // watermarks when it was written, as in a record
  uint64_t manifest_edit = 0;
};
// One block of kWalBlockBytes, checksummed.
std::string EncodeSlotHeader(const StoreIdentity& identity, const WalSlotHeader& header);
// OK; kNotFound: no header of this store (unwritten, damaged, another's); kCorruption: of a store
// with the same secret, that is, of a checkpoint or its origin; kNotSupported: a newer format.
Result<WalSlotHeader> DecodeSlotHeader(const StoreIdentity& identity, std::string_view block);

// Persisted.
enum class WalRecordKind : uint8_t {
  kBatch = 1,
  kSeal = 2,  // no writes: claims, by its durable watermark, the last batch
};
constexpr uint8_t kWalFirstFragment = 1;  // flags; a record with both is a whole batch
constexpr uint8_t kWalLastFragment = 2;

struct WalRecordHeader {
  uint32_t payload_bytes = 0;
  WalRecordKind kind = WalRecordKind::kBatch;
  uint8_t flags = kWalFirstFragment | kWalLastFragment;
  uint32_t fragment = 0;  // 0, 1, … within a batch
  SegmentNumber segment = 0;
  Sequence first_seq = 0;  // of the whole batch; a seal: the next one to be written
  Sequence last_seq = 0;   // of the whole batch; a seal: first_seq - 1
  Sequence durable_seq = 0;
  uint64_t manifest_edit = 0;  // the last durable MANIFEST edit

  bool whole() const { return flags == (kWalFirstFragment | kWalLastFragment); }
};

// Fills in the header of a record that stands at `offset`: `record` is kWalRecordHeaderBytes to be
// written followed by the payload.
void SealRecordHeader(const StoreIdentity& identity, const WalRecordHeader& header, uint64_t offset,
                      char* record);

enum class WalRecordCheck : uint8_t {
  kOk,
  kHeaderOnly,  // the header verifies (what it says was true when written), the payload does not
  kNone,        // not a record that was written at this place in that segment
};
// `bytes` begins at `offset` of a slot; it may end early (kHeaderOnly then). Sets *header unless
// kNone, and *payload (into bytes) if kOk. Cost: one hash of the header; one of the payload if the
// header verifies.
WalRecordCheck CheckRecord(const StoreIdentity& identity, uint64_t offset, std::string_view bytes,
                           WalRecordHeader* header, std::string_view* payload);

// Sections of a batch's payload: tagged fields (tagged_fields.h). Persisted tags.
constexpr uint32_t kWalSectionWrites = 1;  // mandatory

// An upper bound for the encoded size of a write, and its encoding at `to`; returns the end.
size_t MaxEncodedWriteBytes(const StagedWrite& write);
char* EncodeWrite(char* to, const StagedWrite& write);

// One write of the log. Views into the payload.
struct LoggedWrite {
  std::string_view key;  // engine key
  Entry entry;
};
// Hands every write of a batch's payload to `on_write`, in order. kCorruption if the payload is not
// what its header says (number of writes, lengths); kNotSupported for an unknown mandatory section;
// or the first error of on_write.
Status DecodeBatch(std::string_view payload, Sequence first_seq, Sequence last_seq,
                   const std::function<Status(const LoggedWrite&)>& on_write);

// "003.slot", and the reverse (-1: not a slot's name).
std::string SlotFileName(int index);
int ParseSlotFileName(std::string_view name);

}  // namespace cairn::lsm
