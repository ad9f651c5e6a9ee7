#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "base/sources.h"
#include "profile/value.h"

namespace hutch {

/// Profiles are written by people: one that is larger is something else.
inline constexpr std::size_t kLargestProfile = std::size_t{1} << 20U;

/// The text of a source as a tree (a Table at the top), every value with its place.
/// Errors: E0101 not TOML, E0112 not text, E0113 too big. TOML 1.0, https://toml.io/en/v1.0.0
Result<Value> read_toml(std::uint32_t source, const Sources& sources);

}  // namespace hutch
