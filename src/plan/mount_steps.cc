#include "plan/mount_steps.h"

#include <fmt/format.h>
#include <linux/mount.h>

#include <array>
#include <ranges>
#include <utility>

#include "base/path.h"
#include "base/text.h"

namespace hutch {
namespace {

/// Where a symlink leads: the profile's check leaves none without.
const std::string& link_text(const Mount& mount) {
  return **mount.to;  // NOLINT(bugprone-unchecked-optional-access)
}

bool is_directory(const Mount& mount, const Host& host) {
  if (mount.type == MountType::bind || mount.type == MountType::device) {
    return host.follow(source_of(mount)).kind == FileKind::directory;
  }
  return mount.type != MountType::file;
}

}  // namespace

std::string source_of(const Mount& mount) { return mount.source ? **mount.source : mount.target; }

MountFlags flags_of(const Mount& mount) {
  MountFlags flags;
  const auto choose = [&flags](const MaybeSaid<bool>& allowed, bool by_default, std::uint64_t denying) {
    if (allowed ? **allowed : by_default) {
      // Said by name: a flag that the host's mount has must go, or the launch fails.
      if (allowed && allowed->said()) flags.clear |= denying;
    } else {
      flags.set |= denying;
    }
  };
  choose(mount.suid, false, MOUNT_ATTR_NOSUID);
  choose(mount.devices, mount.type == MountType::device || mount.type == MountType::devpts, MOUNT_ATTR_NODEV);
  const bool runs_nothing = mount.type == MountType::proc || mount.type == MountType::sysfs ||
                            mount.type == MountType::mqueue || mount.type == MountType::devpts ||
                            mount.type == MountType::cgroup || mount.type == MountType::device;
  choose(mount.exec, !runs_nothing, MOUNT_ATTR_NOEXEC);
  const bool writable_by_default = mount.type == MountType::proc || mount.type == MountType::mqueue ||
                                   mount.type == MountType::devpts || mount.type == MountType::tmpfs ||
                                   mount.type == MountType::overlay || mount.type == MountType::file;
  if (!(mount.write ? **mount.write : writable_by_default)) flags.set |= MOUNT_ATTR_RDONLY;
  return flags;
}

bool is_masked(const Draft& draft, const Mount& mount) {
  if (mount.mask) return **mount.mask;
  return draft.host_root_inside || !*draft.profile.namespaces.nested;
}

Backing backing_of(const Mount& mount) {
  switch (mount.type) {
    case MountType::bind:
    case MountType::device:
      return {.layers = {source_of(mount)}};
    case MountType::overlay: {
      Backing backing{.ours = mount.upper.has_value()};
      if (mount.upper && **mount.upper != "tmpfs") backing.layers.push_back(**mount.upper);
      for (const Said<std::string>& lower : mount.lower) backing.layers.push_back(*lower);
      return backing;
    }
    case MountType::image:
      return {.unseen = true};
    case MountType::tmpfs:
      return {.ours = true};
    case MountType::proc:
      return {.layers = {"/proc"}, .opaque = true};
    case MountType::sysfs:
      return {.layers = {"/sys"}, .opaque = true};
    default:
      return {.opaque = true};
  }
}

void show_in(View& view, const Mount& mount, const View::Walk& walk) {
  if (walk.loops) return;
  if (mount.type == MountType::hidden && !walk.missing.empty()) return;  // there is nothing to hide
  // Directories on the way, so that whatever leads through them finds them.
  if (!walk.missing.empty()) {
    for (std::string_view above = parent_of(walk.path); above.size() >= walk.missing.size();
         above = parent_of(above)) {
      view.make_directory(std::string(above));
    }
  }
  switch (mount.type) {
    case MountType::symlink:
      if (walk.seen.kind == FileKind::missing) view.make_link(walk.path, link_text(mount));
      return;
    case MountType::dir:
      if (walk.seen.kind == FileKind::missing) view.make_directory(walk.path);
      return;
    case MountType::file:
      view.make_file(walk.path, mount.mode ? **mount.mode : 0644);
      return;
    default:
      break;
  }
  const MountFlags flags = flags_of(mount);
  view.place({.path = walk.path,
              .backing = backing_of(mount),
              .asked = &mount,
              .read_only = (flags.set & MOUNT_ATTR_RDONLY) != 0,
              .no_exec = (flags.set & MOUNT_ATTR_NOEXEC) != 0,
              .no_devices = (flags.set & MOUNT_ATTR_NODEV) != 0});
  if (mount.is_made) view.make_file(walk.path, 0644);
}

// --- landing places

void MountSteps::no_place(const Mount& mount, const View::Walk& walk) {
  const PlacedMount& in_the_way = draft_.view.mount_of(walk.missing);
  Diagnostic problem{.code = "E0322",
                     .what = fmt::format("there is no place for {}", quoted(mount.target)),
                     .at = mount.key_at};
  if (in_the_way.asked != nullptr) {
    problem.other = in_the_way.asked->key_at;
    problem.other_label = fmt::format("{} lies inside this mount", quoted(mount.target));
  }
  if (!in_the_way.backing.layers.empty() && !in_the_way.backing.opaque) {
    const std::string rest = walk.missing.substr(in_the_way.path == "/" ? 0 : in_the_way.path.size());
    const std::string on_host =
        join_path(in_the_way.backing.layers.front(), std::string_view(rest).substr(1));
    problem.cause =
        fmt::format("the host has no {}, and nothing is ever made on the host's files", quoted(on_host));
    problem.help = fmt::format(
        "make it on the host first, or give {} a file system of its own: \"tmpfs\" or an overlay with `upper "
        "= \"tmpfs\"`",
        quoted(in_the_way.path));
  } else {
    problem.cause = fmt::format("{} is a file system of the kernel, in which nothing can be made",
                                quoted(in_the_way.path));
    problem.help = "mount it elsewhere";
  }
  draft_.problem(std::move(problem));
}

bool MountSteps::prepare_parents(const Mount& mount, const View::Walk& walk) {
  if (walk.loops) {
    draft_.problem({.code = "E0332",
                    .what = fmt::format("{} goes round in circles", quoted(mount.target)),
                    .at = mount.key_at,
                    .cause = "more than 40 symbolic links on the way to it"});
    return false;
  }
  if (walk.not_directory) {
    draft_.problem(
        {.code = "E0323",
         .what = fmt::format("{} is no directory, so nothing can lie below it", quoted(walk.missing)),
         .at = mount.key_at});
    return false;
  }
  if (walk.missing.empty()) return true;
  if (!draft_.view.mount_of(walk.missing).backing.ours) {
    no_place(mount, walk);
    return false;
  }
  std::vector<std::string> parents;
  for (std::string_view above = parent_of(walk.path); above.size() >= walk.missing.size();
       above = parent_of(above)) {
    parents.emplace_back(above);
  }
  for (const std::string& parent : parents | std::views::reverse) {
    draft_.add(draft_.tree, MakeDir{.path = draft_.keep(parent)}, mount.key_at);
    draft_.view.make_directory(parent);
  }
  return true;
}

bool MountSteps::prepare_place(const Mount& mount, const View::Walk& walk, bool wants_directory) {
  if (!prepare_parents(mount, walk)) return false;
  if (!walk.missing.empty()) {
    if (wants_directory) {
      draft_.add(draft_.tree, MakeDir{.path = draft_.keep(walk.path)}, mount.key_at);
      draft_.view.make_directory(walk.path);
    } else {
      draft_.add(draft_.tree, MakeFile{.path = draft_.keep(walk.path)}, mount.key_at);
      draft_.view.make_file(walk.path, 0644);
    }
    return true;
  }
  if (walk.seen.kind == FileKind::unknown) return true;  // found out when it is mounted
  if ((walk.seen.kind == FileKind::directory) == wants_directory) return true;
  draft_.problem(
      {.code = "E0323",
       .what = wants_directory
                   ? fmt::format("{} is a file; a directory cannot be mounted on it", quoted(walk.path))
                   : fmt::format("{} is a directory; a file cannot be mounted on it", quoted(walk.path)),
       .at = mount.key_at});
  return false;
}

void MountSteps::attach(const Mount& mount, const View::Walk& walk, Slot slot) {
  draft_.add(draft_.tree, Attach{.slot = slot, .path = draft_.keep(walk.path)}, mount.key_at);
  show_in(draft_.view, mount, {.path = walk.path, .seen = draft_.view.look(walk.path)});
}

// --- one function for each kind of entry

void MountSteps::make_bind(const Mount& mount, const View::Walk& walk) {
  if (!prepare_place(mount, walk, is_directory(mount, draft_.host))) return;
  attach(mount, walk, clone_source(mount, source_of(mount)));
}

void MountSteps::make_image(const Mount& mount, const View::Walk& walk) {
  if (mount.optional && draft_.host.follow(source_of(mount)).kind == FileKind::missing) {
    draft_.skip(fmt::format("mount {}", quoted(mount.target)),
                fmt::format("the host has no {}", quoted(source_of(mount))), mount.key_at);
    return;
  }
  if (!prepare_place(mount, walk, true)) return;
  if (const std::optional<Slot> slot = image_of(mount)) attach(mount, walk, *slot);
}

bool MountSteps::is_unseen(const Mount& mount, const View::Walk& walk, std::string_view what) {
  if (walk.seen.kind != FileKind::unknown) return false;
  const Mount* const image = walk.seen.mount->asked;
  draft_.problem({.code = "E0366",
                  .what = fmt::format("{} is in an image, where {}", quoted(mount.target), what),
                  .at = mount.key_at,
                  .other = image != nullptr ? image->key_at : Origin{},
                  .other_label = "this image",
                  .cause = "nobody looks into an image before it is mounted",
                  .help = "change the image, or mount a \"tmpfs\" there or above"});
  return true;
}

void MountSteps::make_link(const Mount& mount, const View::Walk& walk) {
  if (!prepare_parents(mount, walk) || is_unseen(mount, walk, "no link can be made")) return;
  if (walk.missing.empty()) {
    if (walk.seen.kind == FileKind::symlink && walk.seen.link == link_text(mount)) return;
    draft_.problem({.code = "E0333",
                    .what = fmt::format("{} exists already and is not that link", quoted(walk.path)),
                    .at = mount.key_at,
                    .other = walk.seen.mount->asked != nullptr ? walk.seen.mount->asked->key_at : Origin{},
                    .other_label = "it comes with this mount",
                    .help = fmt::format("leave the link out: mounts.{} = \"none\"", quoted(mount.target))});
    return;
  }
  draft_.add(draft_.tree, MakeSymlink{.path = draft_.keep(walk.path), .to = draft_.keep(link_text(mount))},
             mount.key_at);
  draft_.view.make_link(walk.path, link_text(mount));
}

void MountSteps::make_file(const Mount& mount, const View::Walk& walk) {
  constexpr std::size_t kMostBytes = std::size_t{4} << 20;
  const mode_t mode = mount.mode ? **mount.mode : 0644;
  std::string content = mount.content ? **mount.content : "";
  if (mount.source) {
    std::optional<std::string> read = draft_.host.read(**mount.source, kMostBytes + 1);
    if (!read && mount.optional) {
      draft_.skip(fmt::format("mount {}", quoted(mount.target)),
                  fmt::format("the host has no {}", quoted(**mount.source)), mount.key_at);
      return;
    }
    if (!read || read->size() > kMostBytes) {
      draft_.problem({.code = "E0334",
                      .what = fmt::format("{} cannot be copied", quoted(**mount.source)),
                      .at = mount.source->at,
                      .cause = read ? "it is larger than 4 MiB" : "it is no file that you can read",
                      .help = "bind it instead"});
      return;
    }
    content = *std::move(read);
  }
  const bool in_place = !walk.missing.empty() && (!mount.write || **mount.write);
  if (in_place) {
    if (!prepare_parents(mount, walk)) return;
    draft_.add(draft_.tree,
               MakeFile{.path = draft_.keep(walk.path), .mode = mode, .content = draft_.keep(content)},
               mount.at);
    draft_.view.make_file(walk.path, mode);
    return;
  }
  if (!prepare_place(mount, walk, false)) return;
  const Slot from = stage();
  const ZStr name = staged(fmt::format("file{}", staged_files_++), false, mode, content, mount.at);
  const Slot slot = draft_.new_slot();
  MountFlags flags = flags_of(mount);
  flags.clear = 0;
  draft_.add(draft_.filesystems, CloneStaged{.stage = from, .name = name, .slot = slot, .flags = flags},
             mount.at);
  draft_.add(draft_.tree, Attach{.slot = slot, .path = draft_.keep(walk.path)}, mount.key_at);
  draft_.view.place({.path = walk.path,
                     .asked = &mount,
                     .read_only = (flags.set & MOUNT_ATTR_RDONLY) != 0,
                     .no_exec = (flags.set & MOUNT_ATTR_NOEXEC) != 0,
                     .no_devices = true});
  draft_.view.make_file(walk.path, mode);
}

namespace {

/// What a file system of the kernel needs to be had inside a user namespace.
struct Needs {
  MountType type;
  const char* filesystem;
  Ns owner;
  const char* namespace_name;
};
constexpr std::array<Needs, 4> kNeeds{{{MountType::proc, "proc", Ns::pid, "pid"},
                                       {MountType::sysfs, "sysfs", Ns::net, "net"},
                                       {MountType::mqueue, "mqueue", Ns::ipc, "ipc"},
                                       {MountType::cgroup, "cgroup2", Ns::cgroup, "cgroup"}}};

bool check_owner(Draft& draft, const Mount& mount) {
  if (!draft.is_new(Ns::user)) return true;
  for (const Needs& each : kNeeds) {
    if (each.type != mount.type || draft.is_new(each.owner)) continue;
    if (mount.type == MountType::proc && *mount.fallback_bind) continue;
    draft.problem({.code = "E0335",
                   .what = fmt::format("a {} of our own needs a {} namespace of our own", each.filesystem,
                                       each.namespace_name),
                   .at = mount.key_at,
                   .other = draft.profile.namespaces.of(each.owner).at,
                   .other_label = fmt::format("it is {} here", draft.whose(each.owner)),
                   .cause = "the kernel gives this file system only to who owns that namespace",
                   .help = fmt::format("bind the host's instead: {{ type = \"bind\", source = \"{}\" }}",
                                       mount.type == MountType::sysfs  ? "/sys"
                                       : mount.type == MountType::proc ? "/proc"
                                                                       : mount.target)});
    return false;
  }
  return true;
}

}  // namespace

void MountSteps::make_filesystem(const Mount& mount, const View::Walk& walk) {
  if (!check_owner(draft_, mount) || !prepare_place(mount, walk, true)) return;
  MountFlags flags = flags_of(mount);
  flags.clear = 0;
  switch (mount.type) {
    case MountType::tmpfs: {
      const Slot slot = tmpfs_of(mount);
      attach(mount, walk, slot);
      if (mount.write && !**mount.write)
        draft_.add(draft_.seals, Seal{.path = draft_.keep(walk.path), .slot = slot}, mount.write->at);
      break;
    }
    case MountType::proc:
      attach(mount, walk, proc_of(mount));
      if (is_masked(draft_, mount)) cover_proc(mount, walk.path);
      break;
    case MountType::devpts: {
      std::vector<std::string> options{"ptmxmode=0666", "mode=0620"};
      if (draft_.gid_5_is_mapped) options.emplace_back("gid=5");
      const Slot devpts = new_filesystem("devpts", options, flags, mount.at);
      if (walk.path == "/dev/pts") draft_.devpts = devpts;
      attach(mount, walk, devpts);
      break;
    }
    case MountType::sysfs:
      attach(mount, walk, new_filesystem("sysfs", {}, flags, mount.at));
      break;
    case MountType::mqueue:
      attach(mount, walk, new_filesystem("mqueue", {}, flags, mount.at));
      break;
    default:
      attach(mount, walk, new_filesystem("cgroup2", {}, flags, mount.at));
      break;
  }
}

void MountSteps::make(const Mount& mount) {
  const View::Walk walk = draft_.view.walk(mount.target, mount.type != MountType::symlink);
  switch (mount.type) {
    case MountType::bind:
    case MountType::device:
    case MountType::mirror:
      make_bind(mount, walk);
      break;
    case MountType::overlay:
      make_overlay(mount, walk);
      break;
    case MountType::image:
      make_image(mount, walk);
      break;
    case MountType::file:
      make_file(mount, walk);
      break;
    case MountType::symlink:
      make_link(mount, walk);
      break;
    case MountType::hidden:
      make_hidden(mount, walk);
      break;
    case MountType::dir: {
      const mode_t mode = mount.mode ? **mount.mode : 0755;
      if (walk.missing.empty() && walk.seen.kind == FileKind::directory) break;
      if (is_unseen(mount, walk, "no directory can be made")) break;
      if (!prepare_parents(mount, walk)) break;
      draft_.add(draft_.tree, MakeDir{.path = draft_.keep(walk.path), .mode = mode}, mount.key_at);
      draft_.view.make_directory(walk.path, mode);
      break;
    }
    default:
      make_filesystem(mount, walk);
  }
}

PlacedMount MountSteps::make_root(const Mount* root) {
  static const Mount kDefault{.target = "/", .type = MountType::tmpfs};
  const Mount& mount = root != nullptr ? *root : kDefault;
  Slot slot = kNone;
  if (mount.type == MountType::bind) {
    if (!is_directory(mount, draft_.host)) {
      draft_.problem({.code = "E0323",
                      .what = "the root must be a directory",
                      .at = mount.source ? mount.source->at : mount.at});
    }
    slot = clone_source(mount, source_of(mount));
  } else if (mount.type == MountType::overlay) {
    if (has_layers(mount)) slot = overlay_of(mount);
  } else if (mount.type == MountType::image) {
    slot = image_of(mount).value_or(kNone);
  } else {
    slot = tmpfs_of(mount);
    has_own_root_ = true;
  }
  draft_.add(draft_.tree, EnterRoot{slot}, mount.at);
  if (mount.type == MountType::tmpfs && mount.write && !**mount.write) {
    draft_.add(draft_.seals, Seal{.path = "/", .slot = slot}, mount.write->at);
  }
  const MountFlags flags = flags_of(mount);
  return {.path = "/",
          .backing = backing_of(mount),
          .asked = root,
          .read_only = (flags.set & MOUNT_ATTR_RDONLY) != 0,
          .no_exec = (flags.set & MOUNT_ATTR_NOEXEC) != 0,
          .no_devices = (flags.set & MOUNT_ATTR_NODEV) != 0};
}

}  // namespace hutch
