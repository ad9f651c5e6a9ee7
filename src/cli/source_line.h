#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hutch {

/// A line of a profile made fit for a terminal, with the place to underline.
struct ShownLine {
  std::string text;        ///< tabs expanded, unsafe bytes as \xNN, cut where it is long
  std::size_t start = 0;   ///< cells before the underline
  std::size_t length = 1;  ///< cells to underline, at least one
};

/// `column` and `length` count code points from 1, as Origin does. Cells are what a terminal draws: two for a
/// wide character, none for a combining one.
ShownLine show_line(std::string_view line, std::uint32_t column, std::uint32_t length);

}  // namespace hutch
