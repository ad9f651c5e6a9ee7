#include "plan/hidden_names.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "plan/match_paths.h"
#include "plan/mount_steps.h"

namespace hutch {
namespace {

using Entries = std::map<std::string, Mount>;

/// The entry that decides over `path`: that of the longest target above it.
const Mount* deepest(const Entries& entries, std::string_view path) {
  while (true) {
    const auto found = entries.find(std::string(path));
    if (found != entries.end() && !found->second.is_glob) return &found->second;
    if (path == "/") return nullptr;
    path = parent_of(path);
  }
}

/// A path of the host without links; what is missing at its end, as it would be.
std::string real_place(const Host& host, const std::string& path) {
  std::string real = host.real_path(path);
  if (!real.empty()) return real;
  const std::string above = host.real_path(std::string(parent_of(path)));
  return above.empty() ? above : join_path(above, name_of(path));
}

/// Does the pattern match `path` or a folder above it that the profile does not name itself?
bool matches(const Mount& pattern, const Profile& profile, const std::string& path) {
  const auto next = [&path](const std::string& directory) -> std::vector<std::string> {
    if (directory.size() >= path.size() || !is_within(path, directory)) return {};
    const std::size_t from = directory == "/" ? 1 : directory.size() + 1;
    return {path.substr(from, path.find('/', from) - from)};
  };
  const auto is_above = [&path](const std::string& each) { return each != path && is_within(path, each); };
  return std::ranges::any_of(match_paths(pattern.target, next, is_above),
                             [&profile](const auto& match) { return !profile.mounts.contains(match); });
}

/// Every name inside that shows the host's `real`.
std::vector<std::string> names_of(const Entries& entries, const Host& host, const std::string& named,
                                  const std::string& real) {
  std::vector<std::string> names{named, real};
  for (const auto& [target, mount] : entries) {
    const Backing backing = mount.is_glob ? Backing{} : backing_of(mount);
    if (backing.opaque || mount.from_arguments) continue;
    for (const std::string& layer : backing.layers) {
      const std::string source = host.real_path(layer);
      if (!source.empty() && is_within(real, source)) names.push_back(move_path(real, source, target));
    }
  }
  return names;
}

}  // namespace

std::string move_path(std::string_view path, std::string_view from, std::string_view to) {
  return join_path(to, path.substr(from == "/" ? 0 : from.size()));
}

std::string fixed_part(const std::string& pattern) {
  std::string fixed = "/";
  for (const std::string_view part : components(pattern)) {
    if (part.find_first_of("*?[\\") != std::string_view::npos) break;
    fixed = join_path(fixed, part);
  }
  return fixed;
}

const Mount* hiding_entry(const Entries& entries, const Profile& profile, const Host& host,
                          const std::string& named, const std::string& real) {
  const std::vector<std::string> names = names_of(entries, host, named, real);
  for (const std::string& name : names) {
    if (const Mount* decides = deepest(entries, name); decides && decides->type == MountType::hidden)
      return decides;
  }
  for (const auto& [target, mount] : entries) {
    if (mount.type != MountType::hidden) continue;
    // What is hidden may itself be a link, or lie behind one: then it covers what that leads to.
    const std::string top = mount.is_glob ? fixed_part(target) : target;
    const std::string real_top = real_place(host, top);
    const bool leads_there = !real_top.empty() && real_top != top && is_within(real, real_top);
    if (leads_there && (!mount.is_glob || matches(mount, profile, move_path(real, real_top, top))))
      return &mount;
    if (!mount.is_glob) continue;
    if (std::ranges::any_of(names, [&](const auto& name) { return matches(mount, profile, name); }))
      return &mount;
  }
  return nullptr;
}

}  // namespace hutch
