#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/host.h"
#include "plan/plan.h"
#include "profile/value.h"

/// Finds out what this machine can do by doing it: small sandboxes are set up for real, and ended before a
/// program begins. A failure is told by `tell_failure`, so doctor and `run` give the same cause.

namespace hutch {

/// One ability of the machine, as a piece of a profile that needs it.
struct Trial {
  std::string_view name;            ///< "net namespace"
  std::string_view namespace_kind;  ///< the one it needs besides user and mount; "" if there is none
  std::string_view toml;
  bool needed;             ///< by nearly every profile
  std::string_view after;  ///< the trial without which this one cannot succeed; "" if there is none
};

enum class Health { works, fails, not_tried };

struct Tried {
  Trial trial;
  Health health = Health::works;
  Diagnostics why;  ///< their places are cleared: nobody wrote these profiles
};

/// All trials, in the order of the table. Takes some ten milliseconds.
std::vector<Tried> try_machine(const Host& host);

/// What would fail of a plan.
struct TriedPlan {
  Diagnostics failures;           ///< each at its line
  std::vector<Origin> not_tried;  ///< lines that build on one that fails, or may
  bool went_through = true;       ///< false: after the last failure nothing more could be tried
};

/// Sets the sandbox up; where a line fails, once more without that line, and so on to the end.
TriedPlan try_plan(Plan plan, const Host& host);

/// The same for a profile (`Loaded::effective`): where it does not even become a plan, that is told, and the
/// rest is tried without the lines to blame. What only then makes no plan is not tried.
TriedPlan try_profile(Value profile, const Host& host);

}  // namespace hutch
