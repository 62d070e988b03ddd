#pragma once
// A storage engine as the comparison sees it (engine_bench.h): what each offers alike, with the
// same memory for each. Cairn's own always; RocksDB and LevelDB where the build found them.
//
// Thread: one, the load's. May block: everything.
// Keys and values are bytes; one order for all: bytewise.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/env.h"
#include "util/status.h"

namespace cairn::bench {

struct EngineSettings {
  std::string directory;  // of this engine alone, made when it is opened
  uint64_t memory_bytes = 0;

  // A sixteenth of the memory a memtable, at most four of them; caches get the rest.
  uint64_t memtable_bytes() const { return memory_bytes / 16; }
  static constexpr int kMemtables = 4;
};

struct KeyValue {
  std::string_view key;
  std::string_view value;
};

enum class WriteSync : uint8_t {
  kNone,  // the kernel has it; nothing is synced
  kEach,  // on the disk before the write returns
};

class EngineUnderTest {
 public:
  virtual ~EngineUnderTest() = default;

  virtual std::string_view name() const = 0;
  // What it was told, for the reader of the figures.
  virtual std::string configuration() const = 0;
  // Where its tables lie since the last Open.
  virtual const std::string& directory() const = 0;

  // Closes what is open. `fresh`: removes what is there, and begins anew.
  virtual Status Open(bool fresh, WriteSync sync) = 0;

  virtual Status Put(std::string_view key, std::string_view value) = 0;
  virtual Status Delete(std::string_view key) = 0;
  // All or nothing.
  virtual Status PutBatch(std::span<const KeyValue> batch) = 0;
  // Waits until the kernel has every write so far. Nothing to do where Put waits for that itself.
  virtual Status WaitWritten() { return {}; }

  // True: found, and *value is it.
  virtual Result<bool> Get(std::string_view key, std::string* value) = 0;
  // How many of the keys are there.
  virtual Result<size_t> MultiGet(std::span<const std::string> keys) = 0;
  // Seeks the first key >= `key` with a new iterator and steps on `nexts` times, looking at each
  // entry. Returns how many it saw; *first is the first one's key.
  virtual Result<size_t> SeekAndWalk(std::string_view key, size_t nexts, std::string* first) = 0;

  // Flushes the memtable and waits until no flush and no merge is left to be done.
  virtual Status Settle() = 0;
  // Bytes of tables that flushes and merges have written since Open.
  virtual uint64_t table_bytes_written() = 0;
  // What else it has to say about the operations since the last call: "0.93 fetches/op".
  virtual std::string TakeNotes(uint64_t operations) {
    static_cast<void>(operations);
    return "";
  }
};

// Removes the files in the directory and in its folder "wal", if they exist. (Env removes no
// directories.)
Status RemoveFiles(Env& env, const std::string& directory);

// Waits without an event: for engines that say only when asked that they have come to rest.
void Pause(uint64_t milliseconds);

// In the order of the report. Names: cairn, rocksdb, leveldb; null where the build has it not, or
// the name is unknown.
std::unique_ptr<EngineUnderTest> NewEngine(std::string_view name, Env& env,
                                           const EngineSettings& settings);
std::vector<std::string> EngineNames();  // what NewEngine knows in this build

std::unique_ptr<EngineUnderTest> NewCairnEngine(Env& env, const EngineSettings& settings);
std::unique_ptr<EngineUnderTest> NewRocksDbEngine(Env& env, const EngineSettings& settings);
std::unique_ptr<EngineUnderTest> NewLevelDbEngine(Env& env, const EngineSettings& settings);

}  // namespace cairn::bench
