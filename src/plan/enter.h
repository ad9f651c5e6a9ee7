#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "host/host.h"
#include "plan/plan.h"

namespace hutch {

/// What of a plan still holds once the sandbox runs: its namespaces, the ids, and every step that gives
/// something up.
Plan walls_of(const Plan& plan);

/// A plan that joins the namespaces of a running sandbox and puts its walls up again around `command`. The
/// descriptors of the namespaces are expected in the slots 0 … kNamespaceFileCount - 1, in the order of
/// kNamespaceFiles. Of the walls it takes the steps that give something up, by an allow-list in enter.cc:
/// whatever else they hold is E0428, since they may come from anybody.
Result<Plan> enter_plan(const Plan& walls, const std::vector<std::string>& command, const Caller& caller);

}  // namespace hutch
