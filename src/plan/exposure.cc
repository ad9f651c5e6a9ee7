#include "plan/exposure.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "base/path.h"
#include "filter/syscalls.h"
#include "plan/compare_filters.h"
#include "plan/known_places.h"
#include "plan/lint.h"

namespace hutch {
namespace {

/// Without what lies below another one.
std::vector<std::string> topmost(const std::vector<std::string>& paths) {
  std::vector<std::string> kept;
  for (const std::string& path : paths) {
    const bool below = std::ranges::any_of(
        paths, [&path](const std::string& other) { return other != path && is_within(path, other); });
    if (!below && std::ranges::find(kept, path) == kept.end()) kept.push_back(path);
  }
  std::ranges::sort(kept);
  return kept;
}

/// What every program needs, and gives nothing away.
bool is_harmless(const std::string& device) {
  constexpr std::array<std::string_view, 7> kHarmless{"/dev/null",    "/dev/zero", "/dev/full", "/dev/random",
                                                      "/dev/urandom", "/dev/tty",  "/dev/ptmx"};
  return std::ranges::find(kHarmless, device) != kHarmless.end();
}

void look_at_files(const Grants& grants, const Host& host, Exposure& exposure) {
  std::vector<std::string> writes, reads;
  for (const auto& [path, shown] : grants.tree) {
    for (const Shown::Layer& layer : shown.layers) {
      if (!layer.place.filesystem.empty()) continue;
      const std::string& place = layer.place.path;
      const Rights rights = grants.reach(layer.place).rights;
      if ((rights & kMayUseDevices) != 0 && !is_harmless(place)) exposure.devices.push_back(place);
      if ((rights & kMayUseDevices) != 0 && is_harmless(place)) continue;
      if ((rights & kMayWrite) != 0)
        writes.push_back(place);
      else if ((rights & kMayRead) != 0)
        reads.push_back(place);
    }
  }
  exposure.writes = topmost(writes);
  exposure.reads = topmost(reads);
  exposure.devices = topmost(exposure.devices);

  exposure.home = "hidden";
  const auto home = host.caller().environment.find("HOME");
  if (home == host.caller().environment.end() || !home->second.starts_with('/')) return;
  const std::string real = host.real_path(home->second);
  if (real.empty()) return;
  const Reach reach = grants.reach({"", real});
  const bool seen = !reach.path.empty();
  const auto below = [&real](const std::string& path) { return is_within(path, real); };
  if (seen && (reach.rights & kMayRead) != 0) {
    exposure.home = (reach.rights & kMayWrite) != 0 ? "write" : "read";
  } else if (std::ranges::any_of(exposure.writes, below) || std::ranges::any_of(exposure.reads, below)) {
    exposure.home = "parts";
  }
}

void look_at_known_places(const Grants& grants, const Host& host, Exposure& exposure) {
  using Kind = KnownPlace::Kind;
  for (const KnownPlace& place : known_places(host)) {
    const Rights needed = place.kind == Kind::run_outside ? kMayRead | kMayWrite : kMayRead;
    if (!may_reach(grants, host, place.path, needed)) continue;
    std::vector<std::string>& list = place.kind == Kind::secret    ? exposure.secrets
                                     : place.kind == Kind::way_out ? exposure.sockets
                                                                   : exposure.run_outside;
    list.push_back(place.path);
  }
}

std::string whose(const Grants& grants, const char* name) {
  const std::string value = grants.value("namespace", name);
  return value == "new" ? "own" : value == "the host's" ? "host" : "joined";
}

/// Do the filters let it make a user namespace, in any of the three ways? unshare(2), clone(2).
bool may_nest(const Grants& grants) {
  if (grants.value("privileges", "user namespaces inside") != "allowed") return false;
  const std::optional<Abi> abi = abi_from(grants.architecture);
  if (!abi) return true;
  return std::ranges::any_of(std::array{"unshare", "clone", "clone3"}, [&](const char* name) {
    const Syscall* const known = find_syscall(name);
    const std::optional<std::uint32_t> number = known != nullptr ? known->number(*abi) : std::nullopt;
    if (!number) return false;
    seccomp_data call{};
    call.nr = static_cast<int>(*number);
    call.arch = facts_of(*abi).audit;
    call.args[0] = CLONE_NEWUSER;
    const std::uint32_t action = answer_of(grants.filters, call) & SECCOMP_RET_ACTION_FULL;
    return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
  });
}

void look_at_gains(const Grants& grants, const Host& host, Exposure& exposure) {
  const auto is = [&grants](const char* topic, const char* name, std::string_view value) {
    return grants.value(topic, name) == value;
  };
  if (is("privileges", "no_new_privs", "off"))
    exposure.gains.emplace_back("set-user-ID programs and file capabilities");
  if (is("identity", "uid outside", "0") && !is("namespace", "user", "new"))
    exposure.gains.emplace_back("it is the host's root");
  if (is("process", "signals to others", "within reach"))
    exposure.gains.emplace_back("signals to your other processes");
  if (is("process", "abstract sockets of others", "within reach"))
    exposure.gains.emplace_back("abstract sockets of the host");
  if (std::ranges::all_of(grants.filters, [](const LoadedFilter& each) { return each.name == "floor"; }))
    exposure.gains.emplace_back("nearly every system call: no [seccomp] rules");
  if (may_nest(grants))
    exposure.gains.emplace_back("user namespaces of its own, and with them more of the kernel");
  // A profile that is looked for here hides one of the same name anywhere else.
  const std::string& here = host.caller().directory;
  if (!here.empty() && may_reach(grants, host, here, kMayRead | kMayWrite))
    exposure.gains.push_back(
        fmt::format("profiles of later launches from here: {}", join_path(here, ".hutch")));
}

}  // namespace

Exposure exposure_of(const Profile& profile, const Grants& grants, const Host& host) {
  Exposure exposure;
  const Process::Files named = *profile.process.files;
  if (named != Process::Files::none) exposure.named = named == Process::Files::rw ? "write" : "read";
  exposure.knows_files = grants.knows_tree;
  look_at_files(grants, host, exposure);
  look_at_known_places(grants, host, exposure);
  exposure.network = whose(grants, "net");
  if (exposure.network == "own" && grants.value("network", "loopback") != "up") exposure.network = "none";
  exposure.processes = whose(grants, "pid");
  for (const auto& [key, setting] : grants.settings) {
    if (key.first == "capability") exposure.capabilities.push_back(key.second);
    if (key.first == "environment" && setting.value == "the caller's")
      exposure.environment.push_back(key.second);
  }
  look_at_gains(grants, host, exposure);
  return exposure;
}

}  // namespace hutch
