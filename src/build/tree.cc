#include "build/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/sha256.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "launch/errno_text.h"

namespace hutch {
namespace {

constexpr int kDeepest = 200;

class Walk {
 public:
  Walk(const std::string& called, const std::function<Result<void>(const TreeItem&)>& visit,
       const WalkOptions& options)
      : called_(called), visit_(visit), options_(options) {}

  Result<void> item(int at, const std::string& name, const std::string& path, int depth) {
    TreeItem item{.path = path};
    if (::fstatat(at, name.c_str(), &item.facts, AT_SYMLINK_NOFOLLOW) < 0) return unreadable(path, "stat");
    if (S_ISLNK(item.facts.st_mode)) return link(at, name, item);
    if (!S_ISREG(item.facts.st_mode) && !S_ISDIR(item.facts.st_mode)) return special(path);
    // O_NONBLOCK: a FIFO that took the place of a file keeps nobody waiting.
    const UniqueFd file(::openat(at, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) return unreadable(path, "open");
    if (::fstat(file.get(), &item.facts) < 0) return unreadable(path, "fstat");
    if (!S_ISREG(item.facts.st_mode) && !S_ISDIR(item.facts.st_mode)) return special(path);
    item.fd = file.get();
    if (S_ISREG(item.facts.st_mode)) return visit_(item);
    item.kind = TreeItem::Kind::folder;
    if (depth == 0) device_ = item.facts.st_dev;
    if (item.facts.st_dev != device_) return wrong(path, "another file system is mounted on it");
    if (depth > kDeepest) return wrong(path, fmt::format("it is more than {} folders deep", kDeepest));
    TRY_DO(visit_(item));
    TRY(const std::vector<std::string> names, names_in(file.get(), path));
    for (const std::string& each : names) {
      std::string below = path;
      if (!below.empty()) below += '/';
      TRY_DO(this->item(file.get(), each, below += each, depth + 1));
    }
    return {};
  }

 private:
  Result<void> link(int at, const std::string& name, TreeItem& item) {
    std::array<char, 4096> target{};
    const ssize_t length = ::readlinkat(at, name.c_str(), target.data(), target.size());
    if (length < 0) return unreadable(item.path, "readlink");
    item.kind = TreeItem::Kind::link;
    item.target.assign(target.data(), static_cast<std::size_t>(length));
    return visit_(item);
  }

  [[nodiscard]] Result<std::vector<std::string>> names_in(int folder, const std::string& path) const {
    // A descriptor of its own: the visitor may read the folder, too.
    const int own = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(own < 0 ? nullptr : ::fdopendir(own), ::closedir);
    if (!stream) return std::unexpected(unreadable(path, "opendir").error());
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return std::unexpected(unreadable(path, "readdir").error());
    if (options_.order == Order::by_bytes) std::ranges::sort(names);
    return names;
  }

  [[nodiscard]] std::string shown(const std::string& path) const {
    return quoted(path.empty() ? called_ : called_ + "/" + path);
  }
  [[nodiscard]] Result<void> unreadable(const std::string& path, const char* call) const {
    const int error = errno;
    return fail(
        {.code = "E0702",
         .what = fmt::format("cannot read {}: {}: {}", shown(path), call, errno_text(error)),
         .cause = error == EACCES ? "its mode, or that of a folder above it, does not let the caller" : "",
         .help = error == ENOENT ? "it has to exist while it is read" : ""});
  }
  [[nodiscard]] Result<void> special(const std::string& path) const {
    if (options_.special == Special::leave_out) return {};
    return wrong(path, "it is neither a file, a folder nor a link");
  }
  [[nodiscard]] Result<void> wrong(const std::string& path, std::string cause) const {
    return fail({.code = "E0706",
                 .what = fmt::format("{} cannot be taken", shown(path)),
                 .cause = std::move(cause),
                 .help = "leave it out, or have it packed into an archive"});
  }

  const std::string& called_;
  const std::function<Result<void>(const TreeItem&)>& visit_;
  const WalkOptions options_;
  dev_t device_ = 0;
};

std::unexpected<Diagnostics> cannot_read(const std::string& path, int error) {
  return fail(
      {.code = "E0702",
       .what = fmt::format("cannot read {}: {}", quoted(path), errno_text(error)),
       .help = error == ENOENT ? "a relative path starts at the folder of the file that says it" : ""});
}

}  // namespace

Result<void> walk_tree(int at, const std::string& name, const std::string& called,
                       const std::function<Result<void>(const TreeItem&)>& visit,
                       const WalkOptions& options) {
  return Walk(called, visit, options).item(at, name, "", 0);
}

void TreeDigest::add(const TreeItem& item, const std::string& sha256) {
  const bool is_folder = item.kind == TreeItem::Kind::folder;
  if (item.path.empty()) {
    is_file_ = !is_folder;
    file_ = sha256;
    return;
  }
  const char* const kind = is_folder                           ? "folder"
                           : item.kind == TreeItem::Kind::link ? "link"
                           : item.is_executable()              ? "program"
                                                               : "file";
  listing_ += fmt::format("{} {} {}", kind, is_folder ? "-" : sha256, item.path);
  listing_ += '\0';
}

std::string TreeDigest::hex() const { return is_file_ ? file_ : sha256_hex(listing_); }

Result<std::string> digest_of(const std::string& path) {
  struct stat facts = {};
  const bool is_there = ::stat(path.c_str(), &facts) == 0;
  if (is_there && S_ISDIR(facts.st_mode)) {
    TreeDigest digest;
    const auto add = [&digest](const TreeItem& item) -> Result<void> {
      const auto sum = item.kind == TreeItem::Kind::file   ? sha256_of(item.fd)
                       : item.kind == TreeItem::Kind::link ? sha256_hex(item.target)
                                                           : std::string();
      if (!sum) return cannot_read(item.path, errno);
      digest.add(item, *sum);
      return {};
    };
    TRY_DO(walk_tree(AT_FDCWD, path + "/.", path, add));
    return digest.hex();
  }
  const UniqueFd file(is_there ? ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1);
  const auto sum = file ? sha256_of(file.get()) : std::nullopt;
  if (sum) return *sum;
  return cannot_read(path, errno);
}

}  // namespace hutch
