#pragma once

#include "base/result.h"
#include "plan/plan.h"

namespace hutch {

/// Puts a place-holder (closed on exec) where 0, 1 or 2 is closed, so that no descriptor of ours lands there.
/// Call it first thing in main; launch() does it again.
void hold_standard_streams() noexcept;

/// Every descriptor of `keep_fds` must be the caller's: open, and not one of ours, which are all
/// close-on-exec.
Result<void> check_kept_descriptors(const Plan& plan);

}  // namespace hutch
