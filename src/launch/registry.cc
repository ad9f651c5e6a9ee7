#include "launch/registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "launch/errno_text.h"
#include "launch/process_facts.h"
#include "launch/whole_number.h"
#include "profile/words.h"

namespace hutch {
namespace {

constexpr std::string_view kSuffix = ".sandbox";
constexpr const char* kPlans = "plans";
constexpr mode_t kOnlyMine = 0700;
/// What one folder may cost who looks at it.
constexpr std::size_t kMostEntries = 4096;
constexpr int kMostWaits = 50;  ///< of a millisecond each

/// The file that this process holds the lock of.
struct Held {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const Held&) const = default;
};
std::optional<Held> held;

Held identity(const struct stat& of) { return {of.st_dev, of.st_ino}; }

bool is_private(const struct stat& found, uid_t owner) {
  return S_ISDIR(found.st_mode) && found.st_uid == owner && (found.st_mode & 022) == 0;
}

UniqueFd open_folder(int at, const std::string& name) {
  return UniqueFd(::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
}

/// Where a folder of sandboxes may be: the folder above it, opened, and its own name there.
struct Place {
  std::shared_ptr<const UniqueFd> parent;
  std::string parent_path, name;
  uid_t owner = 0;
  [[nodiscard]] std::string path() const { return parent_path + "/" + name; }
};

/// Nothing if that is no folder, or, where the parent has to be private, if it is not.
std::optional<Place> place(const std::string& parent, const std::string& name, uid_t owner, bool in_private) {
  UniqueFd fd(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat found = {};
  if (!fd || ::fstat(fd.get(), &found) < 0 || (in_private && !is_private(found, owner))) return std::nullopt;
  return Place{std::make_shared<UniqueFd>(std::move(fd)), parent, name, owner};
}

std::string in_tmp(uid_t user) { return fmt::format("hutch-{}", user); }

/// Folders that nobody but the caller, and root, writes to.
std::vector<std::string> own_folders(const Caller& caller) {
  std::vector<std::string> folders;
  const auto runtime = caller.environment.find("XDG_RUNTIME_DIR");
  if (runtime != caller.environment.end() && runtime->second.starts_with('/'))
    folders.push_back(runtime->second);
  folders.push_back(fmt::format("/run/user/{}", caller.uid));
  if (caller.uid == 0) folders.emplace_back("/run");
  return folders;
}

std::optional<Place> own_place(const std::string& folder, const Caller& caller) {
  return place(folder, "hutch", caller.uid, folder != "/run");
}

std::vector<Place> places_of(const Caller& caller) {
  std::vector<Place> found;
  for (const std::string& each : own_folders(caller))
    if (auto one = own_place(each, caller)) found.push_back(*std::move(one));
  if (auto one = place("/tmp", in_tmp(caller.uid), caller.uid, false)) found.push_back(*std::move(one));
  return found;
}

std::vector<std::string> names_in(int folder) {
  std::vector<std::string> names;
  // A description of its own: the position in the folder belongs to it.
  const int again = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const directory = again < 0 ? nullptr : ::fdopendir(again);
  if (directory == nullptr) {
    if (again >= 0) ::close(again);
    return names;
  }
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    if (names.size() == kMostEntries) break;
  }
  ::closedir(directory);
  std::ranges::sort(names);
  return names;
}

/// Every folder in which sandboxes that the caller may see are registered.
std::vector<Place> all_places(const Caller& caller) {
  std::vector<Place> all = places_of(caller);
  if (caller.uid != 0) return all;
  const auto of_others = [&all](const std::string& folder, std::string_view prefix, bool in_private) {
    const UniqueFd fd = open_folder(AT_FDCWD, folder);
    for (const std::string& name : names_in(fd.get())) {
      if (!name.starts_with(prefix)) continue;
      const auto user = whole_number<uid_t>(std::string_view(name).substr(prefix.size()));
      // A name of a user's is that user's only.
      if (!user || *user == 0) continue;
      if (auto one = in_private ? place(fmt::format("{}/{}", folder, name), "hutch", *user, true)
                                : place(folder, name, *user, false))
        all.push_back(*std::move(one));
    }
  };
  of_others("/run/user", "", true);
  of_others("/tmp", "hutch-", false);
  return all;
}

/// Nothing where there is none that is private to its owner.
std::optional<RegistryFolder> open_place(const Place& place) {
  UniqueFd fd = open_folder(place.parent->get(), place.name);
  struct stat found = {};
  if (!fd || ::fstat(fd.get(), &found) < 0 || !is_private(found, place.owner)) return std::nullopt;
  return RegistryFolder{place.path(), place.owner, std::make_shared<UniqueFd>(std::move(fd))};
}

/// Who holds the lock: a pid, 0 for somebody whom we cannot see, nothing for nobody.
std::optional<pid_t> lock_holder(int file) {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(file, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return std::max<pid_t>(lock.l_pid, 0);
}

/// Locks the file if nobody else has; the lock is of no use on a file that has lost its name meanwhile.
bool lock(int file, int folder, const std::string& name) {
  struct flock whole = {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(file, F_SETLK, &whole) < 0) return false;
  struct stat ours = {}, named = {};
  return ::fstat(file, &ours) == 0 && ::fstatat(folder, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         identity(ours) == identity(named);
}

void remove_stale(int folder, const std::string& name) {
  const std::string file_name = name + std::string(kSuffix);
  const UniqueFd file(::openat(folder, file_name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file || !lock(file.get(), folder, file_name)) return;
  ::unlinkat(folder, (name + ".sock").c_str(), 0);
  ::unlinkat(folder, file_name.c_str(), 0);
}

/// What a file says, if its sandbox runs.
std::optional<Registered> look_at(const RegistryFolder& folder, const std::string& name, int& waits) {
  const std::string file_name = name + std::string(kSuffix);
  struct stat found = {};
  if (::fstatat(folder.fd->get(), file_name.c_str(), &found, AT_SYMLINK_NOFOLLOW) < 0 ||
      !S_ISREG(found.st_mode) || found.st_uid != folder.owner || held == identity(found))
    return std::nullopt;
  const UniqueFd file(
      ::openat(folder.fd->get(), file_name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file || ::fstat(file.get(), &found) < 0 || !S_ISREG(found.st_mode) || found.st_uid != folder.owner)
    return std::nullopt;
  const auto holder = lock_holder(file.get());
  if (!holder) {
    if (folder.owner == ::geteuid()) remove_stale(folder.fd->get(), name);
    return std::nullopt;
  }
  std::array<char, 16384> text;
  ssize_t got = 0;
  // It may be written anew just now.
  for (;; --waits, ::usleep(1000)) {
    got = ::pread(file.get(), text.data(), text.size(), 0);
    if (got > 0 && std::string_view(text.data(), static_cast<std::size_t>(got)).ends_with("\nend\n")) break;
    if (waits <= 0) break;
  }
  Registered about = registered_from({text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
  about.launcher = *holder > 0 ? *holder : -1;
  about.name = name;
  about.owner = folder.owner;
  about.path = folder.path + "/" + file_name;
  about.folder = folder.fd;
  return about;
}

/// The number is looked at once the descriptor is there: what it named before does not matter any more.
UniqueFd open_process(pid_t pid) {
  return UniqueFd(pid <= 0 ? -1 : static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

bool still_holds_the_lock(const Registered& sandbox) {
  const std::string file_name = sandbox.name + std::string(kSuffix);
  const UniqueFd file(
      ::openat(sandbox.folder->get(), file_name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  return file && lock_holder(file.get()) == sandbox.launcher;
}

std::unexpected<Diagnostics> has_ended(const Registered& sandbox) {
  return fail({.code = "E0918", .what = fmt::format("the sandbox {} has ended", quoted(sandbox.name))});
}

std::unexpected<Diagnostics> not_begun(const Registered& sandbox) {
  return fail(
      {.code = "E0918", .what = fmt::format("the sandbox {} has not begun yet", quoted(sandbox.name))});
}

}  // namespace

Result<RegistryFolder> registry_folder(const Caller& caller) {
  const auto places = places_of(caller);
  if (places.empty()) {
    return fail({.code = "E0426",
                 .what = "there is no folder for running sandboxes",
                 .help = "set XDG_RUNTIME_DIR to a folder of your own"});
  }
  const Place& first = places.front();
  const int error = ::mkdirat(first.parent->get(), first.name.c_str(), kOnlyMine) == 0 ? 0 : errno;
  if (auto folder = open_place(first)) return *std::move(folder);
  return fail(
      {.code = "E0426",
       .what = fmt::format("the folder of running sandboxes cannot be used: {}", printable(first.path())),
       .cause = error == EEXIST || error == 0
                    ? "it is not yours alone: somebody else could answer in a sandbox's place"
                    : fmt::format("mkdir: {}", errno_text(error)),
       .help = "remove it, or set XDG_RUNTIME_DIR to a folder of your own"});
}

UniqueFd plans_folder(const Caller& caller, bool make) {
  for (const std::string& each : own_folders(caller)) {
    const auto one = own_place(each, caller);
    if (!one) continue;
    if (make) ::mkdirat(one->parent->get(), one->name.c_str(), kOnlyMine);
    const auto folder = open_place(*one);
    if (!folder) return {};
    if (make) ::mkdirat(folder->fd->get(), kPlans, kOnlyMine);
    UniqueFd plans = open_folder(folder->fd->get(), kPlans);
    struct stat found = {};
    if (!plans || ::fstat(plans.get(), &found) < 0 || !is_private(found, caller.uid)) return {};
    return plans;
  }
  return {};
}

Result<RunFile> RunFile::claim(const RegistryFolder& folder, const std::string& name) {
  const std::string file_name = name + std::string(kSuffix);
  const int at = folder.fd->get();
  for (int tries = 0;; ++tries) {
    errno = 0;
    UniqueFd file(
        ::openat(at, file_name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    struct stat ours = {};
    const int opened = file && ::fstat(file.get(), &ours) == 0 ? 0 : errno;
    if (opened != 0 || !S_ISREG(ours.st_mode)) {
      return fail({.code = "E0426",
                   .what = fmt::format("the sandbox cannot be registered: {}/{}: {}", printable(folder.path),
                                       file_name, opened != 0 ? errno_text(opened) : "it is no file")});
    }
    if (lock(file.get(), at, file_name)) {
      ::unlinkat(at, (name + ".sock").c_str(), 0);
      held = identity(ours);
      return RunFile(std::move(file), folder.fd, name);
    }
    const int error = errno;
    const auto holder = lock_holder(file.get());
    // Who removes a stale one holds the lock for a moment.
    if (holder && tries < 20) {
      ::usleep(1000);
    } else if (holder) {
      return fail({.code = "E0427",
                   .what = fmt::format("a sandbox called {} is running already{}", quoted(name),
                                       *holder > 0 ? fmt::format(" (pid {})", *holder) : ""),
                   .help = fmt::format("choose another name, or end it: hutch kill {}", name)});
    }
    if (error == ENOLCK || error == ENOSYS || error == EINVAL || error == EOPNOTSUPP) {
      return fail({.code = "E0426",
                   .what = fmt::format("the sandbox cannot be registered: fcntl(F_SETLK) in {}: {}",
                                       printable(folder.path), errno_text(error))});
    }
    // Its owner has just left.
  }
}

RunFile::~RunFile() {
  if (!file_) return;
  ::unlinkat(folder_->get(), socket_name().c_str(), 0);
  ::unlinkat(folder_->get(), (name_ + std::string(kSuffix)).c_str(), 0);
  held.reset();
}

bool RunFile::write(const Registered& about) const {
  const std::string text = text_of(about);
  // In one piece, then what was longer before goes.
  return ::pwrite(file_.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
         ::ftruncate(file_.get(), static_cast<off_t>(text.size())) == 0;
}

std::vector<Registered> running_sandboxes(const Caller& caller) {
  std::vector<Registered> running;
  std::vector<Held> seen;
  for (const Place& place : all_places(caller)) {
    const auto folder = open_place(place);
    struct stat found = {};
    if (!folder || ::fstat(folder->fd->get(), &found) < 0) continue;
    if (std::ranges::find(seen, identity(found)) != seen.end()) continue;
    seen.push_back(identity(found));
    int waits = kMostWaits;
    for (const std::string& entry : names_in(folder->fd->get())) {
      if (!entry.ends_with(kSuffix)) continue;
      const std::string name = entry.substr(0, entry.size() - kSuffix.size());
      if (!is_sandbox_name(name)) continue;
      if (auto one = look_at(*folder, name, waits)) running.push_back(*std::move(one));
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
  UniqueFd process = open_process(sandbox.launcher);
  // The lock may be held by anybody whom the owner brought to open the file; a launcher is the owner's.
  const auto facts = process ? process_facts(sandbox.launcher) : std::nullopt;
  if (!facts || facts->uid != sandbox.owner || !still_holds_the_lock(sandbox)) return has_ended(sandbox);
  return process;
}

Result<UniqueFd> open_init(const Registered& sandbox) {
  TRY_DO(open_launcher(sandbox));
  if (sandbox.init <= 0) return not_begun(sandbox);
  UniqueFd init = open_process(sandbox.init);
  const auto facts = init ? process_facts(sandbox.init) : std::nullopt;
  if (!facts || facts->parent != sandbox.launcher || !still_holds_the_lock(sandbox))
    return has_ended(sandbox);
  return init;
}

Result<UniqueFd> open_program(const Registered& sandbox) {
  if (sandbox.program <= 0 || sandbox.init == sandbox.program) return open_init(sandbox);
  TRY_DO(open_init(sandbox));
  UniqueFd program = open_process(sandbox.program);
  const auto facts = program ? process_facts(sandbox.program) : std::nullopt;
  if (!facts || facts->parent != sandbox.init || !open_init(sandbox)) return has_ended(sandbox);
  return program;
}

}  // namespace hutch
