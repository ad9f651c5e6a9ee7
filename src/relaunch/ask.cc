#include "relaunch/ask.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <termios.h>

#include "child/sys.h"
#include "host/file_kind.h"

namespace hutch {
namespace {

long find(const char* path, int flags, struct stat& found) noexcept {
  return sys::call(SYS_newfstatat, AT_FDCWD, path, &found, flags);
}

void put_fact(Digest& out, const struct stat& found, long error) noexcept {
  out.number(static_cast<std::uint64_t>(error != 0 ? FileKind::missing : kind_of(found.st_mode)));
  out.number(static_cast<std::uint64_t>(error));
  out.number(found.st_mode & 07777U);
  out.number(found.st_uid);
  out.number(found.st_gid);
  out.number(static_cast<std::uint64_t>(found.st_size));
}

void put_path(Digest& out, const char* path, int flags) noexcept {
  struct stat found = {};
  const long rc = find(path, flags, found);
  if (rc < 0) found = {};
  put_fact(out, found, rc < 0 ? -rc : 0);
}

void put_link(Digest& out, const char* path, char* buffer) noexcept {
  const long length = sys::call(SYS_readlinkat, AT_FDCWD, path, buffer, PATH_MAX);
  out.text({buffer, length > 0 ? static_cast<std::size_t>(length) : 0});
}

/// Absolute, and each name in it is one.
bool is_normal(const char* path) noexcept {
  while (*path == '/') {
    const char* const name = ++path;
    while (*path != '/' && *path != '\0') ++path;
    const auto length = path - name;
    const bool is_dots = length <= 2 && name[0] == '.' && (length == 1 || name[1] == '.');
    if (length == 0 || is_dots) return false;
    if (*path == '\0') return true;
  }
  return false;
}

bool leads_there_without_links(const char* path) noexcept {
  struct open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  return Fd(sys::call(SYS_openat2, AT_FDCWD, path, &how, sizeof how)).ok();
}

/// A path without links that leads to the same: this one, or the kernel's own name of what is open, in the
/// buffer. Empty where nothing is there.
std::string_view real_path(const char* path, char* buffer) noexcept {
  if (is_normal(path) && leads_there_without_links(path)) return path;
  const Fd there(sys::open_at(AT_FDCWD, path, O_PATH | O_CLOEXEC));
  if (!there.ok()) return {};
  char name[sys::kDescriptorPath];
  const long length =
      sys::call(SYS_readlinkat, AT_FDCWD, sys::descriptor_path(name, there.get()), buffer, PATH_MAX);
  return {buffer, length > 0 && buffer[0] == '/' ? static_cast<std::size_t>(length) : 0};
}

/// So many bytes of an open file. False where it has not got them.
bool put_bytes(Digest& out, int file, std::uint64_t wanted, const Surroundings& around) noexcept {
  std::uint64_t count = 0;
  while (count < wanted) {
    const std::uint64_t left = wanted - count;
    const long got = sys::call(SYS_read, file, around.buffer, left < around.size ? left : around.size);
    if (got == -EINTR) continue;
    if (got <= 0) return false;
    out.bytes({around.buffer, static_cast<std::size_t>(got)});
    count += static_cast<std::uint64_t>(got);
  }
  return true;
}

/// A text stands behind its size, which files of /proc do not tell: what fits into the buffer is read first.
bool put_whole(Digest& out, int file, std::uint64_t size, std::uint64_t most,
               const Surroundings& around) noexcept {
  if (size > 0) {
    const std::uint64_t wanted = size < most ? size : most;
    out.number(wanted);
    return put_bytes(out, file, wanted, around);
  }
  std::size_t length = 0;
  while (length < around.size) {
    const long got = sys::call(SYS_read, file, around.buffer + length, around.size - length);
    if (got == -EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  if (length == around.size) return false;
  out.text({around.buffer, length < most ? length : static_cast<std::size_t>(most)});
  return true;
}

/// As RealHost::read does: a regular file, or nothing.
bool put_file(Digest& out, const char* path, std::uint64_t most, const Surroundings& around) noexcept {
  const Fd file(sys::open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat found = {};
  const bool there = file.ok() && sys::call(SYS_fstat, file.get(), &found) >= 0 && S_ISREG(found.st_mode);
  out.number(there ? 1 : 0);
  return !there || put_whole(out, file.get(), static_cast<std::uint64_t>(found.st_size), most, around);
}

/// As Files::read does, of a regular file.
bool put_text(Digest& out, const char* path, std::uint64_t most, const Surroundings& around) noexcept {
  const Fd file(sys::open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat found = {};
  if (!file.ok() || sys::call(SYS_fstat, file.get(), &found) < 0 || !S_ISREG(found.st_mode) ||
      static_cast<std::uint64_t>(found.st_size) > most)
    return false;
  out.number(1);
  if (!put_whole(out, file.get(), static_cast<std::uint64_t>(found.st_size), most, around)) return false;
  out.number(found.st_dev);
  out.number(found.st_ino);
  return true;
}

struct Entry {  // getdents64(2)
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
  char name[1];
};

bool put_names(const char* path, bool with_hidden, bool tells_absence, const Surroundings& around,
               Digest::Value& answer) noexcept {
  NamesDigest names(around.key);
  const Fd folder(sys::open_at(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC));
  while (folder.ok()) {
    const long got = sys::call(SYS_getdents64, folder.get(), around.buffer, around.size);
    if (got < 0) return false;
    if (got == 0) break;
    for (long at = 0; at < got;) {
      const auto* const entry = reinterpret_cast<const Entry*>(around.buffer + at);
      const std::string_view name = entry->name;
      const bool shown = with_hidden ? name != "." && name != ".." : name.data()[0] != '.';
      if (shown) names.add(name);
      at += entry->length;
    }
  }
  answer = names.value(folder.ok() || !tells_absence);
  return true;
}

/// "name:password:uid:…", passwd(5). Empty where the row is somebody else's.
std::string_view name_in_row(std::string_view row, std::uint64_t uid) noexcept {
  std::size_t colons[3] = {};
  unsigned count = 0;
  for (std::size_t i = 0; i < row.size() && count < 3; ++i) {
    if (row.data()[i] == ':') colons[count++] = i;
  }
  if (count < 3 || colons[0] == 0 || colons[2] == colons[1] + 1) return {};
  std::uint64_t number = 0;
  for (std::size_t i = colons[1] + 1; i < colons[2]; ++i) {
    const char digit = row.data()[i];
    if (digit < '0' || digit > '9' || number > 0xffffffffU) return {};
    number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return number == uid ? std::string_view(row.begin(), row.begin() + colons[0]) : std::string_view();
}

/// The name of the caller's row of /etc/passwd, in the buffer; false where there is none. What stands behind
/// the row is not read.
bool account_name(std::uint64_t uid, const Surroundings& around, std::string_view& name) noexcept {
  char* const text = around.buffer;
  const Fd file(sys::open_at(AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.ok()) return false;
  std::size_t length = 0, row = 0;
  while (length < around.size) {
    const long got = sys::call(SYS_read, file.get(), text + length, around.size - length);
    if (got == -EINTR) continue;
    if (got < 0) return false;
    const std::size_t read_from = length;
    length += static_cast<std::size_t>(got);
    for (std::size_t i = read_from; i < length || (got == 0 && row < length); ++i) {
      if (i < length && text[i] != '\n') continue;
      name = name_in_row({text + row, i - row}, uid);
      if (!name.empty()) return true;
      row = i + 1;
    }
    if (got == 0) return false;
  }
  return false;
}

bool is_terminal(int fd) noexcept {
  struct termios modes;
  return sys::call(SYS_ioctl, fd, TCGETS, &modes) >= 0;
}

bool put_caller(Digest& out, const Surroundings& around) noexcept {
  const auto uid = static_cast<std::uint64_t>(sys::call(SYS_geteuid));
  out.number(uid);
  out.number(static_cast<std::uint64_t>(sys::call(SYS_getegid)));
  gid_t groups[64];
  const long count = sys::call(SYS_getgroups, 64, groups);
  if (count < 0) return false;
  out.number(static_cast<std::uint64_t>(count));
  for (long i = 0; i < count; ++i) out.number(groups[i]);
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (sys::call(SYS_capget, &header, data) < 0) return false;
  constexpr std::uint32_t kSetIds = (1U << CAP_SETUID) | (1U << CAP_SETGID);
  out.number((data[0].effective & kSetIds) == kSetIds ? 1 : 0);
  out.number((data[0].effective & (1U << CAP_SYS_ADMIN)) != 0 ? 1 : 0);
  std::string_view name;
  if (!account_name(uid, around, name)) return false;
  out.text(name);
  out.text(ask_directory(around.buffer, around.size));
  for (int fd = 0; fd < 3; ++fd) out.number(is_terminal(fd) ? 1 : 0);
  return true;
}

struct UtsName {  // uname(2)
  char system[65], node[65], release[65], version[65], machine[65], domain[65];
};

/// "6.1.0-13" -> 6, 1.
bool read_release(const char* text, std::uint64_t& major, std::uint64_t& minor) noexcept {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!digit(text[0])) return false;
  for (; digit(*text); ++text) major = major * 10 + static_cast<std::uint64_t>(*text - '0');
  if (*text != '.' || !digit(text[1])) return false;
  ++text;
  for (; digit(*text); ++text) minor = minor * 10 + static_cast<std::uint64_t>(*text - '0');
  return true;
}

bool put_kernel(Digest& out) noexcept {
  UtsName name;
  std::uint64_t major = 0, minor = 0;
  // 2.x: personality(UNAME26) is in the way.
  if (sys::call(SYS_uname, &name) < 0 || !read_release(name.release, major, minor) || major < 3) return false;
  const auto known = [](std::uint64_t capability) {
    return sys::call(SYS_prctl, PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
  };
  std::uint64_t last = CAP_CHECKPOINT_RESTORE;
  while (last > 0 && !known(last)) --last;
  while (last < 63 && known(last + 1)) ++last;
  out.number(major);
  out.number(minor);
#if defined(__x86_64__)
  out.text("x86_64");
#elif defined(__aarch64__)
  out.text("aarch64");
#endif
  out.number(last);
  constexpr unsigned kVersion = 1;  // LANDLOCK_CREATE_RULESET_VERSION
  out.number(static_cast<std::uint64_t>(sys::call(SYS_landlock_create_ruleset, nullptr, 0, kVersion)));
  return true;
}

void put_limit(Digest& out, std::uint64_t resource) noexcept {
  std::uint64_t found[2] = {};
  const long rc = sys::call(SYS_prlimit64, 0, resource, nullptr, found);
  for (const std::uint64_t each : found) out.number(rc < 0 ? ~std::uint64_t{0} : each);
}

/// False for another kind of question.
bool knows_truth(const KeptQuestion& question, const char* subject, bool& truth) noexcept {
  struct stat found = {};
  struct statfs info = {};
  const auto is_there = [&] { return find(subject, 0, found) >= 0; };
  switch (question.asked) {
    case HostQuestion::is_read_only:
      truth = sys::call(SYS_statfs, subject, &info) >= 0 && (info.f_flags & ST_RDONLY) != 0;
      return true;
    case HostQuestion::may:
      truth = sys::call(SYS_faccessat2, AT_FDCWD, subject, question.number, AT_EACCESS) >= 0;
      return true;
    case HostQuestion::file_is_directory:
      truth = is_there() && S_ISDIR(found.st_mode);
      return true;
    case HostQuestion::file_is_regular:
      truth = is_there() && S_ISREG(found.st_mode);
      return true;
    case HostQuestion::file_is_there:
      truth = is_there();
      return true;
    case HostQuestion::file_is_of_others:
      truth = is_there() &&
              ((found.st_uid != question.number && found.st_uid != 0) || (found.st_mode & S_IWOTH) != 0);
      return true;
    default:
      return false;
  }
}

/// False for another kind of question, and where there is no answer.
bool put_about_process(Digest& out, const KeptQuestion& question, const Surroundings& around) noexcept {
  switch (question.asked) {
    case HostQuestion::caller:
      return put_caller(out, around);
    case HostQuestion::kernel:
      return put_kernel(out);
    case HostQuestion::limit:
      put_limit(out, question.number);
      return true;
    case HostQuestion::nice: {
      // The system call says 20 less the value, the library -1 for an error.
      const long rc = sys::call(SYS_getpriority, 0, 0);
      out.number(static_cast<std::uint64_t>(rc < 0 ? -1 : 20 - rc));
      return true;
    }
    default:
      return false;
  }
}

bool put_about_path(Digest& out, const KeptQuestion& question, const char* subject,
                    const Surroundings& around) noexcept {
  switch (question.asked) {
    case HostQuestion::look:
      put_path(out, subject, AT_SYMLINK_NOFOLLOW);
      return true;
    case HostQuestion::follow:
      put_path(out, subject, 0);
      return true;
    case HostQuestion::read_link:
      put_link(out, subject, around.buffer);
      return true;
    case HostQuestion::real_path:
      out.text(real_path(subject, around.buffer));
      return true;
    case HostQuestion::file_real_directory: {
      const std::string_view real = real_path(subject, around.buffer);
      out.text(real.empty() ? std::string_view(subject) : real);
      return true;
    }
    case HostQuestion::read:
      return put_file(out, subject, question.number, around);
    case HostQuestion::file_text:
      return put_text(out, subject, question.number, around);
    default:
      return false;
  }
}

}  // namespace

Digest::Value answer_about(const struct stat& found, const Digest::Key& key) noexcept {
  Digest out(key);
  put_fact(out, found, 0);
  return out.value();
}

const char* ask_directory(char* room, std::size_t size) noexcept {
  if (sys::call(SYS_getcwd, room, size) <= 0 || room[0] != '/') room[0] = '\0';
  return room;
}

bool ask(const KeptQuestion& question, const char* subject, const Surroundings& around,
         Digest::Value& answer) noexcept {
  if (question.asked == HostQuestion::list) return put_names(subject, true, true, around, answer);
  if (question.asked == HostQuestion::file_names) return put_names(subject, false, false, around, answer);
  Digest out(around.key);
  bool truth = false;
  bool answered = true;
  if (knows_truth(question, subject, truth))
    out.number(truth ? 1 : 0);
  else
    answered = put_about_process(out, question, around) || put_about_path(out, question, subject, around);
  answer = out.value();
  return answered;
}

}  // namespace hutch
