#include "build/collect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <algorithm>
#include <memory>
#include <ranges>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "build/folders.h"
#include "build/tree_copy.h"
#include "launch/errno_text.h"
#include "plan/match_paths.h"

namespace hutch {
namespace {

/// A path below a folder of the sandbox; links on the way lead nowhere out of it.
UniqueFd open_below(const UniqueFd& folder, const std::string& path, std::uint64_t flags) {
  open_how how = {};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const std::string name = path.empty() || path == "/" ? "." : path.substr(path.starts_with('/') ? 1 : 0);
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, folder.get(), name.c_str(), &how, sizeof how)));
}

std::vector<std::string> names_in(const UniqueFd& folder, const std::string& path) {
  UniqueFd opened = open_below(folder, path, O_RDONLY | O_DIRECTORY);
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opened ? ::fdopendir(opened.release()) : nullptr,
                                                   ::closedir);
  if (!stream) return names;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

/// What an output's path stands for, below the folder that is held.
std::vector<std::string> matches(const OutputFolders::Held& held) {
  if (held.below.empty()) return {""};
  if (!has_glob(held.below)) return {"/" + glob_unescape(held.below)};
  return match_paths(
      "/" + held.below, [&held](const std::string& path) { return names_in(held.folder, path); },
      [&held](const std::string& path) {
        return static_cast<bool>(open_below(held.folder, path, O_PATH | O_DIRECTORY | O_NOFOLLOW));
      });
}

/// Does this link, in an output, stay within it?
bool stays_within(const std::string& link, const std::string& target) {
  if (target.starts_with('/')) return false;
  std::ptrdiff_t depth = std::ranges::count(link, '/');
  for (const std::string_view part : split(target, '/')) {
    if (part == "..") --depth;
    if (!part.empty() && part != "." && part != "..") ++depth;
    if (depth < 0) return false;
  }
  return true;
}

/// Is `target` strictly below what the output is, or may be?
bool lies_inside(const std::string& output, const std::string& target) {
  const std::vector<std::string_view> parts = components(output);
  const std::vector<std::string_view> names = components(target);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i >= names.size()) return false;
    if (parts[i] == "**") return true;
    if (!glob_matches(parts[i], names[i])) return false;
  }
  return names.size() > parts.size();
}

std::unexpected<Diagnostics> cannot_put(const std::string& to, const BuildOutput& asked, std::string why,
                                        std::string help = "") {
  return fail({.code = "E0707",
               .what = fmt::format("cannot put an output at {}: {}", quoted(to), why),
               .at = asked.to.at,
               .help = std::move(help)});
}

}  // namespace

std::string Collection::staged(const std::string& artifact) const {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const std::string& name = outputs_[i].name;
    if (artifact == name) return staged_[i].path;
    if (artifact.starts_with(name + "/")) return staged_[i].path + artifact.substr(name.size());
  }
  return {};
}

Result<std::string> Collection::staging_beside(const std::string& destination, const BuildOutput& asked) {
  const std::string folder(parent_of(destination));
  if (const auto there = stagings_.find(folder); there != stagings_.end()) return there->second->path();
  if (!make_folders(folder)) return cannot_put(destination, asked, errno_text(errno));
  auto staging = std::make_unique<TemporaryFolder>(folder);
  if (staging->path().empty()) return cannot_put(destination, asked, errno_text(errno));
  return stagings_.emplace(folder, std::move(staging)).first->second->path();
}

Result<void> Collection::copy(int at, const std::string& name, const Output& output,
                              const BuildOutput& asked) {
  TRY(const std::string staging, staging_beside(output.to, asked));
  const std::string path = join_path(staging, output.name);
  TreeCopy copy(path, epoch_);
  TreeDigest digest;
  const auto add = [&](const TreeItem& item) -> Result<void> {
    if (item.kind == TreeItem::Kind::link && !stays_within(item.path, item.target)) {
      return fail(
          {.code = "E0706",
           .what = fmt::format("the output {} cannot be taken", quoted(output.inside)),
           .at = asked.key_at,
           .cause = fmt::format("the link {} leads out of it, to {}",
                                quoted(item.path.empty() ? output.name : item.path), quoted(item.target)),
           .help = "name what it leads to, or have it packed into an archive"});
    }
    TRY(const std::string sum, copy.add(item));
    digest.add(item, sum);
    if (item.kind == TreeItem::Kind::folder) return {};
    artifacts_.push_back({.name = item.path.empty() ? output.name : output.name + "/" + item.path,
                          .sha256 = sum,
                          .executable = item.kind == TreeItem::Kind::file && item.is_executable(),
                          .link = item.target});
    return {};
  };
  TRY_DO(walk_tree(at, name, output.inside, add));
  TRY_DO(copy.finish());
  outputs_.push_back(output);
  outputs_.back().sha256 = digest.hex();
  staged_.push_back({path, &asked});
  return {};
}

Result<void> Collection::take_output(const std::string& path, const BuildOutput& asked,
                                     const OutputFolders::Held& held, const std::string& into) {
  const std::vector<std::string> found = matches(held);
  const bool is_glob = has_glob(path);
  bool is_there = false;
  for (const std::string& each : found) {
    // The folder that holds it is opened once; what is looked at there is what is copied.
    const UniqueFd parent =
        open_below(held.folder, std::string(parent_of(each.empty() ? "/" : each)), O_RDONLY | O_DIRECTORY);
    const std::string name = each.empty() ? "." : std::string(name_of(each));
    struct stat facts = {};
    if (!parent || ::fstatat(parent.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) < 0) continue;
    is_there = true;
    // For a folder that is a mount, `each` is empty and the end of `path` its name.
    const std::string plain = glob_unescape(path);
    Output output{.inside = is_glob ? std::string(parent_of(path)) + "/" + name : plain, .to = *asked.to};
    const std::string own_name(each.empty() ? name_of(plain) : std::string_view(name));
    if (is_glob) output.to = join_path(*asked.to, own_name);
    if (!into.empty()) output.to = join_path(into, is_glob ? own_name : std::string(name_of(*asked.to)));
    output.name = name_of(output.to);
    const auto twin = std::ranges::find(outputs_, output.name, &Output::name);
    if (twin != outputs_.end()) {
      return cannot_put(output.to, asked, fmt::format("another output, {}, has the same name", twin->inside),
                        "give one of them another name");
    }
    TRY_DO(copy(parent.get(), name, output, asked));
  }
  if (is_there || *asked.optional) return {};
  return fail({.code = "E0705",
               .what = fmt::format("the build did not make {}", quoted(path)),
               .at = asked.key_at,
               .cause = is_glob ? "nothing matches" : "there is nothing of that name where the build ran",
               .help = "--keep FOLDER keeps the working folder of the build for looking; "
                       "`optional = true` allows an output to be missing"});
}

Result<void> Collection::take(const Build& build, const OutputFolders& folders, const std::string& into) {
  interruption_.emplace();
  if (build.epoch) epoch_ = **build.epoch;
  for (const auto& [path, output] : build.outputs)
    TRY_DO(take_output(path, output, folders.held().at(path), into));
  return {};
}

Result<void> check_outputs(const Profile& profile) {
  Diagnostics wrong;
  for (const auto& [path, output] : profile.build.outputs) {
    for (const auto& [target, mount] : profile.mounts) {
      if (!lies_inside(path, target)) continue;
      wrong.push_back({.code = "E0706",
                       .what = fmt::format("the output {} cannot be taken", quoted(path)),
                       .at = output.key_at,
                       .other = mount.key_at,
                       .other_label = "the mount",
                       .cause = fmt::format("{} is mounted inside of it", quoted(target)),
                       .help = "have the build make it somewhere else"});
    }
  }
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  return {};
}

Result<void> Collection::put_in_place(bool replace) {
  TRY_DO(stop_if_asked());
  // What cannot be put is told before anything is.
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    struct stat there = {};
    const bool is_there = ::lstat(outputs_[i].to.c_str(), &there) == 0;
    if (is_there && S_ISDIR(there.st_mode) && !replace) {
      return cannot_put(outputs_[i].to, *staged_[i].asked, "a folder is there already",
                        "remove it, or replace it by --replace");
    }
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const std::string& to = outputs_[i].to;
    const char* const from = staged_[i].path.c_str();
    if (::rename(from, to.c_str()) == 0) continue;
    // What was there goes where the new one was, and with that folder.
    const bool is_other_kind = errno == EISDIR || errno == ENOTDIR || errno == ENOTEMPTY || errno == EEXIST;
    if (is_other_kind && ::renameat2(AT_FDCWD, from, AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) continue;
    return cannot_put(to, *staged_[i].asked, errno_text(errno));
  }
  return {};
}

}  // namespace hutch
