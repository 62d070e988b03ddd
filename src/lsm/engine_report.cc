#include <fmt/format.h>
#include <string>

#include "lsm/bloom.h"
#include "lsm/engine_impl.h"
#include "lsm/table_lookup.h"

namespace cairn::lsm {

namespace {

std::string_view KindName(EntryKind kind) {
  switch (kind) {
    case EntryKind::kValue:
      return "value";
    case EntryKind::kTombstone:
      return "tombstone";
    case EntryKind::kExpiredStub:
      return "expired stub";
    case EntryKind::kValueElsewhere:
      return "value elsewhere";
  }
  return "unknown";
}

std::string_view BelowName(Below below) {
  switch (below) {
    case Below::kNotCounted:
      return "not counted";
    case Below::kAbsent:
      return "absent";
    case Below::kLive:
      return "live";
    case Below::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::string DescribeEntry(const Entry& entry) {
  std::string text =
      fmt::format("{} seq {}, below {}, tag {}, {} bytes", KindName(entry.kind), entry.sequence,
                  BelowName(entry.below), entry.tag, entry.value.size());
  if (entry.expire_at_ms != 0) text += fmt::format(", expires at {} ms", entry.expire_at_ms);
  if (entry.child_space != 0) text += fmt::format(", child space {}", entry.child_space);
  return text;
}

std::string DescribeMemtable(std::string_view name, const Memtable& memtable) {
  return fmt::format("{} memtable {}: {} entries, {} bytes, seq {}-{}\n", name, memtable.number(),
                     memtable.entry_count(), memtable.held_bytes(), memtable.first_sequence(),
                     memtable.last_sequence());
}

}  // namespace

EngineStats EngineImpl::Stats() const {
  EngineStats stats;
  stats.memtable_bytes = state_.active->held_bytes();
  stats.memtable_entries = state_.active->entry_count();
  stats.frozen_memtables = state_.frozen.size();
  for (const auto& frozen : state_.frozen) stats.frozen_bytes += frozen->held_bytes();
  stats.retained_memtables = state_.retained.size();
  stats.memtable_pool_bytes = chunks_->ready_bytes();
  for (const RetainedMemtable& retained : state_.retained) {
    stats.retained_bytes += retained.memtable->held_bytes();
  }
  stats.runs = state_.version->runs().size();
  stats.tables = state_.version->table_count();
  stats.table_bytes = state_.version->size_bytes();
  stats.block_cache_capacity = blocks_.capacity_bytes();
  stats.record_cache_capacity = records_.capacity_bytes();
  stats.block_cache_bytes = blocks_.charge_bytes();
  stats.record_cache_bytes = records_.held_bytes();
  stats.record_cache_records = records_.record_count();
  stats.record_cache_hits = records_.hits();
  stats.record_cache_misses = records_.misses();
  stats.block_cache_hits = blocks_.hits();
  stats.block_cache_misses = blocks_.misses();
  stats.page_cache_hits = page_cache_.hits();
  stats.page_cache_misses = page_cache_.misses();
  if (page_cache_.on()) stats.page_cache_percent = static_cast<int>(page_cache_.share() * 100);
  stats.direct_reads = store_->options.direct_reads && !store_->indirect_reads;
  stats.block_cache_handed_over = handover_.block_count();
  stats.warming_bytes = publisher_.warming_bytes() + handover_.held_bytes();
  fetcher_->AddTo(&stats);
  stats.open_tables = store_->open_tables.count();
  stats.max_open_tables = store_->open_tables.limit();
  stats.table_opens = store_->open_tables.opens();
  stats.table_memory_bytes = tables_.memory_bytes();
  const LogWriterStats log = log_->stats();
  stats.wal_records = log.records;
  stats.wal_syncs = log.syncs;
  stats.wal_bytes = log.bytes;
  stats.wal_pending_bytes = log_->pending_bytes();
  const WalSlots::Stats slots = slots_->stats();
  stats.wal_slots = static_cast<uint64_t>(slots.slots);
  stats.wal_slots_free = static_cast<uint64_t>(slots.free_slots);
  stats.wal_overwrites = slots.overwrites;
  stats.wal_last_sync_micros = log.last_sync_micros;
  stats.wal_sync_micros = log.sync_micros.Summary();
  const FlushPipeline::Stats& flush = flush_->stats();
  stats.flushes = flush.flushes;
  stats.flush_bytes = flush.flush_bytes;
  stats.flush_failures = flush.failures;
  stats.last_flush_micros = flush.last_flush_micros;
  compactor_->AddTo(&stats);
  stats.manifest_edits = catalog_.state().edit;
  stats.write_stalls = stalls_.count();
  stats.write_stall_micros = stalls_.total_micros();
  stats.write_rate_limit = static_cast<uint64_t>(throttle_.rate());
  stats.write_rate_cause = throttle_.cause();
  stats.merge_debt = merge_debt_;
  stats.merge_rate_limit = static_cast<uint64_t>(store_->merge_pace.rate());
  stats.merge_slept_micros = store_->merge_pace.slept_micros();
  return stats;
}

std::string EngineImpl::DebugString() const {
  const Watermarks marks = watermarks();
  std::string text =
      fmt::format("applied {} written {} durable {} flushed {} edit {}\n", marks.applied,
                  marks.written, marks.durable, flush_->flushed_seq(), catalog_.state().edit);
  if (health_ != Health::kHealthy) text += health_text() + "\n";
  text += DescribeMemtable("active", *state_.active);
  for (const auto& frozen : state_.frozen) text += DescribeMemtable("frozen", *frozen);
  for (const RetainedMemtable& retained : state_.retained) {
    text += DescribeMemtable("retained", *retained.memtable);
  }
  const WalSlots::Stats slots = slots_->stats();
  const Histogram log = log_->stats().sync_micros;
  const Histogram& fetched = fetcher_->wait_micros();
  text += fmt::format("log: {} bytes past the tables, {} slots, {} free\n",
                      log_->bytes_since(flush_->flushed_seq()), slots.slots, slots.free_slots);
  text += fmt::format("log syncs, us: {}\n{}", log.DebugString(), log.Distribution());
  text += fmt::format("fetches, us: {}\n{}", fetched.DebugString(), fetched.Distribution());
  text += compactor_->DebugString();
  text += state_.version->DebugString();
  return text;
}

std::string EngineImpl::TraceKey(SpaceId space, std::string_view user_key) {
  std::string key;
  MakeKey(&key, space, user_key);
  std::string text = KeyDebugString(key) + "\n";
  const auto in_memtable = [&](std::string_view name, const Memtable& memtable) {
    const std::optional<Entry> entry = memtable.Get(key);
    if (!entry) return;
    text += fmt::format("{} memtable {}: {}\n", name, memtable.number(), DescribeEntry(*entry));
  };
  in_memtable("active", *state_.active);
  for (const auto& frozen : state_.frozen) in_memtable("frozen", *frozen);
  for (const RetainedMemtable& retained : state_.retained) {
    in_memtable("retained", *retained.memtable);
  }
  TraceTables(key, &text);
  return text;
}

void EngineImpl::TraceTables(std::string_view key, std::string* text) {
  const uint64_t hash = FilterHash(key, store_->filter_secret);
  for (const SortedRun& run : state_.version->runs()) {
    const TableRef* ref = FindTable(run.tables, key);
    if (ref == nullptr) continue;
    *text += fmt::format("run {} table {}: ", run.id, ref->table->file);
    // A source of its own, so that misses and damage here are nobody else's.
    LoopSource source(tables_, blocks_);
    const TableReader* table = source.Table(*ref);
    Entry entry;
    const Lookup found =
        table == nullptr ? Lookup::kUnknown : TableGet(*table, source, key, hash, &entry);
    if (found == Lookup::kFound) {
      *text += DescribeEntry(entry);
    } else if (found == Lookup::kAbsent) {
      *text += "not there";
    } else {
      *text += source.missed() ? "not in memory" : source.status().ToString();
    }
    *text += "\n";
  }
}

}  // namespace cairn::lsm
