// What lies within reach: secrets, sockets that lead out, files that decide what is run outside.
#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "plan/known_places.h"
#include "plan/lint.h"

namespace hutch {
namespace {

using PlaceKind = KnownPlace::Kind;

/// All that one line opens is told at once.
struct Opened {
  const Shown* by = nullptr;
  std::vector<const KnownPlace*> places;
};

std::string list_text(const std::vector<const KnownPlace*>& places) {
  constexpr std::size_t kMost = 4;
  std::string text;
  for (std::size_t i = 0; i < places.size() && i < kMost; ++i) {
    if (i != 0) text += ", ";
    text += fmt::format("{} ({})", places[i]->path, places[i]->what);
  }
  if (places.size() > kMost) text += fmt::format(" and {} more", places.size() - kMost);
  return text;
}

/// A mount that shows a secret and nothing around it was meant.
bool asks_by_name(const Shown& shown, const std::string& real) {
  for (const Shown::Layer& layer : shown.layers) {
    if (layer.place.filesystem.empty() && is_within(layer.place.path, real)) return true;
  }
  return false;
}

Diagnostic tell(PlaceKind kind, const Opened& opened) {
  const Origin at = opened.by->at;
  const std::string list = list_text(opened.places);
  const std::string shown = quoted(opened.by->path);
  if (kind == PlaceKind::secret) {
    Diagnostic diagnostic = warning("W0313", fmt::format("with {} the program can read secrets", shown), at);
    diagnostic.cause = list;
    diagnostic.help =
        fmt::format("mount less, or cover them: mounts.{} = \"hidden\"", quoted(opened.places.front()->path));
    return diagnostic;
  }
  if (kind == PlaceKind::way_out) {
    Diagnostic diagnostic = warning("W0314", fmt::format("{} leads out of the sandbox", shown), at);
    diagnostic.cause = fmt::format("a read-only mount keeps nobody from connecting to: {}", list);
    diagnostic.help =
        fmt::format("mount less, or cover it: mounts.{} = \"hidden\"", quoted(opened.places.front()->path));
    return diagnostic;
  }
  Diagnostic diagnostic = warning(
      "W0312", fmt::format("with {} the program can change what is run outside of the sandbox", shown), at);
  diagnostic.cause = list;
  diagnostic.help =
      fmt::format("keep them read-only: mounts.{} = \"ro\"", quoted(opened.places.front()->path));
  return diagnostic;
}

}  // namespace

void lint_reach(const Grants& grants, const Host& host, Diagnostics& found) {
  const std::vector<KnownPlace> places = known_places(host);
  std::map<std::pair<PlaceKind, const Shown*>, Opened> opened;
  for (const KnownPlace& place : places) {
    // A socket's folder is passed, the socket itself written to, whatever the mount says: unix(7).
    const Rights needed = place.kind == PlaceKind::run_outside ? kMayRead | kMayWrite : kMayRead;
    if (!may_reach(grants, host, place.path, needed)) continue;
    const std::string real = host.real_path(place.path);
    const Shown* const by = grants.reach({"", real}).by;
    // Who lets a program work on a project means all of it; the summary lists these all the same.
    if (place.of_the_project) continue;
    if (place.kind != PlaceKind::way_out && asks_by_name(*by, real)) continue;
    Opened& one = opened[{place.kind, by}];
    one.by = by;
    one.places.push_back(&place);
  }
  for (const auto& [key, one] : opened) found.push_back(tell(key.first, one));
}

}  // namespace hutch
