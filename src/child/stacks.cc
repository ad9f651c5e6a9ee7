#include "child/stacks.h"

#include <sys/mman.h>

#include "child/room.h"
#include "child/sys.h"

namespace hutch {
namespace {

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
alignas(kLargestPage) HUTCH_ROOM std::byte g_stacks[kAll];

}  // namespace

bool make_stacks() noexcept {
  for (std::size_t i = 0; i < kStacks; ++i) {
    if (sys::call(SYS_mprotect, g_stacks + i * (kGuard + kStack), kGuard, kGuarded) < 0) return false;
  }
  return true;
}

HUTCH_BEGIN void* stack_top(std::size_t which) noexcept {
  return g_stacks + (kStacks - which) * (kGuard + kStack);
}

void forget_stacks() noexcept { sys::call(SYS_madvise, g_stacks, kAll, MADV_DONTNEED); }

}  // namespace hutch
