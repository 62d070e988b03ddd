// RocksDB, configured to be compared: see configuration(). What is not named there is its default.

#ifdef CAIRN_BENCH_ROCKSDB

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <map>

#include "tools/bench/engine_under_test.h"
#include "tools/bench/workload.h"
#include "util/parse.h"

namespace cairn::bench {
namespace {

constexpr double kFilterBits = 10;
constexpr uint64_t kPauseMs = 20;

rocksdb::Slice SliceOf(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

Status StatusOf(const rocksdb::Status& status) {
  return status.ok() ? Status() : Status::IoError("RocksDB: " + status.ToString());
}

class RocksDbEngine final : public EngineUnderTest {
 public:
  RocksDbEngine(Env& env, const EngineSettings& settings)
      : env_(env),
        directory_(settings.directory),
        cache_bytes_(settings.memory_bytes -
                     EngineSettings::kMemtables * settings.memtable_bytes()) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(cache_bytes_);
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBits, false));
    options_.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options_.create_if_missing = true;
    options_.compression = rocksdb::kSnappyCompression;
    options_.write_buffer_size = settings.memtable_bytes();
    options_.max_write_buffer_number = EngineSettings::kMemtables;
    options_.max_background_jobs = 2;
  }

  ~RocksDbEngine() override {
    db_.reset();
    // Files that stay behind are in the way of nothing.
    static_cast<void>(RemoveFiles(env_, directory_));
  }

  std::string_view name() const override { return "rocksdb"; }
  const std::string& directory() const override { return directory_; }

  std::string configuration() const override {
    return fmt::format(
        "{}.{}.{}: memtable {} KiB (at most {}), block cache {} KiB (LRU; indexes and full filters "
        "stand outside it), blocks of 4096 bytes, Snappy on all levels, {} filter bits, leveled, "
        "max_background_jobs 2, log on, sync off (fillsync: on)",
        ROCKSDB_MAJOR, ROCKSDB_MINOR, ROCKSDB_PATCH, options_.write_buffer_size >> 10,
        EngineSettings::kMemtables, cache_bytes_ >> 10, kFilterBits);
  }

  Status Open(bool fresh, WriteSync sync) override {
    db_.reset();
    if (fresh) RETURN_IF_ERROR(RemoveFiles(env_, directory_));
    RETURN_IF_ERROR(env_.MakeDirectories(directory_));
    rocksdb::DB* db = nullptr;
    RETURN_IF_ERROR(StatusOf(rocksdb::DB::Open(options_, directory_, &db)));
    db_.reset(db);
    write_.sync = sync == WriteSync::kEach;
    return {};
  }

  Status Put(std::string_view key, std::string_view value) override {
    return StatusOf(db_->Put(write_, SliceOf(key), SliceOf(value)));
  }
  Status Delete(std::string_view key) override {
    return StatusOf(db_->Delete(write_, SliceOf(key)));
  }
  Status PutBatch(std::span<const KeyValue> batch) override {
    rocksdb::WriteBatch writes;
    for (const KeyValue& pair : batch) {
      RETURN_IF_ERROR(StatusOf(writes.Put(SliceOf(pair.key), SliceOf(pair.value))));
    }
    return StatusOf(db_->Write(write_, &writes));
  }

  Result<bool> Get(std::string_view key, std::string* value) override {
    const rocksdb::Status status = db_->Get({}, SliceOf(key), value);
    if (status.IsNotFound()) return false;
    RETURN_IF_ERROR(StatusOf(status));
    return true;
  }

  Result<size_t> MultiGet(std::span<const std::string> keys) override {
    std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
    std::vector<rocksdb::PinnableSlice> values(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    db_->MultiGet({}, db_->DefaultColumnFamily(), keys.size(), slices.data(), values.data(),
                  statuses.data());
    size_t found = 0;
    for (const rocksdb::Status& status : statuses) {
      if (status.IsNotFound()) continue;
      RETURN_IF_ERROR(StatusOf(status));
      ++found;
    }
    return found;
  }

  Result<size_t> SeekAndWalk(std::string_view key, size_t nexts, std::string* first) override {
    const std::unique_ptr<rocksdb::Iterator> walk(db_->NewIterator({}));
    size_t seen = 0;
    for (walk->Seek(SliceOf(key)); walk->Valid(); walk->Next()) {
      if (seen == 0) first->assign(walk->key().data(), walk->key().size());
      Keep(walk->value());
      if (++seen > nexts) break;
    }
    RETURN_IF_ERROR(StatusOf(walk->status()));
    return seen;
  }

  Status Settle() override {
    RETURN_IF_ERROR(StatusOf(db_->Flush({})));
    while (Busy()) Pause(kPauseMs);
    return {};
  }

  uint64_t table_bytes_written() override {
    std::map<std::string, std::string> figures;
    if (!db_->GetMapProperty(rocksdb::DB::Properties::kCFStats, &figures)) return 0;
    const auto gigabytes = ParseDouble(figures["compaction.Sum.WriteGB"]);
    return static_cast<uint64_t>(gigabytes.value_or(0) * static_cast<double>(uint64_t{1} << 30));
  }

 private:
  bool Busy() {
    using Names = rocksdb::DB::Properties;
    for (const std::string& name : {Names::kMemTableFlushPending, Names::kNumRunningFlushes,
                                    Names::kCompactionPending, Names::kNumRunningCompactions}) {
      uint64_t value = 0;
      if (db_->GetIntProperty(name, &value) && value != 0) return true;
    }
    return false;
  }

  Env& env_;
  const std::string directory_;
  const uint64_t cache_bytes_;
  rocksdb::Options options_;
  rocksdb::WriteOptions write_;
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace

std::unique_ptr<EngineUnderTest> NewRocksDbEngine(Env& env, const EngineSettings& settings) {
  return std::make_unique<RocksDbEngine>(env, settings);
}

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_ROCKSDB
