#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "profile/said.h"

namespace hutch {

/// The time that outputs have where the profile says none.
inline constexpr std::int64_t kDefaultEpoch = 315532800;  // 1980-01-01, the earliest that a zip file can say

/// Something of the host that a build reads. It is a mount, too: read-only, or with changes that are thrown
/// away.
struct BuildInput {
  Said<std::string> source;       ///< absolute host path
  MaybeSaid<std::string> sha256;  ///< what its digest must be: 64 lower-case hexadecimal digits
  Said<bool> scratch{false, {}};  ///< can be written to inside, and nothing of it stays
  Origin at;
};

/// Something of the sandbox that is there after the program has ended, and where on the host it is put.
struct BuildOutput {
  Said<std::string> to;  ///< absolute host path; of a glob, the folder for what matches
  Said<bool> optional{false, {}};
  Origin key_at;
};

/// [build]: what `hutch build` works with.
struct Build {
  std::map<std::string, BuildInput> inputs;    ///< by target
  std::map<std::string, BuildOutput> outputs;  ///< by path inside, which may be a glob
  MaybeSaid<std::int64_t> epoch;               ///< seconds since 1970
  MaybeSaid<std::string> record;               ///< absolute host path
  /// What may differ for a caller who cannot have what the profile fixes: "limits", "nice" … Else that is an
  /// error.
  std::vector<Said<std::string>> allow_unpinned;
};

}  // namespace hutch
