// What mounts show and Landlock leaves of it: mount_setattr(2), landlock(7).
#include <fmt/format.h>
#include <linux/mount.h>

#include <algorithm>

#include "base/landlock_abi.h"
#include "base/path.h"
#include "base/sha256.h"
#include "plan/grants_reader.h"

namespace hutch {

void GrantsReader::operator()(const CloneTree& s) {
  Shown shown{.at = at_};
  shown.layers.push_back({on_host(s.path), rights_of(s.flags.set)});
  if (!s.recursive) not_shown_[s.slot] = host_.mounts_below(real(s.path));
  slots_[s.slot] = std::move(shown);
}

void GrantsReader::operator()(const OpenLayer& s) {
  Shown shown{.at = at_};
  shown.layers.push_back({on_host(s.path), 0});
  slots_[s.slot] = std::move(shown);
}

void GrantsReader::operator()(const MakeFilesystem& s) {
  const std::string type = s.type.view() == "tmpfs" ? "memory" : std::string(s.type.view());
  Shown shown{.options = words_of(s.options), .at = at_};
  shown.layers.push_back({{type, "/"}, rights_of(s.flags.set)});
  slots_[s.slot] = std::move(shown);
}

void GrantsReader::show_image(Pin pin, Slot slot, MountFlags flags) {
  Shown shown{.at = at_};
  shown.layers.push_back({{fmt::format("image {}", real(pins_[pin])), "/"}, rights_of(flags.set)});
  slots_[slot] = std::move(shown);
}

void GrantsReader::operator()(const CloneStaged& s) {
  Shown shown{.at = at_};
  // Covers have a mode without any permission: describe.cc and mount_steps.cc know them by their names.
  if (!s.name.view().starts_with("hidden-")) {
    shown.layers.push_back({{"memory", "/"}, rights_of(s.flags.set)});
    shown.content = staged_[std::string(s.name.view())].first.view();
  }
  slots_[s.slot] = std::move(shown);
}

void GrantsReader::operator()(const MakeOverlay& s) {
  const Rights rights = rights_of(s.flags.set);
  Shown shown{.at = at_};
  const auto add = [&](Slot layer, Rights some) {
    shown.layers.push_back({slots_[layer].layers.front().place, some});
  };
  if (s.upper != kNone) {
    add(s.upper, rights);
  } else if (s.stage != kNone) {
    shown.layers.push_back({{"memory", "/"}, rights});
  }
  for (const Slot lower : s.lower) add(lower, rights & ~(kMayWrite | kMayUseDevices));
  slots_[s.slot] = std::move(shown);
}

void GrantsReader::operator()(const Seal& s) {
  const auto found = grants_.tree.find(s.path.view());
  if (found == grants_.tree.end()) return;
  for (Shown::Layer& layer : found->second.layers) layer.rights &= ~kMayWrite;
  if (at_.known()) found->second.at = at_;
}

void GrantsReader::operator()(const ReadOnlyView& s) {
  const std::string path(s.path.view());
  const Shown* const above = grants_.mount_of(path);
  if (above == nullptr) return;
  Shown view{.path = path, .at = at_};
  const std::string_view rest = std::string_view(path).substr(above->path == "/" ? 0 : above->path.size());
  for (const Shown::Layer& layer : above->layers) {
    view.layers.push_back(
        {{layer.place.filesystem, join_path(layer.place.path, rest)}, layer.rights & ~kMayWrite});
  }
  grants_.tree.insert_or_assign(path, std::move(view));
}

void GrantsReader::operator()(const Hide& s) {
  for (const ZStr path : s.paths)
    grants_.tree.insert_or_assign(std::string(path.view()),
                                  Shown{.path = std::string(path.view()), .at = at_});
}

void GrantsReader::operator()(const MakeSymlink& s) {
  grants_.links.insert_or_assign(std::string(s.path.view()), std::pair(std::string(s.to.view()), at_));
}

void GrantsReader::operator()(const MakeFile& s) {
  if (s.content.empty()) return;  // a place for a mount
  put({.topic = "path",
       .name = std::string(s.path.view()),
       .value = fmt::format("a file of its own ({})", sha256_hex(s.content.view()).substr(0, 12)),
       .at = at_,
       .absent = "no file of its own"});
}

void GrantsReader::operator()(const MakeRuleset& s) {
  using namespace landlock;
  grants_.ruled = kinds(s.files);
  restricts_.files = s.files;
  restricts_.network = s.network;
  restricts_.scope = s.scope;
  restricts_at_ = at_;
}

void GrantsReader::operator()(const AllowPort& s) {
  for (const std::uint64_t right : {landlock::kBindTcp, landlock::kConnectTcp}) {
    if ((s.rights & right) != 0) ports_[right].emplace_back(s.port, s.port + 1);
  }
}

Rights GrantsReader::kinds(std::uint64_t files) {
  using namespace landlock;
  Rights rights = 0;
  if ((files & (kReadFile | kReadDir)) != 0) rights |= kMayRead;
  if ((files & (kWriteFile | kMakeReg | kTruncate)) != 0) rights |= kMayWrite;
  if ((files & kExecute) != 0) rights |= kMayExecute;
  return rights;
}

void GrantsReader::finish_walls() {
  using namespace landlock;
  for (const auto& [right, name] :
       {std::pair(kBindTcp, "TCP ports to listen on"), {kConnectTcp, "TCP ports to connect to"}}) {
    const bool restricted = (restricts_.network & right) != 0;
    std::vector<Setting::Range> ports{{0, 65536}};
    if (restricted) ports = tidy(ports_[right]);
    put({.topic = "network",
         .name = name,
         .value = restricted ? ranges_text(ports) : "all",
         .at = restricted ? restricts_at_ : Origin{},
         .set = std::move(ports)});
  }
  const bool own_network = grants_.value("namespace", "net") == "new";
  if (!own_network)
    put({.topic = "network", .name = "loopback", .value = "up", .width = 1, .absent = "down"});
  const bool own_processes = grants_.value("namespace", "pid") == "new";
  reach("abstract sockets of others", !own_network && (restricts_.scope & kScopeAbstractUnixSocket) == 0,
        profile_.namespaces.of(Ns::net).at);
  reach("signals to others", !own_processes && (restricts_.scope & kScopeSignal) == 0,
        profile_.namespaces.of(Ns::pid).at);
}

void GrantsReader::reach(const char* name, bool open, Origin at) {
  put({.topic = "process",
       .name = name,
       .value = open ? "within reach" : "out of reach",
       .at = open ? at : restricts_at_,
       .width = open ? 1.0 : 0.0});
}

std::string GrantsReader::real(ZStr path) const {
  const std::string written(path.view());
  const std::string found = host_.real_path(written);
  return found.empty() ? written : found;
}

Rights GrantsReader::rights_of(std::uint64_t attributes) {
  Rights rights = kMayRead;
  if ((attributes & MOUNT_ATTR_RDONLY) == 0) rights |= kMayWrite;
  if ((attributes & MOUNT_ATTR_NOEXEC) == 0) rights |= kMayExecute;
  if ((attributes & MOUNT_ATTR_NODEV) == 0) rights |= kMayUseDevices;
  if ((attributes & MOUNT_ATTR_NOSUID) == 0) rights |= kMayGainIds;
  return rights;
}

void GrantsReader::mount(Slot slot, const std::string& path) {
  Shown shown = slots_[slot];
  shown.path = path;
  if (at_.known()) shown.at = at_;
  for (Shown::Layer& layer : shown.layers) {
    if (layer.place.filesystem == "memory") layer.place.path = path;
  }
  // A mount hides what was there and below before.
  std::erase_if(grants_.tree, [&path](const auto& each) { return is_within(each.first, path); });
  std::erase_if(grants_.links, [&path](const auto& each) { return is_within(each.first, path); });
  for (const std::string& below : not_shown_[slot]) {
    const std::string rest = below.substr(shown.layers.front().place.path.size());
    std::string covered = join_path(path, rest);
    Shown hole{.path = covered, .at = shown.at};
    grants_.tree.insert_or_assign(std::move(covered), std::move(hole));
  }
  grants_.tree.insert_or_assign(path, std::move(shown));
}

}  // namespace hutch
