#pragma once
// Catches a blocking call on the loop thread, in debug and sanitizer builds. The loop thread marks
// itself when it begins to serve, not before: opening the data directory may block it. Every
// blocking method of every Env asserts. In a release build all of this is empty.
//
// Thread safety: each thread sees only its own role.

#include "util/check.h"

namespace cairn {

#ifdef CAIRN_DEBUG_CHECKS
namespace internal {
// How this thread stands to blocking. A depth, since MayBlockScope nests.
struct ThreadRole {
  bool is_loop = false;
  int may_block_depth = 0;
};
inline thread_local ThreadRole thread_role;
}  // namespace internal

// The calling thread is the loop and serves from now on, until UnmarkLoopThread (clean stop).
inline void MarkLoopThread() {
  internal::thread_role.is_loop = true;
}
inline void UnmarkLoopThread() {
  internal::thread_role.is_loop = false;
}
inline bool MayBlock() {
  return !internal::thread_role.is_loop || internal::thread_role.may_block_depth > 0;
}

// The calling thread may block while this lives: what an operator asked for and expects to wait
// for (CONFIG REWRITE, the last steps of SHUTDOWN).
class MayBlockScope {
 public:
  MayBlockScope() { ++internal::thread_role.may_block_depth; }
  ~MayBlockScope() { --internal::thread_role.may_block_depth; }
  MayBlockScope(const MayBlockScope&) = delete;
  MayBlockScope& operator=(const MayBlockScope&) = delete;
};
#else
inline void MarkLoopThread() {}
inline void UnmarkLoopThread() {}
inline bool MayBlock() {
  return true;
}

class MayBlockScope {
 public:
  // Not defaulted: an unused variable of a trivial type would be warned about.
  MayBlockScope() {}   // NOLINT(modernize-use-equals-default)
  ~MayBlockScope() {}  // NOLINT(modernize-use-equals-default)
  MayBlockScope(const MayBlockScope&) = delete;
  MayBlockScope& operator=(const MayBlockScope&) = delete;
};
#endif

inline void AssertMayBlock() {
  DCHECK(MayBlock());
}

}  // namespace cairn
