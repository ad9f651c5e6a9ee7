#pragma once

#include "profile/value.h"

namespace hutch {

/// What profiles do when they meet: tables by key, scalars replace, lists join without duplicates and an
/// element
/// "!x" removes an inherited "x"; `command` replaces. Words for mounts and namespaces become the tables they
/// stand for. Every value keeps the place that it was written at.
///
/// `layer` goes on top of `below`; both are whole profiles (a Table at the top).
void merge(Value& below, Value layer);

/// After the last layer: mounts of type "none" and tables that were left empty go.
void finish_merge(Value& merged);

}  // namespace hutch
