#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "build/build.h"
#include "build/collect.h"
#include "build/facts.h"

namespace hutch {

/// What a record says of how the build is asked for, so that it can be asked for again.
struct BuildRequest {
  std::string profile;                                         ///< a name or a path
  std::vector<std::string> command;                            ///< the words after the profile
  std::vector<std::pair<std::string, std::string>> overrides;  ///< "--set" and its TOML, in order
  std::map<std::string, std::string> parameters;
};

/// A digest of something by its path.
struct Dependency {
  std::string name, path, sha256;
};

/// What a second build, under other circumstances, came to. See perturb.h.
struct Rebuilt {
  std::vector<std::string> changed;    ///< what was different: "host name"
  std::vector<std::string> unchanged;  ///< what could not be: "user: …"
};

/// Everything that is known of a build.
struct BuildRecord {
  BuildRequest request;
  std::string plan_digest;
  std::int64_t epoch = 0;
  std::vector<Fact> facts;
  std::vector<Dependency> inputs, profiles;
  std::vector<Artifact> artifacts;
  std::vector<Output> outputs;
  const Built* built = nullptr;
  const Rebuilt* rebuilt = nullptr;  ///< may be none
};

/// An in-toto Statement v1 with a SLSA provenance v1 predicate (https://slsa.dev/spec/v1.0/provenance).
/// What is ours alone has names that begin with `hutch_`, as the specification asks for.
std::string record_json(const BuildRecord& record);

/// What is read back of a record that somebody else may have written.
struct ReadRecord {
  BuildRequest request;
  std::vector<Dependency> inputs;
  std::vector<Artifact> artifacts;
  std::vector<Output> outputs;  ///< without `to`
};

/// E0709: it is no record of a build by hutch.
Result<ReadRecord> read_record(const std::string& path);

/// Something that two builds did not make the same.
struct Unlike {
  std::string name;  ///< of the artifact
  std::string what;  ///< as a sentence
};
/// In byte order of their names; empty where all is the same.
std::vector<Unlike> compare_outputs(const std::vector<Artifact>& first, const std::vector<Artifact>& second);

}  // namespace hutch
