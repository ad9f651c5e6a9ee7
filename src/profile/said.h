#pragma once

#include <optional>

#include "base/origin.h"

namespace hutch {

/// A value and where it was said. An unknown origin is a default.
template <class T>
struct Said {
  T value{};
  Origin at;

  [[nodiscard]] const T& operator*() const { return value; }
  [[nodiscard]] const T* operator->() const { return &value; }
  [[nodiscard]] bool said() const { return at.known(); }
};

template <class T>
using MaybeSaid = std::optional<Said<T>>;

}  // namespace hutch
