#include "server/config_redis_options.h"

#include <algorithm>

#include "util/ascii.h"

namespace cairn {
namespace {

using enum RedisOptionClass;

// Why an option is ignored.
constexpr std::string_view kNoReplication = "it takes part in no replication";
constexpr std::string_view kNoCluster = "it is no cluster node";
constexpr std::string_view kNoSnapshotFile =
    "there is no RDB file; the data is on disk at all times";
constexpr std::string_view kNoAppendOnlyFile =
    "there is no AOF; the write-ahead log has options of its own (wal-*)";
constexpr std::string_view kNoEncodings = "values have one layout, made for the disk";
constexpr std::string_view kNoEviction =
    "memory holds caches here, and caches need no tuning of their eviction";
constexpr std::string_view kAlwaysLazy = "deleting never blocks";
constexpr std::string_view kNoHeapTuning = "the data is not on the heap";
constexpr std::string_view kOwnThreads = "it arranges its threads itself";
constexpr std::string_view kNoExpiryCycle = "there is no expiry cycle whose pace they could set";
constexpr std::string_view kNoScripts = "there are no scripts";
constexpr std::string_view kNoUsers = "there are no ACL users";
constexpr std::string_view kNoEvents = "there are no keyspace events";
constexpr std::string_view kNoTracking = "there is no client-side caching";
constexpr std::string_view kNoModules = "there are no modules";
constexpr std::string_view kClientsBounded = "client buffers are bounded one by one";
constexpr std::string_view kNoProcessTitle = "the process title stays as it is";
constexpr std::string_view kNoSyslog = "log lines go to logfile or standard output";
constexpr std::string_view kNoOomScore = "the score stays as the system set it";
constexpr std::string_view kCleanStop = "every stop is a clean stop";
constexpr std::string_view kNoCrashReport = "a broken invariant is reported on standard error";
constexpr std::string_view kProtectedAnyway = "protected options cannot be changed at run time";
constexpr std::string_view kNoLogo = "there is no logo";
constexpr std::string_view kNoWarnings = "it has no warnings that could be switched off";
constexpr std::string_view kNotSupervised =
    "a supervisor that sets NOTIFY_SOCKET is told, no other";
// Why an option is refused (besides kNoCluster and kNoModules).
constexpr std::string_view kReplicates = "it takes part in no replication and would stand alone";
constexpr std::string_view kRestricts = "it restricts access in a way that Cairn lacks";
constexpr std::string_view kEncrypts = "there is no TLS";

constexpr RedisOption kOptions[] = {
    {"acl-pubsub-default", kIgnored, kNoUsers},
    {"aclfile", kRefused, kRestricts, ""},
    {"acllog-max-len", kIgnored, kNoUsers},
    {"active-defrag-cycle-max", kIgnored, kNoHeapTuning},
    {"active-defrag-cycle-min", kIgnored, kNoHeapTuning},
    {"active-defrag-ignore-bytes", kIgnored, kNoHeapTuning},
    {"active-defrag-max-scan-fields", kIgnored, kNoHeapTuning},
    {"active-defrag-threshold-lower", kIgnored, kNoHeapTuning},
    {"active-defrag-threshold-upper", kIgnored, kNoHeapTuning},
    {"active-expire-effort", kIgnored, kNoExpiryCycle},
    {"activedefrag", kIgnored, kNoHeapTuning},
    {"activerehashing", kIgnored, kNoHeapTuning},
    {"always-show-logo", kIgnored, kNoLogo},
    {"aof-disable-auto-gc", kIgnored, kNoAppendOnlyFile},
    {"aof-load-truncated", kIgnored, kNoAppendOnlyFile},
    {"aof-rewrite-incremental-fsync", kIgnored, kNoAppendOnlyFile},
    {"aof-timestamp-enabled", kIgnored, kNoAppendOnlyFile},
    {"aof-use-rdb-preamble", kIgnored, kNoAppendOnlyFile},
    {"aof_rewrite_cpulist", kIgnored, kOwnThreads},
    {"appenddirname", kIgnored, kNoAppendOnlyFile},
    {"appendfilename", kIgnored, kNoAppendOnlyFile},
    {"auto-aof-rewrite-min-size", kIgnored, kNoAppendOnlyFile},
    {"auto-aof-rewrite-percentage", kIgnored, kNoAppendOnlyFile},
    {"bgsave_cpulist", kIgnored, kOwnThreads},
    {"bind-source-addr", kIgnored, kNoReplication},
    {"bio_cpulist", kIgnored, kOwnThreads},
    {"busy-reply-threshold", kIgnored, kNoScripts},
    {"cluster-allow-pubsubshard-when-down", kIgnored, kNoCluster},
    {"cluster-allow-reads-when-down", kIgnored, kNoCluster},
    {"cluster-allow-replica-migration", kIgnored, kNoCluster},
    {"cluster-announce-bus-port", kIgnored, kNoCluster},
    {"cluster-announce-hostname", kIgnored, kNoCluster},
    {"cluster-announce-ip", kIgnored, kNoCluster},
    {"cluster-announce-port", kIgnored, kNoCluster},
    {"cluster-announce-tls-port", kIgnored, kNoCluster},
    {"cluster-config-file", kIgnored, kNoCluster},
    {"cluster-enabled", kRefused, kNoCluster, "no"},
    {"cluster-link-sendbuf-limit", kIgnored, kNoCluster},
    {"cluster-migration-barrier", kIgnored, kNoCluster},
    {"cluster-node-timeout", kIgnored, kNoCluster},
    {"cluster-port", kIgnored, kNoCluster},
    {"cluster-preferred-endpoint-type", kIgnored, kNoCluster},
    {"cluster-replica-no-failover", kIgnored, kNoCluster},
    {"cluster-replica-validity-factor", kIgnored, kNoCluster},
    {"cluster-require-full-coverage", kIgnored, kNoCluster},
    {"cluster-slave-no-failover", kIgnored, kNoCluster},
    {"cluster-slave-validity-factor", kIgnored, kNoCluster},
    {"crash-log-enabled", kIgnored, kNoCrashReport},
    {"crash-memcheck-enabled", kIgnored, kNoCrashReport},
    {"dbfilename", kIgnored, kNoSnapshotFile},
    {"disable-thp", kIgnored, kNoHeapTuning},
    {"dynamic-hz", kIgnored, kNoExpiryCycle},
    {"enable-module-command", kIgnored, kNoModules},
    {"enable-protected-configs", kIgnored, kProtectedAnyway},
    {"hash-max-listpack-entries", kIgnored, kNoEncodings},
    {"hash-max-listpack-value", kIgnored, kNoEncodings},
    {"hash-max-ziplist-entries", kIgnored, kNoEncodings},
    {"hash-max-ziplist-value", kIgnored, kNoEncodings},
    {"ignore-warnings", kIgnored, kNoWarnings},
    {"io-threads", kIgnored, kOwnThreads},
    {"io-threads-do-reads", kIgnored, kOwnThreads},
    {"jemalloc-bg-thread", kIgnored, kNoHeapTuning},
    {"key-load-delay", kIgnored, kNoSnapshotFile},
    {"lazyfree-lazy-eviction", kIgnored, kAlwaysLazy},
    {"lazyfree-lazy-expire", kIgnored, kAlwaysLazy},
    {"lazyfree-lazy-server-del", kIgnored, kAlwaysLazy},
    {"lazyfree-lazy-user-del", kIgnored, kAlwaysLazy},
    {"lazyfree-lazy-user-flush", kIgnored, kAlwaysLazy},
    {"lfu-decay-time", kIgnored, kNoEviction},
    {"lfu-log-factor", kIgnored, kNoEviction},
    {"list-compress-depth", kIgnored, kNoEncodings},
    {"list-max-listpack-size", kIgnored, kNoEncodings},
    {"list-max-ziplist-entries", kIgnored, kNoEncodings},
    {"list-max-ziplist-size", kIgnored, kNoEncodings},
    {"list-max-ziplist-value", kIgnored, kNoEncodings},
    {"loading-process-events-interval-bytes", kIgnored, kNoSnapshotFile},
    {"loadmodule", kRefused, kNoModules},
    {"lua-time-limit", kIgnored, kNoScripts},
    {"masterauth", kRefused, kReplicates, ""},
    {"masteruser", kRefused, kReplicates, ""},
    {"maxmemory-clients", kIgnored, kClientsBounded},
    {"maxmemory-eviction-tenacity", kIgnored, kNoEviction},
    {"maxmemory-samples", kIgnored, kNoEviction},
    {"min-replicas-max-lag", kIgnored, kNoReplication},
    {"min-replicas-to-write", kRefused, kReplicates, "0"},
    {"min-slaves-max-lag", kIgnored, kNoReplication},
    {"min-slaves-to-write", kRefused, kReplicates, "0"},
    {"no-appendfsync-on-rewrite", kIgnored, kNoAppendOnlyFile},
    {"notify-keyspace-events", kIgnored, kNoEvents},
    {"oom-score-adj", kIgnored, kNoOomScore},
    {"oom-score-adj-values", kIgnored, kNoOomScore},
    {"proc-title-template", kIgnored, kNoProcessTitle},
    {"propagation-error-behavior", kIgnored, kNoReplication},
    {"rdb-del-sync-files", kIgnored, kNoSnapshotFile},
    {"rdb-key-save-delay", kIgnored, kNoSnapshotFile},
    {"rdb-save-incremental-fsync", kIgnored, kNoSnapshotFile},
    {"rdbchecksum", kIgnored, kNoSnapshotFile},
    {"rdbcompression", kIgnored, kNoSnapshotFile},
    {"rename-command", kRefused, kRestricts},
    {"repl-backlog-size", kIgnored, kNoReplication},
    {"repl-backlog-ttl", kIgnored, kNoReplication},
    {"repl-disable-tcp-nodelay", kIgnored, kNoReplication},
    {"repl-diskless-load", kIgnored, kNoReplication},
    {"repl-diskless-sync", kIgnored, kNoReplication},
    {"repl-diskless-sync-delay", kIgnored, kNoReplication},
    {"repl-diskless-sync-max-replicas", kIgnored, kNoReplication},
    {"repl-ping-replica-period", kIgnored, kNoReplication},
    {"repl-ping-slave-period", kIgnored, kNoReplication},
    {"repl-timeout", kIgnored, kNoReplication},
    {"replica-announce-ip", kIgnored, kNoReplication},
    {"replica-announce-port", kIgnored, kNoReplication},
    {"replica-announced", kIgnored, kNoReplication},
    {"replica-ignore-disk-write-errors", kIgnored, kNoReplication},
    {"replica-ignore-maxmemory", kIgnored, kNoReplication},
    {"replica-lazy-flush", kIgnored, kNoReplication},
    {"replica-priority", kIgnored, kNoReplication},
    {"replica-read-only", kIgnored, kNoReplication},
    {"replica-serve-stale-data", kIgnored, kNoReplication},
    {"replicaof", kRefused, kReplicates, "no one"},
    {"sanitize-dump-payload", kIgnored, kNoSnapshotFile},
    {"server_cpulist", kIgnored, kOwnThreads},
    {"set-max-intset-entries", kIgnored, kNoEncodings},
    {"set-proc-title", kIgnored, kNoProcessTitle},
    {"shutdown-on-sigint", kIgnored, kCleanStop},
    {"shutdown-on-sigterm", kIgnored, kCleanStop},
    {"shutdown-timeout", kIgnored, kNoReplication},
    {"slave-announce-ip", kIgnored, kNoReplication},
    {"slave-announce-port", kIgnored, kNoReplication},
    {"slave-ignore-maxmemory", kIgnored, kNoReplication},
    {"slave-lazy-flush", kIgnored, kNoReplication},
    {"slave-priority", kIgnored, kNoReplication},
    {"slave-read-only", kIgnored, kNoReplication},
    {"slave-serve-stale-data", kIgnored, kNoReplication},
    {"slaveof", kRefused, kReplicates, "no one"},
    {"socket-mark-id", kRefused, kRestricts, "0"},
    {"stop-writes-on-bgsave-error", kIgnored, kNoSnapshotFile},
    {"stream-node-max-bytes", kIgnored, kNoEncodings},
    {"stream-node-max-entries", kIgnored, kNoEncodings},
    {"supervised", kIgnored, kNotSupervised},
    {"syslog-enabled", kIgnored, kNoSyslog},
    {"syslog-facility", kIgnored, kNoSyslog},
    {"syslog-ident", kIgnored, kNoSyslog},
    {"tls-auth-clients", kRefused, kEncrypts, "yes"},
    {"tls-ca-cert-dir", kRefused, kEncrypts, ""},
    {"tls-ca-cert-file", kRefused, kEncrypts, ""},
    {"tls-cert-file", kRefused, kEncrypts, ""},
    {"tls-ciphers", kRefused, kEncrypts, ""},
    {"tls-ciphersuites", kRefused, kEncrypts, ""},
    {"tls-client-cert-file", kRefused, kEncrypts, ""},
    {"tls-client-key-file", kRefused, kEncrypts, ""},
    {"tls-client-key-file-pass", kRefused, kEncrypts, ""},
    {"tls-cluster", kRefused, kEncrypts, "no"},
    {"tls-dh-params-file", kRefused, kEncrypts, ""},
    {"tls-key-file", kRefused, kEncrypts, ""},
    {"tls-key-file-pass", kRefused, kEncrypts, ""},
    {"tls-port", kRefused, kEncrypts, "0"},
    {"tls-prefer-server-ciphers", kRefused, kEncrypts, "no"},
    {"tls-protocols", kRefused, kEncrypts, ""},
    {"tls-replication", kRefused, kEncrypts, "no"},
    {"tls-session-cache-size", kRefused, kEncrypts, "20480"},
    {"tls-session-cache-timeout", kRefused, kEncrypts, "300"},
    {"tls-session-caching", kRefused, kEncrypts, "yes"},
    {"tracking-table-max-keys", kIgnored, kNoTracking},
    {"use-exit-on-panic", kIgnored, kNoCrashReport},
    {"user", kRefused, kRestricts},
    {"watchdog-period", kIgnored, kNoCrashReport},
    {"zset-max-listpack-entries", kIgnored, kNoEncodings},
    {"zset-max-listpack-value", kIgnored, kNoEncodings},
    {"zset-max-ziplist-entries", kIgnored, kNoEncodings},
    {"zset-max-ziplist-value", kIgnored, kNoEncodings},
};

static_assert(std::ranges::is_sorted(kOptions, {}, &RedisOption::name), "found by binary search");

}  // namespace

bool RedisOption::IsHarmless(std::string_view value) const {
  return harmless_value && EqualsIgnoreCase(value, *harmless_value);
}

std::span<const RedisOption> RedisOnlyOptions() {
  return kOptions;
}

const RedisOption* FindRedisOnlyOption(std::string_view name) {
  const std::string lower = LowerCase(name);
  const auto* found =
      std::ranges::lower_bound(kOptions, std::string_view(lower), {}, &RedisOption::name);
  return found != std::end(kOptions) && found->name == lower ? found : nullptr;
}

}  // namespace cairn
