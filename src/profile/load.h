#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sources.h"
#include "host/host.h"
#include "profile/profile.h"
#include "profile/tests.h"
#include "profile/value.h"

/// From a name on the command line to the effective profile: layers, `extends`, drop-ins, options,
/// parameters, `when`, variables, merge. See profile-language (hutch-profile(5)).

namespace hutch {

/// One `--set`, `--ro`, `--env` …: a TOML fragment, and the words the user typed (for messages that point at
/// them).
struct Override {
  std::string option;  ///< "--set"
  std::string toml;    ///< 'mounts."/data" = "rw"'
};

struct LoadRequest {
  std::string profile;                            ///< a name, or a path (contains "/" or ends in ".toml")
  std::vector<Override> overrides;                ///< in the order given: the last layer
  std::map<std::string, std::string> parameters;  ///< --param NAME=VALUE
  bool with_tests = false;                        ///< [[test]] is read as well
  std::string directory;                          ///< what ${CWD} is; empty: the caller's directory
  std::vector<Said<std::string>> beside;          ///< profiles that are merged before it
};

/// Everything that loading found out.
struct Loaded {
  Profile profile;
  Value effective;  ///< the merged, expanded tree (a Table), for `hutch show`
  std::vector<Skipped>
      skipped;  ///< entries and fragments left out by `when` or undefined variables (also in `profile`)
  std::vector<std::string> files;  ///< every file that took part, in merge order
  Diagnostics warnings;
  std::vector<TestCase> tests;  ///< of the profile itself, where they were asked for
};

/// `sources` receives every text, also when loading fails, so that diagnostics can quote them.
Result<Loaded> load_profile(const LoadRequest& request, const Host& host, Sources& sources);

/// Where profiles are looked for, first match wins: "./.hutch", …, or HUTCH_PROFILE_PATH. Absolute or
/// relative to the caller's directory. `installed` is PREFIX/share/hutch/profiles.
std::vector<std::string> profile_path(const Host& host);

/// One profile that can be found, for `hutch list`.
struct Found {
  std::string name, path, layer, description;
  bool hidden = false;  ///< a higher layer has the same name
  std::string problem;  ///< why it cannot be read; empty if it can
};
std::vector<Found> list_profiles(const Host& host);

}  // namespace hutch
