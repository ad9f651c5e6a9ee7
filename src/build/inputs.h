#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "profile/build.h"

namespace hutch {

/// An input as it was found.
struct InputDigest {
  std::string target;  ///< absolute path inside
  std::string source;  ///< absolute path of the host
  std::string sha256;  ///< see TreeDigest
};

/// Looks at all of them. E0702: one cannot be read. E0703: one is not what `sha256` says.
Result<std::vector<InputDigest>> check_inputs(const Build& build);

/// The same for those that say a `sha256`, and nothing about the others: what every launch has to do.
Result<void> check_pinned_inputs(const Build& build);

/// Are they still what they were? E0704.
Result<void> check_unchanged(const Build& build, const std::vector<InputDigest>& before);

}  // namespace hutch
