#include "plan/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "plan/compare_filters.h"

namespace hutch {
namespace {

std::string place_text(const Place& place) {
  if (place.filesystem.empty()) return place.path;
  return fmt::format("{}:{}", place.filesystem, place.path);
}

std::string mount_text(const Shown& shown) {
  if (shown.layers.empty()) return "hidden";
  std::string text;
  for (const Shown::Layer& layer : shown.layers) {
    if (!text.empty()) text += ", over ";
    text += fmt::format("{} ({})", place_text(layer.place), rights_text(layer.rights));
  }
  if (!shown.options.empty()) text += ", " + shown.options;
  if (!shown.content.empty()) text += fmt::format(", {} bytes of its own", shown.content.size());
  return text;
}

using Range = Setting::Range;

/// Is all of `part` in `whole`? Both sorted, their ranges apart from each other and not adjacent.
bool contains(const std::vector<Range>& whole, const std::vector<Range>& part) {
  return std::ranges::all_of(part, [&whole](const Range& each) {
    return std::ranges::any_of(whole, [&each](const Range& around) {
      return around.first <= each.first && each.second <= around.second;
    });
  });
}

class Comparison {
 public:
  Comparison(const Grants& first, const Grants& second) : first_(first), second_(second) {}

  std::vector<Difference> make() {
    compare_settings();
    if (first_.knows_tree && second_.knows_tree) {
      compare_places();
      compare_paths();
      compare_links();
    } else if (first_.knows_tree != second_.knows_tree) {
      const auto text = [](const Grants& grants) {
        return grants.knows_tree ? "a tree of its own" : "whatever is there";
      };
      found_.push_back({Change::wider, "path", "/", text(first_), text(second_), {}, {}});
    }
    for (Difference& each : compare_filters(first_.filters, second_.filters, second_.architecture))
      found_.push_back(std::move(each));
    std::ranges::stable_sort(
        found_, {}, [](const Difference& each) { return std::tie(each.topic, each.what, each.change); });
    return std::move(found_);
  }

 private:
  // --- what is no path

  void compare_settings() {
    std::set<std::pair<std::string, std::string>> names;
    for (const auto& [name, setting] : first_.settings) names.insert(name);
    for (const auto& [name, setting] : second_.settings) names.insert(name);
    for (const auto& [topic, name] : names) {
      const Setting* const before = first_.find(topic, name);
      const Setting* const after = second_.find(topic, name);
      compare_setting(before != nullptr ? *before : missing(*after),
                      after != nullptr ? *after : missing(*before));
    }
  }

  static Setting missing(const Setting& other) {
    Setting setting = other;
    setting.value = other.absent;
    setting.width = other.absent_width;
    setting.at = {};
    if (setting.set) setting.set->clear();
    return setting;
  }

  void compare_setting(const Setting& before, const Setting& after) {
    if (before.value == after.value && before.width == after.width && before.set == after.set) return;
    Change change = Change::other;
    if (before.set && after.set) {
      const bool nothing_lost = contains(*after.set, *before.set);
      const bool nothing_gained = contains(*before.set, *after.set);
      if (!nothing_gained) change = Change::wider;
      if (nothing_gained && !nothing_lost) change = Change::narrower;
    } else if (after.width != before.width) {
      change = after.width > before.width ? Change::wider : Change::narrower;
    } else if (!before.ordered || !after.ordered) {
      change = Change::wider;
    }
    found_.push_back({change, before.topic, before.name, before.value, after.value, before.at, after.at});
  }

  // --- what is at a place, wherever it is seen

  /// Places at which the rights may change: what is shown, what is covered, what Landlock names.
  static void collect(const Grants& grants, std::set<Place>& places) {
    for (const auto& [path, shown] : grants.tree) {
      for (const Shown::Layer& layer : shown.layers) places.insert(layer.place);
      const std::string below = path == "/" ? "/" : path + "/";
      const auto add = [&](const std::string& other) {
        for (const Shown::Layer& layer : shown.layers) {
          // What is put over a file system of our own takes nothing away.
          if (layer.place.filesystem == "memory") continue;
          places.insert({layer.place.filesystem,
                         join_path(layer.place.path, std::string_view(other).substr(below.size()))});
        }
      };
      for (auto other = grants.tree.lower_bound(below);
           other != grants.tree.end() && other->first.starts_with(below); ++other) {
        if (other->first != path) add(other->first);
      }
      for (const auto& [ruled, rights] : grants.rules) {
        if (ruled != path && ruled.starts_with(below) && grants.mount_of(ruled) == &shown) add(ruled);
      }
    }
  }

  void compare_places() {
    std::set<Place> places;
    collect(first_, places);
    collect(second_, places);
    std::map<Place, std::pair<Rights, Rights>> told;
    for (const Place& place : places) {
      const Reach before = first_.reach(place);
      const Reach after = second_.reach(place);
      const std::pair rights(before.rights, after.rights);
      told.emplace(place, rights);
      if (before.rights == after.rights || around(told, place) == rights) continue;
      if (before.by != nullptr) involved_.insert(before.by);
      if (after.by != nullptr) involved_.insert(after.by);
      const Rights gained = after.rights & ~before.rights;
      const Rights lost = before.rights & ~after.rights;
      for (const auto& [change, some] : {std::pair(Change::wider, gained), {Change::narrower, lost}}) {
        if (some == 0) continue;
        const bool ours = place.filesystem == "memory";  // the topic says so
        found_.push_back({change, topic_of(place), ours ? place.path : place_text(place), said(before, place),
                          said(after, place), before.by != nullptr ? before.by->at : Origin{},
                          after.by != nullptr ? after.by->at : Origin{}});
      }
    }
  }

  static std::string topic_of(const Place& place) {
    return place.filesystem.empty() ? "file" : place.filesystem == "memory" ? "memory" : "filesystem";
  }

  static std::string said(const Reach& reach, const Place& place) {
    const std::string text = rights_text(reach.rights);
    return reach.path.empty() || reach.path == place.path || !place.filesystem.empty()
               ? text
               : fmt::format("{} (as {})", text, reach.path);
  }

  /// What was found for the nearest place above.
  static std::optional<std::pair<Rights, Rights>> around(
      const std::map<Place, std::pair<Rights, Rights>>& told, const Place& place) {
    for (std::string path = place.path; path != "/";) {
      path = parent_of(path);
      if (const auto above = told.find({place.filesystem, path}); above != told.end()) return above->second;
    }
    return std::nullopt;
  }

  // --- what is at a path, where that gives and takes nothing

  void compare_paths() {
    std::set<std::string> paths;
    for (const auto& [path, shown] : first_.tree) paths.insert(path);
    for (const auto& [path, shown] : second_.tree) paths.insert(path);
    for (const std::string& path : paths) {
      const Shown* const before = at(first_, path);
      const Shown* const after = at(second_, path);
      if (involved_.contains(before) || involved_.contains(after)) continue;
      const std::string was = before != nullptr ? mount_text(*before) : "no mount";
      const std::string is = after != nullptr ? mount_text(*after) : "no mount";
      const bool other_content = before != nullptr && after != nullptr && before->content != after->content;
      if (was == is && !other_content) continue;
      found_.push_back({change_of_size(before, after), "path", path, was, is,
                        before != nullptr ? before->at : Origin{}, after != nullptr ? after->at : Origin{}});
    }
  }

  /// A file system in memory without a limit can fill half of it; options of other kinds that differ cannot
  /// be compared.
  static Change change_of_size(const Shown* before, const Shown* after) {
    if (before == nullptr || after == nullptr || before->options == after->options) return Change::other;
    const auto number = [](const Shown& shown, std::string_view key) {
      for (const std::string_view option : split(shown.options, ' ')) {
        if (option.starts_with(key)) return bytes_from(option.substr(key.size())).value_or(UINT64_MAX);
      }
      return UINT64_MAX;
    };
    const auto is_memory = [](const Shown& shown) {
      return !shown.layers.empty() && shown.layers.front().place.filesystem == "memory";
    };
    if (!is_memory(*before) || !is_memory(*after)) return Change::wider;
    for (const std::string_view key : {"size=", "nr_inodes="}) {
      if (number(*after, key) > number(*before, key)) return Change::wider;
    }
    for (const std::string_view key : {"size=", "nr_inodes="}) {
      if (number(*after, key) < number(*before, key)) return Change::narrower;
    }
    return Change::other;
  }

  static const Shown* at(const Grants& grants, const std::string& path) {
    const auto found = grants.tree.find(path);
    return found == grants.tree.end() ? nullptr : &found->second;
  }

  void compare_links() {
    std::set<std::string> paths;
    for (const auto& [path, link] : first_.links) paths.insert(path);
    for (const auto& [path, link] : second_.links) paths.insert(path);
    const auto link_at = [](const Grants& grants, const std::string& path) {
      const auto found = grants.links.find(path);
      return found == grants.links.end() ? std::pair<std::string, Origin>("none", {})
                                         : std::pair("-> " + found->second.first, found->second.second);
    };
    for (const std::string& path : paths) {
      const auto [was, was_at] = link_at(first_, path);
      const auto [is, is_at] = link_at(second_, path);
      if (was != is) found_.push_back({Change::other, "link", path, was, is, was_at, is_at});
    }
  }

  const Grants& first_;
  const Grants& second_;
  std::vector<Difference> found_;
  std::set<const Shown*> involved_;
};

}  // namespace

std::vector<Difference> compare(const Grants& first, const Grants& second) {
  return Comparison(first, second).make();
}

bool widens(const std::vector<Difference>& differences) {
  return std::ranges::any_of(differences,
                             [](const Difference& each) { return each.change == Change::wider; });
}

}  // namespace hutch
