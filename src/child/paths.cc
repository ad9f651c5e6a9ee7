#include "child/paths.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace hutch {
namespace {

constexpr int kMostLinks = 40;       // as the kernel: path_resolution(7)
constexpr int kMostRaces = 128;      // EAGAIN: something was renamed while the kernel looked
constexpr ino_t kProcRootInode = 1;  // PROC_ROOT_INO

long stat_of(int fd, struct stat& found) noexcept { return sys::call(SYS_fstat, fd, &found); }

/// The links of /proc that lead to objects instead of paths: exe, cwd, root, fd/*, ns/*, map_files/*.
/// Real ones ("mounts", "net", "self") live in its top directory or know their own length.
bool is_magic(int directory, const struct stat& link, long length) noexcept {
  struct statfs where = {};
  struct stat parent = {};
  if (sys::call(SYS_fstatfs, directory, &where) < 0 || stat_of(directory, parent) < 0) return true;
  if (where.f_type != PROC_SUPER_MAGIC || parent.st_ino == kProcRootInode) return false;
  return (link.st_mode & 0777) != 0777 || link.st_size != length;
}

/// A path in two halves: what is walked already, without links, and what is left to do.
class Walk {
 public:
  explicit Walk(int root) noexcept : root_(root) {}

  Fd run(const char* path) noexcept {
    if (const long put = prepend(path); put < 0) return Fd(put);
    if (sizeof left_ - left_at_ > PATH_MAX) return Fd(-ENAMETOOLONG);
    Fd here(reopen());
    while (here.ok()) {
      const std::string_view part = next_component();
      if (part.empty()) return finish(static_cast<Fd&&>(here));
      if (part == ".") {
        if (const int error = not_a_directory(here.get())) return Fd(-error);
        continue;
      }
      if (part == "..") {
        if (const int error = not_a_directory(here.get())) return Fd(-error);
        drop_last();
        here = Fd(reopen());
        continue;
      }
      here = step(static_cast<Fd&&>(here), part);
    }
    return here;
  }

 private:
  static int not_a_directory(int fd) noexcept {
    struct stat found = {};
    if (const long rc = stat_of(fd, found); rc < 0) return static_cast<int>(-rc);
    return S_ISDIR(found.st_mode) ? 0 : ENOTDIR;
  }

  Fd finish(Fd&& here) const noexcept {
    if (wants_directory_) {
      if (const int error = not_a_directory(here.get())) return Fd(-error);
    }
    return static_cast<Fd&&>(here);
  }

  /// One component that is neither "." nor "..": into it, or its link is put before what is left.
  Fd step(Fd&& here, std::string_view part) noexcept {
    char name[NAME_MAX + 1];
    if (part.size() > NAME_MAX) return Fd(-ENAMETOOLONG);
    copy(name, part);
    Fd next(sys::open_at(here.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next.ok()) return next;
    struct stat found = {};
    if (const long rc = stat_of(next.get(), found); rc < 0) return Fd(rc);
    if (!S_ISLNK(found.st_mode)) {
      if (const long rc = append(part); rc < 0) return Fd(rc);
      return next;
    }
    return follow(static_cast<Fd&&>(here), next.get(), found);
  }

  Fd follow(Fd&& here, int link, const struct stat& found) noexcept {
    if (++links_ > kMostLinks) return Fd(-ELOOP);
    char target[PATH_MAX];
    const long length = sys::call(SYS_readlinkat, link, "", target, sizeof target - 1);
    if (length < 0) return Fd(length);
    if (length == sizeof target - 1) return Fd(-ENAMETOOLONG);
    if (is_magic(here.get(), found, length)) return Fd(-ELOOP);
    target[length] = '\0';
    if (length == 0) return Fd(-ENOENT);
    const bool absolute = target[0] == '/';
    if (const long rc = prepend(target); rc < 0) return Fd(rc);
    if (!absolute) return static_cast<Fd&&>(here);
    done_length_ = 0;
    return Fd(reopen());
  }

  /// Opens what is walked already, from the root down. Never through "..": a directory that somebody moves
  /// away meanwhile cannot take us along.
  long reopen() noexcept {
    Fd here(sys::open_at(root_, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    std::size_t at = 0;
    while (here.ok() && at < done_length_) {
      std::size_t end = ++at;  // over the "/"
      while (end < done_length_ && done_[end] != '/') ++end;
      char name[NAME_MAX + 1];
      copy(name, {done_ + at, end - at});
      here = Fd(sys::open_at(here.get(), name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC));
      at = end;
    }
    return here.ok() ? here.release() : -here.error();
  }

  static void copy(char* to, std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) to[i] = text[i];
    to[text.size()] = '\0';
  }

  /// Puts a path before what is left to do.
  long prepend(const char* path) noexcept {
    std::size_t length = 0;
    while (path[length] != '\0') ++length;
    if (length == 0) return -ENOENT;
    const std::size_t rest = sizeof left_ - left_at_;
    if (length + 1 + rest > sizeof left_) return -ENAMETOOLONG;
    if (rest == 0) wants_directory_ = wants_directory_ || path[length - 1] == '/';
    left_[--left_at_] = '/';
    left_at_ -= length;
    for (std::size_t i = 0; i < length; ++i) left_[left_at_ + i] = path[i];
    return 0;
  }

  std::string_view next_component() noexcept {
    while (left_at_ < sizeof left_ && left_[left_at_] == '/') ++left_at_;
    const std::size_t begin = left_at_;
    while (left_at_ < sizeof left_ && left_[left_at_] != '/') ++left_at_;
    const std::string_view part{left_ + begin, left_at_ - begin};
    while (left_at_ < sizeof left_ && left_[left_at_] == '/') ++left_at_;
    return part;
  }

  long append(std::string_view part) noexcept {
    if (done_length_ + 1 + part.size() > sizeof done_) return -ENAMETOOLONG;
    done_[done_length_++] = '/';
    for (const char byte : part) done_[done_length_++] = byte;
    return 0;
  }
  void drop_last() noexcept {
    while (done_length_ > 0 && done_[done_length_ - 1] != '/') --done_length_;
    if (done_length_ > 0) --done_length_;
  }

  int root_;
  int links_ = 0;
  bool wants_directory_ = false;
  char done_[PATH_MAX];
  std::size_t done_length_ = 0;
  char left_[2 * PATH_MAX];
  std::size_t left_at_ = sizeof left_;
};

}  // namespace

namespace {

Fd walk_with(std::uint64_t resolve, int root, const char* path) noexcept {
  struct open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = resolve;
  long result = -EAGAIN;
  for (int tries = 0; result == -EAGAIN && tries < kMostRaces; ++tries) {
    result = sys::call(SYS_openat2, root, path, &how, sizeof how);
  }
  return Fd(result);
}

bool is_refused(const Fd& walked) noexcept { return walked.error() == ENOSYS || walked.error() == EPERM; }

}  // namespace

Fd walk_with_openat2(int root, const char* path) noexcept {
  return walk_with(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, root, path);
}

Fd walk_resolved_by_hand(int root, const char* path) noexcept {
  Fd here(sys::open_at(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  while (here.ok()) {
    while (*path == '/') ++path;
    if (*path == '\0') return here;
    char name[NAME_MAX + 1];
    std::size_t length = 0;
    for (; *path != '/' && *path != '\0'; ++path) {
      if (length == NAME_MAX) return Fd(-ENAMETOOLONG);
      name[length++] = *path;
    }
    name[length] = '\0';
    if (std::string_view(name) == "..") return Fd(-ESTALE);
    here = Fd(sys::open_at(here.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (here.ok() && kind_of(here.get()) == S_IFLNK) return Fd(-ESTALE);
  }
  return here;
}

Fd walk_resolved(int root, const char* path) noexcept {
  Fd walked = walk_with(RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS, root, path);
  if (is_refused(walked)) return walk_resolved_by_hand(root, path);
  return walked.error() == ELOOP ? Fd(-ESTALE) : static_cast<Fd&&>(walked);
}

Fd walk_by_hand(int root, const char* path) noexcept {
  Walk walk(root);
  return walk.run(path);
}

Fd walk_in_root(int root, const char* path) noexcept {
  Fd walked = walk_with_openat2(root, path);
  if (is_refused(walked)) return walk_by_hand(root, path);
  return walked;
}

Fd open_root() noexcept { return Fd(sys::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC)); }

std::uint32_t failing_prefix(int root, std::string_view path) noexcept {
  char prefix[PATH_MAX];
  if (path.size() >= sizeof prefix) return 0;
  for (std::size_t i = 0; i < path.size(); ++i) prefix[i] = path[i];
  for (std::size_t end = 1; end <= path.size(); ++end) {
    if (end < path.size() && path[end] != '/') continue;
    prefix[end] = '\0';
    if (!walk_in_root(root, prefix).ok()) return static_cast<std::uint32_t>(end);
    if (end < path.size()) prefix[end] = '/';
  }
  return 0;
}

Outcome walk_failed(int root, std::string_view path, const Fd& walked) noexcept {
  return failed(Call::openat2, walked.error(), failing_prefix(root, path));
}

long kind_of(int fd) noexcept {
  struct stat found = {};
  const long rc = stat_of(fd, found);
  return rc < 0 ? rc : static_cast<long>(found.st_mode & S_IFMT);
}

}  // namespace hutch
