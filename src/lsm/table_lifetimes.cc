#include "lsm/table_lifetimes.h"

#include "util/check.h"

namespace cairn::lsm {

std::shared_ptr<TableLifetimes> TableLifetimes::Create(OnObsolete on_obsolete) {
  return std::make_shared<TableLifetimes>(Passkey{}, std::move(on_obsolete));
}

std::shared_ptr<const TableInfo> TableLifetimes::Track(TableInfo info) {
  auto owned = std::make_unique<const TableInfo>(std::move(info));
  auto on_last_reference = [self = shared_from_this()](const TableInfo* table) {
    const std::unique_ptr<const TableInfo> owner(table);
    self->Unreferenced(owner->file);
  };
  return {owned.release(), std::move(on_last_reference)};
}

void TableLifetimes::MarkObsolete(FileNumber file) {
  std::lock_guard lock(mutex_);
  obsolete_.insert(file);
}

void TableLifetimes::Unreferenced(FileNumber file) {
  OnObsolete on_obsolete;
  {
    std::lock_guard lock(mutex_);
    if (obsolete_.erase(file) == 0) return;
    on_obsolete = on_obsolete_;
  }
  if (on_obsolete) on_obsolete(file);
}

void TableLifetimes::Detach() {
  std::lock_guard lock(mutex_);
  on_obsolete_ = nullptr;
}

}  // namespace cairn::lsm
