#include "lsm/block_format.h"

#include <fmt/format.h>
#include <snappy.h>

#include <cstring>
#include <utility>

#include "util/check.h"
#include "util/coding.h"
#include "util/hash.h"

namespace cairn::lsm {
namespace {

constexpr size_t kChecksumBytes = 8;
constexpr size_t kTagBytes = kBlockTrailerBytes - kChecksumBytes;  // kind, codec, checksum kind
static_assert(kTagBytes == 3);

uint64_t ChecksumSeed(const TableId& id, uint64_t offset) {
  char place[24];
  EncodeFixed64(place, id.high);
  EncodeFixed64(place + 8, id.low);
  EncodeFixed64(place + 16, offset);
  return Hash64({place, sizeof place}, 0);
}

Status ChecksumError(uint64_t stored, uint64_t computed) {
  return Status::Corruption(fmt::format("checksum wanted {:016x}, got {:016x}", stored, computed));
}

Result<BlockKind> KindOf(char byte) {
  const auto number = static_cast<unsigned char>(byte);
  if (number < static_cast<int>(BlockKind::kData) ||
      number > static_cast<int>(BlockKind::kProperties)) {
    return Status::NotSupported(fmt::format("block kind {}", number));
  }
  return static_cast<BlockKind>(number);
}

// A stored block whose checksum is right.
struct Verified {
  BlockKind kind;
  BlockCodec codec;
  std::string_view bytes;  // without the trailer, as the codec left them
};

Result<Verified> Verify(std::string_view raw, const TableId& id, uint64_t offset) {
  if (raw.size() < kBlockTrailerBytes) return Status::Corruption("shorter than a trailer");
  const std::string_view covered = raw.substr(0, raw.size() - kChecksumBytes);
  const uint64_t stored = DecodeFixed64(covered.data() + covered.size());
  const std::string_view bytes = covered.substr(0, covered.size() - kTagBytes);
  const char* tags = bytes.data() + bytes.size();
  const uint64_t computed = Hash64(covered, ChecksumSeed(id, offset));
  if (stored != computed) return ChecksumError(stored, computed);
  // From here on the bytes are what was written: what is strange is newer, not damaged.
  if (tags[2] != static_cast<char>(ChecksumKind::kXxh3)) {
    return Status::NotSupported(fmt::format("checksum kind {}", static_cast<int>(tags[2])));
  }
  ASSIGN_OR_RETURN(const BlockKind kind, KindOf(tags[0]));
  const auto codec = static_cast<BlockCodec>(tags[1]);
  if (codec != BlockCodec::kSnappy && codec != BlockCodec::kNone) {
    return Status::NotSupported(fmt::format("block codec {}", static_cast<int>(codec)));
  }
  return Verified{kind, codec, bytes};
}

// Makes *to larger if it has to be. Returns how many bytes they are.
Result<size_t> UncompressTo(std::string_view compressed, BlockBuffer* to) {
  size_t size_bytes;
  if (!snappy::GetUncompressedLength(compressed.data(), compressed.size(), &size_bytes) ||
      size_bytes > kMaxBlockBytes) {
    return Status::Corruption("snappy: bad length");
  }
  if (to->size_bytes() < size_bytes) *to = BlockBuffer(size_bytes);
  if (!snappy::RawUncompress(compressed.data(), compressed.size(), to->data())) {
    return Status::Corruption("snappy: bad data");
  }
  return size_bytes;
}

Result<std::shared_ptr<const Block>> Uncompress(BlockKind kind, std::string_view compressed) {
  BlockBuffer bytes;
  ASSIGN_OR_RETURN(const size_t size_bytes, UncompressTo(compressed, &bytes));
  return Block::Make(kind, std::move(bytes), size_bytes);
}

}  // namespace

uint32_t SealBlock(std::string* to, BlockKind kind, std::string_view bytes, bool compress,
                   const TableId& id, uint64_t offset) {
  CHECK(bytes.size() < kMaxBlockBytes);
  const size_t begin = to->size();
  BlockCodec codec = BlockCodec::kNone;
  if (compress && kind != BlockKind::kFilter) {
    to->resize(begin + snappy::MaxCompressedLength(bytes.size()));
    size_t compressed_bytes;
    snappy::RawCompress(bytes.data(), bytes.size(), to->data() + begin, &compressed_bytes);
    to->resize(begin + compressed_bytes);
    // Less than an eighth saved is not worth uncompressing it at every read.
    if (compressed_bytes <= bytes.size() - bytes.size() / 8) codec = BlockCodec::kSnappy;
  }
  if (codec == BlockCodec::kNone) {
    to->resize(begin);
    to->append(bytes);
  }
  to->push_back(static_cast<char>(kind));
  to->push_back(static_cast<char>(codec));
  to->push_back(static_cast<char>(ChecksumKind::kXxh3));
  const std::string_view covered = std::string_view(*to).substr(begin);
  PutFixed64(to, Hash64(covered, ChecksumSeed(id, offset)));
  return static_cast<uint32_t>(to->size() - begin);
}

Result<std::shared_ptr<const Block>> OpenBlock(BlockBuffer raw, const TableId& id,
                                               uint64_t offset) {
  ASSIGN_OR_RETURN(const Verified block, Verify({raw.data(), raw.size_bytes()}, id, offset));
  if (block.codec == BlockCodec::kSnappy) return Uncompress(block.kind, block.bytes);
  return Block::Make(block.kind, std::move(raw), block.bytes.size());
}

Result<std::shared_ptr<const Block>> OpenBlock(std::string_view raw, const TableId& id,
                                               uint64_t offset) {
  ASSIGN_OR_RETURN(const Verified block, Verify(raw, id, offset));
  if (block.codec == BlockCodec::kSnappy) return Uncompress(block.kind, block.bytes);
  return Block::Make(block.kind, BlockBuffer::CopyOf(block.bytes), block.bytes.size());
}

Result<std::string_view> SearchStoredBlock(std::string_view raw, const TableId& id, uint64_t offset,
                                           std::string_view key, BlockBuffer* to) {
  ASSIGN_OR_RETURN(const Verified block, Verify(raw, id, offset));
  if (block.kind != BlockKind::kData) {
    return Status::Corruption(fmt::format("block kind wanted {}, got {}",
                                          static_cast<int>(BlockKind::kData),
                                          static_cast<int>(block.kind)));
  }
  size_t size_bytes = block.bytes.size();
  if (block.codec == BlockCodec::kSnappy) {
    ASSIGN_OR_RETURN(size_bytes, UncompressTo(block.bytes, to));
  } else {
    if (to->size_bytes() < size_bytes) *to = BlockBuffer(size_bytes);
    std::memcpy(to->data(), block.bytes.data(), size_bytes);
  }
  return FindInUnvalidated({to->data(), size_bytes}, key);
}

}  // namespace cairn::lsm
