#pragma once

#include <array>

/// What of a procfs is kept from a program that is the host's root, whom the files' own modes do not keep
/// out: what the container runtimes hide, and what else only root may read.

namespace hutch {

// Not sched_debug and timer_stats, which no Linux since 5.14 has. The last of each list is what nearly every
// kernel has: see run(const Hide&).
inline constexpr std::array kHiddenDirectoriesOfProc{"asound", "scsi", "acpi"};
inline constexpr std::array kHiddenFilesOfProc{"interrupts",   "kcore",      "keys",          "kpagecgroup",
                                               "kpagecount",   "kpageflags", "latency_stats", "mtrr",
                                               "pagetypeinfo", "slabinfo",   "timer_list",    "vmallocinfo"};
/// Seen, but read-only.
inline constexpr std::array kReadOnlyOfProc{"bus", "fs", "irq", "sys", "sysrq-trigger"};

}  // namespace hutch
