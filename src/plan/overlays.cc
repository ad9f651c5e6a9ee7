// Overlays: their layers, and what is mounted below those. overlayfs is in Documentation/filesystems of the
// kernel.
#include <fmt/format.h>
#include <linux/mount.h>
#include <sys/mount.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "plan/mount_steps.h"

namespace hutch {
namespace {

constexpr std::size_t kMostTold = 6;

/// A mount of the host in a layer of an overlay: where it is, and where it would be seen.
struct Submount {
  std::string on_host, inside;
};

/// The mounts in a layer; of those below each other the uppermost.
std::vector<Submount> submounts_of(const Host& host, const std::string& layer, const std::string& target) {
  const std::string real = host.real_path(layer);
  std::vector<Submount> found;
  for (const std::string& point : host.mounts_below(real)) {
    const auto is_above = [&point](const Submount& each) { return is_within(point, each.on_host); };
    if (std::ranges::any_of(found, is_above)) continue;
    const std::string rest = point.substr(real == "/" ? 1 : real.size() + 1);
    found.push_back({point, join_path(target, rest)});
  }
  return found;
}

std::string list_of(const std::vector<std::string>& all) {
  const std::size_t told = std::min(all.size(), kMostTold);
  const std::string text =
      fmt::format("{}", fmt::join(all.begin(), all.begin() + static_cast<long>(told), ", "));
  return told == all.size() ? text : fmt::format("{} and {} more", text, all.size() - told);
}

/// What says that this is to be seen, in the words of a profile.
std::string entry_for(const Submount& submount) {
  for (const auto& [path, word] : {std::pair{"/proc", "proc"}, {"/sys", "sysfs"}, {"/dev", "dev"}}) {
    if (submount.on_host == path) return fmt::format("mounts.{} = {}", quoted(submount.inside), quoted(word));
  }
  if (submount.on_host == submount.inside) return fmt::format("mounts.{} = \"ro\"", quoted(submount.inside));
  return fmt::format("mounts.{} = {{ type = \"bind\", source = {} }}", quoted(submount.inside),
                     quoted(submount.on_host));
}

}  // namespace

bool MountSteps::may_be_layer(const Mount& mount, const Said<std::string>& layer) {
  const std::vector<Submount> submounts = submounts_of(draft_.host, *layer, mount.target);
  std::vector<std::string> all, missing, entries;
  for (const Submount& each : submounts) {
    all.push_back(printable(each.on_host));
    // What an entry of the profile puts there, or above, is what is wanted.
    const auto says = [&](const auto& entry) {
      return !entry.second.is_glob && entry.first != mount.target && is_within(entry.first, mount.target) &&
             is_within(each.inside, entry.first);
    };
    if (std::ranges::any_of(entries_, says)) continue;
    missing.push_back(printable(each.on_host));
    entries.push_back(entry_for(each));
  }
  if (draft_.is_new(Ns::user) && !all.empty()) {
    draft_.problem(
        {.code = "E0338",
         .what = fmt::format("{} cannot be a layer of the overlay {} here: mounted below it are {}",
                             quoted(*layer), quoted(mount.target), list_of(all)),
         .at = layer.at,
         .cause =
             "the overlay would uncover what lies under those mounts, which the kernel does not let a user "
             "namespace of its own do",
         .help = "overlay the folders in which nothing is mounted, each by an entry of its own; or as root: "
                 "namespaces.user = \"host\""});
    return false;
  }
  if (missing.empty()) return true;
  draft_.problem(
      {.code = "E0337",
       .what = fmt::format("the overlay {} would lack what is mounted below {}: {}", quoted(mount.target),
                           quoted(*layer), list_of(missing)),
       .at = layer.at,
       .cause = "an overlay shows the files of its layers, and none of the mounts in them",
       .help = fmt::format("say what is to be there (\"hidden\" for nothing): {}", list_of(entries))});
  return false;
}

bool MountSteps::has_layers(const Mount& mount) {
  bool fine = true;
  for (const Said<std::string>& lower : mount.lower) {
    if (draft_.host.follow(*lower).kind == FileKind::directory) {
      fine = may_be_layer(mount, lower) && fine;
      continue;
    }
    if (mount.optional && mount.target != "/") {
      draft_.skip(fmt::format("mount {}", quoted(mount.target)),
                  fmt::format("the host has no directory {}", quoted(*lower)), mount.key_at);
    } else {
      draft_.problem({.code = "E0320",
                      .what = fmt::format("{} is no directory of the host", quoted(*lower)),
                      .at = lower.at});
    }
    return false;
  }
  if (fine && mount.upper && **mount.upper != "tmpfs") fine = may_be_layer(mount, *mount.upper);
  return fine;
}

void MountSteps::make_overlay(const Mount& mount, const View::Walk& walk) {
  if (!has_layers(mount) || !prepare_place(mount, walk, true)) return;
  attach(mount, walk, overlay_of(mount));
}

Slot MountSteps::read_only_layer(const Mount& mount) {
  const Said<std::string>& lower = mount.lower.front();
  const Slot slot = draft_.new_slot();
  draft_.add(draft_.sources,
             CloneTree{.path = draft_.keep(*lower),
                       .pin = draft_.pin(*lower, Expect::directory, lower.at),
                       .slot = slot,
                       .recursive = false,
                       .flags = {.set = flags_of(mount).set | MOUNT_ATTR_RDONLY},
                       .propagation = MS_PRIVATE},
             lower.at);
  return slot;
}

Slot MountSteps::overlay_of(const Mount& mount) {
  // The kernel makes none of a single layer, which is the same as a look at that folder.
  if (!mount.upper && mount.lower.size() == 1) return read_only_layer(mount);
  MakeOverlay overlay{.user_xattr = draft_.is_new(Ns::user), .flags = flags_of(mount)};
  const auto open_layer = [this](const Said<std::string>& path) {
    const Pin pin = draft_.pin(*path, Expect::directory, path.at);
    const Slot slot = draft_.new_slot();
    draft_.add(draft_.sources, OpenLayer{.path = draft_.keep(*path), .pin = pin, .slot = slot}, path.at);
    return slot;
  };
  std::vector<Slot> lower;
  for (const Said<std::string>& each : mount.lower) lower.push_back(open_layer(each));
  overlay.lower = draft_.plan.strings.keep(lower);
  if (mount.upper && **mount.upper != "tmpfs") {
    overlay.upper = open_layer(*mount.upper);
    if (mount.work) overlay.work = open_layer(*mount.work);
  } else if (mount.upper) {
    overlay.stage = stage();
    overlay.upper_name = staged(fmt::format("upper{}", staged_files_), true, 0755, {}, mount.at);
    overlay.work_name = staged(fmt::format("work{}", staged_files_++), true, 0755, {}, mount.at);
  }
  if (!mount.upper) overlay.flags.set |= MOUNT_ATTR_RDONLY;
  overlay.flags.clear = 0;
  overlay.slot = draft_.new_slot();
  draft_.add(draft_.filesystems, overlay, mount.at);
  return overlay.slot;
}

}  // namespace hutch
