#include "launch/registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "launch/errno_text.h"
#include "launch/tell_failure.h"

namespace hutch {
namespace {

constexpr std::string_view kSuffix = ".sandbox";
constexpr mode_t kOnlyMine = 0700;

/// Is this a folder in which nobody but `owner` can put anything?
bool is_private(const std::string& path, uid_t owner) {
  struct stat found = {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == owner &&
         (found.st_mode & 022) == 0;
}

std::vector<std::string> candidates(const Caller& caller) {
  std::vector<std::string> found;
  const auto runtime = caller.environment.find("XDG_RUNTIME_DIR");
  if (runtime != caller.environment.end() && runtime->second.starts_with('/') &&
      is_private(runtime->second, caller.uid))
    found.push_back(runtime->second + "/hutch");
  const std::string of_user = fmt::format("/run/user/{}", caller.uid);
  if (is_private(of_user, caller.uid)) found.push_back(of_user + "/hutch");
  if (caller.uid == 0) found.emplace_back("/run/hutch");
  found.push_back(fmt::format("/tmp/hutch-{}", caller.uid));
  return found;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  DIR* const directory = ::opendir(folder.c_str());
  if (directory == nullptr) return names;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  ::closedir(directory);
  std::ranges::sort(names);
  return names;
}

/// Every folder in which sandboxes that the caller may see are registered.
std::vector<std::string> folders(const Caller& caller) {
  std::vector<std::string> all = candidates(caller);
  if (caller.uid == 0) {
    for (const std::string& user : names_in("/run/user")) all.push_back("/run/user/" + user + "/hutch");
    for (const std::string& name : names_in("/tmp")) {
      if (name.starts_with("hutch-")) all.push_back("/tmp/" + name);
    }
  }
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') break;
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return value;
}

std::string text_of(const Registered& about) {
  std::string text = "hutch 1\n";
  const auto line = [&text](std::string_view key, std::string_view value) {
    text += fmt::format("{} {}\n", key, printable(value));
  };
  line("profile", about.profile);
  line("command", about.command);
  line("digest", about.digest);
  line("launcher", std::to_string(about.launcher));
  line("launcher_start", std::to_string(about.launcher_start));
  line("started", std::to_string(about.started));
  if (about.init > 0) line("init", std::to_string(about.init));
  if (about.program > 0) {
    line("program", std::to_string(about.program));
    line("program_start", std::to_string(about.program_start));
  }
  for (const auto& [name, inode] : about.namespaces) line("ns " + name, std::to_string(inode));
  return text + "end\n";
}

Registered parse(std::string_view text) {
  Registered about;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t space = line.find(' ');
    const std::string_view key = line.substr(0, space);
    const std::string_view value = space == line.npos ? "" : line.substr(space + 1);
    if (key == "profile") about.profile = value;
    if (key == "command") about.command = value;
    if (key == "digest") about.digest = value;
    if (key == "launcher") about.launcher = static_cast<pid_t>(number(value));
    if (key == "launcher_start") about.launcher_start = number(value);
    if (key == "program_start") about.program_start = number(value);
    if (key == "started") about.started = number(value);
    if (key == "init") about.init = static_cast<pid_t>(number(value));
    if (key == "program") about.program = static_cast<pid_t>(number(value));
    if (key != "ns") continue;
    const std::size_t gap = value.find(' ');
    if (gap != value.npos) about.namespaces.emplace_back(value.substr(0, gap), number(value.substr(gap + 1)));
  }
  return about;
}

/// Locks the file if nobody else has; the lock is of no use on a file that has lost its name meanwhile.
bool lock(int file, const std::string& path) {
  if (::flock(file, LOCK_EX | LOCK_NB) < 0) return false;
  struct stat ours = {}, named = {};
  return ::fstat(file, &ours) == 0 && ::lstat(path.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
         ours.st_dev == named.st_dev;
}

/// What a file says, if its sandbox runs. Removes it if not.
std::optional<Registered> look_at(const std::string& folder, const std::string& name, uid_t owner) {
  const std::string stem = folder + "/" + name, path = stem + std::string(kSuffix);
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat found = {};
  if (!file || ::fstat(file.get(), &found) < 0 || !S_ISREG(found.st_mode) || found.st_uid != owner)
    return std::nullopt;
  if (lock(file.get(), path)) {
    ::unlink((stem + ".sock").c_str());
    ::unlink(path.c_str());
    return std::nullopt;
  }
  std::array<char, 16384> text;
  ssize_t got = 0;
  // It may be written anew just now.
  for (int i = 0; i < 50; ++i) {
    got = ::pread(file.get(), text.data(), text.size(), 0);
    if (got > 0 && std::string_view(text.data(), static_cast<std::size_t>(got)).ends_with("\nend\n")) break;
    ::usleep(1000);
  }
  Registered about = parse({text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
  about.name = name;
  about.owner = owner;
  about.folder = folder;
  return about;
}

Result<UniqueFd> open_verified(const Registered& sandbox, pid_t pid, std::optional<std::uint64_t> started) {
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  // The number is looked at once the descriptor is there: what it named before does not matter any more.
  const bool same = process && started && start_time(pid) == started;
  if (same && look_at(sandbox.folder, sandbox.name, sandbox.owner)) return process;
  return fail({.code = "E0918", .what = fmt::format("the sandbox {} has ended", quoted(sandbox.name))});
}

Diagnostic not_begun(const Registered& sandbox) {
  return {.code = "E0918", .what = fmt::format("the sandbox {} has not begun yet", quoted(sandbox.name))};
}

}  // namespace

std::optional<std::uint64_t> start_time(pid_t pid) {
  const auto stat = read_from_machine(fmt::format("/proc/{}/stat", pid));
  if (!stat) return std::nullopt;
  const std::size_t after_name = stat->rfind(") ");
  if (after_name == std::string::npos) return std::nullopt;
  const auto fields = split(std::string_view(*stat).substr(after_name + 2), ' ');
  constexpr std::size_t kStart = 22 - 3;
  if (fields.size() <= kStart) return std::nullopt;
  return number(fields[kStart]);
}

Result<std::string> registry_folder(const Caller& caller) {
  std::string folder = candidates(caller).front();
  const int error = ::mkdir(folder.c_str(), kOnlyMine) == 0 ? 0 : errno;
  if (error == 0 || is_private(folder, caller.uid)) return folder;
  return fail({.code = "E0426",
               .what = fmt::format("the folder of running sandboxes cannot be used: {}", folder),
               .cause = error == EEXIST
                            ? "it is not yours alone: somebody else could answer in a sandbox's place"
                            : fmt::format("mkdir: {}", errno_text(error)),
               .help = "remove it, or set XDG_RUNTIME_DIR to a folder of your own"});
}

Result<RunFile> RunFile::claim(const std::string& folder, const std::string& name) {
  const std::string stem = folder + "/" + name, path = stem + std::string(kSuffix);
  while (true) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) {
      return fail({.code = "E0426",
                   .what = fmt::format("the sandbox cannot be registered: {}: {}", path, errno_text(errno))});
    }
    if (lock(file.get(), path)) {
      ::unlink((stem + ".sock").c_str());
      return RunFile(std::move(file), stem);
    }
    struct stat named = {};
    if (::lstat(path.c_str(), &named) < 0) continue;  // its owner has just left
    struct stat ours = {};
    if (::fstat(file.get(), &ours) == 0 && ours.st_ino != named.st_ino) continue;
    std::array<char, 4096> text;
    const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
    const Registered other = parse({text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
    return fail({.code = "E0427",
                 .what = fmt::format("a sandbox called {} is running already{}", quoted(name),
                                     other.launcher > 0 ? fmt::format(" (pid {})", other.launcher) : ""),
                 .help = fmt::format("choose another name, or end it: hutch kill {}", name)});
  }
}

RunFile::~RunFile() {
  if (!file_) return;
  ::unlink(socket_path().c_str());
  ::unlink((stem_ + std::string(kSuffix)).c_str());
}

bool RunFile::write(const Registered& about) const {
  const std::string text = text_of(about);
  // In one piece, then what was longer before goes.
  return ::pwrite(file_.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
         ::ftruncate(file_.get(), static_cast<off_t>(text.size())) == 0;
}

std::vector<Registered> running_sandboxes(const Caller& caller) {
  std::vector<Registered> running;
  for (const std::string& folder : folders(caller)) {
    struct stat found = {};
    if (::lstat(folder.c_str(), &found) < 0 || !is_private(folder, found.st_uid)) continue;
    if (found.st_uid != caller.uid && caller.uid != 0) continue;
    for (const std::string& name : names_in(folder)) {
      if (!name.ends_with(kSuffix)) continue;
      if (auto one = look_at(folder, name.substr(0, name.size() - kSuffix.size()), found.st_uid))
        running.push_back(*std::move(one));
    }
  }
  std::ranges::sort(running, {}, &Registered::name);
  return running;
}

Result<Registered> find_sandbox(const Caller& caller, const std::string& name) {
  const std::vector<Registered> running = running_sandboxes(caller);
  std::vector<Registered> found;
  std::ranges::copy_if(running, std::back_inserter(found),
                       [&](const Registered& each) { return each.name == name; });
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    const auto own = std::ranges::find(found, caller.uid, &Registered::owner);
    if (own != found.end()) return *own;
    return fail(
        {.code = "E0917", .what = fmt::format("several users run a sandbox called {}", quoted(name))});
  }
  std::vector<std::string> names;
  std::vector<std::string_view> views;
  for (const Registered& each : running) names.push_back(each.name);
  for (const std::string& each : names) views.emplace_back(each);
  Diagnostic none{.code = "E0917", .what = fmt::format("no sandbox called {} is running", quoted(name))};
  if (const auto near = closest(name, views)) none.help = fmt::format("did you mean {}?", *near);
  if (none.help.empty()) none.help = "`hutch ps` lists those that run";
  return fail(std::move(none));
}

Result<UniqueFd> open_launcher(const Registered& sandbox) {
  return open_verified(sandbox, sandbox.launcher, sandbox.launcher_start);
}

Result<UniqueFd> open_program(const Registered& sandbox) {
  if (sandbox.program <= 0) return fail(not_begun(sandbox));
  return open_verified(sandbox, sandbox.program, sandbox.program_start);
}

Result<UniqueFd> open_init(const Registered& sandbox) {
  // While its launcher lives, the init is not reaped, so that nobody else can have its number.
  TRY(const UniqueFd launcher, open_launcher(sandbox));
  if (sandbox.init <= 0) return fail(not_begun(sandbox));
  UniqueFd init(static_cast<int>(::syscall(SYS_pidfd_open, sandbox.init, 0)));
  if (init && open_launcher(sandbox)) return init;
  return fail({.code = "E0918", .what = fmt::format("the sandbox {} has ended", quoted(sandbox.name))});
}

}  // namespace hutch
