#include "launch/become_owner.h"

#include <errno.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "base/text.h"
#include "launch/errno_text.h"
#include "launch/process_facts.h"

namespace hutch {
namespace {

/// "setresuid", or nothing if all went well.
const char* become(uid_t uid, gid_t gid) {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return "prctl(PR_SET_DUMPABLE)";
  if (::setgroups(0, nullptr) < 0) return "setgroups";
  if (::setresgid(gid, gid, gid) < 0) return "setresgid";
  if (::setresuid(uid, uid, uid) < 0) return "setresuid";
  // Securebits may have kept them.
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none = {};
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) return "prctl(PR_CAP_AMBIENT)";
  if (::syscall(SYS_capset, &header, none.data()) < 0) return "capset";
  // Where ids are changed behind one's back, nothing goes on: seccomp(2) can pretend.
  uid_t real_uid = 0, effective_uid = 0, saved_uid = 0;
  gid_t real_gid = 0, effective_gid = 0, saved_gid = 0;
  errno = EPERM;
  if (::getresuid(&real_uid, &effective_uid, &saved_uid) < 0 ||
      ::getresgid(&real_gid, &effective_gid, &saved_gid) < 0 || real_uid != uid || effective_uid != uid ||
      saved_uid != uid || real_gid != gid || effective_gid != gid || saved_gid != gid ||
      ::getgroups(0, nullptr) != 0)
    return "setresuid";
  return nullptr;
}

}  // namespace

Result<void> become_owner(const Registered& sandbox) {
  if (sandbox.owner == ::geteuid()) return {};
  TRY_DO(open_launcher(sandbox));
  const auto launcher = process_facts(sandbox.launcher);
  if (!launcher || launcher->uid != sandbox.owner)
    return fail({.code = "E0918", .what = fmt::format("the sandbox {} has ended", quoted(sandbox.name))});
  const char* const failed = become(sandbox.owner, launcher->gid);
  if (failed == nullptr) return {};
  return fail({.code = "E0922",
               .what = fmt::format("cannot become the user {} to look into the sandbox {}: {}: {}",
                                   sandbox.owner, quoted(sandbox.name), failed, errno_text(errno)),
               .cause = "what another user's sandbox says is read with that user's rights only",
               .help = "run hutch as that user"});
}

}  // namespace hutch
