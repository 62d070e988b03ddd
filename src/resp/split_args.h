#pragma once
// Splits a line of text into arguments as redis-cli, inline commands and redis.conf spell them:
// blanks separate, "…" with \n \r \t \b \a \\ \" and \xHH, '…' with \' only. A quote may begin in
// the middle of an argument but must end it.
//
// Thread safety: a pure function of its arguments.

#include <cstddef>
#include <string_view>
#include <vector>

namespace cairn::resp {

// Appends the arguments of line[0, size) to argv and returns true; false if a quote is not closed
// or is followed by something else than a blank (argv is then as it was). Works in place: the views
// point into `line`, whose bytes are overwritten. A NUL ends the line, as in Redis.
bool SplitArgs(char* line, size_t size, std::vector<std::string_view>* argv);

}  // namespace cairn::resp
