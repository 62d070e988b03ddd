#include "server/info.h"

#include <sys/resource.h>
#include <uv.h>

#include <algorithm>

#include "server/server_version.h"
#include "util/ascii.h"

namespace cairn {
namespace {

std::string RandomHex(Env& env, size_t digits) {
  std::string bytes(digits / 2, '\0');
  env.FillRandom(bytes.data(), bytes.size());
  std::string hex;
  for (const char byte : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

uint64_t ResidentBytes() {
  size_t bytes = 0;
  return uv_resident_set_memory(&bytes) == 0 ? bytes : 0;
}

std::string ExecutablePath() {
  char path[4096];
  size_t size = sizeof(path);
  return uv_exepath(path, &size) == 0 ? std::string(path, size) : std::string();
}

std::string SystemName() {
  uv_utsname_t name;
  if (uv_os_uname(&name) != 0) return "unknown";
  return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

double Percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

int64_t Difference(uint64_t a, uint64_t b) {
  return static_cast<int64_t>(a) - static_cast<int64_t>(b);
}

double Ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

const ServerInfo::Section ServerInfo::kSections[] = {
    {"server", true, &ServerInfo::WriteServer},
    {"clients", true, &ServerInfo::WriteClients},
    {"memory", true, &ServerInfo::WriteMemory},
    {"persistence", true, &ServerInfo::WritePersistence},
    {"stats", true, &ServerInfo::WriteStats},
    {"replication", true, &ServerInfo::WriteReplication},
    {"cpu", true, &ServerInfo::WriteCpu},
    {"modules", true, &ServerInfo::WriteModules},
    {"commandstats", false, &ServerInfo::WriteCommandStats},
    {"errorstats", true, &ServerInfo::WriteErrorStats},
    {"latencystats", false, &ServerInfo::WriteLatencyStats},
    {"cluster", true, &ServerInfo::WriteCluster},
    {"lsm", true, &ServerInfo::WriteLsm},
    {"keyspace", true, &ServerInfo::WriteKeyspace},
};

ServerInfo::ServerInfo(const Parts& parts)
    : parts_(parts),
      run_id_(RandomHex(parts.env, 40)),
      start_nanos_(parts.env.MonotonicNanos()),
      start_seconds_(parts.env.WallMicros() / 1000000) {}

std::string ServerInfo::Text(std::span<const std::string_view> sections) {
  const auto asked = [&](std::string_view name) {
    return std::ranges::any_of(
        sections, [&](std::string_view section) { return EqualsIgnoreCase(section, name); });
  };
  const bool all = asked("all") || asked("everything");
  const bool by_default = sections.empty() || asked("default");
  InfoWriter out;
  for (const Section& section : kSections) {
    if (all || (by_default && section.by_default) || asked(section.name)) {
      (this->*section.write)(out);
    }
  }
  return out.Take();
}

uint64_t ServerInfo::uptime_seconds() const {
  return (parts_.env.MonotonicNanos() - start_nanos_) / 1000000000;
}

void ServerInfo::WriteServer(InfoWriter& out) {
  const Config& config = parts_.config.config();
  const uint64_t now_micros = parts_.env.WallMicros();
  out.Section("Server");
  out.Field("redis_version", config.redis_version);
  out.Field("redis_git_sha1", "00000000");
  out.Field("redis_git_dirty", 0);
  out.Field("redis_build_id", "0");
  out.Field("redis_mode", "standalone");
  out.Field("cairn_version", kCairnVersion);
  out.Field("os", SystemName());
  out.Field("arch_bits", sizeof(void*) * 8);
  out.Field("monotonic_clock", "POSIX clock_gettime");
  out.Field("multiplexing_api", "epoll");
  out.Field("atomicvar_api", "c11-builtin");
  out.Field("gcc_version", fmt::format("{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__));
  out.Field("process_id", uv_os_getpid());
  out.Field("process_supervised", "no");
  out.Field("run_id", run_id_);
  out.Field("tcp_port", port_);
  out.Field("server_time_usec", now_micros);
  out.Field("uptime_in_seconds", uptime_seconds());
  out.Field("uptime_in_days", uptime_seconds() / (24 * 3600));
  out.Field("hz", 10);
  out.Field("configured_hz", 10);
  out.Field("lru_clock", now_micros / 1000000 & 0xffffff);
  out.Field("executable", ExecutablePath());
  out.Field("config_file", parts_.config.file());
  out.Field("io_threads_active", 0);
}

void ServerInfo::WriteClients(InfoWriter& out) {
  out.Section("Clients");
  out.Field("connected_clients", parts_.clients.count());
  out.Field("cluster_connections", 0);
  out.Field("maxclients", parts_.config.config().max_clients);
  out.Field("client_recent_max_input_buffer", recent_max_input_);
  out.Field("client_recent_max_output_buffer", recent_max_output_);
  out.Field("blocked_clients", parts_.executor.blocked_count());
  out.Field("tracking_clients", 0);
  out.Field("clients_in_timeout_table", 0);
  out.Field("cairn_parked_commands", parts_.executor.parked_count());
  out.Field("cairn_connections_waiting_for_log", parts_.gate.waiting_count());
}

uint64_t ServerInfo::ClientMemory() {
  uint64_t bytes = 0;
  parts_.clients.ForEach([&](const Connection& connection) { bytes += connection.memory_bytes(); });
  return bytes;
}

uint64_t ServerInfo::UsedMemory() {
  const lsm::EngineStats engine = parts_.store.engine().Stats();
  return engine.memtable_bytes + engine.frozen_bytes + engine.memtable_pool_bytes +
         engine.table_memory_bytes + ClientMemory() + parts_.scans.bytes() + AccessClock::kBytes;
}

uint64_t ServerInfo::MemoryBesideCaches() {
  const lsm::EngineStats engine = parts_.store.engine().Stats();
  // What waiting commands pin is the block cache's.
  return UsedMemory() + engine.retained_bytes + engine.warming_bytes + engine.wal_pending_bytes;
}

MemoryReport ServerInfo::ReportMemory() {
  const lsm::EngineStats engine = parts_.store.engine().Stats();
  MemoryReport report;
  report.used = UsedMemory();
  used_memory_peak_ = std::max(used_memory_peak_, report.used);
  report.peak = used_memory_peak_;
  report.startup = AccessClock::kBytes;
  report.dataset = engine.memtable_bytes + engine.frozen_bytes;
  report.frozen = engine.frozen_bytes;
  report.clients = ClientMemory();
  report.log_buffer = engine.wal_pending_bytes;
  report.caches = engine.block_cache_bytes + engine.record_cache_bytes;
  report.cache_capacity = engine.block_cache_capacity + engine.record_cache_capacity;
  report.counted = MemoryBesideCaches() + report.caches;
  report.resident = ResidentBytes();
  report.limit = parts_.config.config().max_memory_bytes;
  const Keyspace& keyspace = parts_.store.keyspace();
  for (int db = 0; db < keyspace.database_count(); ++db) {
    const int64_t keys = keyspace.Count(db).live;
    if (keys > 0) report.keys_by_db.emplace_back(db, keys);
  }
  return report;
}

void ServerInfo::WriteMemory(InfoWriter& out) {
  const Config& config = parts_.config.config();
  const lsm::EngineStats engine = parts_.store.engine().Stats();
  const uint64_t used = UsedMemory();
  const uint64_t rss = ResidentBytes();
  const uint64_t dataset = engine.memtable_bytes + engine.frozen_bytes;
  used_memory_peak_ = std::max(used_memory_peak_, used);
  out.Section("Memory");
  out.Bytes("used_memory", used);
  out.Bytes("used_memory_rss", rss);
  out.Bytes("used_memory_peak", used_memory_peak_);
  out.Field("used_memory_peak_perc", fmt::format("{:.2f}%", Percent(used, used_memory_peak_)));
  out.Field("used_memory_overhead", used - dataset);
  out.Field("used_memory_startup", AccessClock::kBytes);
  out.Field("used_memory_dataset", dataset);
  out.Field("used_memory_dataset_perc", fmt::format("{:.2f}%", Percent(dataset, used)));
  out.Bytes("total_system_memory", uv_get_total_memory());
  WriteScriptMemory(out);
  out.Bytes("maxmemory", config.max_memory_bytes);
  out.Field("maxmemory_policy", "noeviction");
  out.Fixed("mem_fragmentation_ratio", Ratio(rss, used));
  out.Field("mem_fragmentation_bytes", Difference(rss, used));
  out.Field("mem_not_counted_for_evict", 0);
  out.Field("mem_replication_backlog", 0);
  out.Field("mem_total_replication_buffers", 0);
  out.Field("mem_clients_slaves", 0);
  out.Field("mem_clients_normal", ClientMemory());
  out.Field("mem_cluster_links", 0);
  out.Field("mem_aof_buffer", engine.wal_pending_bytes);
  out.Field("mem_allocator", "libc");
  out.Field("active_defrag_running", 0);
  const uint64_t counted =
      MemoryBesideCaches() + engine.block_cache_bytes + engine.record_cache_bytes;
  WriteAllocator(out, counted, rss);
  out.Field("lazyfree_pending_objects", 0);
  out.Field("lazyfreed_objects", 0);
  out.Field("cairn_memtable_bytes", engine.memtable_bytes);
  out.Field("cairn_frozen_memtable_bytes", engine.frozen_bytes);
  out.Field("cairn_retained_memtable_bytes", engine.retained_bytes);
  out.Field("cairn_memtable_pool_bytes", engine.memtable_pool_bytes);
  out.Field("cairn_block_cache_bytes", engine.block_cache_bytes);
  out.Field("cairn_record_cache_bytes", engine.record_cache_bytes);
  out.Field("cairn_table_memory_bytes", engine.table_memory_bytes);
  out.Field("cairn_pinned_block_bytes", engine.pinned_bytes);
  out.Field("cairn_warming_block_bytes", engine.warming_bytes);
  out.Field("cairn_log_buffer_bytes", engine.wal_pending_bytes);
  // The rest: code, threads, buffers of workers, and what the allocator keeps for the next one.
  out.Field("cairn_counted_bytes", counted);
  out.Field("cairn_uncounted_bytes", Difference(rss, counted));
}

// There is no interpreter, and nothing that it could hold.
void ServerInfo::WriteScriptMemory(InfoWriter& out) {
  out.Bytes("used_memory_lua", 0);
  out.Field("used_memory_vm_eval", 0);
  out.Field("used_memory_scripts_eval", 0);
  out.Field("number_of_cached_scripts", 0);
  out.Field("number_of_functions", 0);
  out.Field("number_of_libraries", 0);
  out.Field("used_memory_vm_functions", 0);
  out.Bytes("used_memory_vm_total", 0);
  out.Field("used_memory_functions", 0);
  out.Bytes("used_memory_scripts", 0);
}

// The C library's own figures (mallinfo2) are had by a walk over every free chunk, with its locks
// held: 92 ms a call, measured after some minutes of churn. So what is counted stands for what it
// has given out, and the whole process for what it has, as in a Redis built with it.
void ServerInfo::WriteAllocator(InfoWriter& out, uint64_t counted, uint64_t rss) {
  out.Field("allocator_allocated", counted);
  out.Field("allocator_active", rss);
  out.Field("allocator_resident", rss);
  out.Fixed("allocator_frag_ratio", Ratio(rss, counted));
  out.Field("allocator_frag_bytes", Difference(rss, counted));
  out.Fixed("allocator_rss_ratio", Ratio(rss, rss));
  out.Field("allocator_rss_bytes", 0);
  out.Fixed("rss_overhead_ratio", Ratio(rss, rss));
  out.Field("rss_overhead_bytes", 0);
}

void ServerInfo::WriteCpu(InfoWriter& out) {
  const auto put = [&](std::string_view suffix, int who) {
    rusage usage{};
    getrusage(who, &usage);
    const auto seconds = [](const timeval& time) {
      return fmt::format("{}.{:06}", time.tv_sec, time.tv_usec);
    };
    out.Field(fmt::format("used_cpu_sys{}", suffix), seconds(usage.ru_stime));
    out.Field(fmt::format("used_cpu_user{}", suffix), seconds(usage.ru_utime));
  };
  out.Section("CPU");
  put("", RUSAGE_SELF);
  put("_children", RUSAGE_CHILDREN);
  put("_main_thread", RUSAGE_THREAD);
}

void ServerInfo::Sample() {
  const uint64_t now_ms = parts_.clock.tick_nanos() / 1000000;
  commands_.Sample(now_ms, parts_.stats.commands_processed);
  input_.Sample(now_ms, parts_.stats.net_input_bytes);
  output_.Sample(now_ms, parts_.stats.net_output_bytes);
  used_memory_peak_ = std::max(used_memory_peak_, UsedMemory());
  recent_max_input_ = recent_max_output_ = 0;
  parts_.clients.ForEach([this](const Connection& connection) {
    recent_max_input_ = std::max(recent_max_input_, connection.input_bytes());
    recent_max_output_ = std::max(recent_max_output_, connection.output_bytes());
  });
}

void ServerInfo::ResetStatistics() {
  parts_.stats = {};
  parts_.loop_watch.Reset();
  parts_.store.engine().ResetLatencies();
  merges_expired_before_ = parts_.store.engine().Stats().compaction_expired;
  parts_.records.ResetStatistics();
  parts_.errors.Reset();
  commands_.Reset();
  input_.Reset();
  output_.Reset();
  used_memory_peak_ = 0;
}

}  // namespace cairn
