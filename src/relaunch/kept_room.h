#pragma once

#include <cstdint>
#include <span>

#include "child/run.h"
#include "child/sys.h"

/// Where a kept plan (kept_file.h) is read to, and what a launch by it needs beside: in the program's own
/// memory, whose page tables are there already. There is one.

namespace hutch {

/// Maps in one call what a launch writes to, in place of a fault for each page.
void map_room() noexcept;
/// The launcher proper has use for none of it.
void forget_room() noexcept;

/// Finds what was kept of a launch with these words, and asks all but what open_sources asks: is it right
/// still? `file` is what it was read from.
bool find_kept(char** words, char** environment, Fd& file) noexcept;
/// As src/launch does before clone: holds what the caller has to reach. What is asked of a source is asked of
/// what is opened.
bool open_sources() noexcept;
void close_sources() noexcept;

std::span<const Step> kept_steps() noexcept;
std::span<const Pinned> kept_pins() noexcept;
/// See ChildContext.
std::span<int> kept_slots() noexcept;
std::span<std::uint64_t> kept_made() noexcept;

/// Once all has been asked, for whoever needs some.
std::span<char> spare_room() noexcept;

}  // namespace hutch
