#include "install/install.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/path.h"
#include "base/text.h"
#include "install/behind.h"
#include "install/desktop_entry.h"
#include "install/marker.h"

namespace hutch {
namespace {

constexpr std::size_t kLargestText = 1 << 20;
constexpr std::string_view kEntries = "applications", kServices = "dbus-1/services";

std::string variable_or(const Host& host, const char* name, const std::string& fallback) {
  const auto& environment = host.caller().environment;
  const auto found = environment.find(name);
  return found == environment.end() || !found->second.starts_with('/') ? fallback : found->second;
}

std::string in_single_quotes(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

std::string wrapper_text(const InstallRequest& request) {
  return fmt::format(
      "#!/bin/sh\n"
      "# Runs the program behind this file in a sandbox. To remove it and its menu entries: hutch install "
      "--undo PROFILE\n"
      "# Where hutch itself is gone, remove this file.\n"
      "exec {} run --behind \"$0\" {} -- \"$@\"\n",
      in_single_quotes(request.hutch), in_single_quotes(request.profile));
}

/// Names of files below a folder, with the folders between: "kde/okular.desktop". Six deep is deep enough.
void names_below(const std::string& folder, const std::string& prefix, std::string_view ending,
                 const Host& host, std::vector<std::string>& names, int depth = 0) {
  for (const std::string& name : host.list(folder).value_or(std::vector<std::string>{})) {
    const std::string path = join_path(folder, name);
    if (name.ends_with(ending))
      names.push_back(prefix + name);
    else if (depth < 6 && host.look(path).kind == FileKind::directory)
      names_below(path, prefix + name + "/", ending, host, names, depth + 1);
  }
}

/// The folders of other people's files, those that win first.
std::vector<std::string> share_folders(const InstallPlace& place, const Host& host) {
  std::vector<std::string> folders;
  std::string all = "/usr/local/share:/usr/share";
  if (const auto said = host.caller().environment.find("XDG_DATA_DIRS");
      said != host.caller().environment.end() && !said->second.empty())
    all = said->second;
  for (const std::string_view each : split(all, ':')) {
    if (!each.starts_with('/')) continue;
    std::string folder = normalise(each);
    if (folder == place.share) {
      if (place.for_everybody) folders.clear();  // what stands before it is not for everybody
      continue;
    }
    folders.push_back(std::move(folder));
  }
  return folders;
}

class Planner {
 public:
  Planner(const InstallPlace& place, const Host& host, std::string profile, StandIn stand_in)
      : place_(place), host_(host), profile_(std::move(profile)), stand_in_(std::move(stand_in)) {}

  /// Copies of the files below one folder of "share" that start the program.
  void copy(std::string_view kind, std::string_view ending,
            Rewritten (*rewrite)(std::string_view, const StandIn&), Installation& result) const {
    std::set<std::string, std::less<>> seen;
    for (const std::string& share : share_folders(place_, host_)) {
      const std::string folder = join_path(share, kind);
      std::vector<std::string> names;
      names_below(folder, "", ending, host_, names);
      for (const std::string& name : names) {
        const auto text = host_.read(join_path(folder, name), kLargestText);
        if (!text || begins_marked(*text) || !seen.insert(name).second) continue;
        const Rewritten copy = rewrite(*text, stand_in_);
        if (!copy.starts_program) continue;
        warn_of_others(join_path(folder, name), copy, result.warnings);
        result.files.push_back({.path = join_path(place_.share, fmt::format("{}/{}", kind, name)),
                                .text = marked(copy.text, profile_)});
      }
    }
  }

 private:
  static void warn_of_others(const std::string& path, const Rewritten& copy, Diagnostics& warnings) {
    for (const std::string& group : copy.others)
      warnings.push_back(
          {.code = "W0931",
           .what = fmt::format("[{}] of {} starts another program", printable(group), quoted(path)),
           .cause = "it is no part of this sandbox, and stays as it is",
           .severity = Severity::warning});
  }

  const InstallPlace& place_;
  const Host& host_;
  std::string profile_;
  StandIn stand_in_;
};

/// Would a shell find the wrapper when it looks for the program?
void warn_of_path(const std::string& wrapper, const std::string& name, const Host& host,
                  Diagnostics& warnings) {
  const auto& environment = host.caller().environment;
  const auto path = environment.find("PATH");
  const std::string own = host.real_path(std::string(parent_of(wrapper)));
  const std::string_view all =
      path == environment.end() ? std::string_view() : std::string_view(path->second);
  for (const std::string_view folder : split(all, ':')) {
    if (folder == parent_of(wrapper) || (!own.empty() && host.real_path(std::string(folder)) == own)) return;
    const std::string other = join_path(folder, name);
    if (!folder.starts_with('/') || host.follow(other).kind != FileKind::file) continue;
    warnings.push_back(
        {.code = "W0930",
         .what = fmt::format("shells find {} before the wrapper", quoted(other)),
         .cause = fmt::format("{} stands later on PATH, or not at all", quoted(parent_of(wrapper))),
         .help = fmt::format(
             "put it first: PATH={}:$PATH (many systems do at the next login, once the folder is there)",
             parent_of(wrapper)),
         .severity = Severity::warning});
    return;
  }
}

void list_folder(const std::string& folder, std::string_view ending, bool wrappers, const Host& host,
                 std::vector<Installed>& all) {
  std::vector<std::string> names;
  names_below(folder, "", ending, host, names);
  for (const std::string& name : names) {
    const std::string path = join_path(folder, name);
    if (host.look(path).kind != FileKind::file) continue;
    if (const auto begin = host.read(path, kMarkerReach); !begin || !begins_marked(*begin)) continue;
    const auto mark = read_marker(host.read(path, kLargestText).value_or(""));
    if (mark)
      all.push_back(
          {.path = path, .profile = mark->profile, .is_wrapper = wrappers, .unchanged = mark->unchanged});
  }
}

}  // namespace

Result<InstallPlace> install_place(const Host& host, bool for_everybody) {
  if (for_everybody)
    return InstallPlace{.bin = "/usr/local/bin", .share = "/usr/local/share", .for_everybody = true};
  const std::string home = variable_or(host, "HOME", "");
  if (home.empty())
    return fail({.code = "E0939",
                 .what = "there is no home folder to install into",
                 .cause = "HOME is not set to an absolute path",
                 .help = "set it, or, as root, use --system"});
  return InstallPlace{.bin = join_path(normalise(home), ".local/bin"),
                      .share = normalise(variable_or(host, "XDG_DATA_HOME", home + "/.local/share"))};
}

Result<Installation> plan_installation(const InstallRequest& request, const Profile& profile,
                                       const InstallPlace& place, const Host& host) {
  TRY(const std::string name, program_name(profile));
  const std::string wrapper = join_path(place.bin, name);
  TRY(std::string program, real_program(profile, wrapper, host));
  if (wrapper.contains('=') || printable(wrapper) != wrapper)
    return fail({.code = "E0938",
                 .what = fmt::format("no wrapper can be at {}", quoted(wrapper)),
                 .cause = "desktop files cannot start such a name"});
  const std::string real = host.real_path(program);
  const StandIn stand_in{.wrapper = wrapper, .is_program = [&](std::string_view word) {
                           // The same file under another name is another program where it asks how it was
                           // called.
                           if (name_of(word) != name) return false;
                           if (!word.contains('/') || word == program) return true;
                           return word.starts_with('/') && !real.empty() &&
                                  host.real_path(std::string(word)) == real;
                         }};
  Installation result{
      .files = {{.path = wrapper, .text = marked(wrapper_text(request), request.profile), .mode = 0755}},
      .program = std::move(program),
      .warnings = {}};
  warn_of_path(wrapper, name, host, result.warnings);
  const Planner planner(place, host, request.profile, stand_in);
  planner.copy(kEntries, ".desktop", desktop_entry_for, result);
  planner.copy(kServices, ".service", bus_service_for, result);
  return result;
}

std::vector<Installed> list_installed(const InstallPlace& place, const Host& host) {
  std::vector<Installed> all;
  list_folder(place.bin, "", true, host, all);
  list_folder(join_path(place.share, kEntries), ".desktop", false, host, all);
  list_folder(join_path(place.share, kServices), ".service", false, host, all);
  return all;
}

}  // namespace hutch
