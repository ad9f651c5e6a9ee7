#pragma once

#include <string_view>

namespace hutch {

/// What the linker made of the bytes of this program (--build-id): another one for every change of it. Empty
/// where it has none.
std::string_view build_id();

}  // namespace hutch
