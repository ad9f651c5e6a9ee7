#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/landlock_abi.h"
#include "child/run_in_child.h"
#include "support/skip.h"

namespace hutch::test {
namespace {

#define NEEDS_ABI(abi)                                                              \
  if (syscall(SYS_landlock_create_ruleset, nullptr, 0, landlock::kVersion) < (abi)) \
    SKIP_TEST("the kernel's Landlock is older than ABI " #abi);                     \
  if (const std::string why = cannot_make(CLONE_NEWUSER); !why.empty()) SKIP_TEST(why)

constexpr std::uint64_t kEverything = (1U << 13) - 1;

/// With rules for these paths, a shell tries to read /etc/passwd and to list /etc.
Ending look_at_etc(std::vector<Step> rules) {
  std::vector<Step> steps{privilege(NoNewPrivs{}), privilege(MakeRuleset{.files = kEverything, .slot = 0})};
  steps.insert(steps.end(), rules.begin(), rules.end());
  steps.push_back(privilege(RestrictSelf{.ruleset = 0}));
  steps.push_back(
      exec_shell("read x </etc/passwd && echo file; set -- /etc/*; test $# -gt 1 && echo folder; :"));
  return run_in_child(std::move(steps), {.namespaces = CLONE_NEWUSER, .slots = 1});
}

const std::uint64_t kRun = landlock::kExecute | landlock::kReadFile | landlock::kReadDir;

TEST_CASE("a rule for a file takes those of the rights that a file can have") {
  NEEDS_ABI(1);
  const Ending ending =
      look_at_etc({privilege(AllowPath{.ruleset = 0, .path = "/usr", .rights = kRun}),
                   privilege(AllowPath{.ruleset = 0, .path = "/etc/passwd", .rights = kEverything})});
  CHECK_FALSE(ending.report);
  CHECK(ending.out == "file\n");
}

TEST_CASE("a rule of which nothing is left for a file is none, and no error") {
  NEEDS_ABI(1);
  const Ending ending =
      look_at_etc({privilege(AllowPath{.ruleset = 0, .path = "/usr", .rights = kRun}),
                   privilege(AllowPath{.ruleset = 0, .path = "/etc/passwd", .rights = landlock::kReadDir})});
  CHECK_FALSE(ending.report);
  CHECK(ending.out == "");
}

TEST_CASE("a rule for a folder holds for all below it") {
  NEEDS_ABI(1);
  const Ending ending = look_at_etc({privilege(AllowPath{.ruleset = 0, .path = "/usr", .rights = kRun}),
                                     privilege(AllowPath{.ruleset = 0, .path = "/etc", .rights = kRun})});
  CHECK_FALSE(ending.report);
  CHECK(ending.out == "file\nfolder\n");
}

TEST_CASE("a path that is not there, and rights that no kernel knows, stop the launch") {
  NEEDS_ABI(1);
  const Ending missing =
      look_at_etc({privilege(AllowPath{.ruleset = 0, .path = "/etc/there-is-no-such", .rights = kRun})});
  REQUIRE(missing.report);
  CHECK(missing.report->error == ENOENT);
  const Ending unknown =
      run_in_child({privilege(MakeRuleset{.files = std::uint64_t{1} << 60U, .slot = 0}), exec("/bin/true")},
                   {.namespaces = CLONE_NEWUSER, .slots = 1});
  REQUIRE(unknown.report);
  CHECK(unknown.report->call == Call::landlock_create_ruleset);
  CHECK(unknown.report->error == EINVAL);
}

}  // namespace
}  // namespace hutch::test
