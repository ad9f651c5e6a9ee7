#include "launch/shared_memory.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <variant>

namespace hutch {
namespace {

constexpr std::size_t kGuard = std::size_t{64} * 1024;  // the largest page there is
constexpr std::size_t kStack = std::size_t{128} * 1024;
constexpr std::size_t kStacks = 2;
constexpr std::size_t kAll = kStacks * (kGuard + kStack);

std::byte* g_stacks = nullptr;

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

bool Stacks::make() noexcept {
  if (g_stacks != nullptr) return true;
  void* const memory =
      ::mmap(nullptr, kAll, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return false;
  auto* const begin = static_cast<std::byte*>(memory);
  for (std::size_t i = 0; i < kStacks; ++i) {
    if (::mprotect(begin + i * (kGuard + kStack) + kGuard, kStack, PROT_READ | PROT_WRITE) < 0) return false;
  }
  g_stacks = begin;
  return true;
}

void* Stacks::top(std::size_t which) noexcept { return g_stacks + (which + 1) * (kGuard + kStack); }

void Stacks::forget() noexcept {
  if (g_stacks != nullptr) ::madvise(g_stacks, kAll, MADV_DONTNEED);
}

KeepDumpable::KeepDumpable() noexcept : before_(::prctl(PR_GET_DUMPABLE)) {}

KeepDumpable::~KeepDumpable() {
  if (before_ == 1) ::prctl(PR_SET_DUMPABLE, 1);
}

}  // namespace hutch
