#include "child/mounts.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <sys/stat.h>

#include "child/clone_tree.h"
#include "child/files.h"
#include "child/paths.h"
#include "child/places.h"
#include "child/steps.h"

namespace hutch {
namespace {

constexpr unsigned kDetach = 2;  // MNT_DETACH of umount2(2); <sys/mount.h> and <linux/mount.h> do not mix

/// Is what we opened the very object that the caller could reach before clone?
Outcome check_pin(int fd, Call opened_by, Pin pin, const ChildContext& context) noexcept {
  struct stat found = {};
  if (const long rc = sys::call(SYS_fstat, fd, &found); rc < 0) return check(Call::fstat, rc);
  if (pin >= context.pins.size()) return failed(opened_by, EBADF);
  const Pinned& pinned = context.pins[pin];
  if (found.st_dev != pinned.device || found.st_ino != pinned.inode) return failed(opened_by, ESTALE);
  return {};
}

/// Did set-up make its file system?
bool is_made(Slot slot, const ChildContext& context) noexcept {
  return slot < context.made.size() && context.made[slot] != 0;
}

/// Places has the descriptor of any other.
void forget_unless_made(Slot slot, const ChildContext& context) noexcept {
  if (!is_made(slot, context)) context.slots[slot] = -1;
}

Outcome move_tree(int tree, int to_directory, const char* to, unsigned flags) noexcept {
  return check(Call::move_mount,
               sys::call(SYS_move_mount, tree, "", to_directory, to, MOVE_MOUNT_F_EMPTY_PATH | flags));
}

}  // namespace

mount_attr attributes_of(MountFlags flags, std::uint64_t propagation) noexcept {
  struct mount_attr attributes = {};
  attributes.attr_set = flags.set;
  attributes.attr_clr = flags.clear;
  attributes.propagation = propagation;
  return attributes;
}

Outcome set_attributes(int tree, bool recursive, MountFlags flags, std::uint64_t propagation) noexcept {
  if (flags.set == 0 && flags.clear == 0 && propagation == 0) return {};
  const mount_attr attributes = attributes_of(flags, propagation);
  const unsigned how = static_cast<unsigned>(AT_EMPTY_PATH) | (recursive ? unsigned{AT_RECURSIVE} : 0U);
  return check(Call::mount_setattr,
               sys::call(SYS_mount_setattr, tree, "", how, &attributes, sizeof attributes));
}

Outcome run(const CloneTree& s, const ChildContext& context) noexcept {
  // By path: the kernel refuses to clone through a descriptor of another mount namespace, and the pin is the
  // parent's. Detached still: the mount becomes visible only once its attributes are right.
  Fd tree(-EBADF);
  const Outcome cloned = clone_tree(AT_FDCWD, s.path.c_str(), s.recursive ? unsigned{AT_RECURSIVE} : 0U,
                                    attributes_of(s.flags, s.propagation), tree);
  if (!tree.ok()) return cloned;
  if (const Outcome same = check_pin(tree.get(), Call::open_tree, s.pin, context); !same.ok()) return same;
  if (cloned.ok()) context.slots[s.slot] = tree.release();
  return cloned;
}

Outcome run(const OpenLayer& s, const ChildContext& context) noexcept {
  Fd layer(sys::open_at(AT_FDCWD, s.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!layer.ok()) return failed(Call::open, layer.error());
  const Outcome same = check_pin(layer.get(), Call::open, s.pin, context);
  if (same.ok()) context.slots[s.slot] = layer.release();
  return same;
}

Outcome run(const KeepMountsPrivate&, const ChildContext&) noexcept {
  return check(Call::mount, sys::call(SYS_mount, nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
}

Fd open_filesystem(const char* type) noexcept { return Fd(sys::call(SYS_fsopen, type, FSOPEN_CLOEXEC)); }

Outcome set_option(int context, const char* key, const char* value) noexcept {
  const unsigned command = value == nullptr ? unsigned{FSCONFIG_SET_FLAG} : unsigned{FSCONFIG_SET_STRING};
  return check(Call::fsconfig, sys::call(SYS_fsconfig, context, command, key, value, 0));
}

Outcome finish_filesystem(int context, MountFlags flags, int& slot) noexcept {
  const long made = sys::call(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  if (made < 0) return check(Call::fsconfig, made);
  const long tree = sys::call(SYS_fsmount, context, FSMOUNT_CLOEXEC, flags.set);
  if (tree >= 0) slot = static_cast<int>(tree);
  return check(Call::fsmount, tree);
}

void remember_made(const ChildContext& context, Slot slot) noexcept {
  if (slot < context.made.size()) context.made[slot] = kUnasked;
}

Outcome set_options(int context, Borrowed<ZStr> options) noexcept {
  std::uint32_t number = 0;
  for (const ZStr option : options) {
    ++number;
    char key[256];
    const std::size_t equals = option.view().find('=');
    const bool is_flag = equals == std::string_view::npos;
    const std::size_t length = is_flag ? option.size() : equals;
    if (length >= sizeof key) return failed(Call::fsconfig, E2BIG, number);
    for (std::size_t i = 0; i < length; ++i) key[i] = option.c_str()[i];
    key[length] = '\0';
    Outcome set = set_option(context, key, is_flag ? nullptr : option.c_str() + equals + 1);
    set.detail = number;
    if (!set.ok()) return set;
  }
  return {};
}

Outcome run(const MakeFilesystem& s, const ChildContext& context) noexcept {
  const Fd made = open_filesystem(s.type.c_str());
  if (!made.ok()) return failed(Call::fsopen, made.error());
  if (const Outcome set = set_options(made.get(), s.options); !set.ok()) return set;
  const Outcome done = finish_filesystem(made.get(), s.flags, context.slots[s.slot]);
  if (done.ok()) remember_made(context, s.slot);
  return done;
}

Outcome run(const EnterRoot& s, const ChildContext& context) noexcept {
  const int tree = in_slot(context, s.slot);
  // Then it ends with the old root, and takes no wait for all processors of its own.
  if (context.image_is_nowhere) move_tree(context.init_image, AT_FDCWD, "/dev/null", 0);
  if (const Outcome moved = move_tree(tree, AT_FDCWD, "/", 0); !moved.ok()) return moved;
  if (const Outcome there = check(Call::fchdir, sys::call(SYS_fchdir, tree)); !there.ok()) return there;
  // pivot_root(".", ".") stacks the old root on the new one; detaching "." peels it off.
  if (const Outcome swapped = check(Call::pivot_root, sys::call(SYS_pivot_root, ".", ".")); !swapped.ok()) {
    return swapped;
  }
  if (const Outcome gone = check(Call::umount2, sys::call(SYS_umount2, ".", kDetach)); !gone.ok())
    return gone;
  context.places->forget();
  context.places->entered(tree, is_made(s.slot, context));
  forget_unless_made(s.slot, context);
  return check(Call::chdir, sys::call(SYS_chdir, "/"));
}

namespace {

/// Where something shall be mounted: the directory and a name in it, or the place itself and "".
struct Target {
  Fd opened{-EBADF};
  int directory = -1;
  const char* name = "";
  Outcome outcome;
};

/// Every link of `path` has been followed by the plan: none may stand there now.
Target walk_to_target(ZStr path, const ChildContext& context) noexcept {
  Target target;
  Places& places = *context.places;
  if (places.knows_parent_of(path.view())) {
    const Places::Parent parent = places.parent_of(path.view(), context);
    target.directory = parent.directory;
    target.name = parent.name;
    // What we made ourselves is still what we made: no walk.
    if (parent.outcome.ok() && parent.ours) return target;
  }
  const long root = places.root();
  if (root < 0) {
    target.outcome = check(Call::open, root);
    return target;
  }
  target.opened = walk_resolved(static_cast<int>(root), path.c_str());
  target.directory = target.opened.ok() ? target.opened.get() : -1;
  target.name = "";
  if (!target.opened.ok()) target.outcome = walk_failed(static_cast<int>(root), path.view(), target.opened);
  return target;
}

unsigned to_target(const Target& target) noexcept {
  return target.name[0] == '\0' ? unsigned{MOVE_MOUNT_T_EMPTY_PATH} : 0U;
}

long kind_of(const Target& target) noexcept {
  struct stat found = {};
  const long rc =
      sys::call(SYS_newfstatat, target.directory, target.name, &found, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  return rc < 0 ? rc : static_cast<long>(found.st_mode & S_IFMT);
}

}  // namespace

Outcome run(const Attach& s, const ChildContext& context) noexcept {
  const Target target = walk_to_target(s.path, context);
  if (!target.outcome.ok()) return target.outcome;
  const int tree = in_slot(context, s.slot);
  const Outcome moved = move_tree(tree, target.directory, target.name, to_target(target));
  if (moved.error == EINVAL) {
    // The kernel says EINVAL for a directory on a file, too; two words tell more.
    const bool is_directory = kind_of(tree) == S_IFDIR;
    const long there = kind_of(target);
    if (there == S_IFLNK) return failed(Call::move_mount, ESTALE);
    if (is_directory != (there == S_IFDIR)) {
      return failed(Call::move_mount, is_directory ? ENOTDIR : EISDIR);
    }
  }
  if (!moved.ok()) return moved;
  context.places->covered(s.path.view());
  context.places->attached(s.path.view(), tree, is_made(s.slot, context));
  forget_unless_made(s.slot, context);
  return moved;
}

Outcome run(const Seal& s, const ChildContext& context) noexcept {
  return set_attributes(in_slot(context, s.slot), false, {.set = MOUNT_ATTR_RDONLY}, 0);
}

namespace {

/// As walk_to_target, for one of several in the same directory.
Target walk_to_sibling(ZStr path, const ChildContext& context) noexcept {
  context.places->parent_of(path.view(), context);
  return walk_to_target(path, context);
}

}  // namespace

Outcome run(const ReadOnlyView& s, const ChildContext& context) noexcept {
  const Target target = walk_to_sibling(s.path, context);
  if (target.outcome.error == ENOENT) return {};
  if (!target.outcome.ok()) return target.outcome;
  const unsigned where =
      target.name[0] == '\0' ? static_cast<unsigned>(AT_EMPTY_PATH) : unsigned{AT_SYMLINK_NOFOLLOW};
  Fd view(-EBADF);
  const Outcome cloned = clone_tree(target.directory, target.name, where | unsigned{AT_RECURSIVE},
                                    attributes_of({.set = MOUNT_ATTR_RDONLY}, 0), view);
  if (cloned.error == ENOENT) return {};
  if (!cloned.ok()) return cloned;
  context.places->covered(s.path.view());
  const Outcome moved = move_tree(view.get(), target.directory, target.name, to_target(target));
  context.places->attached(s.path.view(), view.release(), false);
  return moved;
}

namespace {

constexpr const char* kCoverName = ".hutch-cover";

/// What nobody can look at, in the new root, as a tree. It stays there until it is attached: what has been
/// removed is not mounted anywhere any more.
Outcome make_cover(int root, const Hide& s, Fd& tree) noexcept {
  const Outcome made =
      s.directories ? make_directory(root, kCoverName, 0) : make_file(root, kCoverName, 0, {});
  return made.ok() ? clone_tree(root, kCoverName, AT_SYMLINK_NOFOLLOW, attributes_of(s.flags, 0), tree)
                   : made;
}

Outcome remove_cover(int root, const Hide& s) noexcept {
  return check(Call::unlinkat, sys::call(SYS_unlinkat, root, kCoverName, s.directories ? AT_REMOVEDIR : 0));
}

/// ENOENT of an attempt to cover says that the place is missing, or that the cover is not to be mounted
/// anywhere: what is there has to be hidden.
Outcome check_missing(const Target& target) noexcept {
  const long there = kind_of(target);
  if (there == -ENOENT) return {};
  return there < 0 ? check(Call::fstat, there) : failed(Call::move_mount, ENOENT);
}

/// The first of the paths that exist gets the cover itself, and the others clones of it, since before Linux
/// 6.15 only what is attached may be cloned. A clone that is left, because the last of them do not exist,
/// costs its end.
Outcome cover_all(int cover, Borrowed<ZStr> paths, const ChildContext& context) noexcept {
  bool is_attached = false;
  Fd clone(-EBADF);
  std::uint32_t number = 0;
  std::uint32_t known = 0;  // up to here it is clear what is missing
  for (const ZStr path : paths) {
    ++number;
    const Target target = walk_to_sibling(path, context);
    if (target.outcome.error == ENOENT) continue;
    if (!target.outcome.ok()) return failed(target.outcome.call, target.outcome.error, number);
    if (is_attached && !clone.ok()) {
      constexpr unsigned kHow = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | static_cast<unsigned>(AT_EMPTY_PATH);
      clone = Fd(sys::call(SYS_open_tree, cover, "", kHow));
      if (!clone.ok()) return failed(Call::open_tree, clone.error(), number);
    }
    const int tree = is_attached ? clone.get() : cover;
    Outcome moved = move_tree(tree, target.directory, target.name, to_target(target));
    if (moved.error == ENOENT) continue;
    moved.detail = number;
    if (!moved.ok()) return moved;
    // This very tree could be mounted all the time.
    known = number;
    context.places->covered(path.view());
    if (is_attached) context.places->attached(path.view(), clone.release(), false);
    is_attached = true;
  }
  number = 0;
  for (const ZStr path : paths) {
    if (++number <= known) continue;
    const Target target = walk_to_sibling(path, context);
    if (target.outcome.error == ENOENT) continue;
    Outcome missing = target.outcome.ok() ? check_missing(target) : target.outcome;
    missing.detail = number;
    if (!missing.ok()) return missing;
  }
  return {};
}

}  // namespace

Outcome run(const Hide& s, const ChildContext& context) noexcept {
  if (s.slot != kNone) {
    const Outcome covered = cover_all(in_slot(context, s.slot), s.paths, context);
    close_slot(context, s.slot);
    return covered;
  }
  const long root = context.places->root();
  if (root < 0) return check(Call::open, root);
  Fd cover(-EBADF);
  Outcome hidden = make_cover(static_cast<int>(root), s, cover);
  if (hidden.ok()) hidden = cover_all(cover.get(), s.paths, context);
  return hidden.ok() ? remove_cover(static_cast<int>(root), s) : hidden;
}

}  // namespace hutch
