#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/sandbox_json.h"
#include "launch/registry.h"

namespace hutch {
namespace {

/// "42s", "5m", "3h 12m", "2d 4h": how long it has run.
std::string for_how_long(std::uint64_t started) {
  timespec now = {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto seconds = std::max<std::int64_t>(now.tv_sec - static_cast<std::int64_t>(started / 1000), 0);
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m", seconds / 60);
  if (seconds < 86400) return fmt::format("{}h {}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d {}h", seconds / 86400, seconds / 3600 % 24);
}

/// Those that are not ours: "user,mnt,pid".
std::string other_namespaces(const Registered& sandbox) {
  if (sandbox.namespaces.empty()) return "?";
  std::string names;
  for (const auto& [name, inode] : sandbox.namespaces) {
    struct stat own = {};
    if (::stat(fmt::format("/proc/self/ns/{}", name).c_str(), &own) == 0 && own.st_ino == inode) continue;
    names += (names.empty() ? "" : ",") + name;
  }
  return names.empty() ? "-" : names;
}

std::string for_people(const std::vector<Registered>& all, bool everybody) {
  std::vector<std::array<std::string, 7>> rows{
      {"NAME", "USER", "PROFILE", "PID", "UPTIME", "NAMESPACES", "COMMAND"}};
  for (const Registered& each : all) {
    rows.push_back({printable(each.name), std::to_string(each.owner), printable(each.profile),
                    each.program > 0 ? std::to_string(each.program) : "-", for_how_long(each.started),
                    other_namespaces(each), printable(each.command)});
  }
  std::array<std::size_t, 6> widths{};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (i != 1 || everybody) text += fmt::format("{:{}}  ", row[i], widths[i]);
    }
    text += row.back() + "\n";
  }
  return text;
}

}  // namespace

int ps_command(Session& session) {
  const Caller& caller = session.host.caller();
  const std::vector<Registered> all = running_sandboxes(caller);
  if (session.words.has("--names")) {
    std::string names;
    for (const Registered& each : all) names += each.name + "\n";
    return session.say(names) ? 0 : 1;
  }
  if (!session.wants_json()) {
    if (all.empty()) return 0;
    const bool everybody =
        std::ranges::any_of(all, [&](const Registered& each) { return each.owner != caller.uid; });
    return session.say(for_people(all, everybody)) ? 0 : 1;
  }
  Json json;
  json.object([&] {
    json.key("sandboxes");
    json.array([&] {
      for (const Registered& each : all) json.object([&] { sandbox_json(json, each); });
    });
  });
  return session.say(json.text()) ? 0 : 1;
}

}  // namespace hutch
