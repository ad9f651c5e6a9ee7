#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "child/run.h"
#include "plan/plan.h"

namespace hutch {

/// Reads a small file of this machine, such as a sysctl; nothing if it cannot. Asked only after a failure.
using ReadText = std::function<std::optional<std::string>(const std::string& path)>;
std::optional<std::string> read_from_machine(const std::string& path);

/// Says what went wrong: the step, its line of the profile, the call and its errno; and what experience says
/// about such a failure (remedies.cc). `said` are the words of a helper program that failed, if there was
/// one.
Diagnostic tell_failure(const Plan& plan, const Report& report, const ReadText& read = read_from_machine,
                        const std::string& said = {});

/// The child ended before it reached the program, and could not say why.
Diagnostic tell_death(const Plan& plan, int wait_code, int wait_status);

}  // namespace hutch
