#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "profile/profile.h"
#include "profile/value.h"
#include "profile/variables.h"

namespace hutch {

/// Puts values for the variables of one file's tree, makes its host paths absolute, and leaves out what
/// `when` or an undefined variable excludes (named in `skipped`). Mount targets are normalised, so that `~/x`
/// and `${HOME}/x` are one key. What is said once per file (`schema`, `extends`, `when`, `params`) is taken
/// out. Returns everything that was wrong; E0205 where two keys become one mount.
Diagnostics expand(Value& profile, const Variables& variables, std::vector<Skipped>& skipped);

/// Puts values for the variables of every string at and below `value`. The first one without a value is
/// returned.
std::optional<NoValue> expand_strings(Value& value, const Variables& variables, Variables::Use use);

}  // namespace hutch
