#pragma once

#include "child/sys.h"

namespace hutch {

/// The folder of the caller's kept plans, opened: `hutch/plans` in `$XDG_RUNTIME_DIR` or /run/user/UID, and
/// for root in /run. Each of the three folders is one that nobody else may write to, or it is not taken.
/// Without the C library. `owner`: the caller's effective uid.
Fd open_plans_folder(char** environment, std::uint64_t owner) noexcept;

/// The value of a variable, the first one counts, as for getenv(3); null where there is none.
const char* value_of(char** environment, const char* name) noexcept;

}  // namespace hutch
