#pragma once

#include "base/json.h"
#include "launch/registry.h"

namespace hutch {

/// The fields of a running sandbox, as `ps --json` and `inspect --json` have them.
void sandbox_json(Json& json, const Registered& sandbox);

}  // namespace hutch
