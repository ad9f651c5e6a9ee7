#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/transcript.h"
#include "plan/plan.h"
#include "relaunch/kept_file.h"

namespace hutch {

/// Of the words after "hutch", where a plan of them is kept.
std::string slot_name(const std::vector<std::string>& words, const std::string& directory,
                      char** environment);

/// The file of a kept plan: `plan` is what PlanMemory reads, and with it stands what src/relaunch needs to
/// launch it without the C library: where that can, and there is a transcript.
std::string kept_file(const Plan& plan, const Transcript* transcript, const std::vector<std::string>& words,
                      char** environment, std::string_view plan_bytes);

/// The part that PlanMemory reads; empty where it is no such file.
std::string_view plan_part(std::string_view file);

/// Steps as src/relaunch wants them: what they point to stands behind them, and pointers are distances from
/// the beginning.
struct LaunchImage {
  std::string bytes;
  std::vector<std::uint32_t> moves;
  std::vector<HandedOn> handed_on;
};
LaunchImage launch_image(const Plan& plan, char** environment);

/// A question of a transcript, as src/relaunch asks it; nothing for one that it cannot.
std::optional<KeptQuestion> kept_question(Transcript::Question question, std::string_view subject,
                                          std::uint64_t number, std::string_view answer,
                                          const Digest::Key& key);

/// May src/relaunch launch it? Not where the launcher has more to do than to open sources, to write id maps
/// and to wait.
bool can_be_relaunched(const Plan& plan);

}  // namespace hutch
