#pragma once
// Handlers of the commands on keys of any type; their rows are in key_rows.cc.

#include "commands/command.h"

namespace cairn {

// key_remove.cc
void DelCommand(CommandContext& c);     // and UNLINK: here both only write tombstones
void ExistsCommand(CommandContext& c);  // and TOUCH: which of them counts as use, the rows say
void TypeCommand(CommandContext& c);

// key_rename.cc
void CopyCommand(CommandContext& c);
void MoveCommand(CommandContext& c);
void RenameCommand(CommandContext& c);
void RenamenxCommand(CommandContext& c);

// key_walk.cc
void KeysCommand(CommandContext& c);
void RandomkeyCommand(CommandContext& c);
void ScanCommand(CommandContext& c);

// object.cc
void ObjectEncodingCommand(CommandContext& c);
void ObjectFreqCommand(CommandContext& c);
void ObjectHelpCommand(CommandContext& c);
void ObjectIdletimeCommand(CommandContext& c);
void ObjectRefcountCommand(CommandContext& c);

}  // namespace cairn
