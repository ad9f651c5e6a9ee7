#include "doctor/trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "base/path.h"
#include "base/sources.h"
#include "launch/launch.h"
#include "plan/compile.h"
#include "plan/walked_path.h"
#include "profile/read.h"
#include "profile/read_toml.h"

namespace hutch {
namespace {

constexpr std::string_view kUser = "user namespace";

constexpr Trial kTrials[] = {
    {kUser, "", "", true, ""},
    {"pid namespace", "pid", "", true, kUser},
    {"ipc namespace", "ipc", "", true, kUser},
    {"uts namespace", "uts", "", true, kUser},
    {"net namespace", "net", "", true, kUser},
    {"cgroup namespace", "cgroup", "", true, kUser},
    {"time namespace", "time", "", false, kUser},
    {"bind mounts", "", R"(mounts."/usr" = { type = "bind" })", true, kUser},
    {"/proc", "pid", R"(mounts."/proc" = { type = "proc" })", true, "pid namespace"},
    {"/dev", "", R"(mounts."/dev" = { type = "dev" })", true, kUser},
    {"overlays", "", R"(mounts."/usr" = { type = "overlay", lower = ["/usr"], upper = "tmpfs" })", false,
     kUser},
    {"ranges of ids", "", R"(identity.map = "subids")", false, kUser},
    {"Landlock for files", "", R"(landlock = { read = ["/"], required = true })", false, kUser},
    {"Landlock for TCP", "", R"(landlock = { mounts = false, connect_tcp = [443], required = true })", false,
     kUser},
    {"Landlock for signals", "", R"(landlock = { mounts = false, scope = ["signal"], required = true })",
     false, kUser},
};

/// A profile with no new namespace that it can do without, but for the one that is tried. It is not merged or
/// expanded, so it is written in the long forms.
std::string profile_of(const Trial& trial) {
  std::string toml(trial.toml);
  for (const char* kind : {"pid", "ipc", "uts", "net", "cgroup", "time"})
    toml += fmt::format("\nnamespaces.{}.new = {}", kind, trial.namespace_kind == kind);
  return toml;
}

/// Ends every sandbox as soon as it stands.
class NothingRuns : public Inspector {
 public:
  Result<bool> look(const Standing&) override { return false; }
};

Result<void> stand_up(const Plan& plan, const Host& host) {
  NothingRuns nothing;
  TRY_DO(launch(plan, host, {.inspector = &nothing}));
  return {};
}

Result<void> attempt(const Trial& trial, const Host& host) {
  Sources sources;
  TRY(const Value tree, read_toml(sources.add("hutch doctor", profile_of(trial), "/"), sources));
  TRY(const Profile profile, read_profile(tree));
  TRY(Plan plan, compile(profile, {.needs_command = false}, host));
  end_with_exec(plan);
  return stand_up(plan, host);
}

/// The rest of a plan makes no sense without these.
bool carries_the_rest(const Op& op) {
  if (const auto* file = std::get_if<WriteFile>(&op)) return file->path.view().ends_with("id_map");
  return std::holds_alternative<CloneChild>(op) || std::holds_alternative<WriteChildFile>(op) ||
         std::holds_alternative<RunMapHelper>(op) || std::holds_alternative<EnterRoot>(op) ||
         std::holds_alternative<KeepMountsPrivate>(op) || std::holds_alternative<BecomeIds>(op);
}

std::optional<Slot> slot_of(const Op& op) {
  return std::visit(
      []<class T>(const T& s) -> std::optional<Slot> {
        if constexpr (requires { s.slot; }) return s.slot;
        return std::nullopt;
      },
      op);
}

/// What one line of a profile has in a plan, with all that handles the same trees.
class Line {
 public:
  Line(const Plan& plan, const Origin& at) : lines_{at} {
    for (std::size_t before = 0; before != lines_.size() + slots_.size();) {
      before = lines_.size() + slots_.size();
      for (const Step& step : plan.steps)
        if (has(step)) take(step);
    }
  }

  [[nodiscard]] bool has(const Step& step) const {
    const auto slot = slot_of(step.op);
    return has_line(step.origin) || (slot && std::ranges::find(slots_, *slot) != slots_.end());
  }

  /// Lines that walk below what this one mounts are taken, too.
  std::vector<Origin> take_what_lies_below(const Plan& plan) {
    std::vector<std::string> places;
    for (const Step& step : plan.steps) {
      const auto* attach = std::get_if<Attach>(&step.op);
      if (attach != nullptr && has(step)) places.emplace_back(attach->path.view());
    }
    std::vector<Origin> below;
    for (const Step& step : plan.steps) {
      const std::string path(walked_path(step.op));
      const bool is_below = std::ranges::any_of(
          places, [&](const std::string& place) { return path != place && is_within(path, place); });
      if (!is_below || !step.origin.known() || has_line(step.origin)) continue;
      below.push_back(step.origin);
      take(step);
    }
    return below;
  }

 private:
  [[nodiscard]] bool has_line(const Origin& at) const {
    return at.known() && std::ranges::any_of(lines_, [&](const Origin& each) {
             return each.source == at.source && each.line == at.line;
           });
  }
  void take(const Step& step) {
    if (step.origin.known() && !has_line(step.origin)) lines_.push_back(step.origin);
    const auto slot = slot_of(step.op);
    if (slot && std::ranges::find(slots_, *slot) == slots_.end()) slots_.push_back(*slot);
  }

  std::vector<Origin> lines_;
  std::vector<Slot> slots_;
};

}  // namespace

std::vector<Tried> try_machine(const Host& host) {
  std::vector<Tried> all;
  for (const Trial& trial : kTrials) {
    Tried tried{.trial = trial};
    const auto base = std::ranges::find(all, trial.after, [](const Tried& each) { return each.trial.name; });
    if (base != all.end() && base->health != Health::works) {
      tried.health = Health::not_tried;
    } else if (auto done = attempt(trial, host); !done) {
      tried.health = Health::fails;
      tried.why = std::move(done).error();
      for (Diagnostic& each : tried.why) each.at = each.other = {};
    }
    all.push_back(std::move(tried));
  }
  return all;
}

TriedPlan try_plan(Plan plan, const Host& host) {
  TriedPlan tried;
  end_with_exec(plan);
  while (true) {
    auto stood = stand_up(plan, host);
    if (stood) return tried;
    const Origin at = stood.error().front().at;
    tried.failures.insert(tried.failures.end(), stood.error().begin(), stood.error().end());
    const std::size_t before = plan.steps.size();
    if (Line line(plan, at); at.known() && std::ranges::none_of(plan.steps, [&](const Step& step) {
                               return line.has(step) && carries_the_rest(step.op);
                             })) {
      const auto below = line.take_what_lies_below(plan);
      tried.not_tried.insert(tried.not_tried.end(), below.begin(), below.end());
      std::erase_if(plan.steps, [&](const Step& step) { return line.has(step); });
    }
    if (plan.steps.size() == before) {
      tried.went_through = false;
      return tried;
    }
  }
}

}  // namespace hutch
