#include "child/files.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>

#include "child/mounts.h"
#include "child/paths.h"
#include "child/places.h"
#include "child/steps.h"

namespace hutch {
namespace {

constexpr mode_t kSetIds = S_ISUID | S_ISGID;  // mkdir(2) ignores them, write(2) clears them

Outcome set_ids(int parent, const char* name, mode_t mode) noexcept {
  if ((mode & kSetIds) == 0) return {};
  return check(Call::fchmod, sys::call(SYS_fchmodat, parent, name, mode));
}

/// Something is there already. The right kind, links followed?
Outcome accept_existing(Places& places, ZStr path, bool directory) noexcept {
  const int root = static_cast<int>(places.root());
  const Fd there = walk_in_root(root, path.c_str());
  if (!there.ok()) return walk_failed(root, path.view(), there);
  const long kind = kind_of(there.get());
  if (kind < 0) return check(Call::fstat, kind);
  if (directory == (kind == S_IFDIR)) return {};
  return directory ? failed(Call::mkdirat, ENOTDIR) : failed(Call::open, EISDIR);
}

/// May something be made there? What the host has serves (EEXIST), and what it lacks is not made (ESTALE):
/// the path led elsewhere when the plan was made.
Outcome check_place(const Places::Parent& parent, Call call) noexcept {
  if (parent.ours) return {};
  struct stat found = {};
  const long rc = sys::call(SYS_newfstatat, parent.directory, parent.name, &found, AT_SYMLINK_NOFOLLOW);
  return failed(call, rc == 0 ? EEXIST : ESTALE);
}

}  // namespace

Outcome write_all(int fd, const char* bytes, std::size_t count) noexcept {
  while (count > 0) {
    const long wrote = sys::call(SYS_write, fd, bytes, count);
    if (wrote == -EINTR) continue;
    if (wrote < 0) return check(Call::write, wrote);
    if (wrote == 0) return failed(Call::write, EIO);
    bytes += wrote;
    count -= static_cast<std::size_t>(wrote);
  }
  return {};
}

Outcome make_directory(int parent, const char* name, mode_t mode) noexcept {
  const Outcome made = check(Call::mkdirat, sys::call(SYS_mkdirat, parent, name, mode));
  return made.ok() ? set_ids(parent, name, mode) : made;
}

Outcome make_file(int parent, const char* name, mode_t mode, ZStr content) noexcept {
  // A place to mount on, as nearly all are.
  if (content.empty() && sys::call(SYS_mknodat, parent, name, S_IFREG | mode, 0) >= 0)
    return set_ids(parent, name, mode);
  const Fd file(sys::open_at(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file.ok()) return failed(Call::open, file.error());
  const Outcome written = write_all(file.get(), content.c_str(), content.size());
  return written.ok() ? set_ids(parent, name, mode) : written;
}

Outcome run(const WriteFile& s, const ChildContext&) noexcept {
  const Fd file(sys::open_at(AT_FDCWD, s.path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC));
  if (!file.ok()) return failed(Call::open, file.error());
  // In one piece: the files of procfs take each write as a whole.
  const long wrote = sys::call(SYS_write, file.get(), s.content.c_str(), s.content.size());
  if (wrote >= 0 && static_cast<std::size_t>(wrote) != s.content.size()) return failed(Call::write, EIO);
  return check(Call::write, wrote);
}

Outcome run(const MakeDir& s, const ChildContext& context) noexcept {
  const Places::Parent parent = context.places->parent_of(s.path.view(), context);
  if (!parent.outcome.ok()) return parent.outcome;
  Outcome made = check_place(parent, Call::mkdirat);
  if (made.ok()) made = make_directory(parent.directory, parent.name, s.mode);
  // On a read-only file system the kernel may say EROFS before it looks.
  if (made.error == EEXIST || made.error == EROFS) {
    const Outcome there = accept_existing(*context.places, s.path, true);
    return made.error == EROFS && !there.ok() ? made : there;
  }
  return made;
}

/// Apart, since few need so much of a stack, and each page of it costs.
[[gnu::noinline]] static bool leads_to(const Places::Parent& link, ZStr wanted) noexcept {
  char target[PATH_MAX];
  const long length = sys::call(SYS_readlinkat, link.directory, link.name, target, sizeof target);
  return length >= 0 && wanted.view() == std::string_view(target, static_cast<std::size_t>(length));
}

Outcome run(const MakeSymlink& s, const ChildContext& context) noexcept {
  const Places::Parent parent = context.places->parent_of(s.path.view(), context);
  if (!parent.outcome.ok()) return parent.outcome;
  Outcome made = check_place(parent, Call::symlinkat);
  if (made.ok()) {
    made = check(Call::symlinkat, sys::call(SYS_symlinkat, s.to.c_str(), parent.directory, parent.name));
  }
  return made.error == EEXIST && leads_to(parent, s.to) ? Outcome{} : made;
}

Outcome run(const MakeFile& s, const ChildContext& context) noexcept {
  const Places::Parent parent = context.places->parent_of(s.path.view(), context);
  if (!parent.outcome.ok()) return parent.outcome;
  Outcome made = check_place(parent, Call::open);
  if (made.ok()) made = make_file(parent.directory, parent.name, s.mode, s.content);
  // An empty one is a place to mount on: whatever is there serves.
  if (made.error == EEXIST && s.content.empty()) return accept_existing(*context.places, s.path, false);
  return made;
}

Outcome run(const ChangeDir& s, const ChildContext& context) noexcept {
  if (s.path.view() == "/") return check(Call::chdir, sys::call(SYS_chdir, s.path.c_str()));
  const long root = context.places->root();
  if (root < 0) return check(Call::open, root);
  const Fd there = walk_in_root(static_cast<int>(root), s.path.c_str());
  if (!there.ok()) return walk_failed(static_cast<int>(root), s.path.view(), there);
  return check(Call::fchdir, sys::call(SYS_fchdir, there.get()));
}

}  // namespace hutch
