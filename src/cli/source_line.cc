#include "cli/source_line.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace hutch {
namespace {

constexpr std::size_t kTabStop = 4;
constexpr std::size_t kLongest = 100;  ///< cells of a line that are shown at once
constexpr std::size_t kContext = 30;   ///< cells kept before the underline of a long line

struct Range {
  std::uint32_t first, last;
};

// Unicode 15: the blocks that matter in configuration files, not every exception within them.
constexpr Range kCombining[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},
                                {0x64B, 0x65F},   {0x93C, 0x93C},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
                                {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
constexpr Range kWide[] = {{0x1100, 0x115F},  {0x2E80, 0x303E},   {0x3041, 0x4DBF},   {0x4E00, 0xA4CF},
                           {0xAC00, 0xD7A3},  {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                           {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF},
                           {0x20000, 0x3FFFD}};

bool is_in(std::uint32_t point, const auto& ranges) {
  return std::ranges::any_of(ranges, [&](const Range& r) { return point >= r.first && point <= r.last; });
}

/// The first character of a text that is not empty; a byte that belongs to none counts as one.
std::string_view first_character(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length)
    if (is_utf8(text.substr(0, length))) return text.substr(0, length);
  return text.substr(0, 1);
}

std::uint32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0);
  std::uint32_t point = byte(0) & (0x7FU >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i) point = (point << 6) | (byte(i) & 0x3FU);
  return point;
}

std::size_t cells_of(std::string_view character) {
  const std::uint32_t point = code_point(character);
  return is_in(point, kCombining) ? 0 : is_in(point, kWide) ? 2 : 1;
}

/// One character of the source as it is drawn.
struct Cell {
  std::string text;
  std::size_t width;
};

std::vector<Cell> draw(std::string_view line) {
  std::vector<Cell> drawn;
  std::size_t at = 0;
  while (!line.empty()) {
    const std::string_view character = first_character(line);
    line.remove_prefix(character.size());
    Cell cell;
    if (character == "\t") {
      cell = {std::string(kTabStop - at % kTabStop, ' '), kTabStop - at % kTabStop};
    } else if (std::string safe = printable(character); safe != character) {
      cell = {safe, safe.size()};
    } else {
      cell = {std::move(safe), cells_of(character)};
    }
    at += cell.width;
    drawn.push_back(std::move(cell));
  }
  return drawn;
}

std::size_t width_of(const std::vector<Cell>& cells, std::size_t from, std::size_t to) {
  std::size_t width = 0;
  for (std::size_t i = from; i < std::min(to, cells.size()); ++i) width += cells[i].width;
  return width;
}

}  // namespace

ShownLine show_line(std::string_view line, std::uint32_t column, std::uint32_t length) {
  const std::vector<Cell> cells = draw(line);
  // The end of the line is a place too: "something is missing here".
  const std::size_t marked = std::min<std::size_t>(column == 0 ? 0 : column - 1, cells.size());
  const std::size_t marked_end =
      std::min<std::size_t>(marked + std::max<std::uint32_t>(1, length), cells.size());

  std::size_t first = 0;
  if (width_of(cells, 0, cells.size()) > kLongest)
    while (first < marked && width_of(cells, first, marked) > kContext &&
           width_of(cells, first, cells.size()) > kLongest)
      ++first;
  std::size_t last = first, width = 0;
  while (last < cells.size() && width + cells[last].width <= kLongest) width += cells[last++].width;

  ShownLine shown;
  if (first > 0) shown.text = "…";
  for (std::size_t i = first; i < last; ++i) shown.text += cells[i].text;
  if (last < cells.size()) shown.text += "…";
  shown.start = width_of(cells, first, marked) + (first > 0 ? 1 : 0);
  shown.length = std::max<std::size_t>(1, width_of(cells, marked, std::min(marked_end, last)));
  return shown;
}

}  // namespace hutch
