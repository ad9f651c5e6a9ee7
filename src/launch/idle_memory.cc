#include "launch/idle_memory.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "child/stacks.h"

// Of the linker: end(3).
extern "C" {
extern char __executable_start;  // NOLINT: its name
extern char etext;
}

namespace hutch {

void give_idle_memory_back() noexcept {
  ::malloc_trim(0);
  forget_stacks();
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  char* const begin =
      &__executable_start + (page - reinterpret_cast<std::uintptr_t>(&__executable_start) % page) % page;
  const char* const end = &etext - reinterpret_cast<std::uintptr_t>(&etext) % page;
  // Code and constants only: nobody has written to them, so nothing is lost.
  if (begin < end) ::madvise(begin, static_cast<std::size_t>(end - begin), MADV_DONTNEED);
}

}  // namespace hutch
