#include "child/file_limit.h"

#include "child/sys.h"

namespace hutch {
namespace {

/// Besides slots and pins: standard streams, pipes, what the caller left open.
constexpr rlim_t kOtherDescriptors = 64;

}  // namespace

FileLimit::FileLimit(std::uint64_t slots, std::uint64_t pins) noexcept {
  if (sys::call(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &before_) < 0) return;
  const rlim_t needed = slots + pins + kOtherDescriptors;
  if (needed <= before_.rlim_cur || before_.rlim_cur == before_.rlim_max) return;
  const struct rlimit more = {needed < before_.rlim_max ? needed : before_.rlim_max, before_.rlim_max};
  raised_ = sys::call(SYS_prlimit64, 0, RLIMIT_NOFILE, &more, nullptr) >= 0;
}

FileLimit::~FileLimit() {
  if (raised_) sys::call(SYS_prlimit64, 0, RLIMIT_NOFILE, &before_, nullptr);
}

void FileLimit::tell(ChildContext& context) const noexcept {
  if (!raised_) return;
  context.files_soft = before_.rlim_cur;
  context.files_hard = before_.rlim_max;
}

}  // namespace hutch
