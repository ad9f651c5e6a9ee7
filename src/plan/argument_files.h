#pragma once

#include <map>
#include <string>

#include "plan/draft.h"

namespace hutch {

/// Can words of this command line make files visible at all? `process.files`, a tree of our own, and words.
bool may_name_files(const Draft& draft);

/// Adds what `process.files` makes visible to `entries`. `tree` is what they come to without it: a file that
/// is there already needs nothing, one that the profile hides is an error, and whatever is no plain file or
/// folder is left out and said so. Notes in `draft.named` which words were taken.
void add_argument_files(Draft& draft, std::map<std::string, Mount>& entries, const View& tree);

}  // namespace hutch
