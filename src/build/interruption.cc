#include "build/interruption.h"

namespace hutch {
namespace {

constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP};

}  // namespace

sigset_t signals_that_end() {
  sigset_t all = {};
  ::sigemptyset(&all);
  for (const int signal : kEnding) ::sigaddset(&all, signal);
  return all;
}

Interruption::Interruption() noexcept {
  const sigset_t ending = signals_that_end();
  ::sigprocmask(SIG_BLOCK, &ending, &before_);
}

Interruption::~Interruption() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

Result<void> stop_if_asked() {
  sigset_t waiting = {};
  ::sigpending(&waiting);
  for (const int signal : kEnding) {
    if (::sigismember(&waiting, signal) == 1)
      return fail({.code = "E0713",
                   .what = "interrupted while outputs were taken",
                   .help = "nothing was put in place"});
  }
  return {};
}

}  // namespace hutch
