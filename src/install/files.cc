#include "install/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/path.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "install/marker.h"

namespace hutch {
namespace {

constexpr std::size_t kLargest = 1 << 20;

std::unexpected<Diagnostics> cannot(std::string_view what, const std::string& path, int error) {
  return fail({.code = "E0934",
               .what = fmt::format("cannot {} {}: {}", what, quoted(path), ::strerror(error)),
               .help = error == EACCES || error == EPERM || error == EROFS
                           ? "--user installs into your own folders; --system needs root"
                           : ""});
}

/// The whole of a regular file that is not a link; nothing if it is anything else.
std::optional<std::string> read_whole(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat found = {};
  if (!file || ::fstat(file.get(), &found) < 0 || !S_ISREG(found.st_mode)) return std::nullopt;
  std::string text(kLargest + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

/// May the file at this path go? True also where there is none.
Result<void> is_ours(const std::string& path) {
  struct stat found = {};
  if (::lstat(path.c_str(), &found) < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    return cannot("look at", path, errno);
  }
  const auto text = read_whole(path);
  const auto mark = text ? read_marker(*text) : std::nullopt;
  if (!mark)
    return fail({.code = "E0933",
                 .what = fmt::format("{} is in the way", quoted(path)),
                 .cause = "it was not made by `hutch install`, so it stays as it is",
                 .help = "move it away first if you do not need it"});
  if (mark->unchanged) return {};
  return fail({.code = "E0935",
               .what = fmt::format("{} was changed since `hutch install` made it", quoted(path)),
               .cause = "what was changed is yours, so it stays as it is",
               .help = "move it away first if you do not need it"});
}

Result<void> make_folders(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  if (errno == ENOENT && path != "/") {
    TRY_DO(make_folders(std::string(parent_of(path))));
    if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  }
  return cannot("make the folder", path, errno);
}

/// A name beside `path` that is nobody's.
std::string beside(const std::string& path) { return fmt::format("{}.hutch-{}", path, ::getpid()); }

Result<void> write_beside(const NewFile& file) {
  TRY_DO(make_folders(std::string(parent_of(file.path))));
  const std::string path = beside(file.path);
  const UniqueFd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!out) return cannot("write", path, errno);
  for (std::string_view rest = file.text; !rest.empty();) {
    const ssize_t written = ::write(out.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot("write", path, errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fchmod(out.get(), file.mode) < 0 || ::fsync(out.get()) < 0) return cannot("write", path, errno);
  return {};
}

/// Of a new file the name is taken only if nobody took it meanwhile.
Result<void> put_in_place(const std::string& path, bool replaces) {
  const unsigned how = replaces ? 0 : RENAME_NOREPLACE;
  int done = ::renameat2(AT_FDCWD, beside(path).c_str(), AT_FDCWD, path.c_str(), how);
  // File systems without the flag: a second name, and then the first one away.
  if (done < 0 && errno == EINVAL && !replaces) {
    done = ::link(beside(path).c_str(), path.c_str());
    if (done == 0) ::unlink(beside(path).c_str());
  }
  if (done == 0) return {};
  return cannot("write", path, errno);
}

}  // namespace

Result<void> write_files(const std::vector<NewFile>& files) {
  Diagnostics wrong;
  for (const NewFile& file : files)
    if (auto ours = is_ours(file.path); !ours)
      wrong.insert(wrong.end(), ours.error().begin(), ours.error().end());
  if (!wrong.empty()) return std::unexpected(std::move(wrong));

  Result<void> done;
  std::vector<std::string> made;
  for (const NewFile& file : files)
    if (done) done = write_beside(file);
  for (const NewFile& file : files) {
    const bool replaces = ::access(file.path.c_str(), F_OK) == 0;
    if (done) done = put_in_place(file.path, replaces);
    if (done && !replaces) made.push_back(file.path);
  }
  if (done) return {};
  for (const NewFile& file : files) ::unlink(beside(file.path).c_str());
  for (const std::string& path : made) ::unlink(path.c_str());
  return done;
}

Result<void> remove_files(const std::vector<std::string>& paths) {
  Diagnostics wrong;
  for (const std::string& path : paths)
    if (auto ours = is_ours(path); !ours) wrong.insert(wrong.end(), ours.error().begin(), ours.error().end());
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  for (const std::string& path : paths)
    if (::unlink(path.c_str()) < 0 && errno != ENOENT) return cannot("remove", path, errno);
  return {};
}

}  // namespace hutch
