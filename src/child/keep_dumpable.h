#pragma once

namespace hutch {

/// prctl(PR_GET_DUMPABLE) of now, and again at the end: a child in the same memory takes it away, and with it
/// from us.
class KeepDumpable {
 public:
  KeepDumpable() noexcept;
  ~KeepDumpable();
  KeepDumpable(const KeepDumpable&) = delete;
  KeepDumpable& operator=(const KeepDumpable&) = delete;

 private:
  long before_;
};

}  // namespace hutch
