#include "launch/shared_memory.h"

#include <linux/capability.h>
#include <sched.h>

#include <variant>

namespace hutch {
namespace {

constexpr std::uint64_t kTrace = std::uint64_t{1} << CAP_SYS_PTRACE;

bool keeps_memory_apart(const Op& op) {
  const auto* write = std::get_if<WriteFile>(&op);
  const auto* drop = std::get_if<DropCapabilities>(&op);
  if (drop != nullptr && (drop->keep & kTrace) != 0) return true;
  return std::holds_alternative<JoinNamespace>(op) || std::holds_alternative<UnshareTime>(op) ||
         (write != nullptr && write->path.view().ends_with("/oom_score_adj"));
}

}  // namespace

bool can_share_memory(const Plan& plan) {
  bool new_pids = false;
  for (const Step& step : plan.steps) {
    if (keeps_memory_apart(step.op)) return false;
    if (const auto* clone = std::get_if<CloneChild>(&step.op))
      new_pids = (clone->namespaces & CLONE_NEWPID) != 0;
  }
  return new_pids;
}

}  // namespace hutch
