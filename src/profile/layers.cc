#include "profile/layers.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <map>
#include <set>
#include <utility>

#include "base/path.h"
#include "base/sources.h"
#include "base/text.h"
#include "profile/load.h"
#include "profile/read_toml.h"
#include "profile/variables.h"

namespace hutch {
namespace {

/// PREFIX/share/hutch/profiles of the PREFIX that this program was installed in. A program that runs from its
/// own source or build tree uses the profiles of the source tree.
std::string installed_profiles(const Files& files) {
  const std::string binary = files.own_path();
  if (binary.empty()) return "";
  std::string installed = absolute_from(parent_of(binary), std::string(HUTCH_DATA_FROM_BIN) + "/profiles");
#if defined(HUTCH_SOURCE_PROFILES) && defined(HUTCH_BUILD_TREE)
  constexpr std::string_view kSource = HUTCH_SOURCE_PROFILES;
  const bool at_home = is_within(binary, parent_of(kSource)) || is_within(binary, HUTCH_BUILD_TREE);
  if (at_home && !files.is_directory(installed)) return std::string(kSource);
#endif
  return installed;
}

bool is_name_part(std::string_view part) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (part.empty() || !alphanumeric(part.front())) return false;
  return std::ranges::all_of(part, [&](char c) {
    return alphanumeric(c) || std::string_view("._+@-").find(c) != std::string_view::npos;
  });
}

/// Calls `found(name, path)` for every profile below a directory, in byte order.
template <class Found>
void each_profile(const Files& files, const std::string& directory, const std::string& prefix, int depth,
                  const Found& found) {
  constexpr int kDeepest = 8;
  for (const std::string& file : files.names(directory)) {
    const std::string path = join_path(directory, file);
    if (file.ends_with(".toml") && !files.is_directory(path)) {
      const std::string name = prefix + file.substr(0, file.size() - 5);
      if (is_profile_name(name)) found(name, path);
    } else if (depth < kDeepest && !file.ends_with(".toml.d") && is_name_part(file) &&
               files.is_directory(path)) {
      each_profile(files, path, prefix + file + "/", depth + 1, found);
    }
  }
}

void describe(const Files& files, Found& found) {
  // Nobody asked for this one by name: a FIFO would keep the whole list waiting.
  if (files.is_there(found.path) && !files.is_regular_file(found.path)) {
    found.problem = "it is no regular file";
    return;
  }
  Sources sources;
  const auto file = files.read(found.path, kLargestProfile);
  if (!file) {
    found.problem = file.error().why;
    return;
  }
  const auto tree = read_toml(sources.add(found.path, file->text, "/"), sources);
  if (!tree) {
    found.problem = tree.error().front().what;
    return;
  }
  const Entry* description = tree->table()->find("description");
  if (description && description->value.string()) found.description = *description->value.string();
}

}  // namespace

std::vector<Layer> profile_layers(const Host& host) {
  const Caller& caller = host.caller();
  std::vector<Layer> layers;
  if (const auto said = caller.environment.find("HUTCH_PROFILE_PATH"); said != caller.environment.end()) {
    for (const std::string_view each : split(said->second, ':')) {
      if (each.empty() || (!each.starts_with('/') && caller.directory.empty())) continue;
      layers.push_back({std::string(each), absolute_from(caller.directory, each)});
    }
    return layers;
  }
  if (!caller.directory.empty()) layers.push_back({"project", join_path(caller.directory, ".hutch")});
  if (const auto config = xdg_base(caller, "XDG_CONFIG_HOME")) {
    layers.push_back({"user", join_path(*config, "hutch/profiles")});
  }
  layers.push_back({"system", "/etc/hutch/profiles"});
  if (std::string installed = installed_profiles(host.files()); !installed.empty()) {
    layers.push_back({"installed", std::move(installed)});
  }
  return layers;
}

std::vector<std::string> profile_path(const Host& host) {
  std::vector<std::string> path;
  for (const Layer& layer : profile_layers(host)) path.push_back(layer.directory);
  return path;
}

bool is_profile_name(std::string_view text) { return std::ranges::all_of(split(text, '/'), is_name_part); }

bool is_profile_path(std::string_view text) {
  return text.starts_with('/') || text.starts_with("./") || text.starts_with("../") ||
         text.starts_with("~/") || text.ends_with(".toml");
}

std::optional<std::string> find_profile(std::string_view name, const Host& host) {
  for (const Layer& layer : profile_layers(host)) {
    std::string path = join_path(layer.directory, std::string(name) + ".toml");
    if (host.files().is_there(path)) return path;
  }
  return std::nullopt;
}

std::vector<std::string> find_drop_ins(std::string_view name, const Host& host) {
  std::map<std::string, std::string> by_name;
  for (const Layer& layer : profile_layers(host)) {
    const std::string directory = join_path(layer.directory, std::string(name) + ".toml.d");
    for (const std::string& file : host.files().names(directory)) {
      if (file.ends_with(".toml")) by_name.try_emplace(file, join_path(directory, file));
    }
  }
  std::vector<std::string> paths;
  for (auto& [file, path] : by_name) paths.push_back(std::move(path));
  return paths;
}

std::vector<std::string> profile_names(const Host& host) {
  std::set<std::string> names;
  for (const Layer& layer : profile_layers(host)) {
    each_profile(host.files(), layer.directory, "", 0,
                 [&](const std::string& name, const std::string&) { names.insert(name); });
  }
  return {names.begin(), names.end()};
}

std::vector<Found> list_profiles(const Host& host) {
  std::vector<Found> all;
  std::set<std::string> seen;
  for (const Layer& layer : profile_layers(host)) {
    each_profile(host.files(), layer.directory, "", 0, [&](const std::string& name, const std::string& path) {
      Found found{.name = name, .path = path, .layer = layer.label, .hidden = !seen.insert(name).second};
      describe(host.files(), found);
      all.push_back(std::move(found));
    });
  }
  std::ranges::stable_sort(all, {}, &Found::name);
  return all;
}

}  // namespace hutch
