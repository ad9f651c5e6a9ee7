#include "plan/named_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "plan/hidden_names.h"
#include "plan/match_paths.h"
#include "plan/mount_steps.h"

namespace hutch {
namespace {

struct NamedFolder {
  std::string place;  ///< inside
  std::string real;   ///< on the host
};

class Check {
 public:
  explicit Check(Draft& draft) : draft_(draft), host_(draft.host) {
    for (const auto& [path, placed] : draft.view.mounts()) {
      const Mount* const mount = placed.asked;
      if (mount == nullptr || !mount->from_arguments || mount->type != MountType::bind) continue;
      std::string source = source_of(*mount);
      if (host_.look(source).kind == FileKind::directory) folders_.push_back({path, std::move(source)});
    }
  }

  void run() {
    if (folders_.empty()) return;
    for (const auto& [target, mount] : draft_.entries) {
      if (mount.type != MountType::hidden) continue;
      if (mount.is_glob) {
        for (const NamedFolder& folder : folders_) check_pattern(mount, folder);
      } else {
        check_host_file(host_.real_path(target), mount);
        check_shown(draft_.view.walk(target).path, mount);
      }
    }
    for (const Mount& match : draft_.matches) check_shown(match.target, match);
  }

 private:
  /// The files of the host that would be seen at a place if nothing covered it.
  void check_shown(const std::string& place, const Mount& hidden) {
    if (place == "/") return;
    const PlacedMount& mount = draft_.view.mount_of(parent_of(place));
    if (mount.backing.opaque) return;
    for (const std::string& layer : mount.backing.layers)
      check_host_file(host_.real_path(move_path(place, mount.path, layer)), hidden);
  }

  /// A pattern speaks of names inside; below a folder that has another name there, of those on the host, too.
  void check_pattern(const Mount& hidden, const NamedFolder& folder) {
    const std::string top = fixed_part(hidden.target);
    const std::string real_top = host_.real_path(top);
    if (real_top.empty() || (real_top == top && folder.place == folder.real)) return;
    if (!is_within(folder.real, real_top) && !is_within(real_top, folder.real)) return;
    const auto list = [&](const std::string& directory) -> std::vector<std::string> {
      const bool is_above = directory != top && is_within(top, directory);
      const std::string& towards = is_above ? top : folder.real;
      const std::string at = is_above ? directory : move_path(directory, top, real_top);
      if (at != towards && is_within(towards, at))
        return {std::string(components(move_path(towards, at, "/")).front())};
      return host_.list(at).value_or(std::vector<std::string>{});
    };
    const auto is_directory = [&](const std::string& path) {
      return !is_within(path, top) || host_.look(move_path(path, top, real_top)).kind == FileKind::directory;
    };
    for (const std::string& match : match_paths(hidden.target, list, is_directory)) {
      if (!is_within(match, top) || draft_.profile.mounts.contains(match)) continue;
      const std::string real = move_path(match, top, real_top);
      if (host_.look(real).kind != FileKind::symlink) check_host_file(real, hidden);
    }
  }

  void check_host_file(const std::string& real, const Mount& hidden) {
    if (real.empty()) return;
    for (const NamedFolder& folder : folders_) {
      if (!is_within(real, folder.real)) continue;
      const Seen seen = draft_.view.walk(move_path(real, folder.real, folder.place), false).seen;
      if (!seen.on_host.empty() && host_.real_path(seen.on_host) == real) refuse(folder, real, hidden);
    }
  }

  void refuse(const NamedFolder& folder, const std::string& real, const Mount& hidden) {
    const Origin at = draft_.profile.process.files.at;
    const auto is_told = [&](const Diagnostic& each) { return each.code == "E0347"; };
    if (std::ranges::any_of(draft_.errors, is_told)) return;
    draft_.problem(
        {.code = "E0347",
         .what = fmt::format("the folder {} of the command line must not be shown", quoted(folder.place)),
         .at = at,
         .other = hidden.key_at,
         .other_label = "this hides it, but not under that name",
         .cause = fmt::format("{} would be seen in it, which the profile hides", quoted(real)),
         .help = "name the files or folders in it that are meant"});
  }

  Draft& draft_;
  const Host& host_;
  std::vector<NamedFolder> folders_;
};

}  // namespace

void check_named_folders(Draft& draft) { Check(draft).run(); }

}  // namespace hutch
