// Which namespaces are new, what contradicts that, and the names inside them: namespaces(7).
#include <fmt/format.h>
#include <sched.h>

#include <array>
#include <cstdint>

#include "plan/draft.h"

namespace hutch {
namespace {

struct NamespaceName {
  Ns which;
  const char* name;
  std::uint64_t flag;
};
constexpr std::array<NamespaceName, 7> kClonedNamespaces{{{Ns::user, "user", CLONE_NEWUSER},
                                                          {Ns::mount, "mount", CLONE_NEWNS},
                                                          {Ns::pid, "pid", CLONE_NEWPID},
                                                          {Ns::ipc, "ipc", CLONE_NEWIPC},
                                                          {Ns::uts, "uts", CLONE_NEWUTS},
                                                          {Ns::net, "net", CLONE_NEWNET},
                                                          {Ns::cgroup, "cgroup", CLONE_NEWCGROUP}}};

void contradict(Draft& draft, Origin asked, const std::string& what, Ns which, const char* name) {
  draft.problem(
      {.code = "E0301",
       .what = what,
       .at = asked,
       .other = draft.profile.namespaces.of(which).at,
       .other_label = fmt::format("`{}` is the host's here", name),
       .help = fmt::format("leave `namespaces.{}` out (it is \"new\" by default), or drop this", name)});
}

void check_contradictions(Draft& draft) {
  const Profile& profile = draft.profile;
  if (!draft.is_new(Ns::uts)) {
    if (profile.hostname) {
      contradict(draft, profile.hostname->at, "`hostname` would rename the host", Ns::uts, "uts");
    }
    if (profile.domainname) {
      contradict(draft, profile.domainname->at, "`domainname` would rename the host", Ns::uts, "uts");
    }
  }
  if (!draft.is_new(Ns::net) && profile.loopback.said()) {
    contradict(draft, profile.loopback.at, "`network.loopback` speaks of a network of its own", Ns::net,
               "net");
  }
  if (!draft.is_new(Ns::mount) && !profile.mounts.empty()) {
    contradict(draft, profile.mounts.begin()->second.key_at, "mounts would be made in the host's own tree",
               Ns::mount, "mount");
  }
  if (!draft.is_new(Ns::user) && !*profile.namespaces.nested && profile.namespaces.nested.said()) {
    contradict(draft, profile.namespaces.nested.at,
               "`nested = \"deny\"` is a limit of the sandbox's own user namespace", Ns::user, "user");
  }
}

/// Without a new user namespace only a privileged caller can make the others.
void check_privilege(Draft& draft) {
  if (draft.is_new(Ns::user) || draft.host.caller().has_setid_capabilities) return;
  for (const NamespaceName& each : kClonedNamespaces) {
    if (!draft.is_new(each.which)) continue;
    draft.problem({.code = "E0302",
                   .what = fmt::format("a new {} namespace needs a new user namespace, or root", each.name),
                   .at = draft.profile.namespaces.of(Ns::user).at,
                   .help = "leave `namespaces.user` out (it is \"new\" by default), or run as root"});
    return;
  }
  draft.problem({.code = "E0304",
                 .what = "without any new namespace there is nothing that capabilities could be dropped with",
                 .at = draft.profile.namespaces.of(Ns::user).at,
                 .cause = "an ordinary user may not narrow its bounding set: capabilities(7)",
                 .help = "leave `namespaces.user` out (it is \"new\" by default), or run as root"});
}

}  // namespace

void create_namespaces(Draft& draft) {
  check_contradictions(draft);
  check_privilege(draft);
  const Namespaces& wanted = draft.profile.namespaces;
  std::uint64_t flags = 0;
  for (const NamespaceName& each : kClonedNamespaces) {
    if (draft.is_new(each.which)) flags |= each.flag;
  }
  draft.add(draft.clone, CloneChild{.namespaces = flags}, {}, Phase::clone);

  if (draft.is_new(Ns::time)) {
    const bool one_process = !*draft.profile.process.init || !draft.is_new(Ns::pid);
    if (one_process && !draft.host.kernel().at_least(6, 1)) {
      draft.problem({.code = "E0303",
                     .what = "a time namespace without an init needs Linux 6.1",
                     .at = wanted.of(Ns::time).at,
                     .cause = "before 6.1 a process enters its new time namespace on fork only, not on exec",
                     .help = "leave `process.init` on, or drop `namespaces.time`"});
    }
    draft.add(draft.identity, UnshareTime{}, wanted.of(Ns::time).at);
    // The offsets can be written until the first process is in there: time_namespaces(7).
    const auto offset = [&draft](const char* clock, const MaybeSaid<std::int64_t>& by) {
      if (!by) return;
      constexpr std::int64_t kSecond = 1'000'000'000;
      std::int64_t seconds = **by / kSecond;
      std::int64_t rest = **by % kSecond;
      if (rest < 0) {
        rest += kSecond;
        seconds -= 1;
      }
      draft.add(draft.identity,
                WriteFile{.path = "/proc/self/timens_offsets",
                          .content = draft.keep(fmt::format("{} {} {}\n", clock, seconds, rest))},
                by->at);
    };
    offset("monotonic", wanted.monotonic_offset);
    offset("boottime", wanted.boottime_offset);
  }
}

void name_machine(Draft& draft) {
  const Profile& profile = draft.profile;
  if (profile.hostname) {
    draft.add(draft.finish, SetHostname{draft.keep(**profile.hostname)}, profile.hostname->at);
  }
  if (profile.domainname) {
    draft.add(draft.finish, SetDomainname{draft.keep(**profile.domainname)}, profile.domainname->at);
  }
  if (draft.is_new(Ns::net) && *profile.loopback) {
    draft.add(draft.finish, BringLoopbackUp{}, profile.loopback.at);
  }
}

}  // namespace hutch
