#pragma once

#include "cli/options.h"
#include "host/host.h"
#include "profile/load.h"

namespace hutch {

/// What the options --set, --param, --ro … ask of a profile: each becomes a piece of TOML, in the order
/// given. Their texts are taken literally: no variables, no globs. A relative --ro, --rw or --tmpfs path
/// starts at the caller's directory. E0905, E0906.
Result<LoadRequest> load_request(const Words& words, const std::string& profile, const Host& host);

}  // namespace hutch
