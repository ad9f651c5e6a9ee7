#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/host.h"
#include "starter/program_chain.h"

namespace hutch {

/// A profile that goes with what a program is made of.
struct Suggestion {
  std::string profile;  ///< "lang/python"
  std::string why;      ///< a sentence without a full stop
  bool opens = false;   ///< it opens a way out of the sandbox: the user is to decide
};
std::vector<Suggestion> suggestions_for(const ProgramChain& chain);

struct FirstProfile {
  std::string from;    ///< what it extends first
  std::string schema;  ///< where the JSON Schema is, for editors
  std::string file;    ///< what the user calls it, in comments
  /// Does the base show this path, as it is on the host, for reading (and executing, where that is the host's
  /// mode)?
  std::function<bool(const std::string&)> is_visible;
};

/// The text of a profile that runs the program and opens nothing else, each line with its reason. E0945: a
/// path has bytes that no profile can hold.
Result<std::string> first_profile(const ProgramChain& chain, const FirstProfile& how, const Host& host);

}  // namespace hutch
