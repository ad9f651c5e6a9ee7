#include <sys/stat.h>

#include "base/landlock_abi.h"
#include "child/mounts.h"
#include "child/paths.h"
#include "child/places.h"
#include "child/steps.h"

/// The second wall: landlock(7). Rules are collected in a ruleset, which is a descriptor, and hold for this
/// process and its children from landlock_restrict_self(2) on.

namespace hutch {

Outcome run(const MakeRuleset& s, const ChildContext& context) noexcept {
  const landlock::RulesetAttributes attributes{.files = s.files, .network = s.network, .scope = s.scope};
  const long made = sys::call(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
  if (made < 0) return check(Call::landlock_create_ruleset, made);
  context.slots[s.slot] = static_cast<int>(made);
  return {};
}

Outcome run(const AllowPath& s, const ChildContext& context) noexcept {
  const long root = context.places->root();
  if (root < 0) return check(Call::open, root);
  const Fd place = walk_in_root(static_cast<int>(root), s.path.c_str());
  if (!place.ok()) return walk_failed(static_cast<int>(root), s.path.view(), place);
  const long kind = kind_of(place.get());
  if (kind < 0) return check(Call::fstat, kind);
  landlock::PathBeneath rule;
  rule.rights = kind == S_IFDIR ? s.rights : s.rights & landlock::kOfFiles;
  rule.parent_fd = place.get();
  if (rule.rights == 0) return {};  // which the kernel would take for a mistake (ENOMSG)
  return check(Call::landlock_add_rule, sys::call(SYS_landlock_add_rule, in_slot(context, s.ruleset),
                                                  landlock::kRulePathBeneath, &rule, 0));
}

Outcome run(const AllowPort& s, const ChildContext& context) noexcept {
  const landlock::NetPort rule{.rights = s.rights, .port = s.port};
  return check(Call::landlock_add_rule, sys::call(SYS_landlock_add_rule, in_slot(context, s.ruleset),
                                                  landlock::kRuleNetPort, &rule, 0));
}

Outcome run(const RestrictSelf& s, const ChildContext& context) noexcept {
  const Outcome restricted =
      check(Call::landlock_restrict_self,
            sys::call(SYS_landlock_restrict_self, in_slot(context, s.ruleset), s.flags));
  // Closed before exec, as everything: AllowPath comes after CloseDescriptors.
  context.places->forget();
  if (restricted.ok()) close_slot(context, s.ruleset);
  return restricted;
}

}  // namespace hutch
