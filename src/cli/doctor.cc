#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "cli/commands.h"
#include "cli/doctor_text.h"
#include "cli/print_diagnostics.h"

namespace hutch {
namespace {

constexpr int kTrouble = 125;

/// What of the profile would fail.
TriedPlan examine_profile(const Session& session) {
  auto loaded = session.load();
  if (!loaded) return {.failures = std::move(loaded).error(), .went_through = false};
  return try_profile(std::move(loaded->effective), session.host);
}

std::string profile_text(const std::string& name, const TriedPlan& tried, const Sources& sources) {
  if (tried.failures.empty()) return fmt::format("\n{}: every line works here.\n", name);
  std::string text =
      fmt::format("\n{}: {} would fail here.\n", name,
                  tried.failures.size() == 1 ? std::string("one thing")
                                             : fmt::format("{} things", tried.failures.size()));
  for (const Origin& at : tried.not_tried)
    text += fmt::format("  not tried, since it may build on one of them: {}\n", sources.where(at));
  if (!tried.went_through) text += "  nothing could be tried beyond the last one\n";
  return text;
}

void profile_json(Json& json, const std::string& name, const TriedPlan& tried, const Sources& sources) {
  json.key("profile");
  json.object([&] {
    json.field("name", name);
    json.field("ok", tried.failures.empty());
    json.field("went_through", tried.went_through);
    json.key("diagnostics");
    json.array([&] { diagnostics_json(json, tried.failures, sources); });
    json.key("not_tried");
    json.array([&] {
      for (const Origin& at : tried.not_tried) json.value(sources.where(at));
    });
  });
}

}  // namespace

int doctor_command(Session& session) {
  const bool with_profile = !session.words.operands.empty();
  if (const auto& given = session.words.options; !with_profile) {
    const auto changes = std::ranges::find_if(
        given, [](const Given& each) { return (each.option->groups & kProfileOptions) != 0; });
    if (changes != given.end()) {
      session.complain(
          {{.code = "E0904",
            .what = fmt::format("{} changes a profile, and none is named", changes->option->name),
            .at = changes->at}});
      return kTrouble;
    }
  }
  const std::vector<MachineFact> facts = machine_facts(session.host);
  const std::vector<Tried> trials = try_machine(session.host);
  std::optional<TriedPlan> profile;
  if (with_profile) profile = examine_profile(session);
  const bool ok = profile ? profile->failures.empty() : std::ranges::none_of(trials, [](const Tried& each) {
    return each.trial.needed && each.health != Health::works;
  });
  bool could_say = false;
  if (session.wants_json()) {
    Json json;
    json.object([&] {
      json.field("schema_version", 1);
      json.field("ok", ok);
      doctor_json(json, facts, trials);
      if (profile) profile_json(json, session.words.operands[0], *profile, session.sources);
    });
    could_say = session.say(json.text());
  } else {
    std::string text = doctor_text(facts, trials);
    if (profile) text += profile_text(session.words.operands[0], *profile, session.sources);
    could_say = session.say(text);
    if (profile) session.complain(profile->failures);
  }
  return !could_say ? kTrouble : ok ? 0 : 1;
}

}  // namespace hutch
