#pragma once
// The families of commands that commands/table.cc lists, each from its own _rows.cc.

#include <span>

#include "commands/command.h"

namespace cairn {

std::span<const CommandSpec> BitmapRows();
std::span<const CommandSpec> CommandRows();
std::span<const CommandSpec> ConnectionRows();
std::span<const CommandSpec> CounterRows();
std::span<const CommandSpec> DiagnosticsRows();
std::span<const CommandSpec> ExpiryRows();
std::span<const CommandSpec> HyperLogLogRows();
std::span<const CommandSpec> KeyRows();
std::span<const CommandSpec> ReplicationRows();
std::span<const CommandSpec> SaveRows();
std::span<const CommandSpec> ServerRows();
std::span<const CommandSpec> StringRows();

}  // namespace cairn
