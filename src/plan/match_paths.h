#pragma once

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "base/text.h"

namespace hutch {

/// Every path that matches `pattern` (components with * ? [ ], ** for any depth, dot files included), in byte
/// order. `list(directory)` gives names, `is_directory(path)` says whether there is anything below (links are
/// not followed by **).
template <class List, class IsDirectory>
std::vector<std::string> match_paths(const std::string& pattern, const List& list,
                                     const IsDirectory& is_directory) {
  struct Reached {
    std::string path;
    std::size_t next;  // component of the pattern
    auto operator<=>(const Reached&) const = default;
  };
  const std::vector<std::string_view> parts = components(pattern);
  std::set<std::string> found;
  std::set<Reached> seen;
  std::vector<Reached> open{{"/", 0}};
  while (!open.empty()) {
    const Reached place = std::move(open.back());
    open.pop_back();
    if (!seen.insert(place).second) continue;
    if (place.next == parts.size()) {
      found.insert(place.path);
      continue;
    }
    const std::string_view part = parts[place.next];
    if (part == "**") {
      open.push_back({place.path, place.next + 1});  // no depth at all
      for (const std::string& name : list(place.path)) {
        std::string below = join_path(place.path, name);
        if (is_directory(below)) {
          open.push_back({std::move(below), place.next});
        } else if (place.next + 1 == parts.size()) {
          found.insert(std::move(below));
        }
      }
      continue;
    }
    for (const std::string& name : list(place.path)) {
      if (!glob_matches(part, name)) continue;
      std::string below = join_path(place.path, name);
      if (place.next + 1 == parts.size() || is_directory(below))
        open.push_back({std::move(below), place.next + 1});
    }
  }
  found.erase("/");
  return {found.begin(), found.end()};
}

}  // namespace hutch
