#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "profile/profile.h"
#include "profile/value.h"
#include "profile/variables.h"

namespace hutch {

/// One [[test]]: what is run in the sandbox, and how it is to end.
struct TestCase {
  std::string name;
  Origin at;  ///< the entry
  std::vector<std::string> run;
  std::vector<Said<std::string>> extends;  ///< profiles that are merged before this one, for this test
  std::string input;
  bool denied = false;
  int exit = 0;  ///< unless `denied`
  MaybeSaid<std::string> output;
  Origin expect_at;     ///< of `expect`, or the entry where nothing is said
  std::string skipped;  ///< why it is not run; empty if it is
};

/// The rows of `test`, with values for their variables. What `when` excludes is there, too, with the reason.
Result<std::vector<TestCase>> read_tests(const Array& rows, const Variables& variables);

}  // namespace hutch
