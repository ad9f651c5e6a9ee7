#pragma once

#include "base/result.h"
#include "launch/registry.h"

namespace hutch {

/// Root that looks into another user's sandbox becomes that user for good, before it reads a byte of what
/// came from there: groups, ids, capabilities. Whatever that user makes it do, the user could do as well. Not
/// dumpable either, since it still holds memory and descriptors that were root's: prctl(2).
/// E0922: that did not work. Nothing happens where the sandbox is the caller's own.
Result<void> become_owner(const Registered& sandbox);

}  // namespace hutch
