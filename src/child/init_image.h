#pragma once

#include "child/init.h"

/// The init as a program: hutch itself, executed as "hutch-init NUMBERS". It has nothing of the launcher's
/// memory, and begins before the C library does (entry.cc).

namespace hutch {

inline constexpr const char* kInitName = "hutch-init";

struct InitImage {
  Init init;
  int report = -1;  ///< for a failure of its first steps; closed when they are done
  int ready = -1;   ///< closed after that
  int step = 0;     ///< index of StartInit, for reports
  int death_signal = 0;

  /// execveat(2) of `image`, a descriptor of hutch. Comes back only on failure.
  [[nodiscard]] Outcome execute(int image) const noexcept;

  /// Reads the argument that execute() wrote. False for any other.
  bool read(const char* argument) noexcept;

  [[noreturn]] void run() const noexcept;
};

}  // namespace hutch
