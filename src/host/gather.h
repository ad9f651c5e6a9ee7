#pragma once

#include <memory>

#include "host/host.h"

namespace hutch {

/// The machine we are on and the caller we run for: each fact is asked when it is first wanted, and then
/// remembered, so that one launch sees one world. `environment` is `environ`, read when the caller is first
/// asked for.
///
/// No name service (nsswitch.conf(5)) is consulted, since a static binary has none: accounts are those of
/// /etc/passwd.
std::unique_ptr<Host> gather_host(char** environment);

}  // namespace hutch
