#include "launch/streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <variant>

namespace hutch {

void hold_standard_streams() noexcept {
  for (int fd = 0; fd < 3; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number is this one. Where there is no /dev/null, a descriptor that can do nothing.
    if (::open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY) < 0)
      static_cast<void>(::open("/", O_PATH | O_CLOEXEC));
  }
}

Result<void> check_kept_descriptors(const Plan& plan) {
  for (const Step& step : plan.steps) {
    const auto* close = std::get_if<CloseDescriptors>(&step.op);
    if (close == nullptr) continue;
    for (const std::uint32_t kept : close->keep) {
      const int flags = ::fcntl(static_cast<int>(kept), F_GETFD);
      if (flags >= 0 && (flags & FD_CLOEXEC) == 0) continue;
      return fail({.code = "E0417",
                   .what = fmt::format("descriptor {} is to be kept, but it is not open", kept),
                   .at = step.origin,
                   .help = fmt::format("open it for hutch: hutch run … {}<FILE", kept)});
    }
  }
  return {};
}

}  // namespace hutch
