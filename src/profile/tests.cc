#include "profile/tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "profile/check.h"
#include "profile/expand.h"
#include "profile/when.h"

namespace hutch {
namespace {

void read_expectation(const Value& said, TestCase& test) {
  test.expect_at = said.at;
  if (const std::string* word = said.string()) {
    test.denied = *word == "denied";
    return;
  }
  if (const Entry* exit = said.table()->find("exit")) test.exit = static_cast<int>(*exit->value.integer());
  if (const Entry* output = said.table()->find("stdout"))
    test.output = {{*output->value.string(), output->value.at}};
}

std::string shown(const Array& command) {
  std::string text;
  for (const Value& word : command) text += (text.empty() ? "" : " ") + printable(*word.string());
  return text;
}

TestCase read_row(const Table& row, Origin at) {
  TestCase test{.at = at, .expect_at = at};
  const Array& command = *row.find("run")->value.array();
  for (const Value& word : command) test.run.push_back(*word.string());
  if (const Entry* extends = row.find("extends")) {
    for (const Value& each : *extends->value.array()) test.extends.push_back({*each.string(), each.at});
  }
  const Entry* name = row.find("name");
  test.name = name != nullptr ? printable(*name->value.string()) : shown(command);
  if (const Entry* input = row.find("stdin")) test.input = *input->value.string();
  if (const Entry* expect = row.find("expect")) read_expectation(expect->value, test);
  return test;
}

/// Reads a copy of one row, or says what is wrong with it.
std::expected<TestCase, Diagnostics> read_one(Value row, const Variables& variables) {
  Table& keys = *row.table();
  const bool excusable = keys.find("when") != nullptr;
  std::string skipped;
  if (excusable) {
    const auto verdict = check_when(*keys.find("when")->value.table(), variables);
    if (!verdict) return std::unexpected(Diagnostics{verdict.error()});
    skipped = verdict->why;
    keys.remove("when");
  }
  if (auto missing = skipped.empty() ? expand_strings(row, variables, Variables::Use::text) : std::nullopt) {
    if (!excusable || !missing->excusable) return std::unexpected(Diagnostics{missing->diagnostic});
    skipped = missing->diagnostic.what;
  }
  if (skipped.empty()) {
    Value whole{Table{}, row.at};
    whole.table()->put({"test", row.at, {Array{row}, row.at}});
    if (Diagnostics wrong = check_expanded(whole, variables.sources()); !wrong.empty())
      return std::unexpected(std::move(wrong));
    return read_row(keys, row.at);
  }
  keys.remove("expect");  // may be a variable without a value
  TestCase test = read_row(keys, row.at);
  test.skipped = std::move(skipped);
  return test;
}

}  // namespace

Result<std::vector<TestCase>> read_tests(const Array& rows, const Variables& variables) {
  std::vector<TestCase> tests;
  Diagnostics wrong;
  for (const Value& row : rows) {
    auto test = read_one(row, variables);
    if (test)
      tests.push_back(*std::move(test));
    else
      std::ranges::move(test.error(), std::back_inserter(wrong));
  }
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  return tests;
}

}  // namespace hutch
