#pragma once

#include <string>

#include "base/json.h"
#include "base/sources.h"
#include "plan/plan.h"

namespace hutch {

/// One line, as a reader would say it: "clone /usr, read-only, nosuid, nodev".
std::string describe(const Op& op);

/// The name of a phase: "before clone", "set-up" …
const char* phase_name(Phase phase);

/// The whole plan for people: phases, numbered steps, the profile line of each, what was left out.
std::string describe(const Plan& plan, const Sources& sources);

/// "limits.nofile: 512 instead of 1024"
std::string describe(const Unpinned& difference);

/// What the seccomp filters do, a line for each action: the calls it is for.
std::string describe_filters(const Plan& plan);

/// The whole plan for programs: schema/plan.schema.json.
std::string plan_json(const Plan& plan, const Sources& sources);

/// SHA-256 of what will be done: the steps without origins, so that moving a line does not change it.
std::string plan_digest(const Plan& plan);

}  // namespace hutch
