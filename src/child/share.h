#pragma once

#include "child/sys.h"

/// Processes that share memory, as after vfork(2), but with a stack of their own: nobody has to wait, and no
/// page table is copied.

namespace hutch {

/// clone(2) with CLONE_VM. The new process calls `begin(argument)`, which must not return, on the stack below
/// `stack_top`. Returns its pid or a negative errno. `pidfd` may be null.
long clone_sharing(std::uint64_t flags, int* pidfd, void* stack_top, void (*begin)(void*),
                   void* argument) noexcept;

}  // namespace hutch
