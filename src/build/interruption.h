#pragma once

#include <signal.h>

#include "base/result.h"

namespace hutch {

/// While it lives, SIGINT, SIGTERM and SIGHUP wait: whoever asks stops at the next good moment and cleans up.
/// At its end they have their effect.
class Interruption {
 public:
  Interruption() noexcept;
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

 private:
  sigset_t before_ = {};
};

/// Does one of them wait? E0713.
Result<void> stop_if_asked();

/// The three.
sigset_t signals_that_end();

}  // namespace hutch
