#include "host/system_files.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"

namespace hutch {
namespace {

std::optional<std::uint32_t> number_from(std::string_view text) {
  std::uint32_t number = 0;
  const auto [rest, error] = std::from_chars(text.begin(), text.end(), number);
  if (error != std::errc{} || rest != text.end()) return std::nullopt;
  return number;
}

/// The kernel writes blank, tab, newline and backslash of a path as \040 and so on.
std::string unescaped(std::string_view field) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size() && octal(field[i + 1]) && octal(field[i + 2]) &&
        octal(field[i + 3])) {
      out += static_cast<char>((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0'));
      i += 3;
    } else {
      out += field[i];
    }
  }
  return out;
}

}  // namespace

std::string user_name(std::string_view passwd, uid_t uid) {
  for (const std::string_view line : split(passwd, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() >= 4 && !fields[0].empty() && number_from(fields[2]) == uid)
      return std::string(fields[0]);
  }
  return {};
}

std::vector<SubidRange> subid_ranges(std::string_view text, std::string_view name, uid_t uid) {
  std::vector<SubidRange> ranges;
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() != 3 || line.starts_with('#')) continue;
    const bool ours = (!name.empty() && fields[0] == name) || number_from(fields[0]) == uid;
    const auto start = number_from(fields[1]), count = number_from(fields[2]);
    std::uint32_t end = 0;
    if (!ours || !start || !count || *count == 0 || __builtin_add_overflow(*start, *count - 1, &end))
      continue;
    ranges.push_back({*start, *count});
  }
  return ranges;
}

std::vector<std::string> mount_points(std::string_view mountinfo) {
  constexpr std::size_t kMountPoint = 4;
  std::vector<std::string> points;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() > kMountPoint) points.push_back(unescaped(fields[kMountPoint]));
  }
  std::ranges::sort(points);
  const auto again = std::ranges::unique(points);
  points.erase(again.begin(), again.end());
  return points;
}

}  // namespace hutch
