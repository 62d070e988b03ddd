#pragma once
// A block on disk: its bytes, maybe compressed, and a trailer (kind, codec, checksum kind,
// checksum). The checksum covers everything before it and is seeded with the table's id and the
// block's offset, so a misplaced block does not verify.
//
// Any thread; plain functions of their arguments. Bytes: src/lsm/README.md, "Blocks".

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lsm/block.h"
#include "lsm/table_info.h"
#include "util/status.h"

namespace cairn::lsm {

constexpr size_t kBlockTrailerBytes = 11;
// What a sane block may take; handles beyond it are damage. Above the largest value (512 MiB, and
// its key), below what 32-bit offsets hold.
constexpr uint64_t kMaxBlockBytes = uint64_t{2} << 30;

// Persisted; numbers are never used again.
enum class BlockCodec : uint8_t { kNone = 0, kSnappy = 1 };
enum class ChecksumKind : uint8_t { kXxh3 = 1 };

// Appends the block as it stands at `offset` of the table `id` to *to. Compresses where that saves
// at least an eighth, unless the kind is kFilter or `compress` is false. Returns its stored bytes.
uint32_t SealBlock(std::string* to, BlockKind kind, std::string_view bytes, bool compress,
                   const TableId& id, uint64_t offset);

// The way back: checks the checksum before any other use, uncompresses, validates. `raw` holds
// exactly the stored bytes. kCorruption with what was wanted and got (the caller adds file and
// offset); kNotSupported for a codec or kind of a newer build.
Result<std::shared_ptr<const Block>> OpenBlock(BlockBuffer raw, const TableId& id, uint64_t offset);
// The same with a view of them, which are copied if they are not compressed.
Result<std::shared_ptr<const Block>> OpenBlock(std::string_view raw, const TableId& id,
                                               uint64_t offset);
// One lookup in a stored data block that nobody will keep (block.h, FindInUnvalidated). The payload
// views into *to, which is made larger if it has to be. Errors: as OpenBlock's.
Result<std::string_view> SearchStoredBlock(std::string_view raw, const TableId& id, uint64_t offset,
                                           std::string_view key, BlockBuffer* to);

}  // namespace cairn::lsm
