#include "plan/view.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/path.h"

namespace hutch {
namespace {

constexpr int kMostLinks = 40;  // as the kernel: path_resolution(7)

}  // namespace

void View::place(PlacedMount mount) {
  // A mount hides what set-up made there and below before.
  made_.erase(mount.path);
  const std::string below = mount.path == "/" ? "/" : mount.path + "/";
  made_.erase(made_.lower_bound(below), made_.upper_bound(below + "\xff"));
  std::string path = mount.path;
  mounts_.insert_or_assign(std::move(path), std::move(mount));
}

void View::make_directory(const std::string& path, mode_t mode) {
  made_[path] = {FileKind::directory, mode, {}};
}
void View::make_file(const std::string& path, mode_t mode) { made_[path] = {FileKind::file, mode, {}}; }
void View::make_link(const std::string& path, const std::string& to) {
  made_[path] = {FileKind::symlink, 0777, to};
}

const PlacedMount& View::mount_of(std::string_view path) const {
  while (true) {
    if (const auto found = mounts_.find(path); found != mounts_.end()) return found->second;
    path = parent_of(path);
  }
}

Seen View::look(const std::string& path) const { return look_in(mount_of(path), path); }

Seen View::look_in(const PlacedMount& mount, const std::string& path) const {
  if (const auto made = made_.find(path); made != made_.end()) {
    return {.kind = made->second.kind, .link = made->second.link, .mode = made->second.mode, .mount = &mount};
  }
  const std::string_view rest = std::string_view(path).substr(mount.path == "/" ? 0 : mount.path.size());
  for (const std::string& layer : mount.backing.layers) {
    const std::string on_host = rest.empty() ? layer : join_path(layer, rest.substr(1));
    // What is mounted is what the source leads to; below it, links are for the walk to follow.
    const PathFact fact = rest.empty() || rest == "/" ? host_->follow(on_host) : host_->look(on_host);
    if (fact.kind == FileKind::missing) continue;
    Seen seen{.kind = fact.kind, .on_host = on_host, .mode = fact.mode, .mount = &mount};
    if (fact.kind == FileKind::symlink) seen.link = host_->read_link(on_host);
    return seen;
  }
  if (rest.empty() || rest == "/") {
    return {.kind = FileKind::directory, .mount = &mount};
  }
  return {.kind = mount.backing.unseen ? FileKind::unknown : FileKind::missing, .mount = &mount};
}

View::Walk View::walk(const std::string& path, bool follow) const {
  Walk walk{.path = "/"};
  walk.seen = look("/");
  std::vector<std::string> left;  // components still to go, the next one last
  const auto push = [&left](std::string_view text) {
    const std::vector<std::string_view> parts = components(text);
    left.insert(left.end(), parts.rbegin(), parts.rend());
  };
  push(path);
  int links = 0;
  while (!left.empty()) {
    const std::string part = std::move(left.back());
    left.pop_back();
    if (part == ".") continue;
    if (part == "..") {
      walk.path = parent_of(walk.path);
      walk.seen = look(walk.path);
      continue;
    }
    if (!walk.missing.empty()) {
      walk.path = join_path(walk.path, part);
      continue;
    }
    std::string next = join_path(walk.path, part);
    // What is below a directory is on its mount, or is a mount.
    const auto mounted = mounts_.find(next);
    Seen seen = look_in(mounted != mounts_.end() ? mounted->second : *walk.seen.mount, next);
    walk.visited.push_back(next);
    if (seen.kind == FileKind::symlink && (follow || !left.empty())) {
      if (++links > kMostLinks) {
        walk.loops = true;
        walk.seen = {.mount = seen.mount};
        return walk;
      }
      if (seen.link.starts_with('/')) {
        walk.path = "/";
        walk.seen = look("/");
      }
      push(seen.link);
      continue;
    }
    if (seen.kind == FileKind::missing) {
      walk.missing = next;
    } else if (!left.empty() && seen.kind != FileKind::directory && seen.kind != FileKind::unknown) {
      walk.not_directory = true;
      walk.missing = next;
      seen.kind = FileKind::missing;
    }
    walk.path = std::move(next);
    walk.seen = std::move(seen);
  }
  if (!walk.missing.empty()) walk.seen.kind = FileKind::missing;
  return walk;
}

std::vector<std::string> View::list(const std::string& path) const {
  std::set<std::string> names;
  const PlacedMount& mount = mount_of(path);
  const std::string_view rest = std::string_view(path).substr(mount.path == "/" ? 0 : mount.path.size());
  for (const std::string& layer : mount.backing.layers) {
    const std::string on_host = rest.empty() ? layer : join_path(layer, rest.substr(1));
    if (auto there = host_->list(on_host)) names.insert(there->begin(), there->end());
  }
  const std::string below = path == "/" ? "/" : path + "/";
  const auto add_from = [&](const auto& things) {
    for (auto each = things.lower_bound(below); each != things.end() && each->first.starts_with(below);
         ++each) {
      const std::string_view name = std::string_view(each->first).substr(below.size());
      if (!name.empty() && name.find('/') == std::string_view::npos) names.emplace(name);
    }
  };
  add_from(made_);
  add_from(mounts_);
  return {names.begin(), names.end()};
}

}  // namespace hutch
