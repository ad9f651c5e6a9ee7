// Sources that the program could have replaced by the next launch. Within one launch nothing can be swapped:
// sources are pinned before anything runs. Between two, a folder that the program may write to can hold a
// symbolic link where a folder was, and the next launch follows it: CVE-2024-42472, made of two lines.
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "plan/lint.h"

namespace hutch {
namespace {

/// The first part of `source` that the program can rename or make, with the mount that lets it; null if none.
struct Swappable {
  std::string part;
  const Shown* by = nullptr;
};

Swappable find_swappable(const std::string& source, const Grants& grants, const Host& host) {
  for (std::size_t end = source.find('/', 1);; end = source.find('/', end + 1)) {
    const std::string part = source.substr(0, end);
    const std::string folder(parent_of(part));
    // Where it is a link already, the folder that holds the link is what counts.
    if (part != "/" && may_reach(grants, host, folder, kMayRead | kMayWrite)) {
      const Reach reach = grants.reach({"", host.real_path(folder)});
      const std::string inside = join_path(reach.path, name_of(part));
      // The kernel renames and removes nothing that something is mounted on, in that mount namespace.
      const Shown* const there = grants.mount_of(inside);
      if (there == nullptr || there->path != inside) return {part, reach.by};
    }
    if (end == std::string::npos) return {};
  }
}

struct Source {
  std::string path;
  Origin at;
};

std::vector<Source> sources_of(const Mount& mount) {
  std::vector<Source> sources;
  const bool from_host =
      mount.type == MountType::bind || mount.type == MountType::device || mount.type == MountType::mirror;
  if (mount.source) {
    sources.push_back({**mount.source, mount.source->at});
  } else if (from_host) {
    // Of a pattern, the folder in which names are matched: the program chooses them.
    std::string path = mount.target;
    if (mount.is_glob) path = path.substr(0, path.find_last_of('/', path.find_first_of("*?["))) + "/*";
    sources.push_back({mount.is_glob ? path : mount.target, mount.key_at});
  }
  for (const Said<std::string>& layer : mount.lower) sources.push_back({*layer, layer.at});
  if (mount.upper && (*mount.upper)->starts_with('/')) sources.push_back({**mount.upper, mount.upper->at});
  if (mount.work) sources.push_back({**mount.work, mount.work->at});
  return sources;
}

}  // namespace

void lint_sources(const Profile& profile, const Grants& grants, const Host& host, Diagnostics& found) {
  for (const auto& [target, mount] : profile.mounts) {
    for (const Source& source : sources_of(mount)) {
      const Swappable swappable = find_swappable(source.path, grants, host);
      if (swappable.by == nullptr) continue;
      Diagnostic diagnostic = warning(
          "W0320", fmt::format("the program can decide what {} will be at the next launch", quoted(target)),
          source.at);
      diagnostic.other = swappable.by->at;
      diagnostic.other_label =
          fmt::format("it may write here, and so put a link in the place of {}", quoted(swappable.part));
      diagnostic.cause = "a source is looked up anew at each launch, and links on the way are followed";
      diagnostic.help = "keep sources outside of what the sandbox can write to";
      found.push_back(std::move(diagnostic));
      break;
    }
  }
}

}  // namespace hutch
