#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>

#include "child/files.h"
#include "child/mounts.h"
#include "child/steps.h"

/// The stage: a small tmpfs that holds what we make ourselves, and that goes away with the old root.

namespace hutch {

Outcome run(const AttachStage& s, const ChildContext& context) noexcept {
  // The slot stays open: only an attached tree may be cloned from.
  return check(Call::move_mount, sys::call(SYS_move_mount, in_slot(context, s.slot), "", AT_FDCWD,
                                           s.path.c_str(), MOVE_MOUNT_F_EMPTY_PATH));
}

Outcome run(const StageEntry& s, const ChildContext& context) noexcept {
  const int stage = in_slot(context, s.stage);
  if (s.directory) return make_directory(stage, s.name.c_str(), s.mode);
  return make_file(stage, s.name.c_str(), s.mode, s.content);
}

Outcome run(const CloneStaged& s, const ChildContext& context) noexcept {
  Fd tree(sys::call(SYS_open_tree, in_slot(context, s.stage), s.name.c_str(),
                    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | unsigned{AT_SYMLINK_NOFOLLOW}));
  if (!tree.ok()) return failed(Call::open_tree, tree.error());
  const Outcome set = set_attributes(tree.get(), false, s.flags, 0);
  if (set.ok()) context.slots[s.slot] = tree.release();
  return set;
}

}  // namespace hutch
