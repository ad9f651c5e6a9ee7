#include "child/stacks.h"

#include <sys/mman.h>

#include "child/room.h"
#include "child/sys.h"

namespace hutch {
namespace {

#if defined(__x86_64__)
constexpr std::size_t kPage = 4096;
#else
constexpr std::size_t kPage = std::size_t{64} * 1024;  // the largest there is
#endif
constexpr std::size_t kGuard = std::size_t{64} * 1024;
constexpr std::size_t kStack = std::size_t{128} * 1024;
constexpr std::size_t kStacks = 2;
constexpr std::size_t kAll = kStacks * (kGuard + kStack);

#ifdef HUTCH_SANITIZED
constexpr int kGuarded = PROT_READ;  // a checker of leaks reads all that is static
#else
constexpr int kGuarded = PROT_NONE;
#endif

// In the program's own memory, whose page tables are there already.
alignas(kPage) HUTCH_ROOM std::byte g_stacks[kAll];
bool g_guarded = false;

}  // namespace

bool make_stacks() noexcept {
  for (std::size_t i = 0; i < kStacks && !g_guarded; ++i) {
    if (sys::call(SYS_mprotect, g_stacks + i * (kGuard + kStack), kGuard, kGuarded) < 0) return false;
  }
  g_guarded = true;
  return true;
}

void* stack_top(std::size_t which) noexcept { return g_stacks + (which + 1) * (kGuard + kStack); }

void forget_stacks() noexcept {
  if (g_guarded) sys::call(SYS_madvise, g_stacks, kAll, MADV_DONTNEED);
}

}  // namespace hutch
