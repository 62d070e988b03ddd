#pragma once
// The properties block and the footer of a table.
//
// Any thread; plain values. Bytes: src/lsm/README.md, "Properties" and "Footer".

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "lsm/block_source.h"
#include "lsm/table_info.h"
#include "util/status.h"

namespace cairn::lsm {

// Names of meta blocks in a table's directory. Persisted.
constexpr std::string_view kPropertiesName = "properties";
constexpr std::string_view kTopIndexName = "top-index";

// Everything that a table says of itself.
struct TableProperties {
  // Without size_bytes, which is not known when the block is written; the reader fills it in.
  TableInfo info;
  // [i] counts entries that expire in [2^i, 2^(i+1)) seconds after created_at_ms, [0] what is
  // sooner or past.
  static constexpr size_t kExpiryBuckets = 40;
  std::array<uint64_t, kExpiryBuckets> expiry_histogram{};
  uint64_t data_blocks = 0;
  uint64_t data_block_bytes = 0;  // stored
  uint64_t raw_block_bytes = 0;   // data blocks before the codec
  uint64_t partitions = 0;
  uint64_t index_block_bytes = 0;   // stored
  uint64_t filter_block_bytes = 0;  // stored
  // Tells whether filters were hashed with this store's secret, without revealing it.
  uint64_t filter_secret_check = 0;
};

size_t ExpiryBucket(uint64_t expire_at_ms, uint64_t created_at_ms);
uint64_t FilterSecretCheck(uint64_t secret);

void EncodeTableProperties(std::string* to, const TableProperties& properties);
// kCorruption says what is wrong (the caller adds the file).
Status DecodeTableProperties(std::string_view bytes, TableProperties* properties);

// The last kFooterBytes of the file.
constexpr size_t kFooterBytes = 80;
constexpr uint32_t kTableFormat = 1;

struct TableFooter {
  BlockHandle directory;
  TableId id;
  uint64_t may_ignore_features = 0;  // a reader that does not know a bit goes on
  uint64_t read_only_features = 0;   // … reads, but does not rewrite the table
  uint64_t must_know_features = 0;   // … refuses the table
};

void EncodeTableFooter(std::string* to, const TableFooter& footer, uint64_t file_bytes);
// `bytes` are the file's last kFooterBytes. kNotSupported for a newer format or an unknown
// must-know feature, kCorruption for anything else.
Status DecodeTableFooter(std::string_view bytes, uint64_t file_bytes, TableFooter* footer);
// False if the table carries a feature that this build may read but not rewrite.
bool MayRewrite(const TableFooter& footer);

}  // namespace cairn::lsm
