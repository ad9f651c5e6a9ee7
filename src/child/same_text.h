#pragma once

#include <cstddef>

/// strcmp(3) and strlen(3) for where there is no C library yet.

namespace hutch {

inline std::size_t length_of(const char* text) noexcept {
  std::size_t length = 0;
  while (text[length] != '\0') ++length;
  return length;
}

/// What of `text` comes after `beginning`; null where it begins otherwise.
inline const char* rest_of(const char* text, const char* beginning) noexcept {
  for (; *beginning != '\0'; ++text, ++beginning) {
    if (*text != *beginning) return nullptr;
  }
  return text;
}

inline bool same_text(const char* text, const char* other) noexcept {
  const char* const rest = rest_of(text, other);
  return rest != nullptr && *rest == '\0';
}

}  // namespace hutch
