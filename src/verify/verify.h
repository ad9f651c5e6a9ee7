#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/sources.h"
#include "launch/launch.h"
#include "plan/plan.h"
#include "verify/verdict.h"

namespace hutch {

/// What reading a whole sandbox back came to.
struct Verification {
  std::vector<Verdict> steps;          ///< as many as the plan has
  std::vector<std::string> unplanned;  ///< what is there and no step makes: "/ of a tmpfs at \"/x\""

  [[nodiscard]] bool as_planned() const;
};

/// Reads a sandbox whose program waits to begin back from the kernel, and compares it with its plan, step by
/// step. E0511 where this machine does not show enough to compare anything.
Result<Verification> verify(const Plan& plan, const Standing& sandbox);

/// What differs, as error messages, each at its line: E0510.
Diagnostics differences(const Verification& verification, const Plan& plan);

/// Lets a program begin only in a sandbox that is as planned.
class Verifier : public Inspector {
 public:
  explicit Verifier(const Plan& plan) : plan_(plan) {}
  Result<bool> look(const Standing& sandbox) override;

 private:
  const Plan& plan_;
};

/// One line a step.
std::string verification_text(const Verification& verification, const Plan& plan, const Sources& sources);
/// schema/verify.schema.json
std::string verification_json(const Verification& verification, const Plan& plan, const Sources& sources);
std::string verification_schema();

}  // namespace hutch
