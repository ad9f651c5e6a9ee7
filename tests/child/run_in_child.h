#pragma once

#include <sched.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "child/run.h"

/// Steps of the child, run in a process of their own in new namespaces. No Catch2 macro runs in there: the
/// child answers with its exit code, a report and what its program prints.

namespace hutch::test {

struct Ending {
  int exit_code = -1;  ///< 128+N for a signal
  std::optional<Report> report;
  bool reached_exec = false;
  std::string out;
};

struct Setting {
  std::uint64_t namespaces = CLONE_NEWUSER | CLONE_NEWNS;
  std::vector<Pinned> pins;
  std::uint32_t slots = 0;
  int channel = -1;  ///< child/channel.h
  /// Runs in the child before the steps (ids are mapped by then); no assertions in here.
  std::function<void()> before;
};

/// Maps the caller to itself, runs the steps with run_child, waits.
Ending run_in_child(std::vector<Step> steps, const Setting& setting = {});

/// The last step: /bin/sh -c SCRIPT, or another program. Its texts live as long as the tests.
Step exec_shell(const std::string& script);
Step exec(const std::string& path, const std::vector<std::string>& arguments = {});

/// A step in its phase.
Step setup(Op op);
Step privilege(Op op);

/// Can this machine make the namespaces? If not, why.
std::string cannot_make(std::uint64_t namespaces);

/// The object at `path`, as the parent pins it.
Pinned pin(const std::string& path);

ZStr kept(const std::string& text);

}  // namespace hutch::test
