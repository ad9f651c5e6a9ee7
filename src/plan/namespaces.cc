// Which namespaces are new, what contradicts that, and the names inside them: namespaces(7).
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/path.h"
#include "base/text.h"
#include "plan/draft.h"

namespace hutch {
namespace {

struct NamespaceName {
  Ns which;
  const char* name;
  std::uint64_t flag;
};
constexpr NamespaceName kTime{Ns::time, "time", CLONE_NEWTIME};
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
       .other_label = fmt::format("`{}` is {} here", name, draft.whose(which)),
       .help = fmt::format("leave `namespaces.{}` out (it is \"new\" by default), or drop this", name)});
}

void check_contradictions(Draft& draft) {
  const Profile& profile = draft.profile;
  if (!draft.is_new(Ns::uts)) {
    if (profile.hostname) {
      contradict(draft, profile.hostname->at,
                 draft.is_joined(Ns::uts) ? "`hostname` would rename others, too"
                                          : "`hostname` would rename the host",
                 Ns::uts, "uts");
    }
    if (profile.domainname) {
      contradict(draft, profile.domainname->at,
                 draft.is_joined(Ns::uts) ? "`domainname` would rename others, too"
                                          : "`domainname` would rename the host",
                 Ns::uts, "uts");
    }
  }
  if (!draft.is_new(Ns::net) && profile.loopback.said()) {
    contradict(draft, profile.loopback.at, "`network.loopback` speaks of a network of its own", Ns::net,
               "net");
  }
  // The root that every profile has is nobody's wish.
  const auto said =
      std::ranges::find_if(profile.mounts, [](const auto& each) { return each.second.key_at.known(); });
  if (!draft.is_new(Ns::mount) && said != profile.mounts.end()) {
    contradict(draft, said->second.key_at,
               draft.is_joined(Ns::mount) ? "mounts would be made in a tree that others use"
                                          : "mounts would be made in the host's own tree",
               Ns::mount, "mount");
  }
  if (!draft.is_new(Ns::mount) && *profile.process.files != Process::Files::none) {
    contradict(draft, profile.process.files.at,
               "`process.files` shows files in a tree that shows more than those already", Ns::mount,
               "mount");
  }
  if (!draft.is_new(Ns::user) && !*profile.namespaces.nested && profile.namespaces.nested.said()) {
    contradict(draft, profile.namespaces.nested.at,
               "`nested = \"deny\"` is a limit of the sandbox's own user namespace", Ns::user, "user");
  }
}

/// Without a new user namespace only a privileged caller can make the others.
void check_privilege(Draft& draft) {
  if (draft.is_new(Ns::user) || draft.is_joined(Ns::user) || draft.host.caller().has_setid_capabilities)
    return;
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

/// What is joined comes in an order that always works: first the user namespace, which gives the rights for
/// the others, and at last the mounts, with which the caller's paths go.
void join_namespaces(Draft& draft) {
  const Namespaces& wanted = draft.profile.namespaces;
  const auto join = [&](const NamespaceName& each) {
    const MaybeSaid<std::string>& said = wanted.join[static_cast<std::size_t>(each.which)];
    if (!said) return;
    const std::string& from = **said;
    OpenNamespace open{.type = each.flag, .slot = draft.new_slot()};
    if (from.starts_with('/')) {
      open.path = draft.keep(from);
    } else if (from.starts_with("pid:")) {
      const std::string_view file = each.which == Ns::mount ? "mnt" : each.name;
      const std::string_view digits = std::string_view(from).substr(4);
      const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
      open.path = draft.keep(fmt::format("/proc/{}/ns/{}", digits.substr(zeros), file));
    } else {
      open.sandbox = draft.keep(std::string_view(from).substr(std::string_view("sandbox:").size()));
    }
    draft.add(draft.before_clone, open, said->at, Phase::before_clone);
    draft.add(draft.clone, JoinNamespace{.type = each.flag, .slot = open.slot}, said->at, Phase::clone);
  };
  for (const NamespaceName& each : kClonedNamespaces) {
    if (each.which != Ns::mount) join(each);
  }
  join(kTime);
  for (const NamespaceName& each : kClonedNamespaces) {
    if (each.which == Ns::mount) join(each);
  }
}

/// What a mount on the host takes.
void check_persist(Draft& draft) {
  for (const NamespaceName& each : kClonedNamespaces) {
    const MaybeSaid<std::string>& path =
        draft.profile.namespaces.persist[static_cast<std::size_t>(each.which)];
    if (!path) continue;
    if (draft.host.caller().uid != 0) {
      draft.problem(
          {.code = "E0345",
           .what = fmt::format("keeping a {} namespace takes root", each.name),
           .at = path->at,
           .cause = "a bind mount on the host holds it, and only root can make one",
           .help =
               "run as root, or let another sandbox join this one while it runs: join = \"sandbox:NAME\""});
    } else if (draft.host.follow(std::string(parent_of(**path))).kind != FileKind::directory) {
      draft.problem({.code = "E0345",
                     .what = fmt::format("the host has no folder {}", quoted(parent_of(**path))),
                     .at = path->at,
                     .help = "make it first; /run/netns comes with the first `ip netns add`"});
    }
  }
}

}  // namespace

void persist_namespaces(Draft& draft) {
  check_persist(draft);
  std::vector<Step> steps;
  for (const NamespaceName& each : kClonedNamespaces) {
    const MaybeSaid<std::string>& path =
        draft.profile.namespaces.persist[static_cast<std::size_t>(each.which)];
    if (path) {
      draft.add(steps, PersistNamespace{.type = each.flag, .path = draft.keep(**path)}, path->at,
                Phase::parent);
    }
  }
  if (steps.empty()) return;
  // While the child waits for the parent; where it would not, now it does.
  const auto go = std::ranges::find_if(draft.parent, is<LetChildGo>);
  const bool waits = go != draft.parent.end();
  draft.parent.insert(go, steps.begin(), steps.end());
  if (waits) return;
  draft.add(draft.parent, LetChildGo{}, {}, Phase::parent);
  draft.identity.insert(draft.identity.begin(), Step{AwaitParent{}, {}, Phase::setup});
}

void create_namespaces(Draft& draft) {
  check_contradictions(draft);
  check_privilege(draft);
  join_namespaces(draft);
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
