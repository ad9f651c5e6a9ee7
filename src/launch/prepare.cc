#include "launch/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/path.h"
#include "base/unique_fd.h"
#include "child/close_rows.h"
#include "launch/image.h"

namespace hutch {
namespace {

/// Appending, so that two streams into one file do not overwrite each other.
constexpr int kOutput = O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC;
constexpr mode_t kAnyone = 0666;  // less the caller's umask, as a shell makes them

/// Opens an absolute path component by component: a link on the way, put there since it was judged, is ELOOP.
UniqueFd open_without_links(std::string_view path, int& error) {
  UniqueFd at(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const std::string_view part : components(path)) {
    UniqueFd next(::openat(at.get(), std::string(part).c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat found = {};
    const bool fails = !next || ::fstat(next.get(), &found) < 0;
    error = fails ? errno : S_ISLNK(found.st_mode) ? ELOOP : 0;
    if (error != 0) return UniqueFd();
    at = std::move(next);
  }
  return at;
}

/// A file of /proc or /sys, wherever that is mounted: what it says is about the host's processes and devices.
bool is_of_kernel(int fd) {
  struct statfs info = {};
  return ::fstatfs(fd, &info) == 0 && (info.f_type == PROC_SUPER_MAGIC || info.f_type == SYSFS_MAGIC);
}

}  // namespace

Outcome Prepared::open_named(const PinSource& step) {
  if (step.pin >= pins.size()) return {Call::open, EBADF};
  int error = 0;
  UniqueFd fd = open_without_links(step.path.view(), error);
  if (!fd) return {Call::open, error};
  struct stat found = {};
  if (::fstat(fd.get(), &found) < 0) return {Call::fstat, errno};
  if (step.expect == Expect::named_directory && !S_ISDIR(found.st_mode)) return {Call::open, ENOTDIR};
  if (step.expect == Expect::named_file && !S_ISREG(found.st_mode)) return {Call::open, ESTALE};
  if (is_of_kernel(fd.get())) return {Call::open, ESTALE};
  pins[step.pin] = {.device = found.st_dev, .inode = found.st_ino, .fd = fd.release()};
  return {};
}

Outcome Prepared::open_one(const PinSource& step) {
  if (step.expect == Expect::named_file || step.expect == Expect::named_directory) return open_named(step);
  // O_DIRECTORY triggers an automount, as open_tree will.
  const int directory = step.expect == Expect::directory ? O_DIRECTORY : 0;
  const int fd = ::open(step.path.c_str(), O_PATH | O_CLOEXEC | directory);
  if (fd < 0) return {Call::open, errno};
  if (step.pin >= pins.size()) {
    ::close(fd);
    return {Call::open, EBADF};
  }
  pins[step.pin].fd = fd;
  struct stat found = {};
  if (::fstat(fd, &found) < 0) return {Call::fstat, errno};
  if (step.expect == Expect::not_directory && S_ISDIR(found.st_mode)) return {Call::open, EISDIR};
  pins[step.pin].device = found.st_dev;
  pins[step.pin].inode = found.st_ino;
  return {};
}

Outcome Prepared::open_one(const OpenStream& step) {
  if (step.slot >= slots.size()) return {Call::open, EBADF};
  const int how = step.stream == 0 ? O_RDONLY | O_NOCTTY | O_CLOEXEC : kOutput;
  const int fd = ::open(step.path.c_str(), how);
  if (fd < 0 && errno == ENOENT && step.stream != 0) return {};  // make_streams() will
  if (fd < 0) return {Call::open, errno};
  slots[step.slot] = fd;
  return {};
}

Outcome Prepared::make_one(const OpenStream& step) {
  if (slots[step.slot] >= 0) return {};
  const std::string directory(parent_of(step.path.view()));
  if (const int nameless = ::open(directory.c_str(), kOutput | O_TMPFILE, kAnyone); nameless >= 0) {
    nameless_.push_back(step.slot);
    slots[step.slot] = nameless;
    return {};
  }
  int fd = ::open(step.path.c_str(), kOutput | O_CREAT | O_EXCL, kAnyone);
  if (fd >= 0) {
    made_.emplace_back(step.path.view());
  } else if (errno == EEXIST) {
    fd = ::open(step.path.c_str(), kOutput | O_NONBLOCK);  // made by somebody meanwhile
    if (fd >= 0) ::fcntl(fd, F_SETFL, O_APPEND);
  }
  if (fd < 0) return {Call::open, errno};
  slots[step.slot] = fd;
  return {};
}

Outcome Prepared::make_one(const MakeOutput& step) {
  if (step.pin >= pins.size()) return {Call::open, EBADF};
  int error = 0;
  UniqueFd folder = open_without_links(parent_of(step.path.view()), error);
  if (!folder) return {Call::open, error};
  const std::string name(name_of(step.path.view()));
  const UniqueFd fd(
      ::openat(folder.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kAnyone));
  if (!fd) return {Call::open, errno};
  // Some file systems know no 1970 (FAT), or take no date: what it has then is what counts at the end.
  const timespec epoch[] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {}};
  ::futimens(fd.get(), epoch);
  struct stat found = {};
  if (::fstat(fd.get(), &found) < 0) return {Call::fstat, errno};
  outputs_.push_back({.folder = std::move(folder),
                      .name = name,
                      .object = {.device = found.st_dev, .inode = found.st_ino},
                      .dated = found.st_mtim});
  pins[step.pin] = {.device = found.st_dev, .inode = found.st_ino};
  return {};
}

/// Whoever wrote to a file, emptied it or touched it left a time there.
void Prepared::remove_unwritten() noexcept {
  for (const Output& each : outputs_) {
    struct stat now = {};
    if (::fstatat(each.folder.get(), each.name.c_str(), &now, AT_SYMLINK_NOFOLLOW) < 0) continue;
    const bool is_ours = now.st_dev == each.object.device && now.st_ino == each.object.inode;
    const bool is_untouched = now.st_size == 0 && now.st_mtim.tv_sec == each.dated.tv_sec &&
                              now.st_mtim.tv_nsec == each.dated.tv_nsec;
    if (is_ours && is_untouched) ::unlinkat(each.folder.get(), each.name.c_str(), 0);
  }
  outputs_.clear();
}

Outcome Prepared::open_one(const KeepOpen& step) {
  const int fd = ::open(step.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return {Call::open, errno};
  slots[step.slot] = fd;
  return {};
}

namespace {

/// Of those before clone.
Result<void> for_each_step(const Plan& plan, auto&& act, const Timings* timings = nullptr) {
  for (std::size_t i = 0; i < plan.steps.size() && plan.steps[i].phase == Phase::before_clone; ++i) {
    const Outcome outcome = act(plan.steps[i].op);
    if (outcome.ok() && timings != nullptr) timings->steps()[i] = monotonic_now();
    if (outcome.ok()) continue;
    return fail(
        tell_failure(plan, {static_cast<std::uint32_t>(i), outcome.call, outcome.error, outcome.detail}));
  }
  return {};
}

}  // namespace

Result<void> Prepared::open_all(const Plan& plan, const Timings* timings) {
  const auto open = [this](const Op& op) -> Outcome {
    if (const auto* pin = std::get_if<PinSource>(&op)) return open_one(*pin);
    if (const auto* stream = std::get_if<OpenStream>(&op)) return open_one(*stream);
    if (const auto* keep = std::get_if<KeepOpen>(&op)) return open_one(*keep);
    if (const auto* image = std::get_if<MountImage>(&op)) return mount_image(*image, pins, slots);
    return {};
  };
  return for_each_step(plan, open, timings);
}

Result<void> Prepared::make_streams(const Plan& plan) {
  const OpenStream* before = nullptr;
  return for_each_step(plan, [this, &before](const Op& op) -> Outcome {
    if (const auto* output = std::get_if<MakeOutput>(&op)) return make_one(*output);
    const auto* stream = std::get_if<OpenStream>(&op);
    if (stream == nullptr || slots[stream->slot] >= 0) return {};
    if (before != nullptr && before->path == stream->path) {  // both streams into one new file
      slots[stream->slot] = ::fcntl(slots[before->slot], F_DUPFD_CLOEXEC, 0);
      return slots[stream->slot] < 0 ? Outcome{Call::fcntl, errno} : Outcome{};
    }
    before = stream;
    return make_one(*stream);
  });
}

Outcome Prepared::name_one(const OpenStream& step) {
  if (std::ranges::find(nameless_, step.slot) == nameless_.end()) return {};
  const std::string here = fmt::format("/proc/self/fd/{}", slots[step.slot]);
  if (::linkat(AT_FDCWD, here.c_str(), AT_FDCWD, step.path.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  // Without /proc it takes CAP_DAC_READ_SEARCH.
  if (errno == ENOENT && ::linkat(slots[step.slot], "", AT_FDCWD, step.path.c_str(), AT_EMPTY_PATH) == 0)
    return {};
  return {Call::open, errno};
}

Result<void> Prepared::name_streams(const Plan& plan) {
  return for_each_step(plan, [this](const Op& op) -> Outcome {
    const auto* stream = std::get_if<OpenStream>(&op);
    return stream != nullptr ? name_one(*stream) : Outcome{};
  });
}

void Prepared::settle() noexcept {
  made_.clear();
  CloseRows rows;
  for (Pinned& pin : pins) rows.add(std::exchange(pin.fd, -1));
  for (int& slot : slots) rows.add(std::exchange(slot, -1));
}

Prepared::~Prepared() {
  for (const std::string& path : made_) ::unlink(path.c_str());
  remove_unwritten();
  settle();
}

Outcome write_child_file(const WriteChildFile& step, pid_t child) {
  const std::string path = fmt::format("/proc/{}/{}", child, step.name.view());
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return {Call::open, errno};
  const ssize_t wrote = ::write(file.get(), step.content.c_str(), step.content.size());
  if (wrote < 0) return {Call::write, errno};
  return static_cast<std::size_t>(wrote) == step.content.size() ? Outcome{} : Outcome{Call::write, EIO};
}

}  // namespace hutch
