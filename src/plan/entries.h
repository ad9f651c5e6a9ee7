#pragma once

#include <map>
#include <string>

#include "plan/draft.h"

namespace hutch {

/// The profile's mounts with everything short written out: globs of binds matched on the host, `mirror`
/// decided, the parts of `dev` as entries of their own, what is optional and missing left out. By target; the
/// only globs left are those of `hidden`, which wait for the finished tree.
std::map<std::string, Mount> write_out_entries(Draft& draft);

bool has_entries_below(const std::map<std::string, Mount>& entries, const std::string& target);

}  // namespace hutch
