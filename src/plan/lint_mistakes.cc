// Lines that do nothing: what they ask for is so already, or something else undoes it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/path.h"
#include "base/text.h"
#include "plan/lint.h"

namespace hutch {
namespace {

/// Does the mount around this one show the same with the same rights?
bool is_there_already(const Shown& shown, const Shown& around) {
  if (shown.layers.size() != 1 || around.layers.size() != 1 || !shown.options.empty()) return false;
  const Shown::Layer& own = shown.layers.front();
  const Shown::Layer& outer = around.layers.front();
  if (!own.place.filesystem.empty() || !outer.place.filesystem.empty() || own.rights != outer.rights)
    return false;
  const std::string_view rest =
      std::string_view(shown.path).substr(around.path == "/" ? 0 : around.path.size());
  return own.place.path == join_path(outer.place.path, rest);
}

void find_repeated_mounts(const Grants& grants, Diagnostics& found) {
  for (const auto& [path, shown] : grants.tree) {
    if (path == "/" || !shown.at.known()) continue;
    const Shown* const around = grants.mount_of(parent_of(path));
    if (around == nullptr || !is_there_already(shown, *around)) continue;
    Diagnostic diagnostic = warning(
        "W0310", fmt::format("this mount changes nothing: {} is there already", quoted(path)), shown.at);
    diagnostic.other = around->at;
    diagnostic.other_label = "it comes with this one, with the same rights";
    diagnostic.help = "leave it out";
    found.push_back(std::move(diagnostic));
  }
}

/// In one file: a file that changes what it inherits is what layers are for.
bool in_one_file(const Origin& a, const Origin& b) { return a.source == b.source; }

void find_undone_variables(const Profile& profile, Diagnostics& found) {
  const Environment& environment = profile.environment;
  const auto tell = [&found](const std::string& name, const char* undone, Origin at, Origin by,
                             const char* how) {
    Diagnostic diagnostic =
        warning("W0311", fmt::format("the variable {} is {} for nothing", name, undone), at);
    diagnostic.other = by;
    diagnostic.other_label = how;
    diagnostic.help = "drop one of the two";
    found.push_back(std::move(diagnostic));
  };
  for (const auto& [name, value] : environment.set) {
    for (const Said<std::string>& pattern : environment.unset) {
      if (glob_matches(*pattern, name) && in_one_file(pattern.at, value.at))
        tell(name, "set", value.at, pattern.at, "it is removed here");
    }
  }
  for (const Said<std::string>& name : environment.inherit) {
    if (has_glob(*name)) continue;
    const auto set = environment.set.find(*name);
    if (set != environment.set.end() && in_one_file(set->second.at, name.at))
      tell(*name, "inherited", name.at, set->second.at, "it is set here");
    for (const Said<std::string>& pattern : environment.unset) {
      if (glob_matches(*pattern, *name) && in_one_file(pattern.at, name.at))
        tell(*name, "inherited", name.at, pattern.at, "it is removed here");
    }
  }
}

void find_idle_suid(const Profile& profile, Diagnostics& found) {
  if (!*profile.process.no_new_privs) return;
  for (const auto& [target, mount] : profile.mounts) {
    if (!mount.suid || !**mount.suid || !mount.suid->said()) continue;
    Diagnostic diagnostic = warning("W0311", "`suid` does nothing here", mount.suid->at);
    diagnostic.other = profile.process.no_new_privs.at;
    diagnostic.other_label = "`no_new_privs` is on";
    diagnostic.cause = "with no_new_privs, which is on by default, the kernel ignores set-user-ID bits";
    diagnostic.help = "leave `suid` out";
    found.push_back(std::move(diagnostic));
  }
}

/// The kernel asks for these in the first user namespace only: capabilities(7), user_namespaces(7).
void find_idle_capabilities(const Profile& profile, const Grants& grants, Diagnostics& found) {
  constexpr std::array<std::string_view, 8> kOnlyOutside{"sys_module", "sys_rawio",   "sys_time",
                                                         "sys_pacct",  "wake_alarm",  "block_suspend",
                                                         "mac_admin",  "mac_override"};
  if (grants.value("namespace", "user") != "new") return;
  for (const Said<std::string>& name : profile.keep_capabilities) {
    if (std::ranges::find(kOnlyOutside, *name) == kOnlyOutside.end()) continue;
    Diagnostic diagnostic = warning("W0311", fmt::format("`{}` does nothing here", *name), name.at);
    diagnostic.cause = "the kernel asks for it outside of the sandbox's user namespace only";
    diagnostic.help = "leave it out";
    found.push_back(std::move(diagnostic));
  }
}

}  // namespace

void lint_mistakes(const Profile& profile, const Grants& grants, Diagnostics& found) {
  find_repeated_mounts(grants, found);
  find_undone_variables(profile, found);
  find_idle_suid(profile, found);
  find_idle_capabilities(profile, grants, found);
}

}  // namespace hutch
