#pragma once
// Tells whoever supervises the process how far it is, if NOTIFY_SOCKET names a socket to tell it
// to: systemd sets that for a unit of Type=notify.
//
// Any thread. Errors: none; a supervisor that does not listen changes nothing.
// Source: sd_notify(3), "Notes" (the protocol is stable and may be spoken without the library).

#include <string_view>

namespace cairn {

// "READY=1", "STOPPING=1", with "STATUS=…" on a line of its own.
void NotifySupervisor(std::string_view state);

}  // namespace cairn
