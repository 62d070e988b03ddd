#include "lsm/store.h"

#include <fmt/format.h>

namespace cairn::lsm {

std::string TableFileName(FileNumber number) {
  return fmt::format("{:06}.sst", number);
}

FileNumber ParseTableFileName(std::string_view name) {
  constexpr std::string_view kSuffix = ".sst";
  if (!name.ends_with(kSuffix)) return 0;
  name.remove_suffix(kSuffix.size());
  FileNumber number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9' || number > UINT64_MAX / 10 - 1) return 0;
    number = number * 10 + static_cast<FileNumber>(c - '0');
  }
  return TableFileName(number) == std::string(name) + std::string(kSuffix) ? number : 0;
}

Result<std::shared_ptr<const TableReader>> Store::OpenTable(const TableInfo& info) {
  if (auto open = open_tables.Find(info.file)) return open;
  ASSIGN_OR_RETURN(
      std::unique_ptr<const TableReader> reader,
      TableReader::Open(env, TablePath(info.file), info, filter_secret, options.direct_reads));
  if (options.direct_reads && !reader->file().direct() && !indirect_reads.exchange(true)) {
    log.Warning(
        "lsm-direct-reads: {}: the file system does not allow it; reads go by way of the "
        "page cache",
        reader->file().path());
  }
  return open_tables.Share(std::move(reader));
}

}  // namespace cairn::lsm
