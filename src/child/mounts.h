#pragma once

#include <linux/mount.h>

#include "child/sys.h"
#include "plan/step.h"

/// Pieces of the new mount API that several steps share: open_tree(2), fsopen(2), mount_setattr(2),
/// move_mount(2).

namespace hutch {

/// mount_setattr on what `tree` refers to; nothing to do is no call.
Outcome set_attributes(int tree, bool recursive, MountFlags flags, std::uint64_t propagation) noexcept;

mount_attr attributes_of(MountFlags flags, std::uint64_t propagation) noexcept;

/// A file system context of fsopen(2), for one new file system.
Fd open_filesystem(const char* type) noexcept;
/// "key=value" or "key". `detail` of the outcome stays 0.
Outcome set_option(int context, const char* key, const char* value) noexcept;
/// All of them; `detail` is the number of the one that was refused.
Outcome set_options(int context, Borrowed<ZStr> options) noexcept;
/// FSCONFIG_CMD_CREATE, then fsmount with these flags, into the slot.
Outcome finish_filesystem(int context, MountFlags flags, int& slot) noexcept;

/// Notes that the file system in this slot is one of ours: things may be made in it.
void remember_made(const ChildContext& context, Slot slot) noexcept;

/// The descriptor in a slot; EBADF comes from the kernel when nothing was put there.
inline int in_slot(const ChildContext& context, Slot slot) noexcept {
  return slot < context.slots.size() ? context.slots[slot] : -1;
}
inline void close_slot(const ChildContext& context, Slot slot) noexcept {
  sys::close(in_slot(context, slot));
  context.slots[slot] = -1;
}

}  // namespace hutch
