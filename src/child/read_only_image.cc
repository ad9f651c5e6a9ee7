#include "child/read_only_image.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/prctl.h>

#include "child/same_text.h"
#include "child/sys.h"

namespace hutch {
namespace {

constexpr const char* kImage = "/proc/self/exe";

}  // namespace

long open_read_only_image(const char* path) noexcept {
  const long tree = sys::call(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) return tree;
  struct mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  const long set = sys::call(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
  if (set >= 0) return tree;
  sys::close(static_cast<int>(tree));
  return set;
}

void run_from_read_only_image(char** arguments, char** environment) noexcept {
  if (arguments[0] == nullptr || arguments[1] == nullptr) return;
  if (!same_text(arguments[1], "run") && !same_text(arguments[1], "enter")) return;
  std::size_t count = 0;
  for (; environment[count] != nullptr; ++count) {
    const char* const rest = rest_of(environment[count], kOwnPath);
    if (rest != nullptr && *rest == '=') return;  // it is done already, or somebody wants us to believe so
  }
  if (sys::call(SYS_faccessat2, AT_FDCWD, kImage, W_OK, AT_EACCESS) < 0) return;
  char own_path[PATH_MAX];
  std::size_t length = 0;
  for (const char* from = kOwnPath; *from != '\0'; ++from) own_path[length++] = *from;
  own_path[length++] = '=';
  const long path = sys::call(SYS_readlinkat, AT_FDCWD, kImage, own_path + length, sizeof own_path - length);
  if (path <= 0 || static_cast<std::size_t>(path) >= sizeof own_path - length) return;
  own_path[length + static_cast<std::size_t>(path)] = '\0';
  const long image = open_read_only_image(kImage);
  if (image < 0) return;
  auto** const with_path = static_cast<char**>(__builtin_alloca((count + 2) * sizeof(char*)));
  for (std::size_t i = 0; i < count; ++i) with_path[i] = environment[i];
  with_path[count] = own_path;
  with_path[count + 1] = nullptr;
  sys::call(SYS_execveat, image, "", arguments, with_path, AT_EMPTY_PATH);
  sys::close(static_cast<int>(image));
}

}  // namespace hutch
