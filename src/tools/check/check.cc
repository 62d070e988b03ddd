#include "tools/check/check.h"

#include <string>

#include "tools/check/dump.h"
#include "tools/check/repair.h"
#include "tools/check/tree.h"
#include "tools/check/verify.h"

namespace cairn::check {
namespace {

constexpr std::string_view kUsage =
    "usage: cairn-check [verify] DIR       check everything in a data directory\n"
    "       cairn-check tree DIR           draw its runs, tables, counts and log segments\n"
    "       cairn-check repair DIR NEWDIR [--keep-older]\n"
    "                                      write what can be saved of it into a new one\n"
    "       cairn-check dump manifest FILE every edit of a MANIFEST, and the catalog\n"
    "       cairn-check dump log FILE      every record of a log slot (wal/000.slot)\n"
    "       cairn-check dump table FILE    every block and entry of a table\n"
    "       cairn-check help\n"
    "DIR is the server's dir, or the folder \"cairn\" in it. Nothing is ever written there. Stop\n"
    "the server first: what it changes meanwhile may look like damage. A repair lists what is "
    "lost;\n"
    "a key whose newest version may be lost is left out, unless --keep-older asks for the version\n"
    "before it. NEWDIR, which must be empty or not be there, is a server's dir then.\n"
    "Exit code: 0 sound (repair: nothing was lost), 1 damage was found (something was lost), 2\n"
    "something could not be read or written, or wrong usage.";

std::string WithoutSlashes(std::string_view argument) {
  std::string directory(argument);
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  return directory;
}

// The folder that holds CURRENT: the directory itself, or "cairn" in it.
std::string StoreDirectory(Env& env, std::string_view argument) {
  const std::string directory = WithoutSlashes(argument);
  const std::string inside = directory + "/cairn";
  const auto here = env.Exists(directory + "/CURRENT");
  const auto there = env.Exists(inside);
  const bool take_inside = there.ok() && *there && !(here.ok() && *here);
  return take_inside ? inside : directory;
}

using Dump = void (*)(Env&, const std::string&, Report&);

Dump FindDump(std::string_view what) {
  if (what == "manifest") return DumpManifest;
  if (what == "log") return DumpLog;
  if (what == "table") return DumpTable;
  return nullptr;
}

// repair DIR NEWDIR [--keep-older]; false: wrong usage.
bool RunRepair(Env& env, std::span<const std::string_view> arguments, Report& report) {
  const bool keep_older = arguments.size() == 3 && arguments[2] == "--keep-older";
  if (arguments.size() != 2 && !keep_older) return false;
  RepairOptions options;
  options.from = StoreDirectory(env, arguments[0]);
  options.to = WithoutSlashes(arguments[1]);
  options.keep_older = keep_older;
  const Status status = Repair(env, options, report);
  // Whatever it is, damage or not: there is no new directory.
  if (!status.ok()) report.Failed(status);
  return true;
}

}  // namespace

int Run(Env& env, std::span<const std::string_view> arguments, const Sink& out, const Sink& error) {
  const std::string_view command = arguments.empty() ? "" : arguments[0];
  const auto done = [](Report& report) {
    report.NextFile();
    return report.exit_code();
  };
  Report report(out);
  if (arguments.size() == 1 && (command == "help" || command == "--help" || command == "-h")) {
    out(kUsage);
    return kExitClean;
  }
  if (arguments.size() == 2 && (command == "verify" || command == "tree")) {
    const std::string directory = StoreDirectory(env, arguments[1]);
    (command == "tree" ? DrawTree : Verify)(env, directory, report);
    return done(report);
  }
  if (const Dump dump =
          arguments.size() == 3 && command == "dump" ? FindDump(arguments[1]) : nullptr;
      dump != nullptr) {
    dump(env, std::string(arguments[2]), report);
    return done(report);
  }
  if (command == "repair" && RunRepair(env, arguments.subspan(1), report)) return done(report);
  const bool is_command =
      command == "verify" || command == "tree" || command == "dump" || command == "repair";
  if (arguments.size() == 1 && !is_command && !command.starts_with('-')) {
    Verify(env, StoreDirectory(env, command), report);
    return done(report);
  }
  error(kUsage);
  return kExitCannotRead;
}

}  // namespace cairn::check
