// Walls that are not there, and what that opens: the network, processes, privileges.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "plan/lint.h"

namespace hutch {
namespace {

/// Names of the host's abstract sockets that lead to a display or a bus: unix(7), proc_net(5).
std::vector<std::string> abstract_ways_out(const Host& host) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  const std::string all = host.read("/proc/net/unix", kMost).value_or("");
  std::vector<std::string> names;
  for (const std::string_view line : split(all, '\n')) {
    const std::size_t at = line.find(" @");
    if (at == line.npos) continue;
    const std::string_view name = line.substr(at + 1);
    const bool leads_out =
        name.contains("/.X11-unix/") || name.contains("/dbus-") || name.contains("/.ICE-unix/");
    if (leads_out && std::ranges::find(names, name) == names.end()) names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

void look_at_network(const Profile& profile, const Grants& grants, const Host& host, Diagnostics& found) {
  if (grants.value("process", "abstract sockets of others") != "within reach") return;
  const std::vector<std::string> names = abstract_ways_out(host);
  if (names.empty()) return;
  Diagnostic diagnostic = warning("W0315", "abstract sockets of the host lead out of the sandbox",
                                  profile.namespaces.of(Ns::net).at);
  diagnostic.cause =
      fmt::format("they belong to the network namespace, no mount hides them: {}", fmt::join(names, ", "));
  diagnostic.help = "use a network of its own, or a kernel whose Landlock keeps them away (Linux 6.12)";
  if (profile.share_abstract_sockets && **profile.share_abstract_sockets) {
    diagnostic.at = profile.share_abstract_sockets->at;
    diagnostic.help = "leave `abstract_sockets` out";
  }
  found.push_back(std::move(diagnostic));
}

void look_at_processes(const Profile& profile, const Grants& grants, Diagnostics& found) {
  if (grants.value("namespace", "pid") != "the host's") return;
  const bool own_user = grants.value("namespace", "user") == "new";
  if (own_user && grants.value("process", "signals to others") != "within reach") return;
  Diagnostic diagnostic = warning("W0316",
                                  own_user ? "the program can see and signal your other processes"
                                           : "the program can control your other processes",
                                  profile.namespaces.of(Ns::pid).at);
  diagnostic.cause =
      own_user
          ? "in the host's pid namespace they have numbers, and kill(2) asks for nothing but the same user"
          : "without a user namespace of its own it may trace them, and /proc/PID/root leads to their files";
  diagnostic.help = "leave `namespaces.pid` out (it is \"new\" by default)";
  if (!own_user) {
    diagnostic.other = profile.namespaces.of(Ns::user).at;
    diagnostic.other_label = "`user` is the host's here";
  }
  found.push_back(std::move(diagnostic));
}

void look_at_capabilities(const Grants& grants, Diagnostics& found) {
  struct Power {
    std::string_view name, gives;
  };
  constexpr std::array<Power, 13> kPowers{
      {{"sys_admin", "mounts, namespaces, and nearly everything else"},
       {"sys_module", "code in the kernel"},
       {"sys_rawio", "memory and ports of the machine"},
       {"sys_ptrace", "every process that it can see"},
       {"sys_boot", "an end of the machine, or another kernel"},
       {"dac_override", "every file, whatever its mode"},
       {"dac_read_search", "every file of a mounted file system: open_by_handle_at(2)"},
       {"setuid", "any user"},
       {"setgid", "any group"},
       {"chown", "any file"},
       {"mknod", "any device"},
       {"bpf", "programs in the kernel"},
       {"mac_admin", "the rules of the security modules"}}};
  // In a user namespace of its own, a capability reaches what belongs to that namespace.
  if (grants.value("namespace", "user") == "new") return;
  for (const Power& power : kPowers) {
    const Setting* const kept = grants.find("capability", std::string(power.name));
    if (kept == nullptr) continue;
    Diagnostic diagnostic =
        warning("W0317", fmt::format("`{}` is kept outside of a user namespace", power.name), kept->at);
    diagnostic.cause = fmt::format("it is the host's, then, and gives {}", power.gives);
    diagnostic.help = "leave `namespaces.user` out (it is \"new\" by default), or drop the capability";
    found.push_back(std::move(diagnostic));
  }
}

void look_at_privileges(const Profile& profile, const Grants& grants, Diagnostics& found) {
  if (grants.value("privileges", "no_new_privs") != "on") {
    Diagnostic diagnostic =
        warning("W0318", "set-user-ID programs can gain privileges inside", profile.process.no_new_privs.at);
    diagnostic.cause =
        "without no_new_privs, execve(2) gives a set-user-ID program its owner's id, and file capabilities";
    diagnostic.help = "leave `no_new_privs` out (it is on by default)";
    found.push_back(std::move(diagnostic));
  }
  if (grants.value("namespace", "user") == "the host's" && grants.value("identity", "uid outside") == "0") {
    Diagnostic diagnostic =
        warning("W0319", "the program is the host's root", profile.namespaces.of(Ns::user).at);
    diagnostic.cause =
        "what it can reach it owns, and files in /proc and /sys obey it without any capability";
    diagnostic.help =
        "leave `namespaces.user` out (it is \"new\" by default), or choose another `identity.uid`";
    found.push_back(std::move(diagnostic));
  }
}

}  // namespace

void lint_walls(const Profile& profile, const Grants& grants, const Host& host, Diagnostics& found) {
  look_at_network(profile, grants, host, found);
  look_at_processes(profile, grants, found);
  look_at_capabilities(grants, found);
  look_at_privileges(profile, grants, found);
}

}  // namespace hutch
