#include "launch/join.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <variant>

#include "base/text.h"
#include "child/channel.h"
#include "launch/control.h"
#include "launch/errno_text.h"

namespace hutch {
namespace {

struct TypeName {
  std::uint64_t type;
  const char* file;
  const char* name;
};
constexpr TypeName kTypes[] = {{CLONE_NEWUSER, "user", "user"},       {CLONE_NEWNS, "mnt", "mount"},
                               {CLONE_NEWPID, "pid", "pid"},          {CLONE_NEWIPC, "ipc", "ipc"},
                               {CLONE_NEWUTS, "uts", "uts"},          {CLONE_NEWNET, "net", "net"},
                               {CLONE_NEWCGROUP, "cgroup", "cgroup"}, {CLONE_NEWTIME, "time", "time"}};

const char* type_name(std::uint64_t type) {
  for (const TypeName& each : kTypes) {
    if (each.type == type) return each.name;
  }
  return "unknown";
}

Diagnostic cannot_join(const OpenNamespace& step, const Origin& at, std::string cause, std::string help) {
  return {.code = "E0422",
          .what = fmt::format("cannot join the {} namespace of {}", type_name(step.type),
                              quoted(step.path.size() > 0 ? step.path.view() : step.sandbox.view())),
          .at = at,
          .cause = std::move(cause),
          .help = std::move(help)};
}

Diagnostic cannot_open(const OpenNamespace& step, const Origin& at, int error) {
  const bool of_process = step.path.view().starts_with("/proc/");
  if (error == ENOENT && of_process) return cannot_join(step, at, "there is no such process", "");
  if (error == EACCES && of_process) {
    return cannot_join(step, at, "the process is not yours, or does not let itself be looked into",
                       "run as root, or join a process that is yours");
  }
  return cannot_join(step, at, fmt::format("open: {}", errno_text(error)), "");
}

Result<UniqueFd> open_one(const OpenNamespace& step, const Origin& at) {
  UniqueFd fd(::open(step.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) return fail(cannot_open(step, at, errno));
  struct statfs on = {};
  const int type =
      ::fstatfs(fd.get(), &on) == 0 && on.f_type == NSFS_MAGIC ? ::ioctl(fd.get(), NS_GET_NSTYPE) : -1;
  if (type < 0) {
    return fail(cannot_join(step, at, "it is no namespace: a file that holds one is a mount point of nsfs",
                            "`ip netns list` and `lsns` show what there is"));
  }
  if (static_cast<std::uint64_t>(type) != step.type) {
    return fail(cannot_join(
        step, at, fmt::format("it is a {} namespace", type_name(static_cast<std::uint64_t>(type))), ""));
  }
  return fd;
}

/// From the launcher of a running sandbox.
Result<UniqueFd> of_sandbox(const OpenNamespace& step, const Origin& at, const Caller& caller) {
  const auto point_here = [&at](Diagnostics diagnostics) {
    for (Diagnostic& each : diagnostics) each.at = at;
    return std::unexpected(std::move(diagnostics));
  };
  auto sandbox = find_sandbox(caller, std::string(step.sandbox.view()));
  if (!sandbox) return point_here(std::move(sandbox).error());
  if (sandbox->owner != caller.uid) {
    return fail(cannot_join(
        step, at,
        fmt::format("it is a sandbox of the user {}, who chose what is in its namespaces", sandbox->owner),
        "join one of your own, or run hutch as that user"));
  }
  auto reply = ask(*sandbox, Question::enter);
  if (!reply) return point_here(std::move(reply).error());
  const std::string_view wanted = namespace_file(step.type);
  for (std::size_t i = 0; i < std::min(reply->descriptors.size(), kNamespaceFileCount); ++i) {
    if (std::string_view(kNamespaceFiles[i]).starts_with(wanted)) return std::move(reply->descriptors[i]);
  }
  return fail(cannot_join(step, at, "the sandbox does not say which one it is in", ""));
}

/// What the process in between answers.
struct Answer {
  pid_t pid = -1;
  int error = 0;
  std::int64_t failed_join = -1;
};

Answer join_and_clone(std::span<const Joining> joinings, std::uint64_t namespaces) noexcept {
  for (const Joining& each : joinings) {
    if (::setns(each.fd, static_cast<int>(each.type)) < 0)
      return {.error = errno, .failed_join = static_cast<std::int64_t>(each.step)};
  }
  // CLONE_PARENT: the child's end is told to who the parent is, not to us.
  const long pid = ::syscall(SYS_clone, namespaces | CLONE_PARENT, nullptr, nullptr, nullptr, nullptr);
  if (pid < 0) return {.error = errno};
  return {.pid = static_cast<pid_t>(pid)};
}

}  // namespace

const char* namespace_file(std::uint64_t type) noexcept {
  for (const TypeName& each : kTypes) {
    if (each.type == type) return each.file;
  }
  return "";
}

Result<void> open_namespaces(const Plan& plan, const Caller& caller, std::span<int> slots) {
  for (const Step& step : plan.steps) {
    const auto* open = std::get_if<OpenNamespace>(&step.op);
    if (open == nullptr) continue;
    TRY(UniqueFd fd,
        open->path.size() > 0 ? open_one(*open, step.origin) : of_sandbox(*open, step.origin, caller));
    slots[open->slot] = fd.release();
  }
  return {};
}

std::vector<Joining> joinings(const Plan& plan, std::span<const int> slots) {
  std::vector<Joining> found;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    if (const auto* join = std::get_if<JoinNamespace>(&plan.steps[i].op))
      found.push_back({i, join->type, slots[join->slot]});
  }
  return found;
}

Cloned clone_joined(std::span<const Joining> joinings, std::uint64_t namespaces) noexcept {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) return {.error = errno};
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const auto between = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (between < 0) return {.error = errno};
  if (between == 0) {
    const Answer answer = join_and_clone(joinings, namespaces);
    if (answer.pid == 0) return {.pid = 0};  // the child; its copies of the pipe close on exec
    ::_exit(::write(writer.get(), &answer, sizeof answer) < 0 ? 1 : 0);  // no answer says as much
  }
  writer.reset();
  Answer answer;
  ssize_t got = -1;
  do {
    got = ::read(reader.get(), &answer, sizeof answer);
  } while (got < 0 && errno == EINTR);
  while (::waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (got != static_cast<ssize_t>(sizeof answer)) return {.error = ECHILD};
  if (answer.pid < 0) return {.error = answer.error, .failed_join = answer.failed_join};
  const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, answer.pid, 0));
  return {.pid = answer.pid, .pidfd = pidfd, .error = pidfd < 0 ? errno : 0};
}

Persisted::~Persisted() {
  for (const Made& each : made_) {
    if (each.mount) ::umount2(each.path.c_str(), MNT_DETACH);
    if (each.file) ::unlink(each.path.c_str());
  }
}

Outcome Persisted::persist(const PersistNamespace& step, pid_t child) {
  const std::string path(step.path.view());
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0));
  made_.push_back({path, static_cast<bool>(file), false});
  if (!file) {
    if (errno != EEXIST) return {Call::open, errno};
    file.reset(::open(path.c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW));
    struct stat found = {};
    struct statfs on = {};
    if (!file || ::fstat(file.get(), &found) < 0 || ::fstatfs(file.get(), &on) < 0)
      return {Call::open, errno};
    if (on.f_type == NSFS_MAGIC) return {Call::open, EBUSY};
    // Another user's file, or one with a content, is none that was made for this.
    if (!S_ISREG(found.st_mode) || found.st_size != 0) return {Call::open, EEXIST};
  }
  const std::string from = fmt::format("/proc/{}/ns/{}", child, namespace_file(step.type));
  const std::string to = fmt::format("/proc/self/fd/{}", file.get());
  if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) < 0) return {Call::mount, errno};
  made_.back().mount = true;
  return {};
}

}  // namespace hutch
