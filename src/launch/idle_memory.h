#pragma once

namespace hutch {

/// Gives back what only set-up has needed: free heap, and the pages of our own program, which come again from
/// its file when they are needed. For a launcher that will now wait: madvise(2), malloc_trim(3).
void give_idle_memory_back() noexcept;

}  // namespace hutch
