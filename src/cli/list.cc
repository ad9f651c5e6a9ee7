#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"

namespace hutch {
namespace {

/// For shell completion: what a shell could not take as one plain word is left out.
std::string names_only(const std::vector<Found>& all) {
  std::string text;
  for (const Found& found : all)
    if (!found.hidden && printable(found.name) == found.name) text.append(found.name).append("\n");
  return text;
}

std::string for_people(const std::vector<Found>& all) {
  std::size_t name_width = 0, layer_width = 0;
  for (const Found& found : all) {
    name_width = std::max(name_width, printable(found.name).size());
    layer_width = std::max(layer_width, printable(found.layer).size());
  }
  std::string text;
  for (const Found& found : all) {
    std::string says = found.problem.empty() ? found.description : "cannot be read: " + found.problem;
    if (found.hidden) says.insert(0, "(hidden by a profile of the same name) ");
    std::string line = fmt::format("{:{}}  {:{}}  {}", printable(found.name), name_width,
                                   printable(found.layer), layer_width, printable(says));
    line.erase(line.find_last_not_of(' ') + 1);
    text.append(line).append("\n");
  }
  return text;
}

std::string for_programs(const std::vector<Found>& all) {
  Json json;
  json.object([&] {
    json.key("profiles");
    json.array([&] {
      for (const Found& found : all) {
        json.object([&] {
          json.field("name", found.name);
          json.field("path", found.path);
          json.field("layer", found.layer);
          json.field("description", found.description);
          json.field("hidden", found.hidden);
          if (!found.problem.empty()) json.field("problem", found.problem);
        });
      }
    });
  });
  return json.text();
}

}  // namespace

int list_command(Session& session) {
  const std::vector<Found> all = list_profiles(session.host);
  const std::string text = session.words.has("--names") ? names_only(all)
                           : session.wants_json()       ? for_programs(all)
                                                        : for_people(all);
  return session.say(text) ? 0 : 1;
}

}  // namespace hutch
