#include "launch/own_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "base/own_path.h"
#include "child/read_only_image.h"
#include "launch/errno_text.h"
#include "launch/seals.h"

namespace hutch {
namespace {

constexpr const char* kImage = "/proc/self/exe";
constexpr unsigned kExecutableMemfd = 0x10;  // MFD_EXEC, Linux 6.3

char** g_argv = nullptr;

/// False, too, where there is no /proc: then there is no way to the file either.
bool could_be_written() {
  // Any other error says nothing of the file, but of who refuses the call.
  if (::faccessat(AT_FDCWD, kImage, W_OK, AT_EACCESS) < 0 &&
      (errno == EACCES || errno == EROFS || errno == ENOENT))
    return false;
  const UniqueFd image(::open(kImage, O_RDONLY | O_CLOEXEC));
  struct statvfs mount = {};
  if (image && ::fstatvfs(image.get(), &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0) return false;
  const int seals = image ? ::fcntl(image.get(), F_GET_SEALS) : -1;
  return seals < 0 || (seals & kSeals) != kSeals;
}

UniqueFd sealed_copy() {
  const UniqueFd image(::open(kImage, O_RDONLY | O_CLOEXEC));
  struct stat found = {};
  if (!image || ::fstat(image.get(), &found) < 0) return {};
  constexpr unsigned kHow = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd copy(::memfd_create("hutch", kHow | kExecutableMemfd));
  if (!copy && errno == EINVAL) copy.reset(::memfd_create("hutch", kHow));
  if (!copy) return {};
  for (off_t done = 0; done < found.st_size;) {
    const ssize_t sent =
        ::sendfile(copy.get(), image.get(), &done, static_cast<std::size_t>(found.st_size - done));
    if (sent == 0) errno = EIO;
    if (sent <= 0) return {};
  }
  if (::fcntl(copy.get(), F_ADD_SEALS, kSeals) < 0) return {};
  return copy;
}

}  // namespace

Result<void> protect_own_image() {
  if (!could_be_written()) return {};
  const std::string path = own_path();
  const long image = open_read_only_image(kImage);
  UniqueFd copy(image < 0 ? -1 : static_cast<int>(image));
  if (!copy) copy = sealed_copy();
  if (copy && ::setenv(kOwnPath, path.c_str(), 1) == 0)
    ::syscall(SYS_execveat, copy.get(), "", g_argv, ::environ, AT_EMPTY_PATH);
  const int error = errno;
  ::unsetenv(kOwnPath);
  return fail(
      {.code = "E0429",
       .what = "cannot protect the file of hutch itself: " + errno_text(error),
       .cause = "you may write to it, so a program in the sandbox might, too; and it can neither be mounted "
                "read-only nor copied into memory (vm.memfd_noexec?)",
       .help = "take your right to write away: chmod a-w, or install it as root for other users"});
}

UniqueFd open_own_image() {
#ifdef HUTCH_STATIC
  if (g_argv != nullptr) return UniqueFd(::open(kImage, O_PATH | O_CLOEXEC));
#endif
  return {};
}

void remember_own_image(char** argv) {
  g_argv = argv;
  if (const char* const before = path_before_read_only_image(); *before != '\0') return set_own_path(before);
  const char* const said = ::getenv(kOwnPath);
  if (said == nullptr) return;
  // Only from ourselves: nobody else executes a file that has no path.
  if (!could_be_written()) {
    set_own_path(said);
    ::prctl(PR_SET_NAME, "hutch");
  }
  ::unsetenv(kOwnPath);
}

}  // namespace hutch
