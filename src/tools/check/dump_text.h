#pragma once
// How keys, entries and bytes are printed.
//
// Any thread; plain functions.

#include <string>
#include <string_view>

#include "lsm/types.h"

namespace cairn::check {

// "seq 12 value tag 33 below live expires 1700000000000 child 1030: 3 bytes "abc"".
std::string EntryText(const lsm::Entry& entry);
// As lsm::KeyDebugString, in at most `columns` columns: a longer one ends in an ellipsis, never
// within an escape.
std::string KeyText(std::string_view engine_key, size_t columns);
// In quotes, with what is not printable as \xNN, and cut after kShownBytes.
constexpr size_t kShownBytes = 64;
std::string BytesText(std::string_view bytes);

}  // namespace cairn::check
