// What the program finds around it: limits, scheduling, signals, directory. getrlimit(2), sched(7).
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/text.h"
#include "launch/errno_text.h"
#include "verify/checks.h"

namespace hutch {
namespace {

/// How /proc/PID/limits calls them, by number: fs/proc/base.c.
constexpr std::array kLimitLines = {
    "Max cpu time",       "Max file size",     "Max data size",         "Max stack size",
    "Max core file size", "Max resident set",  "Max processes",         "Max open files",
    "Max locked memory",  "Max address space", "Max file locks",        "Max pending signals",
    "Max msgqueue size",  "Max nice priority", "Max realtime priority", "Max realtime timeout"};

std::string limit_text(std::uint64_t value) {
  return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
}

std::string cpu_list(const std::vector<std::uint32_t>& cpus) {
  return fmt::format("CPUs {}", fmt::join(cpus, ", "));
}

}  // namespace

Verdict check(const Watch&, const Evidence&) { return unreadable("the launcher itself keeps the time"); }

Verdict check(const SetLimit& s, const Evidence& e) {
  const auto text = e.program.read("limits");
  const auto index = static_cast<std::size_t>(s.resource);
  if (!text || index >= kLimitLines.size()) return unreadable("limits of the program cannot be read");
  for (const std::string_view line : split(*text, '\n')) {
    if (!line.starts_with(kLimitLines[index])) continue;
    const std::vector<std::string> words = words_of(line.substr(std::string_view(kLimitLines[index]).size()));
    if (words.size() < 2) break;
    return compared(fmt::format("{} {}, at most {}", s.name.view(), limit_text(s.soft), limit_text(s.hard)),
                    fmt::format("{} {}, at most {}", s.name.view(), words[0], words[1]));
  }
  return unreadable("the kernel does not tell this limit");
}

Verdict check(const SetNice& s, const Evidence& e) {
  errno = 0;
  const int nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(e.standing.program));
  if (nice == -1 && errno != 0) return unreadable("getpriority: " + errno_text(errno));
  return compared(fmt::format("nice {}", s.nice), fmt::format("nice {}", nice));
}

Verdict check(const SetIoPriority& s, const Evidence& e) {
  constexpr int kProcess = 1, kClassShift = 13, kLevelBits = 7;  // ioprio_set(2)
  const long found = ::syscall(SYS_ioprio_get, kProcess, e.standing.program);
  if (found < 0) return unreadable("ioprio_get: " + errno_text(errno));
  return compared(fmt::format("io class {}, level {}", s.io_class, s.level),
                  fmt::format("io class {}, level {}", found >> kClassShift, found & kLevelBits));
}

Verdict check(const SetAffinity& s, const Evidence& e) {
  constexpr std::size_t kBytes = 1024, kByteBits = 8;
  std::array<unsigned char, kBytes> mask{};
  const long bytes = ::syscall(SYS_sched_getaffinity, e.standing.program, mask.size(), mask.data());
  if (bytes < 0) return unreadable("sched_getaffinity: " + errno_text(errno));
  std::vector<std::uint32_t> found;
  const std::vector<std::uint32_t> wanted(s.cpus.begin(), s.cpus.end());
  for (std::uint32_t cpu = 0; cpu < static_cast<std::uint32_t>(bytes) * kByteBits; ++cpu) {
    if ((mask[cpu / kByteBits] >> cpu % kByteBits & 1) != 0) found.push_back(cpu);
  }
  // Those that the machine does not have are left out by the kernel.
  const bool within = std::ranges::all_of(
      found, [&](std::uint32_t cpu) { return std::ranges::find(wanted, cpu) != wanted.end(); });
  return within && !found.empty() ? as_planned() : differs(cpu_list(wanted), cpu_list(found));
}

Verdict check(const SetPersonality& s, const Evidence& e) {
  constexpr int kHex = 16;
  const auto text = e.program.read("personality");
  if (!text) return unreadable("personality of the program cannot be read");
  return compared(fmt::format("{:08x}", s.persona),
                  fmt::format("{:08x}", std::strtoull(text->c_str(), nullptr, kHex)));
}

Verdict check(const SetTimerSlack& s, const Evidence& e) {
  const auto text = e.program.read("timerslack_ns");
  if (!text) return unreadable("the timer slack of the program is not shown to this user");
  return compared(fmt::format("timer slack {}", s.slack), "timer slack " + one_line_of(*text));
}

Verdict check(const ScheduleCore&, const Evidence& e) {
  std::uint64_t cookie = 0;
  if (::prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, e.standing.program, 0, &cookie) < 0)
    return unreadable("PR_SCHED_CORE_GET: " + errno_text(errno));
  return cookie != 0 ? as_planned() : differs("a core-scheduling cookie", "none");
}

Verdict check(const SetUmask& s, const Evidence& e) {
  return compared(fmt::format("umask {:04o}", s.mask), "umask " + e.program.status("Umask"));
}

Verdict check(const ChangeDir& s, const Evidence& e) {
  const auto found = e.program.object("cwd");
  if (!found) return unreadable("the directory of the program is not shown to this user");
  const UniqueFd wanted = e.open(s.path.view(), O_PATH | O_DIRECTORY);
  struct stat there = {};
  if (!wanted || ::fstat(wanted.get(), &there) < 0) {
    return unreadable(
        fmt::format("{} cannot be opened from outside: {}", quoted(s.path.view()), errno_text(errno)));
  }
  if (*found == ObjectId{.device = there.st_dev, .inode = there.st_ino}) return as_planned();
  return differs(fmt::format("in {}", quoted(s.path.view())),
                 fmt::format("in {}", quoted(e.program.link("cwd"))));
}

Verdict check(const ResetSignals&, const Evidence& e) {
  Verdict verdict;
  for (const char* field : {"SigBlk", "SigIgn", "SigCgt"}) {
    const std::string found = e.program.status(field);
    if (found.find_first_not_of('0') != std::string::npos)
      verdict = worse(verdict, differs(fmt::format("{}: none", field), fmt::format("{}: {}", field, found)));
  }
  return verdict;
}

Verdict check(const Exec&, const Evidence&) {
  return unreadable("it comes next: words and variables go to the program with execve");
}

}  // namespace hutch
