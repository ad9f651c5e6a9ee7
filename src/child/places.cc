#include "child/places.h"

#include <sys/stat.h>

#include "child/paths.h"

namespace hutch {
namespace {

/// "/a/b" -> "/a"; "/b" -> "/". Empty where there is none.
std::string_view directory_of(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash + 1 == path.size()) return {};
  return {path.begin(), path.begin() + (slash == 0 ? 1 : slash)};
}

constexpr std::size_t kUsualPath = 256;

Fd walk_copy(int root, std::string_view path, char* room) noexcept {
  for (std::size_t i = 0; i < path.size(); ++i) room[i] = path[i];
  room[path.size()] = '\0';
  return walk_in_root(root, room);
}

/// Apart, since few need so much of a stack, and each page of it costs.
[[gnu::noinline]] Fd walk_long(int root, std::string_view path) noexcept {
  char room[PATH_MAX];
  return walk_copy(root, path, room);
}

}  // namespace

long Places::root() noexcept {
  if (root_.fd < 0) {
    Fd root = open_root();
    if (!root.ok()) return -root.error();
    root_.open(static_cast<Fd&&>(root), "/");
  }
  return root_.fd;
}

Outcome Places::judge(Directory& directory, const ChildContext& context) noexcept {
  struct stat found = {};
  const long rc = sys::call(SYS_fstat, directory.fd, &found);
  for (std::size_t slot = 0; slot < context.made.size(); ++slot) {
    std::uint64_t& device = context.made[slot];
    if (device == kUnasked) {
      struct stat made = {};
      if (const long asked = sys::call(SYS_fstat, context.slots[slot], &made); asked < 0)
        return check(Call::fstat, asked);
      device = made.st_dev;
    }
    directory.ours |= device != 0 && device == found.st_dev;
  }
  return check(Call::fstat, rc);
}

bool Places::knows_parent_of(std::string_view path) const noexcept {
  const std::string_view directory = directory_of(path);
  return directory == "/" ? root_judged_ : last_.is_at(directory) || attached_.is_at(directory);
}

Places::Parent Places::parent_of(std::string_view path, const ChildContext& context) noexcept {
  Parent parent;
  const std::string_view directory = directory_of(path);
  if (directory.empty()) {
    parent.outcome = failed(Call::openat2, EINVAL);
    return parent;
  }
  parent.name = path.data() + directory.size() + (directory == "/" ? 0 : 1);
  const long root_fd = root();
  if (root_fd < 0) {
    parent.outcome = check(Call::open, root_fd);
    return parent;
  }
  Directory& found = directory == "/" ? root_ : last_;
  if (attached_.is_at(directory)) {
    last_ = static_cast<Directory&&>(attached_);
    attached_.forget();
  } else if (!knows_parent_of(path)) {
    if (directory != "/") parent.outcome = walk(directory);
    if (parent.outcome.ok()) parent.outcome = judge(found, context);
    if (directory == "/") root_judged_ = parent.outcome.ok();
    if (!parent.outcome.ok()) {
      last_.forget();
      return parent;
    }
  }
  parent.directory = found.fd;
  parent.ours = found.ours;
  return parent;
}

Outcome Places::walk(std::string_view directory) noexcept {
  char usual[kUsualPath];
  last_.forget();
  if (directory.size() >= PATH_MAX) return failed(Call::openat2, ENAMETOOLONG);
  Fd walked = directory.size() < sizeof usual ? walk_copy(root_.fd, directory, usual)
                                              : walk_long(root_.fd, directory);
  if (!walked.ok()) return walk_failed(root_.fd, directory, walked);
  last_.open(static_cast<Fd&&>(walked), directory);
  return {};
}

void Places::entered(int tree, bool ours) noexcept {
  if (!ours) root_.open(Fd(tree), "/");
  root_.fd = tree;
  root_.ours = ours;
  root_judged_ = true;
}

void Places::attached(std::string_view path, int tree, bool ours) noexcept {
  if (!ours) return done_.add(tree);
  attached_.forget();
  attached_.fd = tree;
  attached_.ours = true;
  attached_.path = path;
}

void Places::covered(std::string_view path) noexcept {
  if (last_.is_within(path)) last_.forget();
  if (attached_.is_within(path)) attached_.forget();
}

bool Places::Directory::is_within(std::string_view above) const noexcept {
  if (above == "/") return true;
  if (above.size() > path.size()) return false;
  const std::string_view beginning(path.begin(), path.begin() + above.size());
  return beginning == above && (above.size() == path.size() || path.data()[above.size()] == '/');
}

void Places::Directory::open(Fd opened, std::string_view at) noexcept {
  forget();
  fd = opened.get();
  walked = static_cast<Fd&&>(opened);
  path = at;
}

void Places::Directory::forget() noexcept {
  fd = -1;
  walked = Fd(-EBADF);
  ours = false;
  path = {};
}

void Places::forget() noexcept {
  last_.forget();
  attached_.forget();
  root_.forget();
  root_judged_ = false;
  done_.close();
}

}  // namespace hutch
