#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/file_kind.h"
#include "host/files.h"

namespace hutch {

/// What lstat(2) says about a path on the host.
struct PathFact {
  FileKind kind = FileKind::missing;
  int error = 0;  ///< why it is `missing`: ENOENT, ENOTDIR, EACCES, ELOOP …
  mode_t mode = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  std::uint64_t size = 0;  ///< of a file, in bytes
};

struct SubidRange {
  std::uint32_t start = 0;
  std::uint32_t count = 0;
};

/// Facts about the caller that a plan may depend on.
struct Caller {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  bool has_setid_capabilities =
      false;  ///< CAP_SETUID and CAP_SETGID in this user namespace: may write any id map
  bool has_admin_capability = false;  ///< CAP_SYS_ADMIN in this user namespace
  std::string user;                   ///< name from /etc/passwd or $USER; may be empty
  std::string directory;  ///< absolute; empty where the current directory was deleted or cannot be read
  std::array<bool, 3> terminals{};  ///< which of standard input, output and error is a terminal
  std::map<std::string, std::string, std::less<>> environment;

  [[nodiscard]] bool has_terminal() const { return terminals[0] || terminals[1] || terminals[2]; }
};

struct Kernel {
  int major = 0, minor = 0;
  std::string architecture;  ///< uname -m: "x86_64"
  int last_capability = 40;
  int landlock = -38;  ///< its ABI (landlock(7)); negative: the errno that says why there is none

  [[nodiscard]] bool at_least(int want_major, int want_minor) const {
    return major > want_major || (major == want_major && minor >= want_minor);
  }
};

/// getrlimit(2)
struct HostLimit {
  std::uint64_t soft = ~std::uint64_t{0}, hard = ~std::uint64_t{0};  ///< RLIM_INFINITY
};

/// What this machine and this caller offer: the only thing that loading a profile and `compile` may ask about
/// the world.
/// The real one (gather.h) asks the kernel and remembers the answers; tests describe a machine instead.
class Host {
 public:
  virtual ~Host() = default;

  [[nodiscard]] virtual const Caller& caller() const = 0;
  [[nodiscard]] virtual const Kernel& kernel() const = 0;
  [[nodiscard]] virtual const Files& files() const {
    static const Files kReal;
    return kReal;
  }

  /// lstat: the last component is not followed, those before it are.
  [[nodiscard]] virtual PathFact look(const std::string& path) const = 0;
  /// stat: follows to the end. A dangling link is `missing`.
  [[nodiscard]] virtual PathFact follow(const std::string& path) const = 0;
  /// The target of a symbolic link, as it is written there.
  [[nodiscard]] virtual std::string read_link(const std::string& path) const = 0;
  /// Names in a directory, in byte order, without "." and "..". Nothing if it cannot be read.
  [[nodiscard]] virtual std::optional<std::vector<std::string>> list(const std::string& path) const = 0;
  /// realpath(3); empty if it does not exist.
  [[nodiscard]] virtual std::string real_path(const std::string& path) const = 0;
  /// Is the file system (or mount) that holds `path` read-only?
  [[nodiscard]] virtual bool is_read_only(const std::string& path) const = 0;
  /// May the caller access it so? `mode` as access(2): R_OK, W_OK, X_OK.
  [[nodiscard]] virtual bool may(const std::string& path, int mode) const = 0;

  /// The first `limit` bytes of a regular file; nothing if it cannot be read.
  [[nodiscard]] virtual std::optional<std::string> read(const std::string& path, std::size_t limit) const = 0;
  /// Mount points strictly below `path` in the caller's mount namespace, in byte order.
  [[nodiscard]] virtual std::vector<std::string> mounts_below(const std::string& path) const = 0;

  /// The caller's rows of /etc/subuid (or subgid): subuid(5). By name and by number.
  [[nodiscard]] virtual std::vector<SubidRange> subids(bool of_groups) const = 0;

  // What the caller hands down, and may have set for a child without any privilege.

  [[nodiscard]] virtual HostLimit limit(int resource) const = 0;
  /// The caller's nice value: getpriority(2).
  [[nodiscard]] virtual int nice() const = 0;
  /// The caller's own, from which it can only go up: proc(5).
  [[nodiscard]] virtual int oom_score_adj() const = 0;
  /// The processors that a child may be told to run on, sorted: cpuset(7). Nothing if that is not known.
  [[nodiscard]] virtual std::optional<std::vector<std::uint32_t>> processors() const = 0;
  /// Some filters of containers deny it: personality(2).
  [[nodiscard]] virtual bool may_have_personality(std::uint64_t persona) const = 0;
};

}  // namespace hutch
