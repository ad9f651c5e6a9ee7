#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "base/origin.h"

namespace hutch {

enum class Severity { error, warning };

/// One thing to tell the user: what, where, why, and what to do about it.
///
/// Texts are lower case without a full stop, and may hold bytes from anywhere:
/// whoever prints them makes them safe for a terminal.
struct Diagnostic {
  /// Stable: "E0104". E01 the file's shape, E02 layers and variables, E03 what the
  /// profile means, E04 what this host cannot do, E05 set-up, E06 the program, E09 the command line;
  /// W is a warning. Each is explained by `hutch explain`.
  std::string code;
  std::string what;   ///< "unknown key `sorce` in mount \"/data\""
  Origin at;          ///< the words that are to blame
  std::string label;  ///< said beside the underline: "did you mean `source`?"
  Origin other;       ///< a second place that takes part: "and here the other one"
  std::string other_label;
  std::string step;   ///< "step 23 of 41: make /data read-only", for failures of set-up
  std::string cause;  ///< the likely reason on this machine
  std::string help;   ///< what to do
  Severity severity = Severity::error;
};

using Diagnostics = std::vector<Diagnostic>;

/// A value, or everything that was wrong (never an empty list).
template <class T>
using Result = std::expected<T, Diagnostics>;

[[nodiscard]] inline std::unexpected<Diagnostics> fail(Diagnostic diagnostic) {
  Diagnostics all;
  all.push_back(std::move(diagnostic));
  return std::unexpected(std::move(all));
}

#define HUTCH_JOIN_(a, b) a##b
#define HUTCH_JOIN(a, b) HUTCH_JOIN_(a, b)
#define HUTCH_TRY_(result, declaration, expression)               \
  auto result = (expression);                                     \
  if (!result) return std::unexpected(std::move(result).error()); \
  declaration = *std::move(result)

/// TRY(const Plan plan, compile(profile, host));  leaves the function with the error if there is one.
#define TRY(declaration, expression) HUTCH_TRY_(HUTCH_JOIN(tried_, __LINE__), declaration, expression)
#define TRY_DO(expression)                                                                   \
  do {                                                                                       \
    if (auto tried = (expression); !tried) return std::unexpected(std::move(tried).error()); \
  } while (false)

}  // namespace hutch
