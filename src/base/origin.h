#pragma once

#include <cstdint>

namespace hutch {

/// Where the user wrote something: a place in a profile file or in a command-line option.
///
/// Lines and columns count from 1; columns count code points, as TOML editors do.
/// `source` is an id given out by `Sources`; 0 means nobody wrote it: the launcher
/// always does this, or it is a default.
struct Origin {
  std::uint32_t source = 0;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 0;  ///< how many code points to underline; 0 where unknown

  [[nodiscard]] constexpr bool known() const noexcept { return source != 0; }
  friend constexpr auto operator<=>(const Origin&, const Origin&) = default;
};

}  // namespace hutch
