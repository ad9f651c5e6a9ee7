#include "child/clone_tree.h"

#include <fcntl.h>

namespace hutch {
namespace {

constexpr long kOpenTreeAttr = 467;  // open_tree_attr(2), everywhere the same

}  // namespace

Outcome clone_tree(int directory, const char* path, unsigned how, const mount_attr& attributes,
                   Fd& tree) noexcept {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | how;
  tree = Fd(sys::call(kOpenTreeAttr, directory, path, flags, &attributes, sizeof attributes));
  if (tree.ok()) return {};
  if (tree.error() == ENOENT) return failed(Call::open_tree, ENOENT);
  // Before Linux 6.15, or to see which of the two fails.
  tree = Fd(sys::call(SYS_open_tree, directory, path, flags));
  if (!tree.ok()) return failed(Call::open_tree, tree.error());
  const unsigned set = static_cast<unsigned>(AT_EMPTY_PATH) | (how & unsigned{AT_RECURSIVE});
  return check(Call::mount_setattr,
               sys::call(SYS_mount_setattr, tree.get(), "", set, &attributes, sizeof attributes));
}

}  // namespace hutch
