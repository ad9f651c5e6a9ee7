#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "plan/compare.h"
#include "plan/grants.h"

namespace hutch {

/// Which system calls the one stack of filters lets through and the other does not, call by call: topic
/// "seccomp". Both are run on the calls that tell them apart; what cannot be told apart so (a program that
/// computes with what it reads) is wider. `architecture` as uname -m has it.
std::vector<Difference> compare_filters(const std::vector<LoadedFilter>& first,
                                        const std::vector<LoadedFilter>& second,
                                        std::string_view architecture);

/// What a stack of filters answers to one call: SECCOMP_RET_* with its data.
std::uint32_t answer_of(const std::vector<LoadedFilter>& filters, const seccomp_data& call);

}  // namespace hutch
