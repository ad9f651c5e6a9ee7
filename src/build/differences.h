#pragma once

#include <string>

namespace hutch {

/// "byte 12 of 345 is the first that differs", for two files; or what else is not the same about them.
std::string where_they_differ(const std::string& first, const std::string& second);

/// Has diffoscope(1) tell the difference on standard error, where it is installed; else nothing.
void show_difference(const std::string& first, const std::string& second);

}  // namespace hutch
