#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "host/host.h"

/// Running sandboxes, by name: one file for each in a folder of the user's own. Its launcher holds a lock on
/// the file (flock(2)) as long as it lives, which the kernel lets go on any death: what is not locked is
/// stale, is in nobody's way, and is removed by who comes across it.

namespace hutch {

/// What the file of a sandbox says.
struct Registered {
  std::string name, profile, command, digest;
  pid_t launcher = -1, init = -1, program = -1;         ///< init and program: -1 until it runs
  std::uint64_t launcher_start = 0, program_start = 0;  ///< ticks since boot: field 22 of /proc/PID/stat
  std::uint64_t started = 0;                            ///< milliseconds since 1970
  std::vector<std::pair<std::string, std::uint64_t>> namespaces;  ///< "net", inode
  uid_t owner = 0;
  std::string folder;
};

/// $XDG_RUNTIME_DIR/hutch, /run/user/UID/hutch, /run/hutch for root, else /tmp/hutch-UID: the first whose
/// parent is fit for it. Made if it is missing. E0426 when somebody else could write in it.
Result<std::string> registry_folder(const Caller& caller);

/// The file of one sandbox, locked; gone at its end, with the socket beside it.
class RunFile {
 public:
  /// E0427: a running one has that name.
  static Result<RunFile> claim(const std::string& folder, const std::string& name);
  RunFile(RunFile&& other) noexcept = default;
  RunFile& operator=(RunFile&& other) = delete;
  ~RunFile();

  /// False where it could not be written: a full disk.
  bool write(const Registered& about) const;
  [[nodiscard]] std::string socket_path() const { return stem_ + ".sock"; }

 private:
  RunFile(UniqueFd file, std::string stem) : file_(std::move(file)), stem_(std::move(stem)) {}
  UniqueFd file_;
  std::string stem_;
};

/// Those that run, by name; stale files are removed on the way. Root sees everybody's.
std::vector<Registered> running_sandboxes(const Caller& caller);
/// E0917: none is called so; or, for root, more than one is.
Result<Registered> find_sandbox(const Caller& caller, const std::string& name);

/// A pidfd of that process, and not of one that has its number now: E0918.
Result<UniqueFd> open_launcher(const Registered& sandbox);
Result<UniqueFd> open_init(const Registered& sandbox);
Result<UniqueFd> open_program(const Registered& sandbox);

/// Field 22 of /proc/PID/stat; nothing if there is no such process.
std::optional<std::uint64_t> start_time(pid_t pid);

}  // namespace hutch
