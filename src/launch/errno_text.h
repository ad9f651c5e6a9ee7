#pragma once

#include <string.h>

#include <string>

namespace hutch {

/// "Operation not permitted (EPERM)"
inline std::string errno_text(int error) {
  const char* text = ::strerrordesc_np(error);
  const char* name = ::strerrorname_np(error);
  return std::string(text != nullptr ? text : "unknown error") + " (" +
         (name != nullptr ? name : std::to_string(error)) + ")";
}

}  // namespace hutch
