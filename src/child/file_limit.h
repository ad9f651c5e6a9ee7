#pragma once

#include <sys/resource.h>

#include "child/run.h"

namespace hutch {

/// The launcher's RLIMIT_NOFILE, raised while a launch needs more descriptors than the soft limit allows.
class FileLimit {
 public:
  FileLimit(std::uint64_t slots, std::uint64_t pins) noexcept;
  ~FileLimit();
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

  /// What the child has to go back to.
  void tell(ChildContext& context) const noexcept;

 private:
  struct rlimit before_ = {};
  bool raised_ = false;
};

}  // namespace hutch
