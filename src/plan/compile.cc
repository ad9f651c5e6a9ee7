#include "plan/compile.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "plan/draft.h"
#include "plan/invariants.h"

namespace hutch {
namespace {

/// The parts become one list: this function is the order of a launch.
void join_parts(Draft& draft) {
  std::vector<Step>& steps = draft.plan.steps;
  const auto append = [&steps](std::vector<Step>& part) {
    std::ranges::move(part, std::back_inserter(steps));
  };
  const bool own_mounts = draft.is_new(Ns::mount);

  append(draft.before_clone);  // joining comes first in `clone`: what is new then belongs to what is joined
  append(draft.clone);
  append(draft.parent);

  // Become somebody inside the new user namespace. The host's /proc is still there for that.
  append(draft.identity);

  // From here on nobody looks into it: others may be in the pid namespace, and capabilities, which keep them
  // off, will go before exec.
  draft.add(steps, HideFromOthers{});

  // Copy what the host gives, with the caller's own rights: being root in a user namespace opens no doors.
  // Before the ids change, since the caller is who may reach it.
  if (own_mounts) {
    const bool narrowed = (draft.is_new(Ns::user) || draft.is_joined(Ns::user)) && !draft.sources.empty();
    if (narrowed) draft.add(steps, UseCallersRights{.on = true});
    append(draft.sources);
    if (narrowed) draft.add(steps, UseCallersRights{.on = false});
  }
  append(draft.become);

  // From here on nothing that we mount reaches the host.
  if (own_mounts) draft.add(steps, KeepMountsPrivate{});
  append(draft.filesystems);

  // From here on the old root is gone: what follows is resolved inside, where there is nothing else.
  append(draft.tree);
  append(draft.seals);
  append(draft.finish);
  append(draft.privileges);
  append(draft.exec);
}

}  // namespace

Result<Plan> compile(const Profile& profile, const Request& request, const Host& host) {
  Draft draft(profile, request, host);
  draft.plan.skipped = profile.skipped;
  if (profile.name) draft.plan.profile_name = **profile.name;

  // Who we are and what is new.
  create_namespaces(draft);
  map_identity(draft);
  persist_namespaces(draft);
  draft.plan.uid = draft.uid;
  draft.plan.gid = draft.gid;
  choose_environment(draft);

  // The tree: parents before children, whatever the order of the lines.
  place_mounts(draft);
  name_machine(draft);
  // What this caller cannot have says nothing about the tree.
  const bool tree_stands =
      std::ranges::all_of(draft.errors, [](const Diagnostic& each) { return each.code == "E0346"; });
  if (tree_stands) write_accounts(draft);

  // What the program finds around it; in a tree that does not stand, nothing can be said to be missing.
  if (tree_stands) {
    connect_terminal(draft);
    prepare_process(draft);
    rule_by_landlock(draft);
  }

  // From here on no step may need a privilege.
  drop_privileges(draft);
  if (tree_stands) {
    prepare_exec(draft);
    compare_walls(draft);
  }

  if (!draft.errors.empty()) {
    std::ranges::stable_sort(draft.errors, {}, [](const Diagnostic& each) { return each.at; });
    return std::unexpected(std::move(draft.errors));
  }
  join_parts(draft);
  TRY_DO(check_invariants(draft.plan));
  return std::move(draft.plan);
}

}  // namespace hutch
