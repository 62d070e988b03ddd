#pragma once
// The kinds of arguments that the grammar's patterns name: pools of edge cases.

#include <string>
#include <string_view>

#include "util/random.h"

namespace cairn::test {

// A random argument of the kind: key, value, integer, float, seconds, ms, at-seconds, at-ms, db,
// glob, index, offset, bit, bit-offset, field, field-offset, hll, element, type, name, protocol,
// option, command, unknown. Requires: the kind exists.
std::string RandomTerm(std::string_view kind, Random& random);

}  // namespace cairn::test
