#pragma once

#include "base/result.h"
#include "profile/profile.h"
#include "profile/value.h"

namespace hutch {

/// The merged, expanded and checked tree as typed data, with the defaults of the language.
/// Errors: E0105 where parts of a value contradict each other, E0116 a soft limit above the hard one.
Result<Profile> read_profile(const Value& merged);

}  // namespace hutch
