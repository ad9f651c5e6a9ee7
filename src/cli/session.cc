#include "cli/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "base/text.h"
#include "cli/load_request.h"
#include "cli/print_diagnostics.h"

namespace hutch {
namespace {

bool wants_colours(const Words& words, const Host& host) {
  const std::string wish = words.value("--color", "auto");
  if (wish != "auto") return wish == "always";
  const auto& environment = host.caller().environment;
  const auto no_color = environment.find("NO_COLOR");
  if (no_color != environment.end() && !no_color->second.empty()) return false;  // https://no-color.org
  const auto term = environment.find("TERM");
  return term != environment.end() && term->second != "dumb" && ::isatty(STDERR_FILENO) == 1;
}

}  // namespace

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool Session::say(std::string_view text) const {
  if (write_all(STDOUT_FILENO, text)) return true;
  complain(
      {{.code = "E0913", .what = fmt::format("cannot write to standard output: {}", ::strerror(errno))}});
  return false;
}

void Session::complain(const Diagnostics& diagnostics) const {
  if (diagnostics.empty()) return;
  if (!wants_json()) {
    write_all(STDERR_FILENO, show_diagnostics(diagnostics, sources, wants_colours(words, host)));
    return;
  }
  Json json;
  json.object([&] {
    json.key("diagnostics");
    json.array([&] { diagnostics_json(json, diagnostics, sources); });
  });
  write_all(STDERR_FILENO, json.text());
}

Result<Loaded> Session::load() const {
  TRY(const LoadRequest request, load_request(words, words.operands.at(0), host));
  return load_profile(request, host, sources);
}

Result<void> start_log_of(const Words& words) {
  const int loudness = words.count("--verbose");
  const Verbosity verbosity = loudness == 0   ? Verbosity::quiet
                              : loudness == 1 ? Verbosity::info
                                              : Verbosity::debug;
  const std::string file = words.value("--log-file");
  if (words.has("--log-file") && file.empty())
    return fail({.code = "E0912", .what = "--log-file needs a file name"});
  if (start_log(verbosity, file)) return {};
  return fail({.code = "E0912",
               .what = fmt::format("cannot open the log file {}: {}", quoted(file), ::strerror(errno))});
}

void log_skipped(const std::vector<Skipped>& skipped, const Sources& sources) {
  for (const Skipped& each : skipped) {
    const std::string where = each.at.known() ? fmt::format(" ({})", sources.where(each.at)) : "";
    log_line(Verbosity::info, fmt::format("left out: {}: {}{}", each.what, each.why, where));
  }
}

}  // namespace hutch
