#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>

#include "child/clone_tree.h"
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
  Fd tree(-EBADF);
  const Outcome cloned = clone_tree(in_slot(context, s.stage), s.name.c_str(), AT_SYMLINK_NOFOLLOW,
                                    attributes_of(s.flags, 0), tree);
  if (cloned.ok()) context.slots[s.slot] = tree.release();
  return cloned;
}

}  // namespace hutch
