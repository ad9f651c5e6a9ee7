#pragma once

#include <string>
#include <vector>

namespace hutch {

/// `hutch` itself: the words after its name, the caller's environment; the exit status.
int hutch_main(const std::vector<std::string>& arguments, char** environment);

}  // namespace hutch
