#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plan/view.h"
#include "profile/profile.h"

namespace hutch {

/// The rights to files that a mount leaves, in the words of landlock(7). A cover leaves all: there is nothing
/// in it.
std::uint64_t rights_of(const PlacedMount& mount, FileKind kind);

/// Is it the cover of something hidden?
bool is_cover(const PlacedMount& mount);

/// Does one of the listed paths hold `path` (resolved, inside)?
bool is_listed(const std::optional<std::vector<Said<std::string>>>& paths, const View& view,
               const std::string& path);

/// What `landlock.read`, `landlock.write` and `landlock.execute` stand for.
extern const std::uint64_t kLandlockRead, kLandlockWrite, kLandlockExecute;

}  // namespace hutch
