#pragma once

#include <cstddef>

namespace hutch {

/// Stacks for the processes that share memory with the launcher, each with a guard below. One launch after
/// the other has the same: to unmap them costs a launch more than to have them.
bool make_stacks() noexcept;
/// Where they begin: they grow downwards. 0: the child's, 1: the program's.
void* stack_top(std::size_t which) noexcept;
/// Their pages go back; while nobody runs on them.
void forget_stacks() noexcept;

}  // namespace hutch
