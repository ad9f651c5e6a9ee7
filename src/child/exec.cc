#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "child/paths.h"
#include "child/signals.h"
#include "child/steps.h"

namespace hutch {
namespace {

constexpr long kNoExecMount = 8;  // ST_NOEXEC of statfs(2)

/// Why execve refused, as far as a look at the file tells.
ExecProblem look_closer(const char* path, int error) noexcept {
  const Fd file(sys::open_at(AT_FDCWD, path, O_PATH | O_CLOEXEC));
  if (!file.ok()) return ExecProblem::unknown;
  if (error == ENOENT)
    return ExecProblem::interpreter_missing;  // the file is there, so something else is not
  if (error != EACCES) return ExecProblem::unknown;
  struct stat found = {};
  if (sys::call(SYS_fstat, file.get(), &found) < 0) return ExecProblem::unknown;
  if (S_ISDIR(found.st_mode)) return ExecProblem::is_directory;
  struct statfs mount = {};
  if (sys::call(SYS_fstatfs, file.get(), &mount) == 0 && (mount.f_flags & kNoExecMount) != 0) {
    return ExecProblem::no_exec_mount;
  }
  return (found.st_mode & 0111) == 0 ? ExecProblem::not_executable : ExecProblem::unknown;
}

}  // namespace

Outcome run(const Exec& s, const ChildContext& context) noexcept {
  // Nobody waits for it any more: then it does not begin.
  if (parent_is_gone(context)) return failed(Call::poll, EPIPE);
  const auto execute = [&s](ZStr path) {
    return static_cast<int>(-sys::call(SYS_execve, path.c_str(), s.argv_pointers.data, s.env_pointers.data));
  };
  ZStr tried = s.path;
  int error = execute(tried);
  for (const ZStr path : s.otherwise) {
    if (error != ENOENT && error != ENOTDIR) break;
    const int now = execute(path);
    if (now == ENOENT || now == ENOTDIR) continue;
    error = now;
    tried = path;
  }
  return failed(Call::execve, error, static_cast<std::uint32_t>(look_closer(tried.c_str(), error)));
}

}  // namespace hutch
