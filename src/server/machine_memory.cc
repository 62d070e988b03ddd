#include "server/machine_memory.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "util/parse.h"

namespace cairn {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 20;

std::string Content(Env& env, const std::string& path) {
  Result<std::string> content = env.ReadSmallFile(path, kMaxFileBytes);
  return content.ok() ? std::move(content).value() : std::string();
}

// Up to the delimiter, which goes as well; all of it if there is none.
std::string_view TakeUpTo(char delimiter, std::string_view* rest) {
  const size_t end = std::min(rest->find(delimiter), rest->size());
  const std::string_view taken = rest->substr(0, end);
  rest->remove_prefix(std::min(end + 1, rest->size()));
  return taken;
}

// "MemTotal:       24683744 kB"
uint64_t TotalBytes(std::string_view meminfo) {
  while (!meminfo.empty()) {
    std::string_view line = TakeUpTo('\n', &meminfo);
    if (TakeUpTo(':', &line) != "MemTotal") continue;
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return ParseUint64(TakeUpTo(' ', &line)).value_or(0) * 1024;
  }
  return 0;
}

// The least of what the group and those around it, up to the mount's root, may take. In a container
// the group's path may be one that is seen from outside alone: then the root is the container's.
uint64_t GroupLimit(Env& env, const std::string& mount, std::string_view group,
                    std::string_view file) {
  uint64_t limit = UINT64_MAX;
  while (true) {
    while (group.ends_with('/')) group.remove_suffix(1);
    const std::string content = Content(env, mount + std::string(group) + "/" + std::string(file));
    std::string_view rest = content;  // "max" is no limit
    limit = std::min(limit, ParseUint64(TakeUpTo('\n', &rest)).value_or(UINT64_MAX));
    if (group.empty()) return limit;
    group = group.substr(0, std::min(group.rfind('/'), group.size()));
  }
}

bool HasMemory(std::string_view controllers) {
  while (!controllers.empty()) {
    if (TakeUpTo(',', &controllers) == "memory") return true;
  }
  return false;
}

// Lines "hierarchy:controllers:path"; version 2 has no controllers there.
uint64_t GroupsLimit(Env& env) {
  const std::string groups = Content(env, "/proc/self/cgroup");
  uint64_t limit = UINT64_MAX;
  for (std::string_view rest = groups; !rest.empty();) {
    std::string_view path = TakeUpTo('\n', &rest);
    const std::string_view hierarchy = TakeUpTo(':', &path);
    const std::string_view controllers = TakeUpTo(':', &path);
    if (hierarchy == "0" && controllers.empty()) {
      limit = std::min(limit, GroupLimit(env, "/sys/fs/cgroup", path, "memory.max"));
    } else if (HasMemory(controllers)) {
      limit =
          std::min(limit, GroupLimit(env, "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes"));
    }
  }
  return limit;
}

}  // namespace

uint64_t MachineMemoryBytes(Env& env) {
  const uint64_t total = TotalBytes(Content(env, "/proc/meminfo"));
  const uint64_t limit = GroupsLimit(env);
  const uint64_t least = std::min(total == 0 ? UINT64_MAX : total, limit);
  return least == UINT64_MAX ? 0 : least;
}

}  // namespace cairn
