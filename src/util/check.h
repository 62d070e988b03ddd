#pragma once
// Invariants of our own code. A failed CHECK is a bug in Cairn: it prints where and stops the
// process, since going on could damage data. Bytes from outside (socket, disk, config) never reach
// a CHECK: they are validated and answered with a Status.
//
// CHECK is always on. DCHECK costs too much for a release build and is on where
// CAIRN_DEBUG_CHECKS is defined (Debug and sanitizer builds).
//
// Catch2 has a CHECK too. In a test's translation unit (CAIRN_CATCH_TESTS, set by tests/CMakeLists)
// CHECK is Catch2's, so headers spell ours CAIRN_CHECK or DCHECK, which is the same everywhere.

namespace cairn {

// Prints "file:line: CHECK failed: expression" to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* expression);

}  // namespace cairn

#define CAIRN_CHECK(condition)                                                              \
  (__builtin_expect(!(condition), 0) ? ::cairn::CheckFailed(__FILE__, __LINE__, #condition) \
                                     : (void)0)

#ifndef CAIRN_CATCH_TESTS
#define CHECK(condition) CAIRN_CHECK(condition)
#endif

#ifdef CAIRN_DEBUG_CHECKS
#define DCHECK(condition) CAIRN_CHECK(condition)
#else
#define DCHECK(condition) (static_cast<void>(sizeof(!(condition))))
#endif
