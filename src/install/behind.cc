#include "install/behind.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/path.h"
#include "base/text.h"
#include "install/marker.h"

namespace hutch {
namespace {

constexpr std::string_view kSystemPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";
/// A program may start itself by its name, and that one again; endless chains end here.
constexpr int kDeepest = 3;

bool is_real_program(const std::string& path, const Host& host) {
  if (host.follow(path).kind != FileKind::file || !host.may(path, X_OK)) return false;
  const auto begin = host.read(path, kMarkerReach);
  return !begin || !begins_marked(*begin);
}

std::vector<std::string> folders_of(std::string_view path) {
  std::vector<std::string> folders;
  for (const std::string_view folder : split(path, ':'))
    if (folder.starts_with('/')) folders.emplace_back(folder);
  return folders;
}

/// The folders in the order in which they are looked through.
std::vector<std::string> search_order(const std::string& wrapper, const Host& host) {
  const auto& environment = host.caller().environment;
  const auto path = environment.find("PATH");
  std::vector<std::string> folders = folders_of(path == environment.end() ? "" : path->second);
  const std::string own = host.real_path(std::string(parent_of(wrapper)));
  const auto is_own = [&](const std::string& folder) { return host.real_path(folder) == own; };
  if (const auto mine = std::ranges::find_if(folders, is_own); mine != folders.end())
    std::rotate(folders.begin(), mine, folders.end());
  for (std::string& folder : folders_of(kSystemPath)) folders.push_back(std::move(folder));
  return folders;
}

bool has_own_root(const Profile& profile) {
  const auto root = profile.mounts.find("/");
  if (root == profile.mounts.end() || root->second.type == MountType::tmpfs) return false;
  const auto& source = root->second.source;
  return root->second.type != MountType::bind || (source && source->value != "/");
}

}  // namespace

Result<std::string> program_name(const Profile& profile) {
  if (profile.process.command.empty() || profile.process.command[0]->empty())
    return fail({.code = "E0930",
                 .what = "the profile does not say which program it is for",
                 .cause = "it has no process.command, and a wrapper is called as the program is",
                 .help = "add it: process.command = [\"NAME\"]"});
  const Said<std::string>& command = profile.process.command[0];
  std::string name(name_of(*command));
  constexpr std::string_view kRefused = "sh bash dash zsh fish env hutch";
  const bool is_plain = !name.empty() && !name.starts_with('-') && !name.starts_with('.') &&
                        !name.contains('=') && printable(name) == name;
  if (!is_plain || has_word(kRefused, name))
    return fail(
        {.code = "E0938",
         .what = fmt::format("no wrapper can be called {}", quoted(name)),
         .at = command.at,
         .cause = is_plain
                      ? "every script that looks for it would find the wrapper, and hutch itself needs it"
                      : "desktop files cannot start such a name",
         .help = "install a profile whose process.command names an application"});
  return name;
}

std::string find_behind(const std::string& name, const std::string& wrapper, const Host& host) {
  for (const std::string& folder : search_order(wrapper, host)) {
    std::string path = join_path(folder, name);
    if (is_real_program(path, host)) return path;
  }
  return "";
}

Result<std::string> real_program(const Profile& profile, const std::string& wrapper, const Host& host) {
  TRY(const std::string name, program_name(profile));
  const Said<std::string>& said = profile.process.command[0];
  if (has_own_root(profile) || (said->starts_with('/') && is_real_program(*said, host))) return *said;
  std::string found = find_behind(name, wrapper, host);
  if (found.empty())
    return fail({.code = "E0932",
                 .what = fmt::format("there is no {} on this machine", quoted(*said)),
                 .at = said.at,
                 .cause = "neither where the profile says nor behind the wrapper on PATH",
                 .help = "install the program, or name its file in process.command"});
  return found;
}

Result<std::vector<std::string>> stand_before(Profile& profile, const std::string& wrapper,
                                              std::vector<std::string> arguments, const Host& host) {
  TRY(std::string program, real_program(profile, absolute_from(host.caller().directory, wrapper), host));
  if (*profile.process.args == ArgsMode::replace && !arguments.empty())
    arguments.insert(arguments.begin(), program);
  profile.process.command[0].value = std::move(program);
  return arguments;
}

Result<std::string> wrapped_inside(const std::string& wrapper, const Host& host) {
  const auto& environment = host.caller().environment;
  const auto before = environment.find(kWrapped);
  const std::string name(name_of(wrapper));
  const std::string all = before == environment.end() ? "" : before->second;
  if (std::ranges::count(split(all, ':'), name) >= kDeepest)
    return fail(
        {.code = "E0937",
         .what = fmt::format("the wrapper {} leads back to itself", quoted(wrapper)),
         .cause = fmt::format(
             "it was called from inside of its own sandbox, {} deep: something that it starts calls {} again",
             kDeepest, quoted(name)),
         .help = fmt::format(
             "have that call the program by its path, or hide the wrapper inside: mounts.{} = \"hidden\"",
             quoted(wrapper))});
  return all.empty() ? name : all + ":" + name;
}

}  // namespace hutch
