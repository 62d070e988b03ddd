// INFO's section about the storage engine.

#include <fmt/format.h>

#include "server/info.h"

namespace cairn {
namespace {

std::string_view HealthName(lsm::Health health) {
  switch (health) {
    case lsm::Health::kHealthy:
      return "ok";
    case lsm::Health::kLogFailed:
      return "log-failed";
    case lsm::Health::kNoRoom:
      return "no-room";
  }
  return "unknown";
}

std::string_view SyncModeName(lsm::SyncMode mode) {
  switch (mode) {
    case lsm::SyncMode::kAlways:
      return "always";
    case lsm::SyncMode::kEverySecond:
      return "everysec";
    case lsm::SyncMode::kNo:
      return "no";
  }
  return "unknown";
}

void WriteTables(InfoWriter& out, const lsm::EngineStats& stats) {
  out.Field("lsm_runs", stats.runs);
  out.Field("lsm_tables", stats.tables);
  out.Field("lsm_table_bytes", stats.table_bytes);
  out.Field("lsm_open_tables", stats.open_tables);
  out.Field("lsm_max_open_files", stats.max_open_tables);
  out.Field("lsm_table_opens", stats.table_opens);
  out.Field("lsm_table_memory_bytes", stats.table_memory_bytes);
  out.Field("lsm_quarantined_tables", stats.quarantined_tables.size());
  out.Field("lsm_quarantined_table_ids",
            fmt::format("{}", fmt::join(stats.quarantined_tables, ",")));
}

void WriteBackPressure(InfoWriter& out, const lsm::EngineStats& stats, const ServerStats& server) {
  out.Field("lsm_write_stalls", stats.write_stalls);
  out.Field("lsm_write_stall_usec", stats.write_stall_micros);
  out.Field("lsm_write_rate_limit", stats.write_rate_limit);
  out.Field("lsm_write_rate_cause", stats.write_rate_cause);
  out.Field("lsm_throttled_writes", server.throttled_writes);
  out.Field("lsm_throttled_ms", server.throttled_nanos / 1'000'000);
  out.Field("lsm_throttled_max_ms", server.throttled_max_nanos / 1'000'000);
  out.Fixed("lsm_compaction_debt", stats.merge_debt);
  out.Field("lsm_compaction_rate_limit", stats.merge_rate_limit);
  out.Field("lsm_compaction_slept_usec", stats.merge_slept_micros);
}

}  // namespace

void ServerInfo::WriteLsm(InfoWriter& out) {
  lsm::Engine& engine = parts_.store.engine();
  const lsm::EngineStats stats = engine.Stats();
  const lsm::Watermarks marks = engine.watermarks();
  out.Section("LSM");
  out.Field("cairn_health", HealthName(engine.health()));
  out.Field("cairn_health_text", engine.health_text());
  out.Field("cairn_durability", SyncModeName(parts_.config.config().engine.sync_mode));
  out.Field("cairn_applied_sequence", marks.applied);
  out.Field("cairn_written_sequence", marks.written);
  out.Field("cairn_durable_sequence", marks.durable);
  out.Latencies("cairn_loop_lag_usec", parts_.loop_watch.away_micros().Summary());
  WriteLog(out, stats);
  out.Field("lsm_memtable_entries", stats.memtable_entries);
  out.Field("lsm_memtable_bytes", stats.memtable_bytes);
  out.Field("lsm_frozen_memtables", stats.frozen_memtables);
  out.Field("lsm_frozen_bytes", stats.frozen_bytes);
  out.Field("lsm_retained_memtables", stats.retained_memtables);
  out.Field("lsm_retained_bytes", stats.retained_bytes);
  WriteTables(out, stats);
  out.Field("lsm_record_cache_capacity", stats.record_cache_capacity);
  out.Field("lsm_record_cache_bytes", stats.record_cache_bytes);
  out.Field("lsm_record_cache_records", stats.record_cache_records);
  out.Field("lsm_record_cache_hits", stats.record_cache_hits);
  out.Field("lsm_record_cache_misses", stats.record_cache_misses);
  out.Field("lsm_block_cache_capacity", stats.block_cache_capacity);
  out.Field("lsm_block_cache_bytes", stats.block_cache_bytes);
  out.Field("lsm_block_cache_hits", stats.block_cache_hits);
  out.Field("lsm_block_cache_misses", stats.block_cache_misses);
  out.Field("lsm_direct_reads", stats.direct_reads ? 1 : 0);
  out.Field("lsm_page_cache_hits", stats.page_cache_hits);
  out.Field("lsm_page_cache_misses", stats.page_cache_misses);
  out.Field("lsm_page_cache_percent", stats.page_cache_percent);
  out.Field("lsm_fetches", stats.fetches);
  out.Field("lsm_fetched_blocks", stats.fetched_blocks);
  out.Field("lsm_fetches_waiting", stats.waiting_fetches);
  out.Latencies("lsm_fetch_usec", stats.fetch_micros);
  out.Field("lsm_flushes", stats.flushes);
  out.Field("lsm_flush_bytes", stats.flush_bytes);
  out.Field("lsm_flush_failures", stats.flush_failures);
  out.Field("lsm_last_flush_usec", stats.last_flush_micros);
  out.Field("lsm_compactions", stats.compactions);
  out.Field("lsm_compaction_running", stats.compaction_running ? 1 : 0);
  out.Field("lsm_compaction_steps", stats.compaction_steps);
  out.Field("lsm_compaction_bytes_written", stats.compaction_bytes_written);
  out.Field("lsm_compaction_entries_read", stats.compaction_entries_read);
  out.Field("lsm_compaction_entries_written", stats.compaction_entries_written);
  out.Field("lsm_compaction_tables_dropped", stats.compaction_tables_dropped);
  out.Field("lsm_compaction_expired_keys", stats.compaction_expired);
  out.Field("lsm_compaction_tables_moved", stats.compaction_tables_moved);
  out.Field("lsm_compaction_usec", stats.compaction_micros);
  out.Field("lsm_compaction_failures", stats.compaction_failures);
  out.Field("lsm_compaction_paused", engine.compaction_paused() ? 1 : 0);
  WriteBackPressure(out, stats, parts_.stats);
  out.Field("lsm_corruptions", stats.corruptions);
  out.Field("lsm_manifest_edits", stats.manifest_edits);
  out.Field("lsm_dead_spaces", parts_.store.keyspace().dead_space_count());
  const Keyspace& keyspace = parts_.store.keyspace();
  int64_t unsettled = 0;
  for (int db = 0; db < keyspace.database_count(); ++db) unsettled += keyspace.Count(db).unsettled;
  out.Field("lsm_unsettled_keys", unsettled);
}

void ServerInfo::WriteLog(InfoWriter& out, const lsm::EngineStats& stats) {
  out.Field("cairn_wal_records", stats.wal_records);
  out.Field("cairn_wal_syncs", stats.wal_syncs);
  out.Field("cairn_wal_bytes", stats.wal_bytes);
  out.Field("cairn_wal_overwrites", stats.wal_overwrites ? 1 : 0);
  out.Field("cairn_wal_slots", stats.wal_slots);
  out.Field("cairn_wal_slots_free", stats.wal_slots_free);
  out.Field("cairn_wal_last_sync_usec", stats.wal_last_sync_micros);
  out.Latencies("cairn_wal_sync_usec", stats.wal_sync_micros);
}

}  // namespace cairn
