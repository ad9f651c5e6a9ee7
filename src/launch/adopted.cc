#include "launch/adopted.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <string>

#include "base/text.h"
#include "launch/tell_failure.h"

namespace hutch {
namespace {

/// proc(5): /proc/PID/task/TID/children.
std::set<pid_t> children() {
  std::set<pid_t> found;
  const std::string text = read_from_machine("/proc/thread-self/children").value_or("");
  for (const std::string_view word : split(text, ' ')) {
    if (!word.empty()) found.insert(static_cast<pid_t>(::strtol(std::string(word).c_str(), nullptr, 10)));
  }
  return found;
}

}  // namespace

Adopted::Adopted(pid_t init) : before_(children()) {
  before_.erase(init);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

Adopted::~Adopted() { ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); }

void Adopted::end_all() const {
  while (true) {
    bool any = false;
    for (const pid_t child : children()) {
      if (before_.contains(child)) continue;
      any = true;
      ::kill(child, SIGKILL);  // it is ours and not reaped: nobody else can have its number
      while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    if (!any) return;
  }
}

}  // namespace hutch
