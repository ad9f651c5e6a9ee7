#pragma once

namespace hutch {

/// Ends all children of this process, and as a subreaper (PR_SET_CHILD_SUBREAPER) whatever they leave behind,
/// until there is none. `processes` is a descriptor of a procfs that shows them. For where no pid namespace
/// does it. Returns when nothing is left.
void end_all_children(int processes) noexcept;

}  // namespace hutch
