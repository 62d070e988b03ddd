#include "env/fault_plan.h"

#include <fmt/format.h>
#include <utility>

namespace cairn {
namespace {

Status PowerIsOff(const std::string& path) {
  return Status::IoError(path + ": power is off");
}

bool Matches(const Fault& fault, const OpRecord& op) {
  if (fault.kind && *fault.kind != op.kind) return false;
  if (fault.op_number && fault.op_number != op.number) return false;
  return op.path.find(fault.path_part) != std::string::npos;
}

}  // namespace

std::string_view OpKindName(OpKind kind) {
  constexpr std::string_view kNames[] = {"create", "write", "sync",   "sync-dir",
                                         "rename", "link",  "remove", "make-dir",
                                         "open",   "read",  "list",   "stat"};
  return kNames[static_cast<int>(kind)];
}

std::optional<Fault> FaultPlan::TakeFault(const OpRecord& op) {
  for (size_t i = 0; i < faults_.size(); ++i) {
    if (!Matches(faults_[i], op)) continue;
    if (faults_[i].skip > 0) {
      --faults_[i].skip;
      continue;
    }
    Fault fault = faults_[i];
    if (fault.once) faults_.erase(faults_.begin() + static_cast<ptrdiff_t>(i));
    ++fault_hits_;
    return fault;
  }
  return std::nullopt;
}

FaultPlan::Decision FaultPlan::Begin(OpKind kind, const std::string& path, std::string detail) {
  OpRecord op{std::nullopt, kind, path, std::move(detail), "under way"};
  Decision decision;
  if (power_ && (count_reads_ || !OnlyLooks(kind))) {
    op.number = op_count_++;
    if (cut_ && cut_->op_number == *op.number) {
      power_ = cut_->point == CutPoint::kAfter;
      decision.cut_after = power_;
    }
  }
  if (!power_) {
    decision.refusal = PowerIsOff(path);
  } else {
    decision.fault = TakeFault(op);
  }
  if (log_.size() == kLogLimit) log_.pop_front();
  log_.push_back(std::move(op));
  return decision;
}

Status FaultPlan::End(const Decision& decision, Status outcome) {
  CHECK(!log_.empty());
  OpRecord& op = log_.back();
  op.outcome = outcome.ToString();
  if (!decision.cut_after) return outcome;
  op.outcome += ", then the power was cut";
  power_ = false;
  return PowerIsOff(op.path);
}

void FaultPlan::PowerOn() {
  power_ = true;
  cut_.reset();
}

std::string FaultPlan::LogText() const {
  std::string text;
  for (const OpRecord& op : log_) {
    const std::string number = op.number ? std::to_string(*op.number) : "-";
    text += fmt::format("{:>6} {:<8} {}{}{}: {}\n", number, OpKindName(op.kind), op.path,
                        op.detail.empty() ? "" : " ", op.detail, op.outcome);
  }
  return text;
}

}  // namespace cairn
