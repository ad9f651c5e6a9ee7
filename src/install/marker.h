#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Files that `hutch install` makes carry a line that says so, for whom, and what they were like: so that
/// nothing else is ever overwritten or removed.

namespace hutch {

struct Marked {
  std::string profile;     ///< as the line has it: `quoted`
  bool unchanged = false;  ///< everything else is still as it was made
};

/// `text` with the line in it: the first, or the second where the first is for the kernel ("#!").
std::string marked(std::string_view text, std::string_view profile);

/// What the line of a whole file says; nothing if it has none.
std::optional<Marked> read_marker(std::string_view text);

/// Do these first bytes of a file, kMarkerReach of them or all, have such a line?
bool begins_marked(std::string_view begin);
inline constexpr std::size_t kMarkerReach = 512;

}  // namespace hutch
