#pragma once

#include <string>
#include <string_view>

namespace hutch {

/// What Hutch says about its own doings: `-v`, `-vv` on standard error, `--log-file` as JSON lines.
/// Nothing is set up, and nothing of spdlog runs, until one of them is asked for. Never used between clone
/// and exec.
enum class Verbosity { quiet, info, debug };

/// False (with errno) when the file cannot be opened.
bool start_log(Verbosity verbosity, const std::string& json_file);
bool log_wants(Verbosity level);
void log_line(Verbosity level, std::string_view text);

}  // namespace hutch
