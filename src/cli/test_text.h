#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/sources.h"
#include "cli/play_test.h"
#include "profile/tests.h"

namespace hutch {

/// A test and what became of it.
struct TestResult {
  TestCase test;
  std::string where;   ///< "build.toml:12:1"
  std::string file;    ///< that says it
  TestEnding ending;   ///< where it was run
  std::string failed;  ///< why it did not pass; empty if it did, or was skipped
};

/// All tests of one profile.
struct TestedProfile {
  std::string profile;
  std::vector<TestResult> results;
  std::string wrong;  ///< a JSON array of messages: why it could not be tested; empty if it could

  [[nodiscard]] std::size_t passed() const;
  [[nodiscard]] std::size_t failed() const;
  [[nodiscard]] std::size_t skipped() const;
};

/// One line, and where it failed what was expected and what came.
std::string test_text(const TestResult& result);
/// "build: 3 tests, 1 failed".
std::string summary_text(const TestedProfile& tested);

/// As fields of an object that is open.
void test_json(Json& json, const TestedProfile& tested, bool ok);
/// The JSON Schema (draft 2020-12) of `hutch test --json`.
std::string test_schema();

}  // namespace hutch
