#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sources.h"
#include "cli/command_table.h"

namespace hutch {

/// One option as it was given.
struct Given {
  const Option* option = nullptr;
  std::string value;
  Origin at;
};

/// The command line, sorted out but not yet understood.
struct Words {
  std::vector<std::string> as_given;  ///< all of them, as they came
  const Command* command = nullptr;
  std::vector<Given> options;
  std::vector<std::string> operands;
  std::vector<Origin> operands_at;
  std::vector<std::string> arguments;  ///< what belongs to the program, where the command takes one

  [[nodiscard]] bool has(std::string_view option) const;
  [[nodiscard]] int count(std::string_view option) const;
  /// The last value given, or `fallback`.
  [[nodiscard]] std::string value(std::string_view option, std::string_view fallback = "") const;
};

/// Sorts the words after "hutch" (the command first) by the command table. Options stand before the profile;
/// where no program follows, also after it. "--" ends them; one "--" right after the profile is dropped.
/// The command line becomes a source of its own, so that errors point into it:
/// E0901 … E0904, E0907, E0909. `words.command` is set as soon as it is known, also on errors.
Result<void> sort_words(const std::vector<std::string>& arguments, Sources& sources, Words& words);

}  // namespace hutch
