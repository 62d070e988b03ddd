#include "lsm/run_writer.h"

#include <iterator>
#include <utility>

#include "lsm/table_reader.h"

namespace cairn::lsm {

namespace {

void RemoveTable(Store& store, FileNumber file) {
  const std::string path = store.TablePath(file);
  const Status status = store.env.Remove(path);
  if (status.ok() || status.code() == StatusCode::kNotFound) return;
  store.log.Verbose("{} stays until the next start: {}", path, status.ToString());
}

}  // namespace

void WrittenRun::Append(WrittenRun next) {
  const auto append = [](auto* to, auto* from) {
    to->insert(to->end(), std::move_iterator(from->begin()), std::move_iterator(from->end()));
  };
  append(&tables, &next.tables);
  append(&readers, &next.readers);
  append(&filters, &next.filters);
  append(&index_blocks, &next.index_blocks);
  bytes += next.bytes;
}

Status RunWriter::Add(std::string_view key, const Entry& entry) {
  if (next_cut_ < cuts_->size() && key >= (*cuts_)[next_cut_]) {
    if (builder_ != nullptr) RETURN_IF_ERROR(FinishTable());
    while (next_cut_ < cuts_->size() && key >= (*cuts_)[next_cut_]) ++next_cut_;
  }
  if (builder_ == nullptr) RETURN_IF_ERROR(BeginTable());
  RETURN_IF_ERROR(builder_->Add(key, entry));
  if (builder_->EstimatedSize() < store_.options.table_bytes) return {};
  return FinishTable();
}

uint64_t RunWriter::EstimatedSize() const {
  return run_.bytes + (builder_ == nullptr ? 0 : builder_->EstimatedSize());
}

Result<WrittenRun> RunWriter::Finish() {
  if (builder_ != nullptr) RETURN_IF_ERROR(FinishTable());
  if (!run_.tables.empty()) {
    // The names must be durable before an edit names them.
    RETURN_IF_ERROR(store_.env.SyncDirectory(store_.options.directory));
    RETURN_IF_ERROR(OpenTables());
  }
  return std::move(run_);
}

void RunWriter::Remove() {
  builder_.reset();
  run_ = {};
  for (const FileNumber file : files_) RemoveTable(store_, file);
  files_.clear();
}

Status RunWriter::BeginTable() {
  TableBuildOptions options;
  options.file = store_.manifest->NewFileNumber();
  options.filter_secret = store_.filter_secret;
  options.dead_set_mark = dead_set_mark_;
  options.block_bytes = store_.options.block_bytes;
  options.bloom_bits_per_key = bloom_bits_per_key_;
  options.compression = store_.options.compression;
  if (on_data_block_) {
    options.on_data_block = [this, file = options.file](uint64_t offset, std::string_view bytes) {
      on_data_block_(file, offset, bytes);
    };
  }
  files_.push_back(options.file);
  ASSIGN_OR_RETURN(builder_,
                   TableBuilder::Create(store_.env, store_.TablePath(options.file), options));
  return {};
}

Status RunWriter::FinishTable() {
  Result<TableInfo> info = builder_->Finish();
  builder_.reset();
  if (!info.ok()) return info.status();
  run_.bytes += info->size_bytes;
  run_.tables.push_back(std::move(info).value());
  return {};
}

Status RunWriter::OpenTables() {
  for (const TableInfo& info : run_.tables) {
    ASSIGN_OR_RETURN(std::shared_ptr<const TableReader> reader, store_.OpenTable(info));
    for (const TableReader::Partition& partition : reader->partitions()) {
      const auto& [index, filter] = partition.handles;
      ASSIGN_OR_RETURN(std::shared_ptr<const Block> block, reader->ReadBlock(index));
      run_.index_blocks.push_back({info.file, index.offset, std::move(block)});
      if (filter.stored_bytes == 0) continue;
      ASSIGN_OR_RETURN(block, reader->ReadBlock(filter));
      run_.filters.push_back({info.file, filter.offset, std::move(block)});
    }
    if (run_.readers.size() < store_.open_tables.kept_by_job()) {
      run_.readers.push_back(std::move(reader));
    }
  }
  return {};
}

void RemoveTables(Store& store, const std::vector<TableInfo>& tables) {
  for (const TableInfo& table : tables) RemoveTable(store, table.file);
}

}  // namespace cairn::lsm
