#include "plan/invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/path.h"

namespace hutch {
namespace {

template <class T>
auto first(const Plan& plan) {
  return std::ranges::find_if(plan.steps, is<T>);
}

bool has_new_namespace(const Plan& plan, std::uint64_t flag) {
  return (std::get<CloneChild>(first<CloneChild>(plan)->op).namespaces & flag) != 0;
}

bool phases_follow_each_other(const Plan& plan) {
  return std::ranges::is_sorted(plan.steps, {}, [](const Step& step) { return step.phase; });
}

bool setgroups_is_denied_before_the_gid_map_of_an_unprivileged_writer(const Plan& plan) {
  const auto writes = [](std::string_view path) {
    return [path](const Step& step) {
      const auto* write = std::get_if<WriteFile>(&step.op);
      return write != nullptr && write->path.view() == path;
    };
  };
  const auto map = std::ranges::find_if(plan.steps, writes("/proc/self/gid_map"));
  return map == plan.steps.end() ||
         std::find_if(plan.steps.begin(), map, writes("/proc/self/setgroups")) != map;
}

bool nothing_is_mounted_before_mounts_are_private(const Plan& plan) {
  const auto is_private = first<KeepMountsPrivate>(plan);
  return std::none_of(plan.steps.begin(), is_private, [](const Step& step) {
    return is<AttachStage>(step) || is<Attach>(step) || is<EnterRoot>(step);
  });
}

bool sources_are_cloned_before_the_old_root_is_left(const Plan& plan) {
  return std::none_of(first<EnterRoot>(plan), plan.steps.end(), [](const Step& step) {
    return is<CloneTree>(step) || is<OpenLayer>(step) || is<MakeFilesystem>(step) || is<MakeOverlay>(step) ||
           is<CloneStaged>(step) || is<WriteFile>(step);
  });
}

bool paths_are_walked_only_inside_the_new_root(const Plan& plan) {
  return std::none_of(plan.steps.begin(), first<EnterRoot>(plan),
                      [](const Step& step) {
                        return is<MakeDir>(step) || is<MakeFile>(step) || is<MakeSymlink>(step) ||
                               is<Attach>(step) || is<Seal>(step) || is<ReadOnlyView>(step) || is<Hide>(step);
                      }) ||
         first<EnterRoot>(plan) == plan.steps.end();
}

bool no_mount_is_attached_below_a_later_one(const Plan& plan) {
  std::vector<std::string_view> attached;
  for (const Step& step : plan.steps) {
    const auto* attach = std::get_if<Attach>(&step.op);
    if (attach == nullptr) continue;
    attached.push_back(attach->path.view());
  }
  // Sorted by path, everything below a path stands right behind it: look whether any of that came earlier.
  std::vector<std::size_t> order(attached.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&attached](std::size_t i) { return std::pair(attached[i], i); });
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t j = i + 1; j < order.size() && attached[order[j]].starts_with(attached[order[i]]); ++j) {
      if (order[j] < order[i] && is_within(attached[order[j]], attached[order[i]])) return false;
    }
  }
  return true;
}

bool sealing_comes_after_everything_is_made(const Plan& plan) {
  return std::none_of(first<Seal>(plan), plan.steps.end(), [](const Step& step) {
    return is<MakeDir>(step) || is<MakeFile>(step) || is<MakeSymlink>(step) || is<Attach>(step);
  });
}

bool capabilities_are_dropped_before_the_program_runs(const Plan& plan) {
  return first<DropCapabilities>(plan) < first<Exec>(plan) &&
         first<DropCapabilities>(plan) != plan.steps.end();
}

bool nobody_can_look_in_once_capabilities_are_gone(const Plan& plan) {
  return first<HideFromOthers>(plan) < first<DropCapabilities>(plan);
}

bool the_filter_is_always_loaded(const Plan& plan) { return first<LoadFilter>(plan) != plan.steps.end(); }

bool a_filter_follows_no_new_privs_or_precedes_the_capabilities(const Plan& plan) {
  const auto filter = first<LoadFilter>(plan);
  return first<NoNewPrivs>(plan) < filter || filter < first<DropCapabilities>(plan);
}

/// A filter may deny the calls of Landlock; and without no_new_privs they take a capability.
bool landlock_precedes_the_filter(const Plan& plan) {
  const auto restricted = first<RestrictSelf>(plan);
  if (restricted == plan.steps.end()) return true;
  return restricted < first<LoadFilter>(plan) &&
         (first<NoNewPrivs>(plan) < restricted || restricted < first<DropCapabilities>(plan));
}

bool landlock_follows_every_mount(const Plan& plan) {
  return std::none_of(first<RestrictSelf>(plan), plan.steps.end(), [](const Step& step) {
    return is<Attach>(step) || is<Seal>(step) || is<EnterRoot>(step) || is<ReadOnlyView>(step) ||
           is<Hide>(step);
  });
}

bool ids_are_taken_after_the_maps(const Plan& plan) {
  const auto ids = first<BecomeIds>(plan);
  return ids == plan.steps.end() || !has_new_namespace(plan, 0x10000000 /* CLONE_NEWUSER */) ||
         std::none_of(ids, plan.steps.end(), [](const Step& step) { return is<AwaitParent>(step); });
}

bool nothing_follows_exec(const Plan& plan) {
  return first<Exec>(plan) == plan.steps.end() || is<Exec>(plan.steps.back());
}

struct Invariant {
  std::string_view sentence;
  bool (*holds)(const Plan&);
};

constexpr Invariant kInvariants[] = {
    {"phases follow each other", phases_follow_each_other},
    {"setgroups is denied before an unprivileged writer writes the gid map",
     setgroups_is_denied_before_the_gid_map_of_an_unprivileged_writer},
    {"ids are taken after the maps", ids_are_taken_after_the_maps},
    {"nothing is mounted before mounts are private", nothing_is_mounted_before_mounts_are_private},
    {"sources are cloned before the old root is left", sources_are_cloned_before_the_old_root_is_left},
    {"paths are walked only inside the new root", paths_are_walked_only_inside_the_new_root},
    {"no mount is attached below a later one", no_mount_is_attached_below_a_later_one},
    {"sealing comes after everything is made", sealing_comes_after_everything_is_made},
    {"capabilities are dropped before the program runs", capabilities_are_dropped_before_the_program_runs},
    {"nobody can look in once capabilities are gone", nobody_can_look_in_once_capabilities_are_gone},
    {"the filter is always loaded", the_filter_is_always_loaded},
    {"a filter follows no_new_privs, or precedes the loss of capabilities",
     a_filter_follows_no_new_privs_or_precedes_the_capabilities},
    {"Landlock precedes the filter, and follows no_new_privs or precedes the loss of capabilities",
     landlock_precedes_the_filter},
    {"Landlock follows every mount", landlock_follows_every_mount},
    {"nothing follows exec", nothing_follows_exec},
};

}  // namespace

Result<void> check_invariants(const Plan& plan) {
  for (const auto& [sentence, holds] : kInvariants) {
    if (holds(plan)) continue;
    return fail({.code = "E0399",
                 .what = fmt::format("internal: the plan breaks \"{}\"", sentence),
                 .help = "this is a bug of Hutch; please report it with the profile"});
  }
  return {};
}

}  // namespace hutch
