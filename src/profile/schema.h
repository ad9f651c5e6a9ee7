#pragma once

#include <string>
#include <string_view>

namespace hutch {

/// JSON Schema (draft 2020-12) of a profile, made from the table of keys. It accepts and refuses what
/// `check_shape` does; a string with a `${variable}` is taken wherever its value could be right.
std::string profile_schema();

/// Every key with type, default and help, as a section of hutch-profile(5) in scdoc(5).
std::string keys_manual();

/// "process.umask", "umask" or "mounts.type": what `hutch explain` prints. Empty if there is no such key.
std::string explain_key(std::string_view name);

}  // namespace hutch
