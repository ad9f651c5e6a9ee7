#pragma once

#include <expected>
#include <string>

#include "base/result.h"
#include "profile/value.h"
#include "profile/variables.h"

namespace hutch {

struct WhenVerdict {
  bool holds = true;
  std::string why;  ///< why it does not: "the host has no /opt/x"
};

/// Does every condition of a `when` table hold on this host? A path with an undefined variable does not
/// exist. Errors: those of Variables that nothing excuses; E0204 for a parameter that nobody declares.
std::expected<WhenVerdict, Diagnostic> check_when(const Table& conditions, const Variables& variables);

}  // namespace hutch
