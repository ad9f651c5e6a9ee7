#include "verify/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "base/unique_fd.h"
#include "launch/errno_text.h"
#include "verify/process_files.h"

namespace hutch {
namespace {

constexpr std::pair<const char*, int> kVisited[] = {
    {"ns/user", CLONE_NEWUSER}, {"ns/uts", CLONE_NEWUTS}, {"ns/net", CLONE_NEWNET}};

/// The user namespace first, which gives the rights for the others.
std::string enter(const ProcessFiles& program) {
  const ProcessFiles self("/proc/self");
  std::array<UniqueFd, std::size(kVisited)> opened;
  for (std::size_t i = 0; i < std::size(kVisited); ++i) {
    const auto there = program.object(kVisited[i].first);
    if (there && there == self.object(kVisited[i].first)) continue;
    opened[i] = UniqueFd(::open(program.path(kVisited[i].first).c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened[i]) return "open: " + errno_text(errno);
  }
  for (std::size_t i = 0; i < std::size(kVisited); ++i) {
    if (opened[i] && ::setns(opened[i].get(), kVisited[i].second) < 0) return "setns: " + errno_text(errno);
  }
  return {};
}

bool is_loopback_up() {
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = {};
  std::strcpy(request.ifr_name, "lo");
  return socket && ::ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

/// Parts are told apart by NUL bytes, which none of them holds.
std::string look(const ProcessFiles& program, const std::vector<std::string>& files) {
  std::string told = enter(program);
  told += '\0';
  utsname names = {};
  ::uname(&names);
  told.append(names.nodename).append(1, '\0').append(names.domainname).append(1, '\0');
  told.append(is_loopback_up() ? "up" : "down").append(1, '\0');
  for (const std::string& file : files) {
    const std::size_t slash = file.rfind('/');
    const auto text = ProcessFiles(file.substr(0, slash)).read(file.substr(slash + 1));
    told.append(text ? "+" + *text : "").append(1, '\0');
  }
  return told;
}

[[noreturn]] void look_and_end(int to, pid_t program, const std::vector<std::string>& files) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::string told = look(ProcessFiles(fmt::format("/proc/{}", program)), files);
  for (std::size_t sent = 0; sent < told.size();) {
    const ssize_t wrote = ::write(to, told.data() + sent, told.size() - sent);
    if (wrote <= 0) break;
    sent += static_cast<std::size_t>(wrote);
  }
  ::_exit(0);
}

std::string read_all(int from) {
  std::string text;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t got = ::read(from, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Inside look_inside(pid_t program, const std::vector<std::string>& files) {
  constexpr std::size_t kFixed = 4;
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) return {.problem = "pipe2: " + errno_text(errno)};
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t looker = ::fork();
  if (looker < 0) return {.problem = "fork: " + errno_text(errno)};
  if (looker == 0) look_and_end(writer.get(), program, files);
  writer.reset();
  const std::string told = read_all(reader.get());
  while (::waitpid(looker, nullptr, 0) < 0 && errno == EINTR) {
  }
  const std::vector<std::string_view> parts = split(told, '\0');
  if (parts.size() < kFixed + files.size()) return {.problem = "the process that looked has ended early"};
  Inside inside{.problem = std::string(parts[0]),
                .hostname = std::string(parts[1]),
                .domainname = std::string(parts[2]),
                .loopback_up = parts[3] == "up"};
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (parts[kFixed + i].starts_with('+')) inside.files[files[i]] = parts[kFixed + i].substr(1);
  }
  return inside;
}

}  // namespace hutch
