#pragma once
// The part of an engine-wide walk that lies in one space and in [lower, upper) of it, with user
// keys: what ReadContext::NewIterator hands out.
//
// Thread and lifetime: those of the walk that it wraps. Errors: sticky in its block source.

#include <memory>
#include <string>
#include <string_view>

#include "lsm/internal_iterator.h"
#include "lsm/read_context.h"

namespace cairn::lsm {

// The bounds as engine keys: [first, last) where an empty upper means "to the end of the space".
struct SpaceBounds {
  SpaceBounds(SpaceId space, std::string_view lower, std::string_view upper);
  bool Empty() const { return !last.empty() && last <= first; }

  SpaceId space;
  std::string first;
  std::string last;  // exclusive; empty: the end of all keys (the last space there can be)
};

std::unique_ptr<Iterator> NewSpaceIterator(std::unique_ptr<InternalIterator> walk,
                                           SpaceBounds bounds);

}  // namespace cairn::lsm
