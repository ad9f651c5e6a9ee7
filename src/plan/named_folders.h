#pragma once

#include "plan/draft.h"

namespace hutch {

/// A folder that the command line names shows what lies below it under names that the profile may not know:
/// by a link, or where the profile hides the same files by another of their names. An error (E0347) where
/// something that `hidden` names would so be seen. The tree must be finished.
void check_named_folders(Draft& draft);

}  // namespace hutch
