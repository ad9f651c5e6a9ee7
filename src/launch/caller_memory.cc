#include "launch/caller_memory.h"

#include <cstddef>
#include <cstring>

namespace hutch {
namespace {

// Written once, before main.
char* g_begin = nullptr;
char* g_end = nullptr;

/// The C library hands these to initialisers, too: nobody has to pass them down from main.
__attribute__((constructor)) void remember(int argc, char** argv, char** envp) {
  if (argc < 1 || argv == nullptr || argv[0] == nullptr) return;
  g_begin = argv[0];
  g_end = g_begin;
  // The kernel lays all strings out one behind the other.
  for (char** list : {argv, envp}) {
    for (; list != nullptr && *list != nullptr; ++list) {
      if (*list == g_end) g_end += std::strlen(*list) + 1;
    }
  }
}

}  // namespace

std::span<char> caller_memory() { return {g_begin, static_cast<std::size_t>(g_end - g_begin)}; }

}  // namespace hutch
