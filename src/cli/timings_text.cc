#include "cli/timings_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "plan/describe.h"

namespace hutch {
namespace {

constexpr double kMicrosecond = 1000;

std::string_view meaning_of(std::string_view stage) {
  if (stage == "start")
    return "the kernel's and the C library's work before main, the command line, facts about the caller";
  if (stage == "profile") return "read, merged and checked";
  if (stage == "plan") return "compiled";
  if (stage == "recall") return "the plan of an earlier launch, which is still right";
  if (stage == "launch") return "every step of the plan, below";
  if (stage == "program") return "until everything inside had ended";
  return "";
}

}  // namespace

std::string timings_text(const Timings& timings, const Plan& plan) {
  std::string text = "microseconds:\n";
  for (const auto& [name, nanoseconds] : timings.stages())
    text += fmt::format("{:>10.1f}  {:<8} {}\n", static_cast<double>(nanoseconds) / kMicrosecond, name,
                        meaning_of(name));
  std::uint64_t before = timings.steps_began();
  const Phase* phase = nullptr;
  for (std::size_t i = 0; i < timings.steps().size(); ++i) {
    const std::uint64_t done = timings.steps()[i];
    if (done == 0) continue;
    const Step& step = plan.steps[i];
    if (phase == nullptr || *phase != step.phase) text += fmt::format("{}:\n", phase_name(step.phase));
    phase = &step.phase;
    text += fmt::format("{:>10.1f}  {:>4}  {}\n",
                        static_cast<double>(done - std::min(before, done)) / kMicrosecond, i + 1,
                        describe(step.op));
    before = std::max(before, done);
  }
  return text;
}

}  // namespace hutch
