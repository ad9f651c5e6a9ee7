#pragma once

#include "base/result.h"
#include "host/host.h"
#include "plan/grants.h"
#include "plan/plan.h"
#include "profile/profile.h"

namespace hutch {

/// What compiles, and is a mistake or a risk all the same: warnings W0310 and on, each at the line to blame.
/// `grants` is what `plan` grants. What a profile asks for by name is not worth a warning, unless what it
/// opens is more than it looks.
Diagnostics lint(const Profile& profile, const Plan& plan, const Grants& grants, const Host& host);

// The parts, each in the file of its name.
void lint_mistakes(const Profile& profile, const Grants& grants, Diagnostics& found);
void lint_reach(const Grants& grants, const Host& host, Diagnostics& found);
void lint_walls(const Profile& profile, const Grants& grants, const Host& host, Diagnostics& found);
void lint_sources(const Profile& profile, const Grants& grants, const Host& host, Diagnostics& found);

/// A warning at its place, for these.
Diagnostic warning(const char* code, std::string what, Origin at);

/// Can whoever is inside get at this, as far as the mounts and the caller's own rights go?
bool may_reach(const Grants& grants, const Host& host, const std::string& path, Rights rights);

}  // namespace hutch
