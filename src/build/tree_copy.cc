#include "build/tree_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "base/sha256.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "build/interruption.h"
#include "launch/errno_text.h"

namespace hutch {
namespace {

std::unexpected<Diagnostics> cannot_write(const std::string& path, const char* call) {
  const int error = errno;
  return fail({.code = "E0707",
               .what = fmt::format("cannot write {}: {}: {}", quoted(path), call, errno_text(error)),
               .help = error == ENOSPC ? "make room there" : ""});
}

bool write_whole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

}  // namespace

mode_t TreeCopy::mode_of(const struct stat& facts) const {
  if (!epoch_) return facts.st_mode & 0777;
  return S_ISDIR(facts.st_mode) || (facts.st_mode & 0111) != 0 ? 0755 : 0644;
}

bool TreeCopy::settle(const std::string& path, const struct stat& facts, bool is_link) const {
  if (!is_link && ::chmod(path.c_str(), mode_of(facts)) < 0) return false;
  const timespec time = epoch_ ? timespec{.tv_sec = *epoch_, .tv_nsec = 0} : facts.st_mtim;
  const std::array<timespec, 2> both{time, time};
  return ::utimensat(AT_FDCWD, path.c_str(), both.data(), AT_SYMLINK_NOFOLLOW) == 0;
}

Result<std::string> TreeCopy::file(const TreeItem& item, const std::string& path) const {
  const UniqueFd copy(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!copy) return cannot_write(path, "open");
  Sha256 digest;
  std::vector<char> part(std::size_t{128} * 1024);
  off_t size = 0;
  while (true) {
    const ssize_t got = ::read(item.fd, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return fail(
          {.code = "E0702", .what = fmt::format("cannot read {}: {}", quoted(item.path), errno_text(errno))});
    }
    if (got == 0) break;
    TRY_DO(stop_if_asked());
    const std::string_view bytes(part.data(), static_cast<std::size_t>(got));
    digest.add(bytes);
    size += got;
    // A file of holes must not fill the disk.
    const bool is_hole = bytes.find_first_not_of('\0') == std::string_view::npos;
    if (is_hole ? ::lseek(copy.get(), got, SEEK_CUR) < 0 : !write_whole(copy.get(), bytes))
      return cannot_write(path, "write");
  }
  if (::ftruncate(copy.get(), size) < 0) return cannot_write(path, "ftruncate");
  return digest.hex();
}

Result<std::string> TreeCopy::add(const TreeItem& item) {
  const std::string path = item.path.empty() ? to_ : to_ + "/" + item.path;
  std::string sum;
  switch (item.kind) {
    case TreeItem::Kind::folder:
      if (::mkdir(path.c_str(), 0700) < 0) return cannot_write(path, "mkdir");
      folders_.push_back({path, item.facts});
      return sum;
    case TreeItem::Kind::link:
      if (::symlink(item.target.c_str(), path.c_str()) < 0) return cannot_write(path, "symlink");
      sum = sha256_hex(item.target);
      break;
    case TreeItem::Kind::file: {
      TRY(sum, file(item, path));
      break;
    }
  }
  if (!settle(path, item.facts, item.kind == TreeItem::Kind::link)) return cannot_write(path, "utimensat");
  return sum;
}

Result<void> TreeCopy::finish() {
  for (const Folder& each : folders_ | std::views::reverse)
    if (!settle(each.path, each.facts, false)) return cannot_write(each.path, "utimensat");
  return {};
}

Result<void> copy_tree(const std::string& from, const std::string& to, const WalkOptions& options) {
  TreeCopy copy(to, std::nullopt);
  const auto add = [&copy](const TreeItem& item) -> Result<void> {
    TRY_DO(copy.add(item));
    return {};
  };
  TRY_DO(walk_tree(AT_FDCWD, from, from, add, options));
  return copy.finish();
}

}  // namespace hutch
