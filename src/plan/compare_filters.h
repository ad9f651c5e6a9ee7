#pragma once

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

}  // namespace hutch
