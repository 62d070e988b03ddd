#pragma once
// When two answers that differ in their bytes still mean the same: the one list of what cannot be
// compared byte for byte, with the reason. Errors, types and everything that is not listed must be
// equal to the byte.

#include <string>
#include <string_view>

#include "differential/grammar.h"

namespace cairn::test {

// Whether both replies to `command` are the same answer.
bool SameAnswer(const Command& command, std::string_view reference_reply,
                std::string_view cairn_reply);

}  // namespace cairn::test
