#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "host/host.h"
#include "profile/profile.h"

/// The real program that a wrapper stands in front of.

namespace hutch {

/// What a profile stands for: the file name of `process.command[0]`. E0930, E0938.
Result<std::string> program_name(const Profile& profile);

/// The first program of this name on the caller's PATH behind the folder of `wrapper` (an absolute path),
/// else anywhere on it, else in the system's folders. What `hutch install` made is passed over wherever it is
/// met, so that one wrapper never finds another. Empty if there is none.
std::string find_behind(const std::string& name, const std::string& wrapper, const Host& host);

/// Where the profile's program is on this machine: as the profile says, if it is there and no wrapper, else
/// what `find_behind` finds. A profile with a root of its own means a file of that root: as it says. E0930,
/// E0932, E0938.
Result<std::string> real_program(const Profile& profile, const std::string& wrapper, const Host& host);

/// Makes the profile's program the real one. The answer is what `Request::arguments` is to be, so that the
/// program gets the words which the wrapper was called with: after the profile's own, or instead of them, as
/// `process.args` has it.
Result<std::vector<std::string>> stand_before(Profile& profile, const std::string& wrapper,
                                              std::vector<std::string> arguments, const Host& host);

/// The value of kWrapped inside of this wrapper's sandbox. E0937 where the caller is already far inside of
/// sandboxes of this same wrapper: what it starts leads back to it.
Result<std::string> wrapped_inside(const std::string& wrapper, const Host& host);
inline constexpr const char* kWrapped = "HUTCH_WRAPPED";

}  // namespace hutch
