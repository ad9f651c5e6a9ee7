#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "child/run_in_child.h"
#include "support/skip.h"

namespace hutch::test {
namespace {

TEST_CASE(
    "becoming somebody else keeps the capabilities, the groups are those of the plan, and the parent's death "
    "still counts") {
  if (::geteuid() != 0) SKIP_TEST("needs ids to become: run as root");
  static const gid_t groups[] = {4000, 5000};
  const Ending ending =
      run_in_child({setup(DieWithParent{}),
                    setup(BecomeIds{.uid = 1234, .gid = 4321, .set_groups = true, .groups = {groups, 2}}),
                    // Takes CAP_SETPCAP and CAP_NET_RAW, so it shows that they are still there and effective.
                    privilege(DropCapabilities{.keep = std::uint64_t{1} << 13, .ambient = true}),
                    exec_shell("id -u; id -g; id -G; grep CapEff /proc/self/status")},
                   {.namespaces = CLONE_NEWNS});
  CHECK_FALSE(ending.report);
  CHECK(ending.out == "1234\n4321\n4321 4000 5000\nCapEff:\t0000000000002000\n");
}

TEST_CASE("an id that is not mapped stops the launch") {
  if (const std::string why = cannot_make(CLONE_NEWUSER); !why.empty()) SKIP_TEST(why);
  const Ending ending =
      run_in_child({setup(BecomeIds{.uid = 77777, .gid = ::getgid()})}, {.namespaces = CLONE_NEWUSER});
  REQUIRE(ending.report);
  CHECK(ending.report->call == Call::setresuid);
  CHECK(ending.report->error == EINVAL);
}

}  // namespace
}  // namespace hutch::test
