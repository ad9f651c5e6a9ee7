#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plan/draft.h"

/// What the caller hands down cannot be set to everything: without a privilege that no new user namespace
/// gives, limits only go down, and nice values and OOM scores only up. A value that this caller cannot have
/// is an error (E0346), unless `build.allow_unpinned` names it: then it is as near to it as can be, and the
/// plan's `unpinned` says so.

namespace hutch {

Limit limit_within_bounds(Draft& draft, const Limit& wanted);
/// Nothing: the caller's own stays.
std::optional<int> nice_within_bounds(Draft& draft, const Said<std::int32_t>& wanted);
std::optional<int> oom_score_within_bounds(Draft& draft, const Said<std::int32_t>& wanted);
/// As many processors as are asked for, though maybe others, where there are so many.
std::vector<std::uint32_t> processors_within_bounds(Draft& draft,
                                                    const Said<std::vector<std::uint32_t>>& wanted);
std::uint64_t personality_within_bounds(Draft& draft, std::uint64_t wanted, Origin at);

}  // namespace hutch
