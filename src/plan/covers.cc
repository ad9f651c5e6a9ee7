// What is covered, so that nobody sees it: `hidden` mounts, and parts of a procfs.
#include <fmt/format.h>
#include <linux/mount.h>

#include <string>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "plan/entries.h"
#include "plan/mount_steps.h"
#include "plan/proc_covers.h"

namespace hutch {
namespace {

constexpr std::uint64_t kCover = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

}  // namespace

Slot MountSteps::staged_cover(const Mount& mount, bool is_directory) {
  const Slot from = stage();
  const char* name = is_directory ? "hidden-directory" : "hidden-file";
  if (!std::exchange(has_cover_[is_directory ? 1 : 0], true)) staged(name, is_directory, 0, {}, {});
  const Slot slot = draft_.new_slot();
  draft_.add(draft_.filesystems,
             CloneStaged{.stage = from, .name = draft_.keep(name), .slot = slot, .flags = {.set = kCover}},
             mount.at);
  return slot;
}

void MountSteps::hide(const Mount& mount, const std::string& place, bool is_directory) {
  const Slot slot = staged_cover(mount, is_directory);
  draft_.add(draft_.tree, Attach{.slot = slot, .path = draft_.keep(place)}, mount.key_at);
  draft_.view.place(
      {.path = place, .backing = {.opaque = true}, .asked = &mount, .read_only = true, .no_exec = true});
  if (is_directory) {
    draft_.view.make_directory(place, 0);
  } else {
    draft_.view.make_file(place, 0);
  }
}

/// Which of the parts exist is the running kernel's, and found out when they are covered: a plan does not
/// depend on it.
void MountSteps::cover_proc(const Mount& mount, const std::string& proc) {
  const auto is_said = [&](const char* name) {
    const std::string path = join_path(mount.target, name);
    return draft_.profile.mounts.contains(path) || entries_.contains(path);
  };
  const auto cover_all = [&](const auto& names, bool is_directory) {
    std::vector<std::string> paths;
    for (const char* name : names) {
      if (!is_said(name)) paths.push_back(join_path(proc, name));
    }
    if (paths.empty()) return;
    Hide hide{.directories = is_directory, .paths = draft_.keep_all(paths)};
    if (has_own_root_)
      hide.flags = {.set = kCover};
    else
      hide.slot = staged_cover(mount, is_directory);
    draft_.add(draft_.tree, hide, mount.at);
  };
  if (!mount.subset_pid || !**mount.subset_pid) {
    cover_all(kHiddenDirectoriesOfProc, true);
    cover_all(kHiddenFilesOfProc, false);
  }
  for (const char* name : kReadOnlyOfProc) {
    if (!is_said(name)) draft_.add(draft_.seals, ReadOnlyView{draft_.keep(join_path(proc, name))}, mount.at);
  }
}

void MountSteps::make_hidden(const Mount& mount, const View::Walk& walk) {
  if (!walk.missing.empty() || walk.loops) {
    draft_.skip(fmt::format("mount {}", quoted(mount.target)), "there is nothing to hide", mount.key_at);
    return;
  }
  if (is_unseen(mount, walk, "nothing can be hidden")) return;
  if (walk.seen.kind == FileKind::directory && has_entries_below(entries_, mount.target)) {
    // Something below stays visible: an empty directory that may be passed but not read, sealed at the end.
    Mount cover = mount;
    cover.mode = Said<std::uint32_t>{0111, mount.at};
    cover.write = Said<bool>{false, mount.at};
    const Slot slot = tmpfs_of(cover);
    draft_.add(draft_.tree, Attach{.slot = slot, .path = draft_.keep(walk.path)}, mount.key_at);
    draft_.add(draft_.seals, Seal{.path = draft_.keep(walk.path), .slot = slot}, mount.at);
    draft_.view.place({.path = walk.path, .backing = {.ours = true}, .asked = &mount, .read_only = true});
    draft_.view.make_directory(walk.path, 0111);
    return;
  }
  hide(mount, walk.path, walk.seen.kind == FileKind::directory);
}

}  // namespace hutch
