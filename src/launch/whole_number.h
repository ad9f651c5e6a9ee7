#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace hutch {

/// Nothing for what is no number as the kernel writes one.
template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace hutch
