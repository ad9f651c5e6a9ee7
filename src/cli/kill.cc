#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "cli/commands.h"
#include "launch/become_owner.h"
#include "launch/errno_text.h"
#include "launch/registry.h"
#include "launch/signals.h"

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

/// SIGKILL for the init ends everything, and the launcher lives to tell. What a launcher passes on goes to
/// it, since it counts requests to end, and stops and continues with its program. All others would act on the
/// launcher itself.
Result<UniqueFd> receiver(const Registered& sandbox, int signal) {
  if (signal == SIGKILL && sandbox.init > 0) return open_init(sandbox);
  return is_passed_on(signal) ? open_launcher(sandbox) : open_program(sandbox);
}

Result<void> send(const Session& session, const std::string& name, int signal) {
  TRY(const Registered sandbox, find_sandbox(session.host.caller(), name));
  TRY_DO(become_owner(sandbox));
  TRY(const UniqueFd process, receiver(sandbox, signal));
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
