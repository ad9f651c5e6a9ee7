// Giving up privileges: capabilities(7), prctl(2), seccomp(2).
#include <fmt/format.h>
#include <linux/capability.h>

#include "filter/caps.h"
#include "filter/floor.h"
#include "plan/draft.h"

namespace hutch {
namespace {

bool keeps(std::uint64_t mask, int capability) { return (mask >> capability & 1) != 0; }

/// With CAP_SYS_RESOURCE the program could lift the limit that `nested = "deny"` sets.
void check_nested(Draft& draft, std::uint64_t keep) {
  if (*draft.profile.namespaces.nested || !keeps(keep, CAP_SYS_RESOURCE)) return;
  Origin at;
  for (const Said<std::string>& name : draft.profile.keep_capabilities) {
    if (*name == "sys_resource") at = name.at;
  }
  draft.problem({.code = "E0331",
                 .what = "`sys_resource` could lift the limit that `nested = \"deny\"` sets",
                 .at = at,
                 .other = draft.profile.namespaces.nested.at,
                 .other_label = "user namespaces are denied here",
                 .help = "drop one of the two"});
}

}  // namespace

void drop_privileges(Draft& draft) {
  const Profile& profile = draft.profile;
  const int last = draft.host.kernel().last_capability;
  std::uint64_t keep = 0;
  Origin kept_at;
  if (auto mask = capability_mask(profile.keep_capabilities, last)) {
    keep = *mask;
    if (!profile.keep_capabilities.empty()) kept_at = profile.keep_capabilities.front().at;
  } else {
    for (Diagnostic& each : mask.error()) draft.problem(std::move(each));
  }
  check_nested(draft, keep);

  Borrowed<sock_filter> program;
  if (auto filter = floor_filter(draft.host.kernel().architecture)) {
    program = draft.plan.strings.keep(*filter);
  } else {
    for (Diagnostic& each : filter.error()) draft.problem(std::move(each));
  }

  const auto add = [&draft](Op op, Origin at) {
    draft.add(draft.privileges, std::move(op), at, Phase::privileges);
  };
  const bool no_new_privs = *profile.process.no_new_privs;
  // A filter takes no_new_privs or CAP_SYS_ADMIN: without the first it is loaded while the second is still
  // there.
  const auto add_landlock = [&draft] {
    for (Step& each : draft.landlock) draft.privileges.push_back(std::move(each));
    draft.landlock.clear();
  };
  if (!no_new_privs) add_landlock();
  if (!no_new_privs) add(LoadFilter{.name = "floor", .program = program}, {});
  add(DropCapabilities{.keep = keep, .ambient = keep != 0 && draft.uid != 0, .last_capability = last},
      kept_at);
  if (*profile.process.memory_deny_write_execute) {
    add(SetMemoryDenyWriteExecute{}, profile.process.memory_deny_write_execute.at);
  }
  if (no_new_privs) {
    add(NoNewPrivs{}, profile.process.no_new_privs.at);
    add_landlock();
    add(LoadFilter{.name = "floor", .program = program}, {});
  }
}

}  // namespace hutch
