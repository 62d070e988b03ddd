#include "tools/check/losses.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "lsm/version.h"

namespace cairn::check {
namespace {

// A bound from an index may be shorter than a space id. No key lies between it and this.
std::string BoundText(std::string bound) {
  bound.resize(std::max(bound.size(), lsm::kSpacePrefixBytes), '\0');
  return lsm::KeyDebugString(bound);
}

}  // namespace

void Losses::AddKeys(LostKeys lost) {
  any_ = true;
  std::string first_user_key;
  lsm::MakeKey(&first_user_key, lsm::kFirstUserSpace, "");
  system_records_ = system_records_ || lost.lo < first_user_key;
  const std::string keys =
      lost.hi.empty()
          ? fmt::format("keys from {} on, nobody knows how far", BoundText(lost.lo))
          : fmt::format("keys from {} up to {}", BoundText(lost.lo), BoundText(lost.hi));
  const std::string sequences = lost.max_sequence == lsm::kMaxSequence
                                    ? std::string("any sequences")
                                    : fmt::format("sequences up to {}", lost.max_sequence);
  report_.Lost(fmt::format("{}: {}, {}: {}", lost.where, keys, sequences, lost.why));
  if (!lost.hi.empty()) ahead_.push_back(std::move(lost));
}

void Losses::AddUnknown(std::string_view text) {
  system_records_ = true;
  Add(text);
}

void Losses::Add(std::string_view text) {
  any_ = true;
  report_.Lost(text);
}

bool Losses::MayHide(std::string_view key, lsm::Sequence sequence) {
  std::erase_if(ahead_, [&](const LostKeys& lost) { return lost.hi <= key; });
  return !keep_older_ && std::any_of(ahead_.begin(), ahead_.end(), [&](const LostKeys& lost) {
    return lost.lo <= key && lost.max_sequence > sequence;
  });
}

}  // namespace cairn::check
