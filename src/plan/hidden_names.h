#pragma once

#include <map>
#include <string>
#include <string_view>

#include "host/host.h"
#include "profile/profile.h"

namespace hutch {

/// `path`, which lies in `from`, as it is called where that is called `to`.
std::string move_path(std::string_view path, std::string_view from, std::string_view to);

/// The folders of a pattern before its first component with a sign in it.
std::string fixed_part(const std::string& pattern);

/// The entry by which the profile hides this file of the host, or null. `real` is its path without links;
/// `named` is the place where it would be seen. Every name under which binds would show it counts, so neither
/// a link nor another mount makes visible what `hidden` names.
const Mount* hiding_entry(const std::map<std::string, Mount>& entries, const Profile& profile,
                          const Host& host, const std::string& named, const std::string& real);

}  // namespace hutch
