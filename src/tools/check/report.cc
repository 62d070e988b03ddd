#include "tools/check/report.h"

#include <fmt/format.h>

namespace cairn::check {

void Report::Damage(std::string_view text) {
  ++damages_;
  if (first_.empty()) first_ = text;
  Show("damage", text);
}

void Report::Note(std::string_view text) {
  ++notes_;
  sink_(fmt::format("note: {}", text));
}

void Report::Unreadable(std::string_view text) {
  ++unreadable_;
  if (first_.empty()) first_ = text;
  Show("unreadable", text);
}

void Report::Lost(std::string_view text) {
  ++damages_;
  if (first_.empty()) first_ = text;
  sink_(fmt::format("lost: {}", text));
}

void Report::Add(const Status& error) {
  if (error.code() == StatusCode::kCorruption) return Damage(error.message());
  Unreadable(error.ToString());
}

void Report::Failed(const Status& error) {
  failed_ = true;
  ++unreadable_;
  if (first_.empty()) first_ = error.ToString();
  sink_(fmt::format("failed: {}", error.ToString()));
}

void Report::NextFile() {
  if (in_file_ > kShownPerFile) {
    sink_(fmt::format("  … and {} more findings in that file", in_file_ - kShownPerFile));
  }
  in_file_ = 0;
}

int Report::exit_code() const {
  if (failed_) return kExitCannotRead;
  if (damages_ > 0) return kExitDamage;
  return unreadable_ > 0 ? kExitCannotRead : kExitClean;
}

void Report::Show(std::string_view kind, std::string_view text) {
  if (++in_file_ <= kShownPerFile) sink_(fmt::format("{}: {}", kind, text));
}

}  // namespace cairn::check
