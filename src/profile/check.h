#pragma once

#include "base/result.h"
#include "base/sources.h"
#include "profile/value.h"

namespace hutch {

/// Does this tree have the shape of a profile: only keys of the table in keys.h, of the right type, with
/// values that can mean something? Everything that is wrong with one file, in the order of its lines. A
/// string with a `${variable}` is looked at again when its value is known: `check_expanded`.
Diagnostics check_shape(const Value& profile, const Sources& sources);

/// The same for a tree whose variables have values.
Diagnostics check_expanded(const Value& profile, const Sources& sources);

/// What only holds for the whole: every mount of the merged tree has a type, and the keys of that type.
Diagnostics check_merged(const Value& profile, const Sources& sources);

/// Lists errors as people read files.
void sort_by_place(Diagnostics& diagnostics);

}  // namespace hutch
