#pragma once

#include <string>

#include "base/sources.h"
#include "profile/load.h"

namespace hutch {

/// The effective profile as TOML, sorted, each line ending with a comment that says where its value came
/// from. Loading the result gives the same effective profile.
std::string show_effective(const Loaded& loaded, const Sources& sources);

/// A key as TOML writes it: bare where it can be, else in quotes.
std::string toml_key(const std::string& key);

}  // namespace hutch
