#include "launch/idle_memory.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

// Of the linker: end(3).
extern "C" {
extern char __executable_start;
extern char etext;
}

namespace hutch {

void give_idle_memory_back() noexcept {
  ::malloc_trim(0);
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t begin =
      (reinterpret_cast<std::uintptr_t>(&__executable_start) + page - 1) / page * page;
  const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(&etext) / page * page;
  // Code only: nobody has written to it, so nothing is lost.
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace hutch
