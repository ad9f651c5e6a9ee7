#pragma once

#include <string>

namespace hutch {

/// Where this program was executed from, by a path; empty where neither /proc nor the kernel's word tells.
std::string own_path();

/// A program that executes itself from a copy without a path says where the first one was. Before any thread.
void set_own_path(std::string path);

}  // namespace hutch
