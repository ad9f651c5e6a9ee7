#pragma once

#include <string>

#include "launch/timings.h"
#include "plan/plan.h"

namespace hutch {

/// Microseconds: first the stages of the launcher, then the steps of the plan, each from the end of the step
/// before it; 0 for what the child did while the launcher did that one.
std::string timings_text(const Timings& timings, const Plan& plan);

}  // namespace hutch
