#pragma once

#include <fcntl.h>

namespace hutch {

/// Of a memory file that nobody can change any more: memfd_create(2).
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

}  // namespace hutch
