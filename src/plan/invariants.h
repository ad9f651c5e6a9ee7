#pragma once

#include "base/result.h"
#include "plan/plan.h"

namespace hutch {

/// What must be true of every plan, whatever profile it came from. A failure is a bug of ours: E0399.
Result<void> check_invariants(const Plan& plan);

}  // namespace hutch
