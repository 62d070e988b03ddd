#pragma once
// Which tables of a version are worth nothing any longer, or little, since the spaces that they
// hold are dead (design §9).
//
// Any thread; pure functions.

#include <map>
#include <vector>

#include "lsm/dead_spaces.h"
#include "lsm/types.h"
#include "lsm/version.h"

namespace cairn::lsm {

struct DeadTables {
  // Nothing but dead spaces: their files may go unread.
  std::vector<FileNumber> dropped;
  // Beside records of the server itself nothing that lives: they are worth a merge of their own.
  std::vector<FileNumber> rewritten;
  // Some more could be dropped if flushed_seq had passed the deaths.
  bool waits_for_flush = false;
};

// `counts`: of the catalog; a space that it names, and that is not dead, lives.
DeadTables FindDeadTables(const Version& version, const DeadSpaces& spaces, Sequence flushed_seq,
                          const std::map<SpaceId, SpaceCount>& counts);

}  // namespace cairn::lsm
