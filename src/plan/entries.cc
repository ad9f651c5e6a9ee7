#include "plan/entries.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "plan/match_paths.h"
#include "plan/mount_steps.h"
#include "plan/proc_covers.h"

namespace hutch {
namespace {

using Entries = std::map<std::string, Mount>;

void leave_out(Draft& draft, const Mount& mount, std::string why) {
  draft.skip(fmt::format("mount {}", quoted(mount.target)), std::move(why), mount.key_at);
}

/// Why a source cannot be reached, in words.
Diagnostic missing_source(const Draft& draft, const Mount& mount, const std::string& source, int error,
                          Origin at) {
  Diagnostic problem{.code = "E0320", .at = at};
  const PathFact link = draft.host.look(source);
  if (link.kind == FileKind::symlink) {
    problem.what = fmt::format("{} leads nowhere", quoted(source));
    problem.cause = fmt::format("it is a symbolic link to {}, which does not exist",
                                quoted(draft.host.read_link(source)));
  } else if (error == EACCES || error == EPERM) {
    problem.what = fmt::format("{} cannot be reached", quoted(source));
    problem.cause = "a folder on the way may not be searched by you (EACCES)";
  } else if (error == ELOOP) {
    problem.what = fmt::format("{} goes round in circles", quoted(source));
    problem.cause = "too many symbolic links (ELOOP)";
  } else {
    problem.what = fmt::format("the host has no {}", quoted(source));
  }
  const std::string_view word = mount.type == MountType::device ? "device"
                                : mount.write && **mount.write  ? "rw"
                                                                : "ro";
  problem.help =
      mount.source
          ? "correct the path, or add `optional = true`"
          : fmt::format("correct the path, or write \"{}?\" to leave it out where it is missing", word);
  return problem;
}

/// Binds and devices need something on the host; what is optional and missing goes.
bool has_source(Draft& draft, const Mount& mount) {
  const std::string source = source_of(mount);
  const Origin at = mount.source ? mount.source->at : mount.key_at;
  const PathFact fact = draft.host.follow(source);
  if (fact.kind == FileKind::missing) {
    if (mount.optional) {
      leave_out(draft, mount, fmt::format("the host has no {}", quoted(source)));
    } else {
      draft.problem(missing_source(draft, mount, source, fact.error, at));
    }
    return false;
  }
  if (mount.type == MountType::device && fact.kind != FileKind::char_device &&
      fact.kind != FileKind::block_device && fact.kind != FileKind::directory) {
    draft.problem({.code = "E0324",
                   .what = fmt::format("{} is no device", quoted(source)),
                   .at = at,
                   .help = "bind it as \"ro\" or \"rw\""});
    return false;
  }
  if (mount.type == MountType::bind && mount.write && **mount.write && draft.host.is_read_only(source)) {
    draft.problem(
        {.code = "E0325",
         .what = fmt::format("{} cannot be writable: the host has it mounted read-only", quoted(source)),
         .at = mount.write->at.known() ? mount.write->at : at,
         .help = "write \"ro\", or have it mounted writable on the host"});
    return false;
  }
  return true;
}

/// The entry to stand for `mount` at `target`: everything else is as the user said.
Mount at_target(const Mount& mount, std::string target, MountType type) {
  Mount made = mount;
  made.target = std::move(target);
  made.type = type;
  made.is_glob = false;
  return made;
}

Mount plain(const Mount& because, std::string target, MountType type) {
  return {.target = std::move(target), .at = because.at, .key_at = because.key_at, .type = type};
}

class Writer {
 public:
  explicit Writer(Draft& draft) : draft_(draft) {}

  Entries write() {
    for (const auto& [target, mount] : draft_.profile.mounts) {
      if (!mount.is_glob) add_literal(mount);
    }
    for (const auto& [target, mount] : draft_.profile.mounts) {
      if (mount.is_glob) add_glob(mount);
    }
    return std::move(entries_);
  }

 private:
  /// What the profile says of a target itself always wins over what is made up here.
  void add_made_up(Mount mount) {
    if (draft_.profile.mounts.contains(mount.target)) return;
    std::string target = mount.target;
    entries_.emplace(std::move(target), std::move(mount));
  }

  void add_literal(const Mount& mount) {
    switch (mount.type) {
      case MountType::bind:
      case MountType::device:
        if (has_source(draft_, mount)) entries_.emplace(mount.target, mount);
        break;
      case MountType::mirror:
        add_mirror(mount);
        break;
      case MountType::dev:
        add_dev(mount);
        break;
      case MountType::proc:
        add_proc(mount);
        break;
      case MountType::sysfs:
        add_sysfs(mount);
        break;
      default:
        entries_.emplace(mount.target, mount);
    }
  }

  void add_mirror(const Mount& mount) {
    const PathFact fact = draft_.host.look(mount.target);
    if (fact.kind == FileKind::missing) {
      leave_out(draft_, mount, fmt::format("the host has no {}", quoted(mount.target)));
    } else if (fact.kind == FileKind::symlink) {
      Mount link = at_target(mount, mount.target, MountType::symlink);
      link.to = Said<std::string>{draft_.host.read_link(mount.target), mount.at};
      entries_.emplace(mount.target, std::move(link));
    } else {
      entries_.emplace(mount.target, at_target(mount, mount.target, MountType::bind));
    }
  }

  /// A small /dev: nodes of the host, bound one by one into a tmpfs that is sealed afterwards.
  void add_dev(const Mount& mount) {
    const std::string& dev = mount.target;
    Mount base = at_target(mount, dev, MountType::tmpfs);
    base.write = Said<bool>{mount.write && **mount.write, mount.write ? mount.write->at : Origin{}};
    if (!base.exec) base.exec = Said<bool>{false, {}};
    entries_.emplace(dev, std::move(base));

    for (const char* name : {"full", "null", "random", "tty", "urandom", "zero"})
      add_node(mount, name, true, mount.at);
    for (const Said<std::string>& name : mount.nodes) add_node(mount, *name, mount.optional, name.at);

    constexpr std::array<std::pair<const char*, const char*>, 5> kLinks{{{"fd", "/proc/self/fd"},
                                                                         {"ptmx", "pts/ptmx"},
                                                                         {"stderr", "/proc/self/fd/2"},
                                                                         {"stdin", "/proc/self/fd/0"},
                                                                         {"stdout", "/proc/self/fd/1"}}};
    for (const auto& [name, to] : kLinks) {
      Mount link = plain(mount, join_path(dev, name), MountType::symlink);
      link.to = Said<std::string>{to, mount.at};
      add_made_up(std::move(link));
    }
    add_made_up(plain(mount, join_path(dev, "pts"), MountType::devpts));
    Mount shm = plain(mount, join_path(dev, "shm"), MountType::tmpfs);
    shm.mode = Said<std::uint32_t>{01777, mount.at};
    add_made_up(std::move(shm));
  }

  void add_node(const Mount& mount, const std::string& name, bool optional, Origin at) {
    Mount node = plain(mount, join_path(mount.target, name), MountType::device);
    node.source = Said<std::string>{join_path("/dev", name), at};
    node.optional = optional;
    if (!draft_.profile.mounts.contains(node.target) && has_source(draft_, node))
      add_made_up(std::move(node));
  }

  /// Covers for what is there, each by its path below the mount.
  template <class Names>
  void add_covers(const Mount& mount, const char* of_host, const Names& names) {
    for (const auto& name : names) {
      if (draft_.host.look(join_path(of_host, name)).kind == FileKind::missing) continue;
      add_made_up(plain(mount, join_path(mount.target, name), MountType::hidden));
    }
  }

  /// MountSteps hides parts of it; here are those in which something stays visible.
  void add_proc(const Mount& mount) {
    entries_.emplace(mount.target, mount);
    if (!is_masked(draft_, mount)) return;
    for (const char* name : kHiddenDirectoriesOfProc) {
      const std::string path = join_path(mount.target, name);
      if (has_entries_below(draft_.profile.mounts, path)) add_made_up(plain(mount, path, MountType::hidden));
    }
  }

  void add_sysfs(const Mount& mount) {
    entries_.emplace(mount.target, mount);
    if (!is_masked(draft_, mount)) return;
    constexpr std::array kHidden{"dev/block", "devices/virtual/powercap", "firmware", "fs/selinux"};
    add_covers(mount, "/sys", kHidden);
    std::vector<std::string> throttles;
    for (const std::string& name :
         draft_.host.list("/sys/devices/system/cpu").value_or(std::vector<std::string>{})) {
      if (name.starts_with("cpu")) throttles.push_back("devices/system/cpu/" + name + "/thermal_throttle");
    }
    add_covers(mount, "/sys", throttles);
  }

  void add_glob(const Mount& mount) {
    if (mount.type == MountType::hidden) {
      entries_.emplace(mount.target, mount);
      return;
    }
    const Host& host = draft_.host;
    const std::vector<std::string> matches = match_paths(
        mount.target,
        [&host](const std::string& directory) {
          return host.list(directory).value_or(std::vector<std::string>{});
        },
        [&host](const std::string& path) { return host.look(path).kind == FileKind::directory; });
    if (matches.empty()) {
      if (mount.optional) {
        leave_out(draft_, mount, "nothing on the host matches it");
      } else {
        draft_.problem({.code = "E0326",
                        .what = fmt::format("nothing on the host matches {}", quoted(mount.target)),
                        .at = mount.key_at,
                        .help = "correct the pattern, or make the entry optional"});
      }
    }
    for (const std::string& match : matches) add_match(mount, match);
  }

  void add_match(const Mount& mount, const std::string& match) {
    if (draft_.profile.mounts.contains(match)) return;  // said by name: that wins over any pattern
    if (const auto before = by_glob_.find(match); before != by_glob_.end()) {
      draft_.problem({.code = "E0327",
                      .what = fmt::format("two patterns match {}", quoted(match)),
                      .at = mount.key_at,
                      .other = before->second,
                      .other_label = "and this one",
                      .help = "name that path itself, or make the patterns narrower"});
      return;
    }
    by_glob_.emplace(match, mount.key_at);
    Mount made = at_target(mount, match, mount.type);
    if (has_source(draft_, made)) entries_.emplace(match, std::move(made));
  }

  Draft& draft_;
  Entries entries_;
  std::map<std::string, Origin> by_glob_;
};

}  // namespace

bool has_entries_below(const std::map<std::string, Mount>& entries, const std::string& target) {
  const auto next = entries.lower_bound(target + "/");
  return next != entries.end() && is_within(next->first, target);
}

std::map<std::string, Mount> write_out_entries(Draft& draft) { return Writer(draft).write(); }

}  // namespace hutch
