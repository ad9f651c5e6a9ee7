// Namespaces, what belongs to them, and the init. namespaces(7), pid_namespaces(7).
#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/text.h"
#include "verify/checks.h"

namespace hutch {
namespace {

constexpr struct {
  std::uint64_t type;
  const char* file;
  const char* name;
} kKinds[] = {{CLONE_NEWUSER, "ns/user", "user"},       {CLONE_NEWNS, "ns/mnt", "mount"},
              {CLONE_NEWPID, "ns/pid", "pid"},          {CLONE_NEWIPC, "ns/ipc", "ipc"},
              {CLONE_NEWUTS, "ns/uts", "uts"},          {CLONE_NEWNET, "ns/net", "net"},
              {CLONE_NEWCGROUP, "ns/cgroup", "cgroup"}, {CLONE_NEWTIME, "ns/time", "time"}};

constexpr const char* kNotShown = "the namespaces of the program are not shown to this user";

const char* file_of(std::uint64_t type) {
  const auto* const found = std::ranges::find(kKinds, type, [](const auto& each) { return each.type; });
  return found == std::end(kKinds) ? "" : found->file;
}

template <class T>
bool plan_has(const Evidence& e, std::uint64_t type) {
  return std::ranges::any_of(e.plan.steps, [type](const Step& step) {
    const T* found = std::get_if<T>(&step.op);
    return found != nullptr && found->type == type;
  });
}

bool has_unshared_time(const Evidence& e) { return std::ranges::any_of(e.plan.steps, is<UnshareTime>); }

Verdict check_is_new(const char* file, const char* name, const Evidence& e) {
  const auto own = e.self.object(file), there = e.program.object(file);
  if (!own || !there) return unreadable(kNotShown);
  return own->inode != there->inode
             ? as_planned()
             : differs(fmt::format("a {} namespace of its own", name), "the launcher's");
}

}  // namespace

Verdict check(const OpenNamespace& s, const Evidence& e) {
  const bool opened = s.slot < e.standing.slots.size() && e.standing.slots[s.slot] >= 0;
  return opened ? as_planned() : differs("an open namespace", "none");
}

Verdict check(const JoinNamespace& s, const Evidence& e) {
  struct stat opened = {};
  if (s.slot >= e.standing.slots.size() || ::fstat(e.standing.slots[s.slot], &opened) < 0)
    return unreadable("the launcher does not hold the namespace any more");
  const auto there = e.program.object(file_of(s.type));
  if (!there) return unreadable(kNotShown);
  return compared(fmt::format("{}:[{}]", file_of(s.type), opened.st_ino),
                  fmt::format("{}:[{}]", file_of(s.type), there->inode));
}

Verdict check(const CloneChild& s, const Evidence& e) {
  Verdict verdict;
  for (const auto& [type, file, name] : kKinds) {
    if ((s.namespaces & type) != 0) {
      verdict = worse(verdict, check_is_new(file, name, e));
      continue;
    }
    if (plan_has<JoinNamespace>(e, type) || (type == CLONE_NEWTIME && has_unshared_time(e))) continue;
    const auto own = e.self.object(file), there = e.program.object(file);
    if (!own || !there) continue;  // a kernel without that kind
    if (own->inode != there->inode)
      verdict = worse(verdict, differs(fmt::format("the launcher's {} namespace", name), "another one"));
  }
  return verdict;
}

Verdict check(const PersistNamespace& s, const Evidence& e) {
  struct stat kept = {};
  const auto there = e.program.object(file_of(s.type));
  if (!there) return unreadable(kNotShown);
  if (::stat(s.path.c_str(), &kept) < 0) return differs(quoted(s.path.view()), "nothing there");
  return compared(fmt::format("{}:[{}]", file_of(s.type), there->inode),
                  fmt::format("{}:[{}]", file_of(s.type), kept.st_ino));
}

Verdict check(const UnshareTime&, const Evidence& e) { return check_is_new("ns/time", "time", e); }

Verdict check(const SetHostname& s, const Evidence& e) {
  if (!e.inside.problem.empty()) return unreadable(e.inside.problem);
  return compared(quoted(s.name.view()), quoted(e.inside.hostname));
}

Verdict check(const SetDomainname& s, const Evidence& e) {
  if (!e.inside.problem.empty()) return unreadable(e.inside.problem);
  return compared(quoted(s.name.view()), quoted(e.inside.domainname));
}

Verdict check(const BringLoopbackUp&, const Evidence& e) {
  if (!e.inside.problem.empty()) return unreadable(e.inside.problem);
  return compared("lo is up", e.inside.loopback_up ? "lo is up" : "lo is down");
}

Verdict check(const StartInit&, const Evidence& e) {
  if (e.standing.init == e.standing.program) return differs("an init and a program", "one process");
  Verdict verdict = compared(std::to_string(e.standing.init), e.program.status("PPid"));
  const std::vector<std::string> pids = words_of(e.init.status("NSpid"));
  const bool is_own =
      plan_has<JoinNamespace>(e, CLONE_NEWPID) || e.self.object("ns/pid") == e.program.object("ns/pid");
  if (!is_own && !pids.empty())
    verdict = worse(verdict, compared("the init is pid 1", "the init is pid " + pids.back()));
  // It has given up everything, too.
  return worse(verdict, compared("an init without capabilities",
                                 std::stoull("0" + e.init.status("CapPrm"), nullptr, 16) == 0
                                     ? "an init without capabilities"
                                     : e.init.status("CapPrm")));
}

Verdict check(const KeepOpen&, const Evidence&) {
  return unreadable("only the init has it, whose descriptors nobody may look at");
}
Verdict check(const HideFromOthers&, const Evidence&) {
  return unreadable("it lasts until exec, but for the moment in which it is verified");
}
Verdict check(const LetChildGo&, const Evidence&) { return as_planned(); }  // it went on
Verdict check(const AwaitParent&, const Evidence&) {
  return unreadable("it leaves no trace; the id maps are there");
}

}  // namespace hutch
