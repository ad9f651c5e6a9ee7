#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "child/run_in_child.h"
#include "support/skip.h"

namespace hutch::test {
namespace {

constexpr std::uint64_t kNamespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID;

Ending run_under_init(const std::string& script, std::vector<Step> steps = {}) {
  // A /proc of the new pid namespace, over the host's: pid 1 can be looked at.
  static const std::vector<Step> begin{setup(KeepMountsPrivate{}),
                                       setup(MakeFilesystem{.type = "proc", .slot = 0}),
                                       setup(Attach{0, "/proc"}), setup(StartInit{})};
  steps.insert(steps.begin(), begin.begin(), begin.end());
  steps.push_back(privilege(DropCapabilities{}));
  steps.push_back(privilege(ResetSignals{}));
  steps.push_back(exec_shell(script));
  return run_in_child(steps, {.namespaces = kNamespaces, .slots = 1});
}

#define NEEDS_NAMESPACES(flags) \
  if (const std::string why = cannot_make(flags); !why.empty()) SKIP_TEST(why)

TEST_CASE("the program is the second process, and the init ends with its status") {
  NEEDS_NAMESPACES(kNamespaces);
  const Ending ending = run_under_init("echo $$; exit 7");
  CHECK_FALSE(ending.report);
  CHECK(ending.out == "2\n");
  CHECK(ending.exit_code == 7);
}

TEST_CASE("a program that is ended by a signal is 128 plus its number") {
  NEEDS_NAMESPACES(kNamespaces);
  CHECK(run_under_init("kill -KILL $$").exit_code == 128 + SIGKILL);
  CHECK(run_under_init("kill -TERM $$").exit_code == 128 + SIGTERM);
}

TEST_CASE("a step that fails after the init was started is reported, and nothing is left") {
  NEEDS_NAMESPACES(kNamespaces);
  const Ending ending = run_under_init(":", {privilege(ChangeDir{"/no/such"})});
  REQUIRE(ending.report);
  CHECK(ending.report->step == 4);
  CHECK(ending.exit_code == 125);
}

TEST_CASE("the init has no descriptors and no capabilities, and cannot be looked into") {
  NEEDS_NAMESPACES(kNamespaces);
  const Ending ending = run_under_init(
      "ls /proc/1/fd 2>&1 | grep -vc denied; grep -E '^(CapPrm|CapEff|NoNewPrivs)' /proc/1/status;"
      "cat /proc/1/environ 2>&1 | grep -c denied; cat /proc/1/comm");
  CHECK_FALSE(ending.report);
  CAPTURE(ending.out);
  CHECK(ending.out.starts_with("0\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n"));
  CHECK(ending.out.ends_with("1\nhutch-init\n"));
}

TEST_CASE("orphans are reaped") {
  NEEDS_NAMESPACES(kNamespaces);
  // The middle shell ends at once; its child becomes the init's, ends, and must not stay a zombie.
  const Ending ending = run_under_init(
      "sh -c 'sh -c \"exit 3\" & exec sh -c :'; sleep 0.3; grep -l 'State:.Z' /proc/[0-9]*/status; echo "
      "done");
  CHECK(ending.out == "done\n");
}

TEST_CASE("what the program leaves running ends with it") {
  NEEDS_NAMESPACES(kNamespaces);
  const Ending ending =
      run_under_init("sleep 1000 & exit 0");  // run_in_child would wait for its standard output
  CHECK(ending.exit_code == 0);
}

TEST_CASE("a signal from inside is not forwarded to the program") {
  NEEDS_NAMESPACES(kNamespaces);
  CHECK(run_under_init("kill -TERM 1; sleep 0.1; exit 5").exit_code == 5);
}

}  // namespace
}  // namespace hutch::test
