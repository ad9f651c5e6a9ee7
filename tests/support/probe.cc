// Looks around from inside a sandbox and says what it sees, as key=value lines. A static program of its own,
// so that what a test learns comes from the kernel and not from Hutch. Several commands may follow each
// other, split by ",".
//
//   hutch_probe ids , status , kill 1234

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <mqueue.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

extern char** environ;

namespace {

using Words = std::vector<std::string>;

/// "ok", or the errno by name: EPERM.
std::string outcome(long result) { return result >= 0 ? "ok" : strerrorname_np(errno); }

void say(const std::string& key, const std::string& value) {
  std::printf("%s=%s\n", key.c_str(), value.c_str());
}
void say(const std::string& key, long value) { say(key, std::to_string(value)); }

std::string link_of(const std::string& path) {
  char target[4096];
  const ssize_t size = readlink(path.c_str(), target, sizeof target);
  return size < 0 ? outcome(size) : std::string(target, static_cast<std::size_t>(size));
}

/// The file's bytes with line ends shown as "|", or the errno by name.
std::string content_of(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return outcome(fd);
  std::string all;
  char part[4096];
  ssize_t size = 0;
  while ((size = read(fd, part, sizeof part)) > 0) all.append(part, static_cast<std::size_t>(size));
  close(fd);
  if (size < 0) return outcome(size);
  if (all.ends_with('\n')) all.pop_back();
  std::replace(all.begin(), all.end(), '\n', '|');
  std::replace(all.begin(), all.end(), '\0', '|');
  return all;
}

std::string arg(const Words& words, std::size_t index) {
  return index < words.size() ? words[index] : std::string();
}
long number(const Words& words, std::size_t index) {
  return std::strtol(arg(words, index).c_str(), nullptr, 0);
}

// --- what am I

void ids(const Words&) {
  say("uid", static_cast<long>(getuid()));
  say("euid", static_cast<long>(geteuid()));
  say("gid", static_cast<long>(getgid()));
  gid_t groups[128];
  const int count = getgroups(128, groups);
  std::string list;
  for (int i = 0; i < count; ++i) list += (i ? " " : "") + std::to_string(groups[i]);
  say("groups", list);
  say("uid_map", content_of("/proc/self/uid_map"));
  say("gid_map", content_of("/proc/self/gid_map"));
  say("setgroups", content_of("/proc/self/setgroups"));
}

void pids(const Words&) {
  say("pid", getpid());
  say("ppid", getppid());
  say("sid", getsid(0));
}

/// Every line of /proc/self/status: "CapEff=0000…".
void status(const Words&) {
  std::FILE* file = std::fopen("/proc/self/status", "re");
  if (!file) return say("status", outcome(-1));
  char line[512];
  while (std::fgets(line, sizeof line, file)) {
    std::string text(line);
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t from = text.find_first_not_of(" \t", colon + 1);
    if (text.ends_with('\n')) text.pop_back();
    say(text.substr(0, colon), from == std::string::npos || from > text.size() ? "" : text.substr(from));
  }
  std::fclose(file);
}

void secure_bits(const Words&) { say("securebits", prctl(PR_GET_SECUREBITS, 0, 0, 0, 0)); }

/// Who shares it may run on the other threads of a core: 0 is everybody's.
void core_cookie(const Words&) {
  unsigned long cookie = 0;
  const int got = prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, 0, PR_SCHED_CORE_SCOPE_THREAD, &cookie);
  say("core_cookie", got < 0 ? outcome(got) : std::to_string(cookie));
}

void namespaces(const Words&) {
  for (const char* name : {"user", "mnt", "pid", "ipc", "uts", "net", "cgroup", "time"}) {
    say(std::string("ns_") + name, link_of(std::string("/proc/self/ns/") + name));
  }
}

void names(const Words&) {
  utsname name{};
  uname(&name);
  say("hostname", name.nodename);
  say("domainname", name.domainname);
  say("machine", name.machine);
  say("release", name.release);
}

void descriptors(const Words&) {
  for (int fd = 0; fd < 4096; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0)
      say("fd" + std::to_string(fd), link_of("/proc/self/fd/" + std::to_string(fd)));
  }
}

void environment(const Words&) {
  for (char** entry = environ; *entry; ++entry) std::printf("env:%s\n", *entry);
}

void limits(const Words&) {
  const std::pair<const char*, int> kLimits[] = {{"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC},
                                                 {"as", RLIMIT_AS},         {"core", RLIMIT_CORE},
                                                 {"cpu", RLIMIT_CPU},       {"fsize", RLIMIT_FSIZE},
                                                 {"stack", RLIMIT_STACK},   {"memlock", RLIMIT_MEMLOCK}};
  for (const auto& [name, resource] : kLimits) {
    rlimit limit{};
    getrlimit(static_cast<__rlimit_resource_t>(resource), &limit);
    const auto text = [](rlim_t value) {
      return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
    };
    say(std::string("limit_") + name, text(limit.rlim_cur) + " " + text(limit.rlim_max));
  }
}

void scheduling(const Words&) {
  say("nice", getpriority(PRIO_PROCESS, 0));
  // ioprio_get(2). Not of <linux/ioprio.h>, which newer Linux 6.1 headers write for C alone.
  constexpr int kOfProcess = 1, kClassShift = 13;
  const long priority = syscall(SYS_ioprio_get, kOfProcess, 0);
  say("io_class", priority >> kClassShift);
  say("io_level", priority & ((1 << kClassShift) - 1));
  cpu_set_t cpus;
  sched_getaffinity(0, sizeof cpus, &cpus);
  std::string list;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &cpus)) list += (list.empty() ? "" : ",") + std::to_string(cpu);
  }
  say("cpus", list);
  say("personality", personality(0xffffffff));
  say("oom_score_adj", content_of("/proc/self/oom_score_adj"));
  const mode_t mask = umask(0);
  umask(mask);
  char octal[8];
  std::snprintf(octal, sizeof octal, "%04o", mask);
  say("umask", octal);
}

void clocks(const Words&) {
  for (const auto& [name, clock] :
       {std::pair{"monotonic", CLOCK_MONOTONIC}, std::pair{"boottime", CLOCK_BOOTTIME}}) {
    timespec now{};
    clock_gettime(clock, &now);
    say(name, now.tv_sec);
  }
}

// --- what is around

void mounts(const Words&) {
  std::FILE* file = std::fopen("/proc/self/mountinfo", "re");
  if (!file) return say("mountinfo", outcome(-1));
  char line[8192];
  while (std::fgets(line, sizeof line, file)) std::printf("mount:%s", line);
  std::fclose(file);
}

void list(const Words& words) {
  const std::string path = arg(words, 1);
  DIR* directory = opendir(path.c_str());
  if (!directory) return say("list:" + path, outcome(-1));
  std::vector<std::string> entries;
  while (const dirent* entry = readdir(directory)) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
      entries.emplace_back(entry->d_name);
  }
  closedir(directory);
  std::sort(entries.begin(), entries.end());
  std::string text;
  for (const std::string& entry : entries) text += (text.empty() ? "" : " ") + entry;
  say("list:" + path, text);
}

void processes(const Words&) {
  DIR* directory = opendir("/proc");
  if (!directory) return say("processes", outcome(-1));
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    say("process:" + name, content_of("/proc/" + name + "/comm"));
  }
  closedir(directory);
}

void look(const Words& words) {
  const std::string path = arg(words, 1);
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return say("look:" + path, outcome(-1));
  const char* kind = S_ISDIR(found.st_mode)    ? "directory"
                     : S_ISREG(found.st_mode)  ? "file"
                     : S_ISLNK(found.st_mode)  ? "symlink"
                     : S_ISCHR(found.st_mode)  ? "char"
                     : S_ISSOCK(found.st_mode) ? "socket"
                                               : "other";
  char text[256];
  std::snprintf(text, sizeof text, "%s %04o %u:%u %lld", kind, found.st_mode & 07777, found.st_uid,
                found.st_gid, static_cast<long long>(found.st_size));
  say("look:" + path, text);
}

void follow(const Words& words) { say("link:" + arg(words, 1), link_of(arg(words, 1))); }
void show(const Words& words) { say("read:" + arg(words, 1), content_of(arg(words, 1))); }

void interfaces(const Words&) {
  struct if_nameindex* all = if_nameindex();
  if (!all) return say("interfaces", outcome(-1));
  const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (const struct if_nameindex* one = all; one->if_name; ++one) {
    ifreq request{};
    std::snprintf(request.ifr_name, sizeof request.ifr_name, "%s", one->if_name);
    ioctl(any, SIOCGIFFLAGS, &request);
    say(std::string("interface:") + one->if_name, (request.ifr_flags & IFF_UP) ? "up" : "down");
  }
  close(any);
  if_freenameindex(all);
}

// --- what can I do

void write_file(const Words& words) {
  const int fd = open(arg(words, 1).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return say("write:" + arg(words, 1), outcome(fd));
  const std::string text = arg(words, 2);
  say("write:" + arg(words, 1), outcome(write(fd, text.data(), text.size())));
  close(fd);
}

void make_directory(const Words& words) {
  say("mkdir:" + arg(words, 1), outcome(mkdir(arg(words, 1).c_str(), 0755)));
}

/// Writes zeroes until the file system says no: "filled=1048576 ENOSPC".
void fill(const Words& words) {
  const int fd = open((arg(words, 1) + "/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return say("filled", "0 " + outcome(fd));
  const std::vector<char> block(65536);
  long total = 0;
  for (;;) {
    const ssize_t size = write(fd, block.data(), block.size());
    if (size < 0) break;
    total += size;
    if (total > (1L << 30)) {
      errno = 0;
      break;
    }
  }
  const std::string why = errno == 0 ? "no limit" : strerrorname_np(errno);
  say("filled", std::to_string(total) + " " + why);
  close(fd);
}

/// The classic: a descriptor on the old root, chroot somewhere below, fchdir back, climb.
void escape_chroot(const Words& words) {
  const std::string marker = arg(words, 1);  // a path, relative to the host's root, that only the host has
  const int here = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  mkdir("/tmp", 0755);
  mkdir("/tmp/jail", 0755);
  say("chroot", outcome(chroot("/tmp/jail")));
  fchdir(here);
  for (int i = 0; i < 64; ++i) {
    if (chdir("..") != 0) break;
  }
  say("climbed", outcome(chroot(".")));
  say("escaped",
      access(marker.c_str(), F_OK) == 0 || access(("/" + marker).c_str(), F_OK) == 0 ? "yes" : "no");
}

void send_signal(const Words& words) {
  say("kill", outcome(kill(static_cast<pid_t>(number(words, 1)), static_cast<int>(number(words, 2)))));
}

void shared_memory(const Words& words) {
  const auto key = static_cast<key_t>(number(words, 1));
  const int id = shmget(key, 4096, arg(words, 2) == "create" ? IPC_CREAT | 0600 : 0600);
  say("shmget", outcome(id));
  if (arg(words, 2) == "remove" && id >= 0) shmctl(id, IPC_RMID, nullptr);
}

void message_queue(const Words& words) {
  const std::string name = arg(words, 1);
  if (arg(words, 2) == "remove") return say("mq", outcome(mq_unlink(name.c_str())));
  const int flags = arg(words, 2) == "create" ? O_RDWR | O_CREAT : O_RDWR;
  say("mq", outcome(mq_open(name.c_str(), flags, 0600, nullptr)));
}

void unshare_user(const Words&) {
  const pid_t child = fork();
  if (child == 0) _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
  int result = 0;
  waitpid(child, &result, 0);
  errno = WEXITSTATUS(result);
  say("newuser", outcome(errno == 0 ? 0 : -1));
}

void mount_something(const Words& words) {
  say("mount", outcome(mount("none", arg(words, 1).c_str(), "tmpfs", 0, nullptr)));
}
void unmount(const Words& words) {
  say("umount:" + arg(words, 1), outcome(umount2(arg(words, 1).c_str(), MNT_DETACH)));
}
void remount_writable(const Words& words) {
  say("remount:" + arg(words, 1),
      outcome(mount(nullptr, arg(words, 1).c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr)));
}

/// The kernel looks at the low 32 bits of the request only; so must the filter. (CVE-2019-10063)
void terminal_injection(const Words&) {
  const char letter = 'x';
  say("tiocsti", outcome(syscall(SYS_ioctl, 0, std::uint64_t{TIOCSTI}, &letter)));
  say("tiocsti_high",
      outcome(syscall(SYS_ioctl, 0, std::uint64_t{TIOCSTI} | (std::uint64_t{1} << 32), &letter)));
  char subcode = 3;
  say("tioclinux", outcome(syscall(SYS_ioctl, 0, std::uint64_t{TIOCLINUX}, &subcode)));
}

/// getpid through the 32-bit entry, in a child since it may die of it.
void foreign_architecture(const Words&) {
#ifdef __x86_64__
  const auto attempt = [](const char* name, auto&& enter) {
    const pid_t child = fork();
    if (child == 0) {
      const long answer = enter();
      _exit(answer > 0 ? 0 : answer < 0 && answer > -256 ? static_cast<int>(-answer) : 255);
    }
    int result = 0;
    waitpid(child, &result, 0);
    if (WIFSIGNALED(result)) return say(name, "SIG" + std::string(sigabbrev_np(WTERMSIG(result))));
    errno = WEXITSTATUS(result);
    say(name, outcome(errno == 0 ? 0 : -1));
  };
  attempt("int80", [] {
    long answer = 20;  // getpid of i386
    asm volatile("int $0x80" : "+a"(answer)::"memory");
    return answer;
  });
  attempt("x32", [] { return syscall(SYS_getpid | 0x40000000) > 0 ? 1L : -static_cast<long>(errno); });
#else
  say("int80", "not x86_64");
#endif
}

void connect_abstract(const Words& words) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = arg(words, 1);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  say("abstract", outcome(connect(fd, reinterpret_cast<const sockaddr*>(&address), size)));
}

void connect_tcp(const Words& words) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(number(words, 2)));
  inet_pton(AF_INET, arg(words, 1).c_str(), &address.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  say("tcp", outcome(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address)));
}

void bind_tcp(const Words& words) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(number(words, 1)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  say("bind:" + arg(words, 1),
      outcome(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address)));
}

/// An abstract socket of its own, connected to by itself.
void own_abstract(const Words&) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socklen_t size = sizeof(sa_family_t);  // the kernel chooses a name
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(server, reinterpret_cast<const sockaddr*>(&address), size) != 0 || listen(server, 1) != 0)
    return say("own_abstract", outcome(-1));
  size = sizeof address;
  getsockname(server, reinterpret_cast<sockaddr*>(&address), &size);
  say("own_abstract", outcome(connect(client, reinterpret_cast<const sockaddr*>(&address), size)));
}

// --- files, one right each

void open_for_writing(const Words& words) {
  say("open-write:" + arg(words, 1), outcome(open(arg(words, 1).c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK)));
}
void truncate_file(const Words& words) {
  say("truncate:" + arg(words, 1), outcome(truncate(arg(words, 1).c_str(), 0)));
}
void rename_file(const Words& words) {
  say("rename:" + arg(words, 1), outcome(rename(arg(words, 1).c_str(), arg(words, 2).c_str())));
}
void link_file(const Words& words) {
  say("hardlink:" + arg(words, 1), outcome(link(arg(words, 1).c_str(), arg(words, 2).c_str())));
}
void remove_file(const Words& words) {
  const std::string path = arg(words, 1);
  struct stat found {};
  const bool is_directory = lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
  say("remove:" + path, outcome(is_directory ? rmdir(path.c_str()) : unlink(path.c_str())));
}
/// One of each kind: a file, a folder, a link, a fifo, a socket, a device node.
void make_all(const Words& words) {
  const std::string folder = arg(words, 1);
  const auto path = [&folder](const char* name) { return folder + "/made-" + name; };
  say("make-file", outcome(open(path("file").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)));
  say("make-folder", outcome(mkdir(path("folder").c_str(), 0700)));
  say("make-link", outcome(symlink("x", path("link").c_str())));
  say("make-fifo", outcome(mkfifo(path("fifo").c_str(), 0600)));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path("socket").c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  say("make-socket", outcome(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address)));
  say("make-node", outcome(mknod(path("node").c_str(), S_IFCHR | 0600, makedev(0, 0))));
}
/// ENOTTY comes from the device, EACCES from before it.
void control_device(const Words& words) {
  const int fd = open(arg(words, 1).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return say("ioctl:" + arg(words, 1), "open " + outcome(fd));
  char space[256];
  say("ioctl:" + arg(words, 1), outcome(ioctl(fd, TCGETS, space)));
  close(fd);
}
/// Executes a program without arguments: its exit status, or the errno by name.
void execute(const Words& words) {
  const pid_t child = fork();
  if (child == 0) {
    const std::string path = arg(words, 1);
    char* const arguments[] = {const_cast<char*>(path.c_str()), nullptr};
    execv(path.c_str(), arguments);
    _exit(errno);
  }
  int result = 0;
  waitpid(child, &result, 0);
  if (WIFSIGNALED(result))
    return say("execute:" + arg(words, 1), "SIG" + std::string(sigabbrev_np(WTERMSIG(result))));
  errno = WEXITSTATUS(result);
  say("execute:" + arg(words, 1), outcome(errno == 0 ? 0 : -1));
}

/// Listens on and connects to its own 127.0.0.1.
void loopback(const Words&) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(server, reinterpret_cast<const sockaddr*>(&address), size) != 0 || listen(server, 1) != 0) {
    return say("loopback", outcome(-1));
  }
  getsockname(server, reinterpret_cast<sockaddr*>(&address), &size);
  say("loopback", outcome(connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address)));
}

/// Leaves a grandchild behind and asks whether somebody reaped it: what pid 1 is for.
void orphan(const Words&) {
  int told[2];
  if (pipe(told) != 0) return;
  const pid_t child = fork();
  if (child == 0) {
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      usleep(50'000);
      _exit(0);
    }
    write(told[1], &grandchild, sizeof grandchild);
    _exit(0);
  }
  pid_t grandchild = 0;
  read(told[0], &grandchild, sizeof grandchild);
  waitpid(child, nullptr, 0);
  const std::string where = "/proc/" + std::to_string(grandchild);
  for (int i = 0; i < 100 && access(where.c_str(), F_OK) == 0; ++i) usleep(20'000);
  say("orphan", access(where.c_str(), F_OK) == 0 ? "still there" : "reaped");
}

/// The rest of the words as bytes: "arguments=2d2d 61".
void arguments(const Words& words) {
  std::string text;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (i > 1) text += ' ';
    char digits[3];
    for (const char byte : words[i]) {
      std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
      text += digits;
    }
  }
  say("arguments", text);
}

/// In a child, since it may succeed; what it returns is an errno or 0.
template <class Act>
void attempt_apart(const std::string& key, Act&& act) {
  const pid_t child = fork();
  if (child == 0) _exit(act());
  int result = 0;
  waitpid(child, &result, 0);
  errno = WEXITSTATUS(result);
  say(key, outcome(errno == 0 ? 0 : -1));
}

/// A user namespace by each of the calls that make one.
void make_user_namespaces(const Words&) {
  attempt_apart("unshare", [] { return unshare(CLONE_NEWUSER) == 0 ? 0 : errno; });
  attempt_apart("clone", [] {
    const long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    if (pid == 0) _exit(0);
    return pid > 0 ? 0 : errno;
  });
  attempt_apart("clone3", [] {
    std::uint64_t wanted[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0};
    const long pid = syscall(SYS_clone3, wanted, sizeof wanted);
    if (pid == 0) _exit(0);
    return pid > 0 ? 0 : errno;
  });
}

/// From user and mount namespaces of its own: can a read-only or a hiding mount be undone?
void undo_mounts_below(const Words& words) {
  const std::string sealed = arg(words, 1);
  const std::string hidden = arg(words, 2);
  const auto in_there = [](auto&& act) {
    return [act] {
      if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return static_cast<int>(ENOSYS);
      return act() == 0 ? 0 : errno;
    };
  };
  attempt_apart("undo_ro", in_there([&] {
                  return mount(nullptr, sealed.c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr);
                }));
  attempt_apart("undo_hidden", in_there([&] { return umount2(hidden.c_str(), MNT_DETACH); }));
}

/// Every way into another process.
void break_into(const Words& words) {
  const auto pid = static_cast<pid_t>(number(words, 1));
  const std::string where = "/proc/" + arg(words, 1) + "/";
  say("ptrace", outcome(ptrace(PTRACE_SEIZE, pid, nullptr, nullptr)));
  char byte = 0;
  iovec here = {&byte, 1};
  iovec there = {reinterpret_cast<void*>(0x400000), 1};
  say("process_vm_readv", outcome(process_vm_readv(pid, &here, 1, &there, 1, 0)));
  const long pidfd = syscall(SYS_pidfd_open, pid, 0);
  say("pidfd_getfd", outcome(syscall(SYS_pidfd_getfd, pidfd, 0, 0)));
  for (const char* name : {"environ", "mem", "maps", "auxv"})
    say(name, outcome(open((where + name).c_str(), O_RDONLY | O_CLOEXEC)));
  for (const char* name : {"root", "cwd", "exe", "ns/mnt", "fd/0"})
    say(name, outcome(open((where + name).c_str(), O_PATH | O_CLOEXEC)));
}

/// The folders that another process has open: ways to climb from.
void folders_of(const Words& words) {
  const std::string where = "/proc/" + arg(words, 1) + "/fd";
  DIR* const descriptors = opendir(where.c_str());
  if (!descriptors) return say("folders", outcome(-1));
  long seen = 0;
  while (const dirent* entry = readdir(descriptors)) {
    const std::string path = where + "/" + entry->d_name;
    struct stat found {};
    if (entry->d_name[0] == '.' || stat(path.c_str(), &found) != 0) continue;
    ++seen;
    if (S_ISDIR(found.st_mode)) say("folder", link_of(path));
  }
  closedir(descriptors);
  say("descriptors", seen);
}

/// Reads FOLDER/NAME through a descriptor of FOLDER.
void read_through(const Words& words) {
  const int folder = open(arg(words, 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  say("openat", outcome(openat(folder, arg(words, 2).c_str(), O_RDONLY | O_CLOEXEC)));
}

// --- which system calls are let through

/// "ok", an errno by name, or "signal N".
template <class Act>
void call_apart(const std::string& key, Act&& act) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    errno = 0;
    _exit(act() >= 0 ? 0 : errno);
  }
  int result = 0;
  waitpid(child, &result, 0);
  if (WIFSIGNALED(result)) return say("call:" + key, "signal " + std::to_string(WTERMSIG(result)));
  errno = WEXITSTATUS(result);
  say("call:" + key, outcome(errno == 0 ? 0 : -1));
}

long make_process(std::uint64_t flags) {
  const long pid = syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) _exit(0);
  return pid;
}

/// Calls that lead out of a sandbox, or deep into the kernel; with arguments that are harmless where they
/// succeed. Without a filter they say EFAULT, EINVAL and the like.
void dangerous_calls(const Words&) {
  const std::uint64_t garbage = std::uint64_t{0xDEADBEEF} << 32;
  for (const auto& [name, flag] :
       std::vector<std::pair<std::string, std::uint64_t>>{{"user", CLONE_NEWUSER},
                                                          {"mount", CLONE_NEWNS},
                                                          {"net", CLONE_NEWNET},
                                                          {"pid", CLONE_NEWPID},
                                                          {"cgroup", CLONE_NEWCGROUP}}) {
    call_apart("unshare-" + name, [&] { return syscall(SYS_unshare, flag); });
    call_apart("clone-" + name, [&] { return make_process(flag); });
    call_apart("clone-garbage-" + name, [&] { return make_process(flag | garbage); });
  }
  call_apart("clone3", [] {
    std::uint64_t wanted[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0};
    const long pid = syscall(SYS_clone3, wanted, sizeof wanted);
    if (pid == 0) _exit(0);
    return pid;
  });
  call_apart("setns", [] { return syscall(SYS_setns, -1, 0); });
  call_apart("chroot", [] { return syscall(SYS_chroot, "/"); });
  const std::pair<const char*, long> kPlain[] = {{"mount", SYS_mount},
                                                 {"umount2", SYS_umount2},
                                                 {"pivot_root", SYS_pivot_root},
                                                 {"open_tree", 428},
                                                 {"move_mount", 429},
                                                 {"fsopen", 430},
                                                 {"fsconfig", 431},
                                                 {"fsmount", 432},
                                                 {"fspick", 433},
                                                 {"mount_setattr", 442},
                                                 {"open_tree_attr", 467},
                                                 {"keyctl", SYS_keyctl},
                                                 {"add_key", SYS_add_key},
                                                 {"request_key", SYS_request_key},
                                                 {"bpf", SYS_bpf},
                                                 {"perf_event_open", SYS_perf_event_open},
                                                 {"userfaultfd", SYS_userfaultfd},
                                                 {"io_uring_setup", 425},
                                                 {"io_uring_enter", 426},
                                                 {"io_uring_register", 427},
                                                 {"init_module", SYS_init_module},
                                                 {"finit_module", SYS_finit_module},
                                                 {"delete_module", SYS_delete_module},
                                                 {"kexec_load", SYS_kexec_load},
                                                 {"open_by_handle_at", SYS_open_by_handle_at},
                                                 {"settimeofday", SYS_settimeofday},
                                                 {"clock_settime", SYS_clock_settime},
                                                 {"swapon", SYS_swapon},
                                                 {"acct", SYS_acct},
                                                 {"quotactl", SYS_quotactl},
                                                 {"sethostname", SYS_sethostname},
                                                 {"ptrace", SYS_ptrace},
                                                 {"pidfd_getfd", 438}};
  for (const auto& plain : kPlain) {
    call_apart(plain.first, [&] { return syscall(plain.second, -1, -1, -1, -1, -1, -1); });
  }
  call_apart("personality", [] { return syscall(SYS_personality, READ_IMPLIES_EXEC); });
  call_apart("personality-garbage", [&] { return syscall(SYS_personality, garbage | READ_IMPLIES_EXEC); });
  call_apart("personality-ask", [] { return syscall(SYS_personality, 0xffffffffUL); });
  for (const auto& [name, family] : std::vector<std::pair<std::string, std::uint64_t>>{
           {"unix", AF_UNIX}, {"inet", AF_INET}, {"netlink", AF_NETLINK}, {"vsock", 40}, {"alg", 38}}) {
    call_apart("socket-" + name, [&] { return syscall(SYS_socket, family, SOCK_DGRAM, 0); });
    call_apart("socket-garbage-" + name,
               [&] { return syscall(SYS_socket, family | garbage, SOCK_DGRAM, 0); });
  }
  call_apart("unknown", [] { return syscall(480); });
#ifdef __x86_64__
  call_apart("x32", [] { return syscall(0x40000000 | SYS_getpid); });
  call_apart("foreign", [] {
    long result = 20;  // getpid
    asm volatile("int $0x80" : "+a"(result) : : "memory");
    return result;
  });
  call_apart("foreign-socketcall", [] {
    long result = 102;
    asm volatile("int $0x80" : "+a"(result) : "b"(1L), "c"(0L) : "memory");
    errno = static_cast<int>(-result);
    return result;
  });
#endif
}

/// Memory that is writable and executable, by each way to it.
void executable_memory(const Words&) {
  const auto anonymous = [](int rights) {
    return mmap(nullptr, 4096, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  };
  call_apart("mmap-wx", [&] { return anonymous(PROT_READ | PROT_WRITE | PROT_EXEC) == MAP_FAILED ? -1 : 0; });
  call_apart("mprotect-x",
             [&] { return mprotect(anonymous(PROT_READ | PROT_WRITE), 4096, PROT_READ | PROT_EXEC); });
  call_apart("pkey-mprotect-x", [&] {
    return syscall(SYS_pkey_mprotect, anonymous(PROT_READ | PROT_WRITE), 4096, PROT_READ | PROT_EXEC, -1);
  });
  call_apart("mmap-rx", [&] { return anonymous(PROT_READ | PROT_EXEC) == MAP_FAILED ? -1 : 0; });
}

// --- can I type into a terminal

/// Every way to put a letter into the input queue of a terminal, through every terminal within reach.
void inject(const Words&) {
  std::printf("inject:controlling=%s\n", open("/dev/tty", O_RDWR | O_NOCTTY) >= 0 ? "yes" : "no");
  const std::uint64_t high = std::uint64_t{1} << 32;
  char letter = 'x';
  char linux_paste[2] = {3, 0};  // TIOCL_PASTESEL
  for (int fd = 0; fd < 64; ++fd) {
    struct stat found = {};
    if (fstat(fd, &found) != 0 || isatty(fd) != 1) continue;
    std::printf("inject:at=%lu:%lu\n", static_cast<unsigned long>(found.st_dev),
                static_cast<unsigned long>(found.st_rdev));
    const bool typed = syscall(SYS_ioctl, fd, std::uint64_t{TIOCSTI}, &letter) == 0 ||
                       syscall(SYS_ioctl, fd, std::uint64_t{TIOCSTI} | high, &letter) == 0 ||
                       syscall(SYS_ioctl, fd, std::uint64_t{TIOCSTI} | high << 31, &letter) == 0 ||
                       syscall(SYS_ioctl, fd, std::uint64_t{TIOCLINUX}, linux_paste) == 0 ||
                       syscall(SYS_ioctl, fd, std::uint64_t{TIOCLINUX} | high, linux_paste) == 0;
    if (typed) std::printf("inject:typed=%d\n", fd);
  }
  std::printf("inject:done\n");
}

// --- how do I end

void leave(const Words& words) {
  std::fflush(stdout);
  _exit(static_cast<int>(number(words, 1)));
}
void die(const Words& words) {
  std::fflush(stdout);
  raise(static_cast<int>(number(words, 1)));
}
/// Until its input ends: tries to look into every process that is not there for good yet.
void watch_newcomers(const Words&) {
  say("watching", "yes");
  std::fflush(stdout);
  const std::string self = std::to_string(getpid());
  long newcomers = 0;
  std::string last;
  for (;;) {
    pollfd input = {0, POLLIN, 0};
    if (poll(&input, 1, 0) > 0) break;
    DIR* directory = opendir("/proc");
    while (const dirent* entry = readdir(directory)) {
      const std::string pid = entry->d_name;
      if (pid.find_first_not_of("0123456789") != std::string::npos || pid == self || pid == "1") continue;
      if (pid != last) ++newcomers;
      last = pid;
      const std::string where = "/proc/" + pid + "/";
      // "probe" once it has executed its program, whom anybody may look into.
      const auto is_set_up = [&where] { return content_of(where + "comm") == "hutch"; };
      if (!is_set_up()) continue;
      const int memory = open((where + "mem").c_str(), O_RDONLY | O_CLOEXEC);
      char target[256];
      const bool descriptors = readlink((where + "fd/0").c_str(), target, sizeof target) >= 0;
      if ((memory >= 0 || descriptors) && is_set_up())
        say("caught", pid + (memory >= 0 ? " memory" : "") + (descriptors ? " descriptors" : ""));
      if (memory >= 0) close(memory);
    }
    closedir(directory);
  }
  say("newcomers", newcomers);
}
void wait_for_ever(const Words&) {
  say("waiting", "yes");
  std::fflush(stdout);
  for (;;) pause();
}
void echo_input(const Words&) {
  char line[4096];
  say("input", std::fgets(line, sizeof line, stdin) ? std::string(line, std::strcspn(line, "\n")) : "end");
}
void complain(const Words& words) { std::fprintf(stderr, "%s\n", arg(words, 1).c_str()); }

const std::pair<const char*, void (*)(const Words&)> kCommands[] = {
    {"ids", ids},
    {"pids", pids},
    {"status", status},
    {"securebits", secure_bits},
    {"core-cookie", core_cookie},
    {"namespaces", namespaces},
    {"names", names},
    {"fds", descriptors},
    {"env", environment},
    {"limits", limits},
    {"scheduling", scheduling},
    {"clocks", clocks},
    {"mounts", mounts},
    {"list", list},
    {"processes", processes},
    {"look", look},
    {"link", follow},
    {"read", show},
    {"interfaces", interfaces},
    {"write", write_file},
    {"mkdir", make_directory},
    {"fill", fill},
    {"escape-chroot", escape_chroot},
    {"kill", send_signal},
    {"shm", shared_memory},
    {"mq", message_queue},
    {"newuser", unshare_user},
    {"mount", mount_something},
    {"umount", unmount},
    {"remount", remount_writable},
    {"tiocsti", terminal_injection},
    {"foreign", foreign_architecture},
    {"abstract", connect_abstract},
    {"tcp", connect_tcp},
    {"loopback", loopback},
    {"bind-tcp", bind_tcp},
    {"own-abstract", own_abstract},
    {"open-write", open_for_writing},
    {"truncate", truncate_file},
    {"rename", rename_file},
    {"hardlink", link_file},
    {"remove", remove_file},
    {"make-all", make_all},
    {"ioctl", control_device},
    {"execute", execute},
    {"orphan", orphan},
    {"arguments", arguments},
    {"user-namespaces", make_user_namespaces},
    {"undo-below", undo_mounts_below},
    {"break-into", break_into},
    {"folders-of", folders_of},
    {"read-through", read_through},
    {"calls", dangerous_calls},
    {"executable-memory", executable_memory},
    {"exit", leave},
    {"die", die},
    {"inject", inject},
    {"wait", wait_for_ever},
    {"watch-newcomers", watch_newcomers},
    {"input", echo_input},
    {"stderr", complain},
};

/// Runs a program, and says on standard error whether it, and not what it starts, had the C library begin:
/// that is set_tid_address(2). Ends as it does.
[[noreturn]] void watch_library(char** program) {
  const pid_t pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    execv(program[0], program);
    _exit(99);
  }
  int status = 0;
  bool begins = false;
  int signal = 0;
  if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) _exit(99);
  ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
  while (ptrace(PTRACE_SYSCALL, pid, nullptr, signal) == 0 && waitpid(pid, &status, 0) == pid &&
         WIFSTOPPED(status)) {
    signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) {
      __ptrace_syscall_info info = {};
      ptrace(static_cast<__ptrace_request>(PTRACE_GET_SYSCALL_INFO), pid, sizeof info, &info);
      begins |= info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_set_tid_address;
      signal = 0;
    } else if (signal == SIGTRAP) {
      signal = 0;
    }
  }
  std::fprintf(stderr, "library=%s\n", begins ? "yes" : "no");
  if (WIFSIGNALED(status)) raise(WTERMSIG(status));
  _exit(WEXITSTATUS(status));
}

bool run(const Words& words) {
  for (const auto& [name, act] : kCommands) {
    if (words[0] == name) {
      act(words);
      return true;
    }
  }
  std::fprintf(stderr, "probe: no command %s\n", words[0].c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 && std::strcmp(argv[1], "library") == 0) watch_library(argv + 2);
  Words words;
  for (int i = 1; i <= argc; ++i) {
    if (i < argc && std::strcmp(argv[i], ",") != 0) {
      words.emplace_back(argv[i]);
      continue;
    }
    if (!words.empty() && !run(words)) return 99;
    words.clear();
  }
  return 0;
}
