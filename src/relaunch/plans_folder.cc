#include "relaunch/plans_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "child/same_text.h"

namespace hutch {
namespace {

constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

bool is_private(const Fd& folder, std::uint64_t owner) noexcept {
  struct stat found = {};
  return folder.ok() && sys::call(SYS_fstat, folder.get(), &found) >= 0 && S_ISDIR(found.st_mode) &&
         found.st_uid == owner && (found.st_mode & 022) == 0;
}

/// `runtime`: a folder that may be the caller's runtime folder.
bool find_in(const char* runtime, bool in_private, std::uint64_t owner, Fd& plans) noexcept {
  const Fd parent(sys::open_at(AT_FDCWD, runtime, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!parent.ok() || (in_private && !is_private(parent, owner))) return false;
  const Fd own(sys::open_at(parent.get(), "hutch", kFolder));
  if (!is_private(own, owner)) return true;
  Fd found(sys::open_at(own.get(), "plans", kFolder));
  if (is_private(found, owner)) plans = static_cast<Fd&&>(found);
  return true;
}

}  // namespace

const char* value_of(char** environment, const char* name) noexcept {
  for (; *environment != nullptr; ++environment) {
    const char* const rest = rest_of(*environment, name);
    if (rest != nullptr && *rest == '=') return rest + 1;
  }
  return nullptr;
}

Fd open_plans_folder(char** environment, std::uint64_t owner) noexcept {
  Fd plans(-ENOENT);
  const char* const said = value_of(environment, "XDG_RUNTIME_DIR");
  if (said != nullptr && *said == '/' && find_in(said, true, owner, plans)) return plans;
  char usual[32];
  std::size_t length = 0;
  for (const char* from = "/run/user/"; *from != '\0'; ++from) usual[length++] = *from;
  put_number(usual + length, owner);
  if (find_in(usual, true, owner, plans)) return plans;
  if (owner == 0) find_in("/run", false, owner, plans);
  return plans;
}

}  // namespace hutch
