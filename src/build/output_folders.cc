#include "build/output_folders.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <optional>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "launch/errno_text.h"

namespace hutch {
namespace {

/// A path inside, as the sandbox itself would walk it: links lead inside, too.
UniqueFd open_inside(int root, const std::string& path) {
  open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

struct Place {
  std::uint64_t mount = 0;
  bool is_folder = false;
};

std::optional<Place> place_of(int fd) {
  struct statx facts = {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MNT_ID, &facts) < 0) return std::nullopt;
  return Place{facts.stx_mnt_id, S_ISDIR(facts.stx_mode)};
}

std::unexpected<Diagnostics> cannot_look(const char* call) {
  return fail({.code = "E0509",
               .what = fmt::format("cannot look into the sandbox: {}: {}", call, errno_text(errno)),
               .cause = "whoever is not root sees into no sandbox that joins namespaces of others",
               .help = "let the build have namespaces of its own, or run it as root"});
}

/// The last mount on the way to an output, as far as that exists now.
Result<OutputFolders::Held> hold(int root, const std::string& path, const BuildOutput& output) {
  const std::vector<std::string_view> parts = components(path);
  OutputFolders::Held held{open_inside(root, "/"), path.substr(1)};
  const std::optional<Place> top = held.folder ? place_of(held.folder.get()) : std::nullopt;
  if (!top) return cannot_look("openat2");
  std::uint64_t mount = top->mount;
  std::string so_far;
  for (std::size_t i = 0; i < parts.size() && !has_glob(parts[i]); ++i) {
    so_far.append("/").append(glob_unescape(parts[i]));
    UniqueFd here = open_inside(root, so_far);
    const std::optional<Place> place = here ? place_of(here.get()) : std::nullopt;
    if (!place) break;
    if (place->mount == mount) continue;
    if (!place->is_folder) {
      return fail({.code = "E0706",
                   .what = fmt::format("the output {} cannot be taken", quoted(path)),
                   .at = output.key_at,
                   .cause = "a file of the host is mounted on it, so it is on the host already",
                   .help = "have the build make it in a folder"});
    }
    mount = place->mount;
    held.folder = std::move(here);
    held.below.clear();
    for (std::size_t rest = i + 1; rest < parts.size(); ++rest)
      held.below += (held.below.empty() ? "" : "/") + std::string(parts[rest]);
  }
  return held;
}

}  // namespace

Result<bool> OutputFolders::look(const Standing& sandbox) {
  const std::string process = fmt::format("/proc/{}/", sandbox.program);
  const UniqueFd root(::open((process + "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return cannot_look("open");
  working_folder_ = UniqueFd(::open((process + "cwd").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const auto& [path, output] : build_.outputs) {
    TRY(Held held, hold(root.get(), path, output));
    held_.insert_or_assign(path, std::move(held));
  }
  return true;
}

}  // namespace hutch
