#pragma once

#include <cstdint>
#include <string>

#include "cli/capture.h"
#include "cli/session.h"
#include "profile/load.h"

namespace hutch {

/// What became of one [[test]].
struct TestEnding {
  enum class How : std::uint8_t {
    ran,          ///< the program began
    not_found,    ///< there is no such program inside: 127
    not_started,  ///< it cannot be executed: 126
    not_set_up    ///< nothing was tried: 125
  } how = How::not_set_up;
  int status = 0;          ///< what `hutch run` would have exited with
  int signal = 0;          ///< that ended the program; 0: none
  bool timed_out = false;  ///< after `seconds`
  std::int64_t seconds = 0;
  Written out, err;
  std::string message;       ///< the error, as people read it, where it did not run
  std::string message_json;  ///< the same as a JSON array
  int interrupted_by = 0;    ///< a signal that came for hutch itself

  /// Why this is not what the test expects, as a sentence; empty if it is.
  [[nodiscard]] std::string differs_from(const TestCase& test) const;
};

/// Runs a test as `hutch run` would run its command, in the sandbox of `loaded`, from `folder`: the same plan
/// but for the command and the standard streams, and by the same way. E0923 where there is no process for it.
Result<TestEnding> play_test(const TestCase& test, const Loaded& loaded, const std::string& folder,
                             const HeldSignals& signals, const Sources& sources);

}  // namespace hutch
