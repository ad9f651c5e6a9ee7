#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/zstr.h"
#include "plan/step.h"
#include "profile/profile.h"

namespace hutch {

/// Something that the profile fixes and this caller cannot have, which the profile accepts.
struct Unpinned {
  std::string name;            ///< "limits.nofile", "cpu_affinity"
  std::string wanted, actual;  ///< "1024, at most 4096", "512"
  Origin at;
};

/// The whole launch as data: ordered steps, by phase. Complete once made; nothing after `compile` looks
/// elsewhere. What `hutch plan` prints, tests compare and the child executes are these same objects.
struct Plan {
  std::vector<Step> steps;
  std::uint32_t slots = 0;  ///< how many descriptors steps hand to each other
  std::uint32_t pins = 0;   ///< how many sources are pinned
  std::vector<Skipped> skipped;
  std::vector<Said<std::string>>
      remarks;  ///< things worth knowing that nobody asked for: "/proc is the outer one"
  std::vector<Unpinned> unpinned;
  Diagnostics warnings;  ///< what will be done and is probably not what was meant
  std::string profile_name;
  uid_t uid = 0;  ///< of the program, inside
  gid_t gid = 0;

  StringPool strings;  ///< what every ZStr and Borrowed above points into
};

/// For a profile without a program: nothing can be executed, but set-up ends where it would be. True if that
/// step was missing.
inline bool end_with_exec(Plan& plan) {
  if (!plan.steps.empty() && std::holds_alternative<Exec>(plan.steps.back().op)) return false;
  plan.steps.push_back({Exec{}, {}, Phase::exec});
  return true;
}

}  // namespace hutch
