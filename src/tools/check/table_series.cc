#include "tools/check/table_series.h"

#include <utility>

#include "lsm/store.h"

namespace cairn::check {

TableSeries::TableSeries(Env& env, std::string directory, lsm::Manifest& manifest,
                         lsm::TableBuildOptions options, uint64_t table_bytes)
    : env_(env),
      directory_(std::move(directory)),
      manifest_(manifest),
      options_(std::move(options)),
      table_bytes_(table_bytes) {}

Status TableSeries::Add(std::string_view key, const lsm::Entry& entry) {
  if (builder_ == nullptr) {
    options_.file = manifest_.NewFileNumber();
    ASSIGN_OR_RETURN(builder_,
                     lsm::TableBuilder::Create(
                         env_, directory_ + "/" + lsm::TableFileName(options_.file), options_));
  }
  RETURN_IF_ERROR(builder_->Add(key, entry));
  return builder_->EstimatedSize() < table_bytes_ ? Status::Ok() : FinishTable();
}

Result<std::vector<lsm::TableInfo>> TableSeries::Finish() {
  if (builder_ != nullptr) RETURN_IF_ERROR(FinishTable());
  RETURN_IF_ERROR(env_.SyncDirectory(directory_));
  return std::move(tables_);
}

Status TableSeries::FinishTable() {
  ASSIGN_OR_RETURN(lsm::TableInfo info, builder_->Finish());
  builder_.reset();
  tables_.push_back(std::move(info));
  return {};
}

}  // namespace cairn::check
