#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "plan/plan.h"

namespace hutch {

/// Steps as bytes, for another hutch of the same version: the launcher of a running sandbox gives its walls
/// to `hutch enter`. Origins, remarks and what was left out stay behind.
std::string encode(const Plan& plan);
/// E0428 for bytes that are no such plan; nothing in them is trusted.
Result<Plan> decode(std::string_view bytes);

}  // namespace hutch
