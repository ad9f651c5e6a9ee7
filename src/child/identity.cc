#include <linux/prctl.h>

#include "child/capabilities.h"
#include "child/steps.h"

namespace hutch {
namespace {

constexpr std::uint64_t kBypass = capability_bit(CAP_DAC_OVERRIDE) | capability_bit(CAP_DAC_READ_SEARCH);

Outcome set_groups(const BecomeIds& s) noexcept {
  if (!s.set_groups) return {};
  return check(Call::setgroups, sys::call(SYS_setgroups, s.groups.size, s.groups.data));
}

/// Real, effective and saved: as root is when its 0 is mapped.
bool has_ids(uid_t uid, gid_t gid) noexcept {
  uid_t users[3];
  gid_t groups[3];
  return sys::call(SYS_getresuid, &users[0], &users[1], &users[2]) >= 0 &&
         sys::call(SYS_getresgid, &groups[0], &groups[1], &groups[2]) >= 0 && users[0] == uid &&
         users[1] == uid && users[2] == uid && groups[0] == gid && groups[1] == gid && groups[2] == gid;
}

}  // namespace

Outcome run(const BecomeIds& s, const ChildContext&) noexcept {
  if (has_ids(s.uid, s.gid)) return set_groups(s);
  Capabilities held;
  if (const Outcome read = read_capabilities(held); !read.ok()) return read;
  int death_signal = 0;
  sys::call(SYS_prctl, PR_GET_PDEATHSIG, &death_signal, 0, 0, 0);

  // The permitted set survives the change of ids by this flag, for which no capability is needed.
  if (const long rc = sys::call(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0); rc < 0)
    return check(Call::prctl, rc);
  if (const Outcome set = set_groups(s); !set.ok()) return set;
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
