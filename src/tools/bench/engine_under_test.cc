#include "tools/bench/engine_under_test.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace cairn::bench {

Status RemoveFiles(Env& env, const std::string& directory) {
  for (const std::string& folder : {directory + "/wal", directory}) {
    ASSIGN_OR_RETURN(const bool exists, env.Exists(folder));
    if (!exists) continue;
    ASSIGN_OR_RETURN(const std::vector<std::string> names, env.List(folder));
    for (const std::string& name : names) {
      if (folder == directory && name == "wal") continue;
      RETURN_IF_ERROR(env.Remove(folder + "/" + name));
    }
  }
  return {};
}

void Pause(uint64_t milliseconds) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, std::chrono::milliseconds(milliseconds), [] { return false; });
}

std::vector<std::string> EngineNames() {
  std::vector<std::string> names = {"cairn"};
#ifdef CAIRN_BENCH_ROCKSDB
  names.emplace_back("rocksdb");
#endif
#ifdef CAIRN_BENCH_LEVELDB
  names.emplace_back("leveldb");
#endif
  return names;
}

std::unique_ptr<EngineUnderTest> NewEngine(std::string_view name, Env& env,
                                           const EngineSettings& settings) {
  if (name == "cairn") return NewCairnEngine(env, settings);
#ifdef CAIRN_BENCH_ROCKSDB
  if (name == "rocksdb") return NewRocksDbEngine(env, settings);
#endif
#ifdef CAIRN_BENCH_LEVELDB
  if (name == "leveldb") return NewLevelDbEngine(env, settings);
#endif
  return nullptr;
}

}  // namespace cairn::bench
