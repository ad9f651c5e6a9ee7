#include "plan/grants.h"

#include <fmt/format.h>

#include <utility>

#include "base/path.h"
#include "plan/grants_reader.h"

namespace hutch {

std::string rights_text(Rights rights) {
  constexpr std::pair<Rights, const char*> kWords[] = {{kMayRead, "read"},
                                                       {kMayWrite, "write"},
                                                       {kMayExecute, "execute"},
                                                       {kMayUseDevices, "use devices"},
                                                       {kMayGainIds, "gain ids"}};
  std::vector<const char*> words;
  for (const auto& [right, word] : kWords) {
    if ((rights & right) != 0) words.push_back(word);
  }
  return words.empty() ? "nothing" : fmt::format("{}", fmt::join(words, ", "));
}

const Shown* Grants::mount_of(std::string_view path) const {
  while (true) {
    if (const auto found = tree.find(path); found != tree.end()) return &found->second;
    if (path == "/") return nullptr;
    path = parent_of(path);
  }
}

Rights Grants::ruled_at(std::string_view path, Rights rights) const {
  if (ruled == 0) return rights;
  Rights allowed = 0;
  for (std::string_view above = path;; above = parent_of(above)) {
    if (const auto rule = rules.find(above); rule != rules.end()) allowed |= rule->second;
    if (above == "/") break;
  }
  return rights & (~ruled | allowed);
}

Reach Grants::reach(const Place& place) const {
  Reach reach;
  Rights most = 0;
  for (const auto& [path, shown] : tree) {
    for (const Shown::Layer& layer : shown.layers) {
      if (layer.place.filesystem != place.filesystem || !is_within(place.path, layer.place.path)) continue;
      const std::size_t skip = layer.place.path == "/" ? 0 : layer.place.path.size();
      const std::string inside = join_path(path, std::string_view(place.path).substr(skip));
      const Shown* const holder = mount_of(inside);
      if (holder != &shown) {
        if (reach.by == nullptr) reach.by = holder;
        continue;
      }
      const Rights rights = ruled_at(inside, layer.rights);
      if (rights > most || reach.path.empty()) {
        reach.by = &shown;
        reach.path = inside;
        most = rights;
      }
      reach.rights |= rights;
    }
  }
  return reach;
}

std::string Grants::value(const std::string& topic, const std::string& name) const {
  const Setting* const setting = find(topic, name);
  return setting == nullptr ? std::string() : setting->value;
}

const Setting* Grants::find(const std::string& topic, const std::string& name) const {
  const auto found = settings.find({topic, name});
  return found == settings.end() ? nullptr : &found->second;
}

Grants grants_of(const Profile& profile, const Plan& plan, const Host& host) {
  return GrantsReader(profile, plan, host).read();
}

}  // namespace hutch
