#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Copies of other people's .desktop and D-Bus service files in which a wrapper stands for the program. All
/// bytes but the few that must change stay: comments, translations, unknown keys and groups, field codes,
/// line ends.

namespace hutch {

struct StandIn {
  std::string wrapper;  ///< its absolute path
  /// Is this word of a command line, a name or a path, the program?
  std::function<bool(std::string_view)> is_program;
};

struct Rewritten {
  std::string text;
  bool starts_program = false;      ///< the entry itself, not just one of its actions, starts the program
  std::vector<std::string> others;  ///< groups that start something else: "Desktop Action private"
};

/// A .desktop file: the program in `Exec` of the entry and of its actions, and `TryExec`, become the wrapper.
/// `DBusActivatable` becomes false: else the bus would be asked to start the program, and nobody reads
/// `Exec`.
Rewritten desktop_entry_for(std::string_view text, const StandIn& stand_in);

/// A D-Bus service file: `Exec` likewise. `SystemdService` becomes a comment, since a bus that knows systemd
/// would start that unit and not read `Exec`.
Rewritten bus_service_for(std::string_view text, const StandIn& stand_in);

}  // namespace hutch
