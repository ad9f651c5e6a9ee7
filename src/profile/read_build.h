#pragma once

#include "base/result.h"
#include "profile/profile.h"
#include "profile/value.h"

namespace hutch {

/// [build] of a merged profile. What it brings in becomes mounts, so [mounts] is read first. E0109, E0110.
void read_build(const Table& top, Profile& into, Diagnostics& wrong);

}  // namespace hutch
