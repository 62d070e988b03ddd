// LevelDB, configured to be compared: see configuration(). What is not named there is its default.

#ifdef CAIRN_BENCH_LEVELDB

#include <fmt/format.h>
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include "tools/bench/engine_under_test.h"
#include "tools/bench/process_usage.h"
#include "tools/bench/workload.h"
#include "util/parse.h"

namespace cairn::bench {
namespace {

constexpr int kFilterBits = 10;
// It has one memtable and one that is being flushed, whatever one would allow it.
constexpr uint64_t kMemtables = 2;
// At rest: so long without a write to the disk, and with next to no use of the processor.
constexpr uint64_t kQuietMs = 400;
constexpr uint64_t kQuietCpuMicros = 8'000;

leveldb::Slice SliceOf(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

Status StatusOf(const leveldb::Status& status) {
  return status.ok() ? Status() : Status::IoError("LevelDB: " + status.ToString());
}

class LevelDbEngine final : public EngineUnderTest {
 public:
  LevelDbEngine(Env& env, const EngineSettings& settings)
      : env_(env),
        directory_(settings.directory),
        cache_bytes_(settings.memory_bytes - kMemtables * settings.memtable_bytes()),
        cache_(leveldb::NewLRUCache(cache_bytes_)),
        filter_(leveldb::NewBloomFilterPolicy(kFilterBits)) {
    options_.create_if_missing = true;
    options_.write_buffer_size = settings.memtable_bytes();
    options_.block_cache = cache_.get();
    options_.filter_policy = filter_.get();
    options_.compression = leveldb::kSnappyCompression;
  }

  ~LevelDbEngine() override {
    db_.reset();
    // Files that stay behind are in the way of nothing.
    static_cast<void>(RemoveFiles(env_, directory_));
  }

  std::string_view name() const override { return "leveldb"; }
  const std::string& directory() const override { return directory_; }

  std::string configuration() const override {
    return fmt::format(
        "{}.{}: memtable {} KiB (at most {}), block cache {} KiB (indexes and filters stand "
        "outside it), blocks of 4096 bytes, Snappy, {} filter bits, one thread, log on, sync off "
        "(fillsync: on)",
        leveldb::kMajorVersion, leveldb::kMinorVersion, options_.write_buffer_size >> 10,
        kMemtables, cache_bytes_ >> 10, kFilterBits);
  }

  Status Open(bool fresh, WriteSync sync) override {
    db_.reset();
    table_bytes_before_ = 0;
    if (fresh) RETURN_IF_ERROR(RemoveFiles(env_, directory_));
    RETURN_IF_ERROR(env_.MakeDirectories(directory_));
    write_.sync = sync == WriteSync::kEach;
    return OpenDb();
  }

  Status Put(std::string_view key, std::string_view value) override {
    return StatusOf(db_->Put(write_, SliceOf(key), SliceOf(value)));
  }
  Status Delete(std::string_view key) override {
    return StatusOf(db_->Delete(write_, SliceOf(key)));
  }
  Status PutBatch(std::span<const KeyValue> batch) override {
    leveldb::WriteBatch writes;
    for (const KeyValue& pair : batch) writes.Put(SliceOf(pair.key), SliceOf(pair.value));
    return StatusOf(db_->Write(write_, &writes));
  }

  Result<bool> Get(std::string_view key, std::string* value) override {
    const leveldb::Status status = db_->Get({}, SliceOf(key), value);
    if (status.IsNotFound()) return false;
    RETURN_IF_ERROR(StatusOf(status));
    return true;
  }

  // It has none: one after the other.
  Result<size_t> MultiGet(std::span<const std::string> keys) override {
    size_t found = 0;
    std::string value;
    for (const std::string& key : keys) {
      ASSIGN_OR_RETURN(const bool there, Get(key, &value));
      if (there) ++found;
    }
    return found;
  }

  Result<size_t> SeekAndWalk(std::string_view key, size_t nexts, std::string* first) override {
    const std::unique_ptr<leveldb::Iterator> walk(db_->NewIterator({}));
    size_t seen = 0;
    for (walk->Seek(SliceOf(key)); walk->Valid(); walk->Next()) {
      if (seen == 0) first->assign(walk->key().data(), walk->key().size());
      Keep(walk->value());
      if (++seen > nexts) break;
    }
    RETURN_IF_ERROR(StatusOf(walk->status()));
    return seen;
  }

  // Only a new start makes it flush its memtable, and it does not say when it is at rest.
  Status Settle() override {
    table_bytes_before_ = table_bytes_written();
    db_.reset();
    RETURN_IF_ERROR(OpenDb());
    for (ProcessUsage before = ProcessUsage::Now(env_);;) {
      Pause(kQuietMs);
      const ProcessUsage now = ProcessUsage::Now(env_);
      if (now.written_bytes == before.written_bytes &&
          now.cpu_micros < before.cpu_micros + kQuietCpuMicros) {
        return {};
      }
      before = now;
    }
  }

  // The last column of each level's line, in MiB.
  uint64_t table_bytes_written() override {
    std::string text;
    uint64_t megabytes = 0;
    if (db_->GetProperty("leveldb.stats", &text)) {
      for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = std::string_view(text).substr(at, end - at);
        const size_t number = line.find_last_of(' ');
        if (number != line.npos) megabytes += ParseUint64(line.substr(number + 1)).value_or(0);
        at = end + 1;
      }
    }
    return table_bytes_before_ + (megabytes << 20);
  }

 private:
  Status OpenDb() {
    leveldb::DB* db = nullptr;
    RETURN_IF_ERROR(StatusOf(leveldb::DB::Open(options_, directory_, &db)));
    db_.reset(db);
    return {};
  }

  Env& env_;
  const std::string directory_;
  const uint64_t cache_bytes_;
  const std::unique_ptr<leveldb::Cache> cache_;
  const std::unique_ptr<const leveldb::FilterPolicy> filter_;
  leveldb::Options options_;
  leveldb::WriteOptions write_;
  uint64_t table_bytes_before_ = 0;  // before the last start: its figures begin anew with each
  std::unique_ptr<leveldb::DB> db_;
};

}  // namespace

std::unique_ptr<EngineUnderTest> NewLevelDbEngine(Env& env, const EngineSettings& settings) {
  return std::make_unique<LevelDbEngine>(env, settings);
}

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_LEVELDB
