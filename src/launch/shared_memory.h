#pragma once

#include "plan/plan.h"

namespace hutch {

/// May the child of this plan run in the launcher's memory until it executes another program? It saves
/// copying page tables twice. Not where
/// * the kernel forbids it: a new time namespace;
/// * what the child does to itself is done to everybody with the same memory: oom_score_adj;
/// * there is no new pid namespace, whose end is the end of everybody who still uses the memory;
/// * the program may trace: the memory of an init that was executed belongs to the sandbox's user namespace,
///   that of a copy to the launcher's (ptrace(2)).
bool can_share_memory(const Plan& plan);

}  // namespace hutch
