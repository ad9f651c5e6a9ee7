#pragma once

#include <string_view>

#include "base/result.h"
#include "base/sources.h"
#include "cli/options.h"
#include "host/host.h"
#include "profile/load.h"

namespace hutch {

/// What a command has at hand: its words, the machine, and a voice.
struct Session {
  const Words& words;
  const Host& host;
  Sources& sources;

  [[nodiscard]] bool wants_json() const { return words.has("--json"); }

  /// On standard output. False, after an error message, when it cannot be written: a full disk must not look
  /// like success.
  [[nodiscard]] bool say(std::string_view text) const;
  /// On standard error, for people or as one JSON document.
  void complain(const Diagnostics& diagnostics) const;

  /// The profile of the first operand, changed by the options.
  [[nodiscard]] Result<Loaded> load() const;
};

/// Starts the log that -v, -vv and --log-file ask for. E0912.
Result<void> start_log_of(const Words& words);

/// What was left out of a profile, as lines for -v.
void log_skipped(const std::vector<Skipped>& skipped, const Sources& sources);

/// All of it, whatever signals come between; false with errno.
bool write_all(int fd, std::string_view bytes);

}  // namespace hutch
