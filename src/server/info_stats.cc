// INFO's sections about what the server has done: persistence, stats, commands, keys; and about
// what it is not (replication, cluster, modules).

#include <algorithm>
#include <map>
#include <string>

#include "server/info.h"

namespace cairn {

void ServerInfo::WritePersistence(InfoWriter& out) {
  out.Section("Persistence");
  out.Field("loading", parts_.store.loading() ? 1 : 0);
  out.Field("async_loading", 0);
  WriteForks(out);
  // There is no RDB file: what was written since the start needs no saving.
  out.Field("rdb_changes_since_last_save", 0);
  out.Field("rdb_bgsave_in_progress", 0);
  out.Field("rdb_last_save_time", start_seconds_);
  out.Field("rdb_last_bgsave_status", "ok");
  out.Field("rdb_last_bgsave_time_sec", -1);
  out.Field("rdb_current_bgsave_time_sec", -1);
  out.Field("rdb_saves", 0);
  WriteLogAsAof(out);
  if (parts_.store.loading()) WriteLoading(out);
}

// Nothing is ever forked to be saved.
void ServerInfo::WriteForks(InfoWriter& out) {
  out.Field("current_cow_peak", 0);
  out.Field("current_cow_size", 0);
  out.Field("current_cow_size_age", 0);
  out.Fixed("current_fork_perc", 0);
  out.Field("current_save_keys_processed", 0);
  out.Field("current_save_keys_total", 0);
  out.Field("rdb_last_cow_size", 0);
  out.Field("rdb_last_load_keys_expired", 0);
  out.Field("rdb_last_load_keys_loaded", 0);
  out.Field("module_fork_in_progress", 0);
  out.Field("module_fork_last_cow_size", 0);
}

// The write-ahead log is what an AOF is for others: the tables are its base, the log is what has
// come since, and memtables are flushed where an AOF is written anew.
void ServerInfo::WriteLogAsAof(InfoWriter& out) {
  const lsm::Engine& engine = parts_.store.engine();
  const lsm::EngineStats stats = engine.Stats();
  const lsm::Watermarks marks = engine.watermarks();
  const bool healthy = engine.health() == lsm::Health::kHealthy;
  const uint64_t slots_in_use = stats.wal_slots - std::min(stats.wal_slots, stats.wal_slots_free);
  const uint64_t log_bytes = slots_in_use * parts_.config.config().engine.wal_slot_bytes;
  out.Field("aof_enabled", 1);
  out.Field("aof_rewrite_in_progress", 0);
  out.Field("aof_rewrite_scheduled", 0);
  out.Field("aof_last_rewrite_time_sec", -1);
  out.Field("aof_current_rewrite_time_sec", -1);
  out.Field("aof_last_bgrewrite_status", "ok");
  out.Field("aof_rewrites", 0);
  out.Field("aof_rewrites_consecutive_failures", 0);
  out.Field("aof_last_write_status", healthy ? "ok" : "err");
  out.Field("aof_last_cow_size", 0);
  out.Field("aof_current_size", stats.table_bytes + log_bytes);
  out.Field("aof_base_size", stats.table_bytes);
  out.Field("aof_pending_rewrite", 0);
  out.Field("aof_buffer_length", stats.wal_pending_bytes);
  out.Field("aof_pending_bio_fsync", marks.written > marks.durable ? 1 : 0);
  // No write of the log waits on the loop.
  out.Field("aof_delayed_fsync", 0);
}

void ServerInfo::WriteLoading(InfoWriter& out) {
  const lsm::EngineOpener& opener = parts_.store.opener();
  const double share = opener.progress();
  const auto total = static_cast<double>(opener.log_bytes());
  const double elapsed =
      static_cast<double>(parts_.clock.Nanos() - parts_.store.started_at_nanos()) / 1e9;
  out.Field("loading_start_time", start_seconds_);
  out.Field("loading_total_bytes", opener.log_bytes());
  out.Field("loading_loaded_bytes", static_cast<uint64_t>(total * share));
  out.Fixed("loading_loaded_perc", share * 100);
  out.Field("loading_eta_seconds",
            share > 0 ? static_cast<uint64_t>(elapsed / share - elapsed) : 1);
  out.Field("cairn_loading_entries", opener.replayed_entries());
}

void ServerInfo::WriteStats(InfoWriter& out) {
  const ServerStats& stats = parts_.stats;
  out.Section("Stats");
  out.Field("total_connections_received", stats.connections_received);
  out.Field("total_commands_processed", stats.commands_processed);
  out.Field("instantaneous_ops_per_sec", commands_.PerSecond());
  out.Field("total_net_input_bytes", stats.net_input_bytes);
  out.Field("total_net_output_bytes", stats.net_output_bytes);
  out.Field("total_net_repl_input_bytes", 0);
  out.Field("total_net_repl_output_bytes", 0);
  out.Fixed("instantaneous_input_kbps", static_cast<double>(input_.PerSecond()) / 1024);
  out.Fixed("instantaneous_output_kbps", static_cast<double>(output_.PerSecond()) / 1024);
  out.Fixed("instantaneous_input_repl_kbps", 0);
  out.Fixed("instantaneous_output_repl_kbps", 0);
  out.Field("rejected_connections", stats.connections_rejected);
  out.Field("sync_full", 0);
  out.Field("sync_partial_ok", 0);
  out.Field("sync_partial_err", 0);
  const uint64_t by_merges =
      parts_.store.engine().Stats().compaction_expired - merges_expired_before_;
  out.Field("expired_keys", stats.expired_keys + by_merges);
  out.Field("evicted_keys", 0);
  out.Field("evicted_clients", 0);
  out.Field("total_eviction_exceeded_time", 0);
  out.Field("current_eviction_exceeded_time", 0);
  out.Field("keyspace_hits", stats.keyspace_hits);
  out.Field("keyspace_misses", stats.keyspace_misses);
  out.Field("pubsub_channels", 0);
  out.Field("pubsub_patterns", 0);
  out.Field("pubsubshard_channels", 0);
  out.Field("latest_fork_usec", 0);
  out.Field("total_forks", 0);
  WriteAbsent(out);
  out.Field("unexpected_error_replies", 0);
  out.Field("total_error_replies", stats.error_replies);
  out.Field("total_reads_processed", stats.reads_processed);
  out.Field("total_writes_processed", stats.writes_processed);
  out.Field("io_threaded_reads_processed", 0);
  out.Field("io_threaded_writes_processed", 0);
  out.Field("reply_buffer_shrinks", 0);
  out.Field("reply_buffer_expands", 0);
  out.Field("client_query_buffer_limit_disconnections", stats.query_buffer_disconnections);
  out.Field("client_output_buffer_limit_disconnections", stats.output_buffer_disconnections);
  out.Field("cairn_attempts_missed", stats.attempts_missed);
  out.Field("cairn_attempts_without_room", stats.attempts_without_room);
  out.Field("cairn_attempts_unsettled", stats.attempts_unsettled);
  out.Field("cairn_attempts_large", stats.attempts_large);
  out.Field("cairn_commands_looked_at", stats.commands_looked_at);
  const auto& by_attempts = stats.commands_by_attempts;
  out.Field("cairn_commands_by_attempts",
            fmt::format("1={},2={},3={},4={},more={}", by_attempts[0], by_attempts[1],
                        by_attempts[2], by_attempts[3], by_attempts[4]));
  out.Field("cairn_read_failures", stats.read_failures);
  out.Field("cairn_unknown_outcomes", parts_.gate.unknown_outcomes());
  out.Field("cairn_scans", parts_.scans.size());
  out.Field("cairn_scan_restarts", parts_.scans.restarts());
}

// Counters of what Redis can do and Cairn has no need of, or cannot: they are what they are in a
// Redis that never did it.
void ServerInfo::WriteAbsent(InfoWriter& out) {
  // Expired keys go when commands or merges meet them: no cycle looks for them.
  out.Field("expired_time_cap_reached_count", 0);
  out.Field("expire_cycle_cpu_milliseconds", 0);
  out.Field("migrate_cached_sockets", 0);
  out.Field("slave_expires_tracked_keys", 0);
  out.Field("active_defrag_hits", 0);
  out.Field("active_defrag_misses", 0);
  out.Field("active_defrag_key_hits", 0);
  out.Field("active_defrag_key_misses", 0);
  out.Field("total_active_defrag_time", 0);
  out.Field("current_active_defrag_time", 0);
  out.Field("tracking_total_keys", 0);
  out.Field("tracking_total_items", 0);
  out.Field("tracking_total_prefixes", 0);
  out.Field("dump_payload_sanitizations", 0);
}

void ServerInfo::WriteReplication(InfoWriter& out) {
  out.Section("Replication");
  out.Field("role", "master");
  out.Field("connected_slaves", 0);
  out.Field("master_failover_state", "no-failover");
  out.Field("master_replid", run_id_);
  out.Field("master_replid2", std::string(40, '0'));
  out.Field("master_repl_offset", 0);
  out.Field("second_repl_offset", -1);
  out.Field("repl_backlog_active", 0);
  out.Field("repl_backlog_size", 0);
  out.Field("repl_backlog_first_byte_offset", 0);
  out.Field("repl_backlog_histlen", 0);
}

void ServerInfo::WriteModules(InfoWriter& out) {
  out.Section("Modules");
}

void ServerInfo::WriteCluster(InfoWriter& out) {
  out.Section("Cluster");
  out.Field("cluster_enabled", 0);
}

void ServerInfo::WriteCommandStats(InfoWriter& out) {
  out.Section("Commandstats");
  for (const CommandRecord& record : parts_.records.all()) {
    if (record.calls == 0 && record.rejected == 0 && record.failed == 0) continue;
    const double micros = static_cast<double>(record.nanos) / 1000;
    const double per_call = record.calls == 0 ? 0 : micros / static_cast<double>(record.calls);
    out.Field("cmdstat_" + record.name,
              fmt::format("calls={},usec={},usec_per_call={:.2f},rejected_calls={},"
                          "failed_calls={}",
                          record.calls, static_cast<uint64_t>(micros), per_call, record.rejected,
                          record.failed));
  }
}

void ServerInfo::WriteErrorStats(InfoWriter& out) {
  out.Section("Errorstats");
  const auto& counts = parts_.errors.counts();
  const std::map<std::string, uint64_t> sorted(counts.begin(), counts.end());
  for (const auto& [code, count] : sorted) {
    out.Field("errorstat_" + code, fmt::format("count={}", count));
  }
}

void ServerInfo::WriteLatencyStats(InfoWriter& out) {
  out.Section("Latencystats");
  for (const CommandRecord& record : parts_.records.all()) {
    if (record.latency_nanos == nullptr) continue;
    std::string values;
    for (const double percent : parts_.config.config().latency_percentiles) {
      const auto nanos = static_cast<double>(record.latency_nanos->Percentile(percent));
      values += fmt::format("{}p{}={:.3f}", values.empty() ? "" : ",", percent, nanos / 1000);
    }
    out.Field("latency_percentiles_usec_" + record.name, values);
  }
}

void ServerInfo::WriteKeyspace(InfoWriter& out) {
  out.Section("Keyspace");
  const Keyspace& keyspace = parts_.store.keyspace();
  for (int db = 0; db < keyspace.database_count(); ++db) {
    const lsm::SpaceCount count = keyspace.Count(db);
    if (count.live <= 0) continue;
    out.Field(fmt::format("db{}", db), fmt::format("keys={},expires=0,avg_ttl=0", count.live));
  }
}

}  // namespace cairn
