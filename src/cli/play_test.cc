#include "cli/play_test.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "cli/print_diagnostics.h"
#include "host/gather.h"
#include "launch/launch.h"
#include "plan/compile.h"

namespace hutch {
namespace {

using How = TestEnding::How;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kTestSeconds = 60;  ///< where nothing says `process.timeout`
constexpr std::size_t kKept = 65536;

/// What the process of a test says about itself: this, and then the messages.
struct Told {
  How how = How::not_set_up;
  int status = 125;
  int signal = 0;
  bool timed_out = false;
  std::size_t message = 0;  ///< its length; the rest is the same as JSON
};

/// The sandbox of the profile, for a command of its own: its streams are ours to look at, and it ends.
Profile profile_of_test(const Profile& profile) {
  Profile made = profile;
  Process& process = made.process;
  process.command.clear();
  process.args = {};
  process.argv0.reset();
  process.streams = {};
  if (!process.timeout) process.timeout = {{kTestSeconds * kSecond, {}}};
  return made;
}

std::string tell(Told told, const Diagnostics& wrong, const Sources& sources) {
  std::string text;
  Json json;
  if (!wrong.empty()) {
    text = show_diagnostics(wrong, sources, false);
    json.array([&] { diagnostics_json(json, wrong, sources); });
  }
  told.message = text.size();
  std::string bytes(sizeof told, '\0');
  std::memcpy(bytes.data(), &told, sizeof told);
  return bytes + text + json.text();
}

Told without_program(const Diagnostics& wrong) {
  const auto all_are = [&](std::string_view code) {
    return std::ranges::all_of(wrong, [&](const Diagnostic& each) { return each.code == code; });
  };
  if (all_are("E0601")) return {.how = How::not_found, .status = 127};
  if (all_are("E0602")) return {.how = How::not_started, .status = 126};
  return {};
}

std::string play(const Profile& profile, const TestCase& test, const Sources& sources) {
  // Anew: this process has another directory, and other streams.
  const auto host = gather_host(::environ);
  const auto plan = compile(profile, {.arguments = test.run, .needs_command = true}, *host);
  if (!plan) return tell(without_program(plan.error()), plan.error(), sources);
  const auto ending = launch(*plan, *host);
  if (!ending) return tell(without_program(ending.error()), ending.error(), sources);
  if (!ending->ran) return tell({}, {}, sources);
  const WaitResult& program = ending->finish.program;
  return tell({.how = How::ran,
               .status = ending->status,
               .signal = program.code == CLD_EXITED ? 0 : program.status,
               .timed_out = ending->finish.timed_out},
              {}, sources);
}

/// "status 1", "SIGSEGV": how a program ended.
std::string end_of(const TestEnding& ending) {
  const char* const name = ending.signal != 0 ? ::sigabbrev_np(ending.signal) : nullptr;
  return name != nullptr ? fmt::format("SIG{} ended it", name)
                         : fmt::format("it ended with status {}", ending.status);
}

std::string_view without_last_newlines(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

/// Refusals end programs with an error, or with one of the signals by which the kernel refuses.
std::string why_not_denied(const TestEnding& ending) {
  switch (ending.how) {
    case How::not_found:
      return "no such program is inside, so that nothing was denied; `{ exit = 127 }` expects that";
    case How::not_started:
      return "it could not be executed, so that it was denied nothing; `{ exit = 126 }` expects that";
    case How::not_set_up:
    case How::ran:
      break;
  }
  const bool refused_by_signal =
      ending.signal == SIGSYS || ending.signal == SIGXCPU || ending.signal == SIGXFSZ;
  if (ending.signal != 0 && !refused_by_signal) return end_of(ending) + ", which is no denial";
  if (ending.status == 0) return "it ended with status 0: nothing was denied";
  if (ending.signal == 0 && ending.status == 127)
    return "it ended with status 127, as a shell that does not find a program: nothing was denied";
  return "";
}

}  // namespace

std::string TestEnding::differs_from(const TestCase& test) const {
  if (how == How::not_set_up) return "the sandbox could not be set up";
  if (timed_out && (test.denied || test.exit != 124))
    return fmt::format("it had not ended after {} s, and was killed", seconds);
  if (test.denied) return why_not_denied(*this);
  if (status != test.exit) {
    if (how == How::not_found) return "no such program is inside";
    if (how == How::not_started) return "it could not be executed";
    return end_of(*this);
  }
  if (!test.output) return "";
  if (out.is_cut || without_last_newlines(out.text) != without_last_newlines(**test.output))
    return "its standard output is another";
  return "";
}

Result<TestEnding> play_test(const TestCase& test, const Loaded& loaded, const std::string& folder,
                             const HeldSignals& signals, const Sources& sources) {
  const Profile profile = profile_of_test(loaded.profile);
  const std::size_t expected = test.output ? test.output->value.size() : 0;
  const std::size_t most = expected + kKept;
  TRY(Captured captured,
      capture(signals, folder, test.input, most, [&] { return play(profile, test, sources); }));
  const std::int64_t timeout = profile.process.timeout ? profile.process.timeout->value : 0;
  TestEnding ending{.seconds = timeout / kSecond,
                    .out = std::move(captured.out),
                    .err = std::move(captured.err),
                    .interrupted_by = captured.interrupted_by};
  Told told;
  if (!captured.told || captured.told->size() < sizeof told) return ending;
  std::memcpy(&told, captured.told->data(), sizeof told);
  ending.how = told.how;
  ending.status = told.status;
  ending.signal = told.signal;
  ending.timed_out = told.timed_out;
  ending.message = captured.told->substr(sizeof told, told.message);
  ending.message_json = captured.told->substr(sizeof told + told.message);
  return ending;
}

}  // namespace hutch
