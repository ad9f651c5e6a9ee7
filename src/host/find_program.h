#pragma once

#include <string>
#include <string_view>

#include "host/host.h"

namespace hutch {

/// The first file of this name that the caller may execute, in the absolute folders of the caller's PATH;
/// without a PATH in those that shells look in then. Empty if there is none.
std::string find_program(const Host& host, std::string_view name);

}  // namespace hutch
