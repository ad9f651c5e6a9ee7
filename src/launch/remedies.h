#pragma once

#include <string>

#include "launch/tell_failure.h"

namespace hutch {

/// A failure and what is known about it.
struct Situation {
  const Plan& plan;
  const Step& step;
  const Report& report;
  const ReadText& read;
};

/// What experience says about a failure: the code it belongs to, why it happens here, what to do.
struct Advice {
  std::string code, cause, help;
};

/// The first row of the table that fits; code E0501 and no words if none does.
Advice advise(const Situation& situation);

}  // namespace hutch
