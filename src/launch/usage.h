#pragma once

#include "base/json.h"
#include "launch/supervise.h"

namespace hutch {

/// The members of an object: what everything that ran in a sandbox has used. getrusage(2).
void write_usage(Json& json, const Finish& finish);

}  // namespace hutch
