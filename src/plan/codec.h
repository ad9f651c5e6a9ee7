#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "plan/plan.h"

namespace hutch {

/// Steps as bytes, for another hutch of the same version: the launcher of a running sandbox gives its walls
/// to `hutch enter`, and an earlier launch its plan to a later one. Origins, remarks and what was left out
/// stay behind.
std::string encode(const Plan& plan);
/// E0428 for bytes that are no such plan; nothing in them is trusted.
Result<Plan> decode(std::string_view bytes);

/// execve(2) wants the words ended by a null pointer: to be said anew after they were changed.
void point_at_words(Exec& exec, StringPool& strings);

}  // namespace hutch
