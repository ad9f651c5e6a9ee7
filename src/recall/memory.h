#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/sources.h"
#include "base/unique_fd.h"
#include "host/transcript.h"
#include "plan/plan.h"

namespace hutch {

/// Plans of earlier launches, so that a profile that has not changed need not be read, merged and compiled
/// again.
///
/// A plan is made from nothing but the command line and what the machine answered meanwhile. It is kept
/// together with both, and counts only where the same command line is given and every question is answered
/// the same again: then compiling would give the same bytes.
///
/// Plans lie in the caller's own runtime folder (registry.h), one file of a fixed number of names each,
/// 0600. Whoever can write there could have any plan executed; the same is true of the profiles. Environment
/// variables that a plan hands on are kept by name, without their values.
class PlanMemory {
 public:
  /// `words`: those after "hutch", from which, besides the machine, a plan is made. `known`: what they are
  /// quoted from.
  PlanMemory(const Host& host, std::vector<std::string> words, const Sources& known);

  /// Is there a folder that is fit for plans?
  [[nodiscard]] bool usable() const { return static_cast<bool>(folder_); }
  /// The plan of these words, if there is one that is still right. Only ever a shortcut: whatever is wrong
  /// with what is kept, the answer is nothing.
  [[nodiscard]] std::optional<Plan> recall();
  /// The plan of a file that was opened and found to be right by somebody else: src/relaunch.
  [[nodiscard]] std::optional<Plan> adopt(int file);
  /// The kept plan of these words goes.
  void forget() const;
  /// What the origins of the recalled plan point into.
  void tell_sources(Sources& sources) const;

  /// `sources`: those known before, and those of the plan. `is_plain`: a launch of it may be made again by
  /// src/relaunch. Where it cannot be kept, it is not.
  void keep(const Plan& plan, const Transcript& transcript, const Sources& sources, bool is_plain) const;

 private:
  struct Source {
    std::string name, text, directory;
  };
  [[nodiscard]] std::string heading() const;
  std::optional<Plan> plan_in(std::string_view file, bool is_right);

  const Host& host_;
  UniqueFd folder_;
  std::vector<std::string> words_;
  std::size_t known_;
  std::vector<Source> sources_;
};

}  // namespace hutch
