// The tree: in which order mounts are made, what each lands on, and the steps for it. mount_setattr(2),
// pivot_root(2).
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "plan/argument_files.h"
#include "plan/draft.h"
#include "plan/entries.h"
#include "plan/match_paths.h"
#include "plan/mount_steps.h"
#include "plan/named_folders.h"

namespace hutch {
namespace {

/// One entry on its way into the tree.
struct Planned {
  const Mount* mount = nullptr;
  std::string place;                 ///< where it lands, links followed
  std::vector<std::string> visited;  ///< what was looked at on the way there
};

/// Parents before children in path order: "/a" before "/a/b" before "/a-b".
std::vector<Planned> in_path_order(const std::map<std::string, Mount>& entries) {
  std::vector<Planned> planned;
  for (const auto& [target, mount] : entries) {
    if (target != "/" && !mount.is_glob) planned.push_back({.mount = &mount, .place = target});
  }
  std::ranges::stable_sort(planned, [](const Planned& a, const Planned& b) {
    return std::ranges::lexicographical_compare(
        a.place, b.place, [](char x, char y) { return (x == '/' ? '\0' : x) < (y == '/' ? '\0' : y); });
  });
  return planned;
}

/// Where each entry lands depends on links that other entries make, so the order is tried, looked at, and
/// mended: whatever an entry passed on its way must have been there before it.
class Order {
 public:
  Order(Draft& draft, const std::map<std::string, Mount>& entries, const PlacedMount& root)
      : draft_(draft), root_(root), view_(draft.host), planned_(in_path_order(entries)) {}

  /// False where entries wait for each other in a circle.
  bool settle() {
    for (int round = 0; round < 8; ++round) {
      try_out();
      if (!mend()) return true;
    }
    return false;
  }
  [[nodiscard]] const std::vector<Planned>& planned() const { return planned_; }
  /// What the entries come to, as tried out last.
  [[nodiscard]] const View& view() const { return view_; }

 private:
  void try_out() {
    view_ = View(draft_.host);
    view_.place(root_);
    for (Planned& each : planned_) {
      const bool is_link = each.mount->type == MountType::symlink;
      View::Walk walk = view_.walk(each.mount->target, !is_link);
      each.place = walk.path;
      each.visited = std::move(walk.visited);
      show_in(view_, *each.mount, walk);
    }
  }

  /// Moves entries behind those they pass; true if anything moved.
  bool mend() {
    std::map<std::string_view, std::size_t> at;
    for (std::size_t i = 0; i < planned_.size(); ++i) at.emplace(planned_[i].place, i);
    bool moved = false;
    for (std::size_t i = 0; i < planned_.size() && !moved; ++i) {
      for (const std::string& passed : planned_[i].visited) {
        const auto found = at.find(passed);
        if (found == at.end() || found->second <= i || planned_[found->second].place == planned_[i].place)
          continue;
        const auto first = planned_.begin() + static_cast<std::ptrdiff_t>(i);
        const auto needed = planned_.begin() + static_cast<std::ptrdiff_t>(found->second);
        std::rotate(first, needed, needed + 1);
        moved = true;
        break;
      }
    }
    return moved;
  }

  Draft& draft_;
  const PlacedMount& root_;
  View view_;
  std::vector<Planned> planned_;
};

/// Two entries at one place: one would hide the other, and which one would depend on chance.
bool check_places(Draft& draft, const std::vector<Planned>& planned) {
  std::map<std::string_view, const Mount*> at;
  bool fine = true;
  for (const Planned& each : planned) {
    const auto [before, is_first] = at.emplace(each.place, each.mount);
    if (is_first) continue;
    draft.problem({.code = "E0328",
                   .what = fmt::format("{} and {} are the same place", quoted(each.mount->target),
                                       quoted(before->second->target)),
                   .at = each.mount->key_at,
                   .other = before->second->key_at,
                   .other_label = "the other one",
                   .help = "a symbolic link leads there: keep one of the two"});
    fine = false;
  }
  return fine;
}

const Mount* root_entry(Draft& draft, const std::map<std::string, Mount>& entries) {
  const auto found = entries.find("/");
  if (found == entries.end()) return nullptr;
  const Mount& root = found->second;
  if (root.type == MountType::tmpfs || root.type == MountType::bind || root.type == MountType::overlay ||
      root.type == MountType::image)
    return &root;
  draft.problem({.code = "E0321",
                 .what = "the root can be a tmpfs, a bind, an overlay or an image",
                 .at = root.at,
                 .help = "\"/\" = \"tmpfs\", or \"/\" = { type = \"bind\", source = \"./rootfs\" }"});
  return nullptr;
}

/// Does the pattern reach into an image, where nobody knows what it would match?
bool reaches_into_image(const View& view, const std::string& pattern) {
  const std::vector<std::string_view> parts = components(pattern);
  std::string fixed = "/";
  for (const std::string_view part : parts) {
    if (has_glob(part)) break;
    fixed = join_path(fixed, part);
  }
  const std::string top = view.walk(fixed).path;
  if (view.mount_of(top).backing.unseen) return true;
  const bool any_depth = std::ranges::find(parts, "**") != parts.end();
  return std::ranges::any_of(view.mounts(), [&](const auto& each) {
    return each.second.backing.unseen && is_within(each.first, top) &&
           (any_depth || components(each.first).size() < parts.size());
  });
}

/// Globs of `hidden` are matched against the finished tree, where they also find what lies below binds.
void hide_matches(Draft& draft, MountSteps& steps, const Mount& mount) {
  const View& view = draft.view;
  if (reaches_into_image(view, mount.target)) {
    draft.problem(
        {.code = "E0366",
         .what = fmt::format("{} reaches into an image, where nothing can be hidden", quoted(mount.target)),
         .at = mount.key_at,
         .cause = "nobody looks into an image before it is mounted",
         .help = "remove these files from the image, or take another pattern"});
    return;
  }
  const std::vector<std::string> matches = match_paths(
      mount.target, [&view](const std::string& directory) { return view.list(directory); },
      [&view](const std::string& path) { return view.look(path).kind == FileKind::directory; });
  std::size_t hidden = 0;
  std::string last = "\n";
  for (const std::string& match : matches) {
    if (is_within(match, last)) continue;  // below something that is hidden already
    const Seen seen = view.look(match);
    if (seen.kind == FileKind::missing || seen.kind == FileKind::symlink) continue;
    if (const auto own = draft.profile.mounts.find(match); own != draft.profile.mounts.end()) continue;
    Mount& one = draft.matches.emplace_back(mount);
    one.target = match;
    one.is_glob = false;
    steps.hide(one, match, seen.kind == FileKind::directory);
    last = match;
    ++hidden;
  }
  if (hidden > 0) return;
  if (mount.optional) {
    draft.skip(fmt::format("mount {}", quoted(mount.target)), "nothing inside matches it", mount.key_at);
  } else {
    draft.problem({.code = "E0326",
                   .what = fmt::format("nothing inside matches {}", quoted(mount.target)),
                   .at = mount.key_at,
                   .help = "correct the pattern, or make the entry optional"});
  }
}

}  // namespace

void place_mounts(Draft& draft) {
  if (!draft.is_new(Ns::mount)) {
    if (draft.is_joined(Ns::mount)) return;  // whose tree it is, nobody can say
    draft.view.place({.path = "/", .backing = {.layers = {"/"}}});
    return;
  }
  draft.entries = write_out_entries(draft);
  const std::map<std::string, Mount>& entries = draft.entries;
  const Mount* root = root_entry(draft, entries);
  if (!draft.errors.empty()) return;

  MountSteps steps(draft, entries);
  const PlacedMount base = steps.make_root(root);
  draft.view.place(base);

  if (may_name_files(draft)) {
    Order without(draft, entries, base);
    if (without.settle()) add_argument_files(draft, draft.entries, without.view());
    if (!draft.errors.empty()) return;
  }
  Order order(draft, entries, base);
  if (!order.settle()) {
    draft.problem(
        {.code = "E0329",
         .what = "mounts and links wait for each other in a circle",
         .at = order.planned().front().mount->key_at,
         .help = "a symbolic link of the profile leads through a mount that lies behind that link"});
    return;
  }
  if (!check_places(draft, order.planned())) return;
  for (const Planned& each : order.planned()) steps.make(*each.mount);
  for (const auto& [target, mount] : entries) {
    if (mount.is_glob) hide_matches(draft, steps, mount);
  }
  if (may_name_files(draft)) check_named_folders(draft);
}

}  // namespace hutch
