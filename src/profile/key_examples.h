#pragma once

#include <vector>

#include "profile/keys.h"
#include "profile/value.h"

namespace hutch {

/// What the example of a key says for that key: of `mounts."/tmp" = { type = "tmpfs", exec = false }` it is
/// `false` for `exec`. In the order in which they stand; none for a key without an example.
std::vector<Value> example_values(const Key& key);

}  // namespace hutch
