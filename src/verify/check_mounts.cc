// Mounts: what mountinfo says of each tree, and that there are no others. proc(5), mount_setattr(2).
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <linux/loop.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "verify/checks.h"

namespace hutch {
namespace {

constexpr struct {
  std::uint64_t flag;
  const char* name;
} kFlags[] = {{MOUNT_ATTR_RDONLY, "ro"},
              {MOUNT_ATTR_NOSUID, "nosuid"},
              {MOUNT_ATTR_NODEV, "nodev"},
              {MOUNT_ATTR_NOEXEC, "noexec"},
              {MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"}};

constexpr const char* kNoTable = "mountinfo of the program cannot be read";

/// The mounts at a path, and how many the plan stacks there.
std::size_t planned_at(std::string_view path, const Evidence& e) {
  const bool is_covered = std::ranges::find(e.places.covered(), path) != e.places.covered().end();
  return e.places.at(path).size() + (is_covered ? 1 : 0);
}

/// The mount of a slot; null, with a verdict, where it is not as planned.
const MountLine* find(Slot slot, const Evidence& e, Verdict& verdict) {
  const std::string* path = e.places.of(slot);
  if (const MountLine* const cover = e.cover_of(slot); cover != nullptr) return cover;
  if (path == nullptr) {
    verdict = unreadable("it went with the old root; what was taken from it is seen where it is attached");
    return nullptr;
  }
  if (e.mounts.all().empty()) {
    verdict = unreadable(kNoTable);
    return nullptr;
  }
  const std::vector<const MountLine*> stack = e.mounts.at(*path);
  const std::vector<Slot> slots = e.places.at(*path);
  const auto index = static_cast<std::size_t>(std::ranges::find(slots, slot) - slots.begin());
  if (index < stack.size()) return stack[index];
  verdict = differs(fmt::format("a mount at {}", quoted(*path)), "none");
  return nullptr;
}

/// `exact`: what is not asked for must not be there either.
Verdict check_flags(const MountLine& line, MountFlags flags, bool exact, bool sealed) {
  std::vector<std::string> wanted, found;
  for (const auto& [flag, name] : kFlags) {
    const bool has = line.has(name);
    const bool must = (flags.set & flag) != 0 || (sealed && flag == MOUNT_ATTR_RDONLY);
    const bool must_not = !must && (exact || (flags.clear & flag) != 0);
    if (must != has && (must || must_not)) {
      wanted.push_back(must ? name : fmt::format("no {}", name));
      found.push_back(has ? name : fmt::format("no {}", name));
    }
  }
  if (wanted.empty()) return as_planned();
  return differs(fmt::format("{} at {}", fmt::join(wanted, ", "), quoted(line.point)),
                 fmt::format("{}", fmt::join(found, ", ")));
}

Verdict check_spread(const MountLine& line, std::uint64_t propagation) {
  const bool shared = line.spread.find("shared:") != std::string::npos;
  const bool slave = line.spread.find("master:") != std::string::npos;
  const std::string found = line.spread.empty() ? "private" : line.spread;
  if (propagation == MS_PRIVATE && (shared || slave)) return differs("private", found);
  if (propagation == MS_SLAVE && shared) return differs("slave", found);
  if (propagation == MS_SHARED && !shared) return differs("shared", found);
  return as_planned();
}

/// On top, or does another mount of the plan lie on it?
bool is_visible(const MountLine& line, const Evidence& e) {
  const auto stack = e.mounts.at(line.point);
  return !stack.empty() && stack.back() == &line;
}

/// Attributes of a clone are those of its submounts, too.
std::vector<const MountLine*> submounts(const MountLine& line, const Evidence& e) {
  std::vector<const MountLine*> found;
  for (const MountLine* each : e.mounts.below(line)) {
    if (planned_at(each->point, e) == 0 && e.places.around(each->point) == line.point) found.push_back(each);
  }
  return found;
}

std::string real_path(std::string_view path) {
  std::array<char, PATH_MAX> real{};
  return ::realpath(std::string(path).c_str(), real.data()) != nullptr ? std::string(real.data())
                                                                       : std::string(path);
}

bool same_option(std::string_view key, const std::string& wanted, const std::string& found) {
  constexpr int kOctal = 8;
  if (wanted == found) return true;
  if (key.ends_with("mode"))
    return std::strtoul(wanted.c_str(), nullptr, kOctal) == std::strtoul(found.c_str(), nullptr, kOctal);
  if (key == "size") {  // the kernel counts whole pages, and tells kibibytes
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t pages = (bytes_from(wanted).value_or(0) + page - 1) / page;
    return bytes_from(found).value_or(0) == pages * page;
  }
  constexpr std::pair<const char*, const char*> kHidePid[] = {
      {"0", "off"}, {"1", "noaccess"}, {"2", "invisible"}, {"4", "ptraceable"}};
  return std::ranges::any_of(kHidePid, [&](const auto& each) {
    return key == "hidepid" && (wanted == each.first || wanted == each.second) &&
           (found == each.first || found == each.second);
  });
}

Verdict check_option(std::string_view option, const MountLine& line, const Evidence& e) {
  const std::size_t equals = option.find('=');
  const std::string key(option.substr(0, equals));
  const std::string wanted(equals == std::string_view::npos ? "" : option.substr(equals + 1));
  if (key == "gid" || key == "uid") return as_planned();  // told as ids of the initial user namespace
  if (line.type == "tmpfs" && key == "mode") {            // told only where it is not the default
    if (!is_visible(line, e)) return unreadable("another mount covers it");
    const auto top = e.object(line.point);
    if (!top) return unreadable(fmt::format("{} cannot be opened from outside", quoted(line.point)));
    const std::string mode = fmt::format("{:04o}", top->mode & 07777U);
    return same_option(key, wanted, mode) ? as_planned() : differs(std::string(option), "mode=" + mode);
  }
  const std::string* found = line.super_option(key);
  const bool is_default = key == "hidepid" && (wanted == "0" || wanted == "off");
  if (found == nullptr) return is_default ? as_planned() : differs(std::string(option), "no " + key);
  return same_option(key, wanted, *found) ? as_planned()
                                          : differs(std::string(option), fmt::format("{}={}", key, *found));
}

/// The device of a mounted image has the pinned file behind it: loop(4).
Verdict check_loop_device(const MountLine& line, Pin pin, const Evidence& e) {
  const UniqueFd device(::open(line.source.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  loop_info64 info = {};
  if (!device || ::ioctl(device.get(), LOOP_GET_STATUS64, &info) < 0)
    return unreadable(fmt::format("{} cannot be asked for its file", quoted(line.source)));
  const Pinned& pinned = e.standing.pins[pin];
  struct stat file = {};
  const bool is_same =
      ::fstat(pinned.fd, &file) == 0 && info.lo_inode == file.st_ino && info.lo_device == file.st_dev;
  if (is_same) return as_planned();
  return differs(fmt::format("source {} behind {}", pin, line.source), "another file");
}

bool has_on_host(const std::string& path, const Evidence& e) {
  return std::ranges::any_of(e.host_mounts.all(),
                             [&path](const MountLine& line) { return line.point == path; });
}

Verdict check_pinned(const ZStr& path, Pin number, const Evidence& e) {
  const bool pinned = number < e.standing.pins.size() && e.standing.pins[number].inode != 0;
  if (!pinned) return differs("an open source", "none");
  struct stat there = {};
  if (::stat(path.c_str(), &there) < 0) return unreadable("it cannot be reached any more");
  const Pinned& pin = e.standing.pins[number];
  return there.st_dev == pin.device && there.st_ino == pin.inode
             ? as_planned()
             : differs(fmt::format("the object that is at {}", quoted(path.view())), "another one");
}

}  // namespace

Verdict check(const PinSource& s, const Evidence& e) { return check_pinned(s.path, s.pin, e); }

Verdict check(const MakeOutput& s, const Evidence& e) { return check_pinned(s.path, s.pin, e); }

Verdict check(const CloneTree& s, const Evidence& e) {
  Verdict verdict;
  const MountLine* line = find(s.slot, e, verdict);
  if (line == nullptr) return verdict;
  const bool sealed = e.places.is_sealed(line->point);
  verdict = worse(check_flags(*line, s.flags, false, sealed), check_spread(*line, s.propagation));
  for (const MountLine* each : submounts(*line, e))
    verdict = worse(verdict, check_flags(*each, s.flags, false, false));
  if (!is_visible(*line, e) || s.pin >= e.standing.pins.size()) return verdict;
  const auto there = e.object(line->point);
  if (!there)
    return worse(verdict, unreadable(fmt::format("{} cannot be opened from outside", quoted(line->point))));
  const Pinned& pinned = e.standing.pins[s.pin];
  if (there->device == pinned.device && there->inode == pinned.inode) return verdict;
  return worse(verdict, differs(fmt::format("{} at {}", quoted(s.path.view()), quoted(line->point)),
                                fmt::format("another object, {} of a {}", line->root, line->type)));
}

Verdict check(const MakeFilesystem& s, const Evidence& e) {
  Verdict verdict;
  const MountLine* line = find(s.slot, e, verdict);
  if (line == nullptr) return verdict;
  if (line->type != s.type.view())
    return differs(fmt::format("a {} at {}", s.type.view(), quoted(line->point)), "a " + line->type);
  verdict = check_flags(*line, s.flags, true, e.places.is_sealed(line->point));
  for (const ZStr option : s.options) verdict = worse(verdict, check_option(option.view(), *line, e));
  return verdict;
}

Verdict check(const CloneStaged& s, const Evidence& e) {
  Verdict verdict;
  const MountLine* line = find(s.slot, e, verdict);
  if (line == nullptr) return verdict;
  const std::string entry = "/" + std::string(s.name.view());
  if (line->type != "tmpfs" || line->root != entry) {
    return differs(fmt::format("{} of the stage at {}", s.name.view(), quoted(line->point)),
                   fmt::format("{} of a {}", line->root, line->type));
  }
  return check_flags(*line, s.flags, false, e.places.is_sealed(line->point));
}

Verdict check(const MakeOverlay& s, const Evidence& e) {
  Verdict verdict;
  const MountLine* line = find(s.slot, e, verdict);
  if (line == nullptr) return verdict;
  if (line->type != "overlay")
    return differs(fmt::format("an overlay at {}", quoted(line->point)), line->type);
  const bool has_upper = line->super_option("upperdir") != nullptr;
  const bool wants_upper = s.upper != kNone || s.stage != kNone;
  if (has_upper != wants_upper)
    return differs(wants_upper ? "an upper layer" : "no upper layer", has_upper ? "one" : "none");
  return worse(check_flags(*line, s.flags, true, e.places.is_sealed(line->point)),
               unreadable("the kernel tells its layers as descriptors that are closed by now"));
}

Verdict check(const MountImage& s, const Evidence& e) {
  Verdict verdict;
  const MountLine* line = find(s.slot, e, verdict);
  if (line == nullptr) return verdict;
  if (line->type != s.type.view())
    return differs(fmt::format("a {} at {}", s.type.view(), quoted(line->point)), "a " + line->type);
  verdict = check_flags(*line, s.flags, true, e.places.is_sealed(line->point));
  if (s.writable != (line->super_option("rw") != nullptr)) {
    verdict = worse(verdict, differs(s.writable ? "a writable file system" : "a read-only file system",
                                     s.writable ? "a read-only one" : "a writable one"));
  }
  return worse(verdict, check_loop_device(*line, s.pin, e));
}

Verdict check(const MountServed& s, const Evidence& e) {
  Verdict verdict;
  const MountLine* line = find(s.slot, e, verdict);
  if (line == nullptr) return verdict;
  const std::string type = fmt::format("fuse.{}", s.type.view());
  if (line->type != type)
    return differs(fmt::format("a {} at {}", type, quoted(line->point)), "a " + line->type);
  verdict = check_flags(*line, s.flags, true, e.places.is_sealed(line->point));
  for (const char* option : {"ro", "default_permissions", "allow_other"}) {
    if (line->super_option(option) == nullptr)
      verdict = worse(verdict, differs(option, fmt::format("no {}", option)));
  }
  return verdict;
}

Verdict check(const RunMounter&, const Evidence&) {
  return unreadable("it runs beside the sandbox; what it serves is seen where it is mounted");
}

Verdict check(const OpenLayer&, const Evidence&) {
  return unreadable("the kernel tells the layers of an overlay as descriptors that are closed by now");
}

Verdict check(const KeepMountsPrivate&, const Evidence& e) {
  for (const MountLine& line : e.mounts.all()) {
    const bool made = std::ranges::any_of(e.places.at(line.point),
                                          [&](Slot slot) { return e.places.filesystem(slot) != nullptr; });
    if (made && line.spread.find("shared:") != std::string::npos)
      return differs(fmt::format("{} is private", quoted(line.point)), line.spread);
  }
  return unreadable("it was about the old root, which is gone");
}

Verdict check(const AttachStage&, const Evidence&) {
  return unreadable("the stage went with the old root; what was taken from it is seen where it is attached");
}

Verdict check(const EnterRoot& s, const Evidence& e) {
  if (e.mounts.all().empty()) return unreadable(kNoTable);
  const auto stack = e.mounts.at("/");
  const std::size_t planned = planned_at("/", e);
  if (stack.size() != planned)
    return differs(fmt::format("{} mount at \"/\"", planned), fmt::format("{}", stack.size()));
  const MakeFilesystem* made = e.places.filesystem(s.slot);
  if (made != nullptr && stack.front()->type != made->type.view())
    return differs(fmt::format("a {} as root", made->type.view()), "a " + stack.front()->type);
  return as_planned();
}

Verdict check(const Attach& s, const Evidence& e) {
  if (e.mounts.all().empty()) return unreadable(kNoTable);
  const std::size_t found = e.mounts.at(s.path.view()).size();
  std::size_t planned = planned_at(s.path.view(), e);
  return found == planned ? as_planned()
                          : differs(fmt::format("{} mount(s) at {}", planned, quoted(s.path.view())),
                                    fmt::format("{}", found));
}

Verdict check(const Seal& s, const Evidence& e) {
  const auto stack = e.mounts.at(s.path.view());
  if (stack.empty()) return differs(fmt::format("a mount at {}", quoted(s.path.view())), "none");
  return check_flags(*stack.back(), {.set = MOUNT_ATTR_RDONLY}, false, true);
}

namespace {

/// What Hide makes itself: removed since (proc_pid_mountinfo(5)), and closed to all.
Verdict check_cover(const Hide& s, const MountLine& line, const Evidence& e) {
  if (line.type != "tmpfs" || !line.root.ends_with("//deleted"))
    return differs(fmt::format("a removed entry of a tmpfs at {}", quoted(line.point)),
                   fmt::format("{} of a {}", line.root, line.type));
  const auto found = e.object(line.point);
  if (!found) return unreadable(fmt::format("{} cannot be opened from outside", quoted(line.point)));
  const char* const wanted = s.directories ? "a directory, mode 0000" : "a file, mode 0000";
  if (S_ISDIR(found->mode) != s.directories || (found->mode & 07777U) != 0)
    return differs(wanted, fmt::format("mode {:o}", found->mode));
  return check_flags(line, s.flags, true, false);
}

}  // namespace

Verdict check(const Hide& s, const Evidence& e) {
  if (e.mounts.all().empty()) return unreadable(kNoTable);
  if (!e.root) return unreadable("the root of the program cannot be opened");
  const MountLine* first = nullptr;
  for (const ZStr path : s.paths) {
    const auto stack = e.mounts.at(path.view());
    if (stack.empty() && !e.object(path.view()) && errno == ENOENT) continue;
    if (stack.empty()) return differs(quoted(path.view()) + " is hidden", "it is not");
    const MountLine& line = *stack.back();
    if (first == nullptr) first = &line;
    // All are clones of the first; of that of a slot, the step that made it tells.
    if (line.device != first->device || line.root != first->root)
      return differs(fmt::format("{} of a {} at {}", first->root, first->type, quoted(path.view())),
                     fmt::format("{} of a {}", line.root, line.type));
    const Verdict verdict = s.slot == kNone ? check_cover(s, line, e)
                                            : check_flags(line, {.set = MOUNT_ATTR_RDONLY}, false, true);
    if (verdict.state != Verdict::State::ok) return verdict;
  }
  return as_planned();
}

Verdict check(const ReadOnlyView& s, const Evidence& e) {
  const auto stack = e.mounts.at(s.path.view());
  if (!stack.empty()) return check_flags(*stack.back(), {.set = MOUNT_ATTR_RDONLY}, false, true);
  if (!e.root) return unreadable("the root of the program cannot be opened");
  if (!e.object(s.path.view()) && errno == ENOENT) return as_planned();
  return differs(fmt::format("a read-only view of {}", quoted(s.path.view())), "no mount there");
}

std::vector<std::string> unplanned_mounts(const Evidence& e) {
  std::vector<std::string> unplanned;
  if (!e.places.has_own_root()) return unplanned;
  std::set<int> known;
  const auto know = [&known](const MountLine* line) { known.insert(line->id); };
  for (const Step& step : e.plan.steps) {
    if (const auto* attach = std::get_if<Attach>(&step.op))
      std::ranges::for_each(e.mounts.at(attach->path.view()), know);
    if (const auto* view = std::get_if<ReadOnlyView>(&step.op)) {
      for (const MountLine* line : e.mounts.at(view->path.view())) {
        know(line);
        std::ranges::for_each(e.mounts.below(*line), know);  // the view has the submounts
      }
    }
    if (const auto* hide = std::get_if<Hide>(&step.op)) {
      for (const ZStr path : hide->paths) std::ranges::for_each(e.mounts.at(path.view()), know);
    }
    const auto* clone = std::get_if<CloneTree>(&step.op);
    if (clone == nullptr || !clone->recursive) continue;
    Verdict verdict;
    const MountLine* line = find(clone->slot, e, verdict);
    if (line == nullptr) continue;
    const std::string source = real_path(clone->path.view());
    for (const MountLine* each : submounts(*line, e)) {
      const std::string rest = each->point.substr(line->point == "/" ? 0 : line->point.size());
      if (has_on_host(source == "/" ? rest : source + rest, e)) know(each);
    }
  }
  std::ranges::for_each(e.mounts.at("/"), know);
  for (const MountLine& line : e.mounts.all()) {
    if (known.contains(line.id)) continue;
    unplanned.push_back(fmt::format("{} of a {} at {}", line.root, line.type, quoted(line.point)));
  }
  return unplanned;
}

}  // namespace hutch
