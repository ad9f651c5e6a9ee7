#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "cli/commands.h"
#include "launch/errno_text.h"
#include "launch/registry.h"

namespace hutch {
namespace {

/// "TERM", "SIGTERM", "sigterm", "15"; -1 for what is none.
int signal_from(std::string text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size())
    return number > 0 && number < NSIG ? number : -1;
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  if (text.starts_with("SIG")) text.erase(0, 3);
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* name = ::sigabbrev_np(signal);
    if (name != nullptr && text == name) return signal;
  }
  return -1;
}

Result<void> send(const Session& session, const std::string& name, int signal) {
  TRY(const Registered sandbox, find_sandbox(session.host.caller(), name));
  // SIGKILL for the init ends everything, and the launcher lives to tell. Whatever else is for the program is
  // passed on by the launcher.
  TRY(const UniqueFd process,
      signal == SIGKILL && sandbox.init > 0 ? open_init(sandbox) : open_launcher(sandbox));
  if (::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0 || errno == ESRCH) return {};
  return fail(
      {.code = "E0921",
       .what = fmt::format("{} cannot be signalled: pidfd_send_signal: {}", name, errno_text(errno))});
}

}  // namespace

int kill_command(Session& session) {
  const std::string wanted = session.words.value("--signal", "TERM");
  const int signal = signal_from(wanted);
  if (signal < 0) {
    Origin at;
    for (const Given& given : session.words.options) {
      if (given.option->name == "--signal") at = given.at;
    }
    session.complain({{.code = "E0920",
                       .what = fmt::format("`{}` is no signal", wanted),
                       .at = at,
                       .help = "a name such as TERM, or a number: kill -l lists them"}});
    return 2;
  }
  if (const auto sent = send(session, session.words.operands.front(), signal); !sent) {
    session.complain(sent.error());
    return 1;
  }
  return 0;
}

}  // namespace hutch
