#include "host/gather.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <unordered_map>

#include "base/path.h"
#include "base/unique_fd.h"
#include "host/system_files.h"

namespace hutch {
namespace {

constexpr int kLowestOomScore = -1000;

/// The first `limit` bytes of an open file; nothing if it cannot be read.
std::optional<std::string> read_from(int file, std::size_t limit) {
  std::string out;
  char buffer[4096];
  while (out.size() < limit) {
    const ssize_t got = ::read(file, buffer, std::min(sizeof buffer, limit - out.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    out.append(buffer, static_cast<std::size_t>(got));
  }
  return out;
}

/// A whole system file, empty if it cannot be read.
std::string read_file(const char* path) {
  const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
  return file ? read_from(file.get(), SIZE_MAX).value_or("") : "";
}

std::vector<gid_t> ask_groups() {
  std::vector<gid_t> groups(64);
  for (;;) {
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    if (count >= 0) {
      groups.resize(static_cast<std::size_t>(count));
      return groups;
    }
    const int needed = errno == EINVAL ? ::getgroups(0, nullptr) : -1;
    if (needed < 0) return {};
    groups.resize(static_cast<std::size_t>(needed));
  }
}

/// The effective ones below 32.
std::uint32_t ask_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capget, &header, data) != 0) return 0;
  return data[0].effective;
}

/// Empty where the current directory is gone, or above what this process can see ("(unreachable)/x").
std::string ask_directory() {
  std::string buffer(PATH_MAX, '\0');
  if (::getcwd(buffer.data(), buffer.size()) == nullptr || buffer[0] != '/') return {};
  buffer.resize(std::char_traits<char>::length(buffer.c_str()));
  return buffer;
}

std::map<std::string, std::string, std::less<>> read_environment(char** environment) {
  std::map<std::string, std::string, std::less<>> out;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    const std::size_t equals = entry.find('=');
    if (equals == 0 || equals == std::string_view::npos) continue;
    out.emplace(entry.substr(0, equals), entry.substr(equals + 1));  // as getenv(3): the first one counts
  }
  return out;
}

/// The kernel narrows a request for all processors to those of the cpuset; what it gives is asked for, and
/// then what was before is put back.
std::optional<std::vector<std::uint32_t>> ask_processors() {
  constexpr std::size_t kMost = 8192;  // the largest NR_CPUS there is
  using Mask = std::array<unsigned char, kMost / CHAR_BIT>;
  Mask before{};
  Mask all{};
  Mask allowed{};
  all.fill(0xff);
  if (::syscall(SYS_sched_getaffinity, 0, before.size(), before.data()) < 0) return std::nullopt;
  if (::syscall(SYS_sched_setaffinity, 0, all.size(), all.data()) != 0) return std::nullopt;
  const bool told = ::syscall(SYS_sched_getaffinity, 0, allowed.size(), allowed.data()) > 0;
  ::syscall(SYS_sched_setaffinity, 0, before.size(), before.data());
  if (!told) return std::nullopt;
  std::vector<std::uint32_t> processors;
  for (std::uint32_t each = 0; each < kMost; ++each) {
    if ((allowed[each / CHAR_BIT] >> each % CHAR_BIT & 1) != 0) processors.push_back(each);
  }
  return processors;
}

/// PR_CAPBSET_READ knows every capability of the kernel and no other (prctl(2)).
int ask_last_capability() {
  const auto known = [](int capability) { return ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; };
  int last = CAP_CHECKPOINT_RESTORE;  // right at the first guess since Linux 5.9
  while (last > 0 && !known(last)) --last;
  while (last < 63 && known(last + 1)) ++last;
  return last;
}

Kernel ask_kernel() {
  utsname name{};
  ::uname(&name);
  // Under personality(UNAME26) every kernel calls itself 2.6; what counts is what it is.
  constexpr unsigned long kAsk = 0xffffffff;
  const int persona = std::string_view(name.release).starts_with("2.") ? ::personality(kAsk) : 0;
  if (persona > 0 && (persona & UNAME26) != 0) {
    ::personality(static_cast<unsigned long>(persona & ~UNAME26));
    ::uname(&name);
    ::personality(static_cast<unsigned long>(persona));
  }
  Kernel kernel;
  const std::string_view release = name.release;
  const auto [rest, error] = std::from_chars(release.begin(), release.end(), kernel.major);
  if (error == std::errc{} && rest < release.end() && *rest == '.')
    std::from_chars(rest + 1, release.end(), kernel.minor);
    // Under personality(PER_LINUX32) the kernel would answer "i686"; what counts is what it runs natively.
#if defined(__x86_64__)
  kernel.architecture = "x86_64";
#elif defined(__aarch64__)
  kernel.architecture = "aarch64";
#else
  kernel.architecture = name.machine;
#endif
  kernel.last_capability = ask_last_capability();
  constexpr unsigned kVersion = 1;  // LANDLOCK_CREATE_RULESET_VERSION
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersion);
  kernel.landlock = abi < 0 ? -errno : static_cast<int>(abi);
  return kernel;
}

PathFact ask_path(const std::string& path, int flags) {
  struct stat found {};
  if (::fstatat(AT_FDCWD, path.c_str(), &found, flags) != 0) return {.error = errno};
  return {.kind = kind_of(found.st_mode),
          .mode = found.st_mode & 07777,
          .uid = found.st_uid,
          .gid = found.st_gid,
          .size = static_cast<std::uint64_t>(found.st_size)};
}

class RealHost final : public Host {
 public:
  explicit RealHost(char** environment) : environment_(environment) {}

  [[nodiscard]] const Caller& caller() const override {
    if (!caller_) caller_ = ask_caller();
    return *caller_;
  }

  [[nodiscard]] const Kernel& kernel() const override {
    if (!kernel_) kernel_ = ask_kernel();
    return *kernel_;
  }

  [[nodiscard]] PathFact look(const std::string& path) const override {
    return remembered(looked_, path, AT_SYMLINK_NOFOLLOW);
  }
  [[nodiscard]] PathFact follow(const std::string& path) const override {
    return remembered(followed_, path, 0);
  }

  [[nodiscard]] std::string read_link(const std::string& path) const override {
    std::string target(PATH_MAX, '\0');
    const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
    target.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return target;
  }

  [[nodiscard]] std::optional<std::vector<std::string>> list(const std::string& path) const override {
    DIR* const directory = ::opendir(path.c_str());
    if (directory == nullptr) return std::nullopt;
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory)) {
      const std::string_view name = static_cast<const char*>(entry->d_name);
      if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(directory);
    std::ranges::sort(names);
    return names;
  }

  [[nodiscard]] std::string real_path(const std::string& path) const override {
    char* const resolved = ::realpath(path.c_str(), nullptr);
    if (resolved == nullptr) return {};
    std::string out = resolved;
    ::free(resolved);
    return out;
  }

  [[nodiscard]] bool is_read_only(const std::string& path) const override {
    struct statvfs info {};
    return ::statvfs(path.c_str(), &info) == 0 && (info.f_flag & ST_RDONLY) != 0;
  }

  [[nodiscard]] bool may(const std::string& path, int mode) const override {
    return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
  }

  [[nodiscard]] std::optional<std::string> read(const std::string& path, std::size_t limit) const override {
    // O_NONBLOCK: a fifo or a device must not make us wait before we know what it is.
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat found {};
    if (!file || ::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
    return read_from(file.get(), limit);
  }

  [[nodiscard]] std::vector<std::string> mounts_below(const std::string& path) const override {
    if (!mount_points_) mount_points_ = mount_points(read_file("/proc/self/mountinfo"));
    std::vector<std::string> below;
    for (const std::string& point : *mount_points_)
      if (point != path && is_within(point, path)) below.push_back(point);
    return below;
  }

  [[nodiscard]] std::vector<SubidRange> subids(bool of_groups) const override {
    return subid_ranges(read_file(of_groups ? "/etc/subgid" : "/etc/subuid"), account_name(), ::geteuid());
  }

  [[nodiscard]] HostLimit limit(int resource) const override {
    struct rlimit found {};
    if (::prlimit(0, static_cast<__rlimit_resource>(resource), nullptr, &found) != 0) return {};
    return {found.rlim_cur, found.rlim_max};
  }
  [[nodiscard]] int nice() const override { return ::getpriority(PRIO_PROCESS, 0); }
  [[nodiscard]] int oom_score_adj() const override {
    const std::string text = read_file("/proc/self/oom_score_adj");
    int found = kLowestOomScore;  // where /proc does not tell, writing it there will
    std::from_chars(text.data(), text.data() + text.size(), found);
    return found;
  }
  [[nodiscard]] std::optional<std::vector<std::uint32_t>> processors() const override {
    return ask_processors();
  }
  [[nodiscard]] bool may_have_personality(std::uint64_t persona) const override {
    const int before = ::personality(0xffffffff);
    const bool may = ::personality(persona) >= 0;
    if (before >= 0) ::personality(static_cast<unsigned long>(before));
    return may;
  }

 private:
  using Facts = std::unordered_map<std::string, PathFact>;

  static PathFact remembered(Facts& facts, const std::string& path, int flags) {
    if (const auto known = facts.find(path); known != facts.end()) return known->second;
    return facts.emplace(path, ask_path(path, flags)).first->second;
  }

  /// The name that /etc/passwd gives the caller; $USER is only a claim.
  const std::string& account_name() const {
    if (!account_name_) account_name_ = user_name(read_file("/etc/passwd"), ::geteuid());
    return *account_name_;
  }

  Caller ask_caller() const {
    constexpr std::uint32_t kSetIds = (1U << CAP_SETUID) | (1U << CAP_SETGID);
    const std::uint32_t capabilities = ask_capabilities();
    Caller caller{.uid = ::geteuid(),
                  .gid = ::getegid(),
                  .groups = ask_groups(),
                  .has_setid_capabilities = (capabilities & kSetIds) == kSetIds,
                  .has_admin_capability = (capabilities & (1U << CAP_SYS_ADMIN)) != 0,
                  .user = account_name(),
                  .directory = ask_directory(),
                  .terminals = {::isatty(0) == 1, ::isatty(1) == 1, ::isatty(2) == 1},
                  .environment = read_environment(environment_)};
    if (const auto claimed = caller.environment.find("USER");
        caller.user.empty() && claimed != caller.environment.end())
      caller.user = claimed->second;
    return caller;
  }

  char** environment_;
  mutable std::optional<Caller> caller_;
  mutable std::optional<Kernel> kernel_;
  mutable std::optional<std::string> account_name_;
  mutable std::optional<std::vector<std::string>> mount_points_;
  mutable Facts looked_, followed_;
};

}  // namespace

std::unique_ptr<Host> gather_host(char** environment) { return std::make_unique<RealHost>(environment); }

}  // namespace hutch
