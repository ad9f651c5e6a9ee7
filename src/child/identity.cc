#include <linux/prctl.h>

#include "child/capabilities.h"
#include "child/steps.h"

namespace hutch {
namespace {

constexpr std::uint64_t kBypass = capability_bit(CAP_DAC_OVERRIDE) | capability_bit(CAP_DAC_READ_SEARCH);

}  // namespace

Outcome run(const BecomeIds& s, const ChildContext&) noexcept {
  Capabilities held;
  if (const Outcome read = read_capabilities(held); !read.ok()) return read;
  int death_signal = 0;
  sys::call(SYS_prctl, PR_GET_PDEATHSIG, &death_signal, 0, 0, 0);

  // The permitted set survives the change of ids by this flag, for which no capability is needed.
  if (const long rc = sys::call(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0); rc < 0)
    return check(Call::prctl, rc);
  if (s.set_groups) {
    if (const long rc = sys::call(SYS_setgroups, s.groups.size, s.groups.data); rc < 0)
      return check(Call::setgroups, rc);
  }
  if (const long rc = sys::call(SYS_setresgid, s.gid, s.gid, s.gid); rc < 0)
    return check(Call::setresgid, rc);
  if (const long rc = sys::call(SYS_setresuid, s.uid, s.uid, s.uid); rc < 0)
    return check(Call::setresuid, rc);
  if (const long rc = sys::call(SYS_prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0); rc < 0)
    return check(Call::prctl, rc);
  if (const Outcome restored = write_capabilities(held); !restored.ok()) return restored;

  // The kernel forgets it when credentials change.
  if (death_signal == 0) return {};
  return check(Call::prctl, sys::call(SYS_prctl, PR_SET_PDEATHSIG, death_signal, 0, 0, 0));
}

Outcome run(const UseCallersRights& s, const ChildContext&) noexcept {
  Capabilities held;
  if (const Outcome read = read_capabilities(held); !read.ok()) return read;
  if (s.on) {
    held.effective &= ~kBypass;
  } else {
    held.effective |= held.permitted & kBypass;
  }
  return write_capabilities(held);
}

}  // namespace hutch
