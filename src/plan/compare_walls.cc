// Two walls for one wish: does each allow what the other one does? The rules that follow from the mounts do;
// those that the profile writes out may be mistaken.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/landlock_abi.h"
#include "base/path.h"
#include "base/text.h"
#include "plan/draft.h"
#include "plan/landlock.h"

namespace hutch {
namespace {

using Paths = std::optional<std::vector<Said<std::string>>>;

void warn(Draft& draft, const char* code, std::string what, Origin at, const Mount* other, std::string label,
          std::string help) {
  Diagnostic warning{.code = code,
                     .what = std::move(what),
                     .at = at,
                     .help = std::move(help),
                     .severity = Severity::warning};
  if (other != nullptr && other->key_at.known()) {
    warning.other = other->key_at;
    warning.other_label = std::move(label);
  }
  draft.plan.warnings.push_back(std::move(warning));
}

/// A list grants something that the mount at that place denies.
void check_list(Draft& draft, const Paths& paths, const char* key, std::uint64_t right, const char* denied) {
  if (!paths) return;
  for (const Said<std::string>& said : *paths) {
    const View::Walk walk = draft.view.walk(normalise(*said));
    if (walk.seen.kind == FileKind::missing || walk.seen.mount == nullptr) continue;
    const PlacedMount& mount = *walk.seen.mount;
    const bool hidden = is_cover(mount) && mount.path == walk.path;
    const bool below = std::ranges::any_of(draft.view.mounts(), [&](const auto& each) {
      return each.first != walk.path && is_within(each.first, walk.path) && !is_cover(each.second) &&
             (rights_of(each.second, FileKind::file) & right) != 0;
    });
    if (!hidden && ((rights_of(mount, walk.seen.kind) & right) != 0 || below)) continue;
    warn(draft, "W0301",
         fmt::format("`landlock.{}` names {}, which is {}", key, quoted(*said), hidden ? "hidden" : denied),
         said.at, mount.asked, "by this mount", "drop it from the list, or change the mount");
  }
}

/// A mount grants something that no list does.
void check_mounts(Draft& draft, const Landlock& rules) {
  for (const auto& [path, mount] : draft.view.mounts()) {
    if (mount.asked == nullptr || !mount.asked->write || !mount.asked->write->said() || mount.read_only)
      continue;
    const bool below = rules.write && std::ranges::any_of(*rules.write, [&](const Said<std::string>& each) {
                         return is_within(normalise(*each), path);
                       });
    if (below || is_listed(rules.write, draft.view, path)) continue;
    warn(draft, "W0302",
         fmt::format("{} is mounted writable, and `landlock.write` does not name it", quoted(path)),
         mount.asked->write->at, nullptr, "",
         fmt::format("add it to `landlock.write`, or mount it read-only"));
  }
}

void check_program(Draft& draft, const Landlock& rules) {
  if (draft.exec.empty()) return;
  const auto* exec = std::get_if<Exec>(&draft.exec.back().op);
  if (exec == nullptr) return;
  const std::string path = draft.view.walk(std::string(exec->path.view())).path;
  if (is_listed(rules.execute, draft.view, path)) return;
  const Origin at = rules.execute && !rules.execute->empty() ? rules.execute->front().at : rules.at;
  warn(draft, "W0302", fmt::format("`landlock.execute` does not let the program {} run", quoted(path)), at,
       nullptr, "", "name its folder there, and that of its loader, such as \"/lib64\"");
}

}  // namespace

void compare_walls(Draft& draft) {
  const auto& rules = draft.profile.landlock;
  if (!rules || !rules->lists_files() || draft.is_joined(Ns::mount)) return;
  check_list(draft, rules->read, "read", landlock::kReadFile, "not readable");
  check_list(draft, rules->write, "write", landlock::kWriteFile, "read-only");
  check_list(draft, rules->execute, "execute", landlock::kExecute, "mounted without `exec`");
  check_mounts(draft, *rules);
  check_program(draft, *rules);
}

}  // namespace hutch
