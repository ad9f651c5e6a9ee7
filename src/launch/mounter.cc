#include "launch/mounter.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>

#include "base/own_path.h"
#include "base/path.h"
#include "base/text.h"
#include "launch/launch.h"
#include "plan/compile.h"

namespace hutch {
namespace {

constexpr int kServed = 3;                      // where the mounter finds the descriptor by which it serves
constexpr const char* kImageInside = "/image";  // where it finds what to read
constexpr const char* kFusermounts[] = {"/usr/bin/fusermount", "/usr/bin/fusermount3"};
constexpr int kToEnd = 2000;  // milliseconds
constexpr std::size_t kLongestAnswer = 400;

template <class T>
Said<T> always(T value) {
  return {std::move(value), {}};
}

void add_mounts(const std::string& program, const std::string& image, Profile& profile) {
  const auto add = [&profile](std::string target, MountType type) -> Mount& {
    Mount& mount = profile.mounts[target];
    mount.target = std::move(target);
    mount.type = type;
    return mount;
  };
  add("/usr/lib", MountType::bind);
  add("/usr/lib64", MountType::bind).optional = true;
  add("/lib", MountType::mirror);
  add("/lib64", MountType::mirror);
  add("/etc/ld.so.cache", MountType::bind).optional = true;
  add(program, MountType::bind);
  for (const char* fusermount : kFusermounts) add(fusermount, MountType::bind).source = always(own_path());
  // By a mount and not by a descriptor, which could be opened again for writing: proc_pid_fd(5).
  add(kImageInside, MountType::bind).source = always(image);
  add("/mnt", MountType::dir);
  // libfuse tries to mount by itself first: it opens the device, and hears that it may not.
  add("/dev/fuse", MountType::device);
  add("/dev/null", MountType::device);
  Mount& processes = add("/proc", MountType::proc);
  processes.subset_pid = always(true);
  processes.fallback_bind = always(true);
}

/// The sandbox of a mounter.
Profile sandbox_of(const RunMounter& step, const std::string& image) {
  const std::string program(step.program.view());
  Profile profile;
  add_mounts(program, image, profile);
  profile.namespaces.nested = always(false);
  Process& process = profile.process;
  std::vector<std::string> words{program, "-f", "-o", "ro", kImageInside, "/mnt"};
  if (step.type.view() == "erofs") words = {program, "-f", kImageInside, "/mnt"};
  if (step.type.view() == "ext4") words = {program, kImageInside, "/mnt", "-f", "-o", "ro"};
  for (std::string& word : words) process.command.push_back(always(std::move(word)));
  process.cwd = always(std::string("/"));
  process.tty = always(Tty::none);
  process.init = always(false);
  process.die_with_parent = always(true);
  process.keep_fds = {always(std::uint32_t{kServed})};
  profile.environment.set.emplace("LC_ALL", always(std::string("C")));
  profile.limits.push_back({.resource = RLIMIT_CORE, .name = "core"});
  profile.seccomp.default_action = always(std::string("errno:EPERM"));
  profile.seccomp.allow = {always(std::string("@system-service"))};
  // Nor may it take back that it ends with the copy of the launcher.
  profile.seccomp.deny = {always(std::string("prctl"))};
  return profile;
}

bool is_fusermount(std::string_view name) {
  return name.substr(name.rfind('/') + 1).starts_with("fusermount");
}

void tell(const Diagnostics& problems) {
  for (const Diagnostic& each : problems) {
    const std::string line = fmt::format("{}{}{}\n", each.what, each.cause.empty() ? "" : ": ", each.cause);
    [[maybe_unused]] const ssize_t wrote = ::write(STDERR_FILENO, line.data(), line.size());
  }
}

/// Descriptors 0 to 3 are what the mounter gets, and there are no others.
bool arrange_descriptors(int served, int words) {
  constexpr int kAbove = 10;
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const std::array<int, 4> given{null, null, words, served};
  std::array<int, 4> kept{};
  for (std::size_t i = 0; i < given.size(); ++i) kept[i] = ::fcntl(given[i], F_DUPFD_CLOEXEC, kAbove);
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (::dup2(kept[i], static_cast<int>(i)) < 0) return false;
  }
  return ::close_range(kServed + 1, ~0U, 0) == 0;
}

/// Is what was pinned still at its path? Who can exchange it later could have done so before.
bool is_still(const MountedImage& image) {
  struct stat pinned = {}, found = {};
  return ::fstat(image.pinned, &pinned) == 0 && ::stat(image.path.c_str(), &found) == 0 &&
         pinned.st_dev == found.st_dev && pinned.st_ino == found.st_ino;
}

/// The copy of the launcher that sets the mounter's sandbox up and waits for its end.
[[noreturn]] void serve(const RunMounter& step, pid_t launcher, const MountedImage& image, int served,
                        int words, const Host& host) {
  constexpr int kFailed = 125;
  ::prctl(PR_SET_NAME, "hutch-mounter");
  // What is typed at the terminal, ^C, is for the program, which needs its files then.
  ::setsid();
  // What the child of the launcher did to the memory that they share is none of ours.
  ::prctl(PR_SET_DUMPABLE, 1);
  if (step.dies_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != launcher) ::_exit(kFailed);
  }
  if (!is_still(image)) {
    tell({{.what = fmt::format("{} is not the file any more that it was", quoted(image.path))}});
    ::_exit(kFailed);
  }
  if (!arrange_descriptors(served, words)) ::_exit(kFailed);
  const Profile profile = sandbox_of(step, image.path);
  const Result<Plan> plan = compile(profile, {}, host);
  if (!plan) {
    tell(plan.error());
    ::_exit(kFailed);
  }
  const Result<Ending> ending = launch(*plan, host);
  if (!ending) tell(ending.error());
  ::_exit(ending ? ending->status : kFailed);
}

}  // namespace

Outcome Mounters::start(const RunMounter& step, const MountedImage& image, UniqueFd served,
                        const Host& host) {
  std::array<int, 2> ends{-1, -1};
  // Nobody reads while it runs: what does not fit is lost instead of stopping it.
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) < 0) return {Call::pipe2, errno};
  UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  const pid_t launcher = ::getpid();
  int pidfd = -1;
  const auto pid =
      static_cast<pid_t>(::syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr));
  if (pid < 0) return {Call::clone, errno};
  if (pid == 0) serve(step, launcher, image, served.get(), writer.get(), host);
  running_.push_back({pid, UniqueFd(pidfd), std::move(reader)});
  return {};
}

std::string Mounters::said() const {
  if (given_up_) return fmt::format("no answer for {} seconds", kPatience / 1000);
  for (const Running& each : running_) {
    std::array<char, kLongestAnswer> piece;
    const ssize_t got = ::read(each.words.get(), piece.data(), piece.size());
    if (got <= 0) continue;
    const std::string_view text(piece.data(), static_cast<std::size_t>(got));
    return printable(text.substr(0, text.find('\n')));
  }
  return {};
}

void Mounters::reap() noexcept {
  for (const Running& each : running_) {
    siginfo_t ended = {};
    while (::waitid(P_PID, static_cast<id_t>(each.pid), &ended, WEXITED) < 0 && errno == EINTR) {
    }
  }
  running_.clear();
}

void Mounters::end() noexcept {
  for (const Running& each : running_) {
    pollfd over = {each.pidfd.get(), POLLIN, 0};
    while (::poll(&over, 1, kToEnd) < 0 && errno == EINTR) {
    }
  }
  kill();
}

void Mounters::give_up() noexcept {
  given_up_ = true;
  kill();
}

void Mounters::kill() noexcept {
  for (const Running& each : running_) ::kill(each.pid, SIGKILL);
  reap();
}

bool hand_over_mount(char** argv) {
  if (argv[0] == nullptr || !is_fusermount(argv[0])) return false;
  const char* const socket = ::getenv("_FUSE_COMMFD");
  if (socket == nullptr) return true;  // to unmount: that is done by the kernel
  char byte = 0;
  iovec piece = {&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr packet = {};
  packet.msg_iov = &piece;
  packet.msg_iovlen = 1;
  packet.msg_control = control.data();
  packet.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&packet);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &kServed, sizeof kServed);
  [[maybe_unused]] const ssize_t sent = ::sendmsg(std::atoi(socket), &packet, MSG_NOSIGNAL);
  return true;
}

}  // namespace hutch
