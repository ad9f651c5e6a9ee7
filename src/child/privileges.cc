#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "child/capabilities.h"
#include "child/steps.h"

#ifndef PR_SET_MDWE  // Linux 6.3
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

namespace hutch {
namespace {

Outcome prctl(int what, long one = 0, long two = 0) noexcept {
  return check(Call::prctl, sys::call(SYS_prctl, what, one, two, 0, 0));
}

/// Takes one capability out of the bounding set. False with EINVAL where the kernel has no such capability.
Outcome leave_bounding_set(int capability) noexcept {
  const Outcome dropped = prctl(PR_CAPBSET_DROP, capability);
  // Who lacks CAP_SETPCAP may still find that it is gone already.
  if (dropped.error == EPERM && sys::call(SYS_prctl, PR_CAPBSET_READ, capability, 0, 0, 0) == 0) return {};
  return dropped;
}

}  // namespace

Outcome run(const DropCapabilities& s, const ChildContext&) noexcept {
  // The bounding set first: it takes CAP_SETPCAP, which the rest takes away.
  for (int capability = 0; capability <= s.last_capability && capability < 64; ++capability) {
    if ((s.keep & capability_bit(capability)) != 0) continue;
    const Outcome left = leave_bounding_set(capability);
    if (left.error == EINVAL) break;
    if (!left.ok()) return left;
  }
  // With none left, capset(2) takes the ambient ones along.
  if (s.keep != 0) {
    if (const Outcome cleared = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL); !cleared.ok())
      return cleared;
  }

  const Capabilities wanted{.effective = s.keep, .permitted = s.keep, .inheritable = s.keep};
  if (const Outcome set = write_capabilities(wanted); !set.ok()) return set;
  for (int capability = 0; s.ambient && capability <= s.last_capability && capability < 64; ++capability) {
    if ((s.keep & capability_bit(capability)) == 0) continue;
    if (const Outcome raised = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability); !raised.ok())
      return raised;
  }

  Capabilities now;
  if (const Outcome read = read_capabilities(now); !read.ok()) return read;
  return now == wanted ? Outcome{} : failed(Call::capget, EPERM);
}

Outcome run(const NoNewPrivs&, const ChildContext&) noexcept { return prctl(PR_SET_NO_NEW_PRIVS, 1); }

Outcome run(const LoadFilter& s, const ChildContext&) noexcept {
  if (s.program.size > 0xffff) return failed(Call::seccomp, E2BIG);
  struct sock_fprog program = {};
  program.len = static_cast<unsigned short>(s.program.size);
  program.filter = const_cast<sock_filter*>(s.program.data);  // the kernel only reads
  return check(Call::seccomp, sys::call(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                        s.log ? SECCOMP_FILTER_FLAG_LOG : 0, &program));
}

Outcome run(const SetMemoryDenyWriteExecute&, const ChildContext&) noexcept {
  return prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN);
}

}  // namespace hutch
