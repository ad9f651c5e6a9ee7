#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/origin.h"
#include "plan/grants.h"

namespace hutch {

enum class Change : std::uint8_t { wider, narrower, other };

/// One thing that the second grants and the first does not, or the reverse, or that is otherwise.
struct Difference {
  Change change = Change::other;
  std::string topic;  ///< "file", "namespace", "capability" …
  std::string what;   ///< "/srv/data", "net"
  std::string before, after;
  Origin before_at, after_at;  ///< the lines that cause it; unknown: a default
};

/// By meaning, ordered by topic and name. What cannot be compared (another namespace that is joined, another
/// filter) counts as wider: a policy that asks "no wider?" must not be told yes for want of knowledge.
std::vector<Difference> compare(const Grants& first, const Grants& second);

bool widens(const std::vector<Difference>& differences);

}  // namespace hutch
