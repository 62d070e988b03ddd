#pragma once
// Builds the bytes of a sorted block, and seals a block's bytes for the disk.
//
// One thread. Used by TableBuilder on workers.
// Bytes: src/lsm/README.md, "Blocks".

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lsm/block.h"
#include "lsm/table_info.h"

namespace cairn::lsm {

class BlockBuilder {
 public:
  // A key is stored whole at every `restart_interval`th entry. Requires: restart_interval > 0.
  explicit BlockBuilder(int restart_interval);

  // Requires: key greater than the last one; key and payload below 1 GiB each.
  void Add(std::string_view key, std::string_view payload);
  // The same for a data block's entry: payload is header, sequence, value.
  void AddEntry(std::string_view key, const Entry& entry);
  // Upper bound of what an entry adds to the block.
  static size_t EntryBytes(std::string_view key, const Entry& entry);

  bool empty() const { return entry_count_ == 0; }
  size_t entry_count() const { return entry_count_; }
  // Of the block as it stands, with its restart points.
  size_t size_bytes() const { return bytes_.size() + 4 * restarts_.size() + 4; }
  std::string_view last_key() const { return last_key_; }

  // Appends the restart points; a view of the whole block, valid until Reset. Requires: not empty.
  std::string_view Finish();
  void Reset();

 private:
  // Writes lengths and the unshared part of the key; the payload's bytes are appended after it.
  void BeginEntry(std::string_view key, size_t payload_bytes);

  const int restart_interval_;
  std::string bytes_;
  std::vector<uint32_t> restarts_;
  std::string last_key_;
  size_t entry_count_ = 0;
  int since_restart_ = 0;
};

}  // namespace cairn::lsm
