#pragma once

#include "child/sys.h"

namespace hutch {

/// Closes descriptors: those that follow each other, as the sources of many mounts do, by one close_range(2).
class CloseRows {
 public:
  CloseRows() = default;
  CloseRows(const CloseRows&) = delete;
  CloseRows& operator=(const CloseRows&) = delete;
  ~CloseRows() { close(); }

  /// -1: nothing.
  void add(int fd) noexcept {
    if (fd < 0) return;
    if (first_ < 0 || fd != last_ + 1) {
      close();
      first_ = fd;
    }
    last_ = fd;
  }

  void close() noexcept {
    if (first_ >= 0) sys::call(SYS_close_range, first_, last_, 0);
    first_ = -1;
  }

 private:
  int first_ = -1, last_ = -1;
};

}  // namespace hutch
