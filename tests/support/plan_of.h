#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/sources.h"
#include "host/host.h"
#include "plan/plan.h"

namespace hutch::test {

/// What compiling a profile text came to. The text is loaded as a file named "box.toml".
struct Compiled {
  Sources sources;
  Profile profile;  ///< where it could be loaded
  Result<Plan> plan;

  /// The steps as sentences, one a line.
  [[nodiscard]] std::string steps() const;
  /// The steps of one phase or more, those that contain `word`.
  [[nodiscard]] std::vector<std::string> steps_with(const std::string& word) const;
  /// "E0322 box.toml:3: what | other box.toml:2: label | cause | help", one a line.
  [[nodiscard]] std::string errors() const;
};

Compiled plan_of(const std::string& toml, const Host& host, std::vector<std::string> arguments = {});

}  // namespace hutch::test
