#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstddef>

#include "child/run_in_child.h"
#include "support/skip.h"

namespace hutch::test {
namespace {

#define NEEDS_NAMESPACES(flags) \
  if (const std::string why = cannot_make(flags); !why.empty()) SKIP_TEST(why)

constexpr std::uint64_t bit(int capability) { return std::uint64_t{1} << capability; }

Step show_status(const std::string& pattern) {
  return exec("/bin/grep", {"-E", pattern, "/proc/self/status"});
}

TEST_CASE("without a capability to keep, every set is empty") {
  NEEDS_NAMESPACES(CLONE_NEWUSER);
  const Ending ending =
      run_in_child({privilege(DropCapabilities{}), show_status("^Cap")}, {.namespaces = CLONE_NEWUSER});
  CHECK_FALSE(ending.report);
  CHECK(ending.out ==
        "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
        "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\n");
}

TEST_CASE("a capability that is kept survives exec where it is made ambient, and no other does") {
  NEEDS_NAMESPACES(CLONE_NEWUSER);
  const Ending ending =
      run_in_child({privilege(DropCapabilities{.keep = bit(CAP_NET_RAW) | bit(CAP_SYSLOG), .ambient = true}),
                    show_status("^Cap")},
                   {.namespaces = CLONE_NEWUSER});
  CHECK_FALSE(ending.report);
  CHECK(ending.out ==
        "CapInh:\t0000000400002000\nCapPrm:\t0000000400002000\nCapEff:\t0000000400002000\n"
        "CapBnd:\t0000000400002000\nCapAmb:\t0000000400002000\n");
}

TEST_CASE("ambient capabilities go with the last ones that were kept") {
  NEEDS_NAMESPACES(CLONE_NEWUSER);
  const std::uint64_t kept = bit(CAP_NET_RAW) | bit(CAP_SETPCAP);
  const Ending ending = run_in_child({privilege(DropCapabilities{.keep = kept, .ambient = true}),
                                      privilege(DropCapabilities{}), show_status("^Cap(Amb|Eff)")},
                                     {.namespaces = CLONE_NEWUSER});
  CHECK_FALSE(ending.report);
  CHECK(ending.out == "CapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n");
}

TEST_CASE("capabilities beyond the kernel's are the end of the list, not an error") {
  NEEDS_NAMESPACES(CLONE_NEWUSER);
  const Ending ending =
      run_in_child({privilege(DropCapabilities{.last_capability = 63})}, {.namespaces = CLONE_NEWUSER});
  CHECK_FALSE(ending.report);
  CHECK(ending.exit_code == 0);
}

TEST_CASE("a capability that cannot be kept stops the launch") {
  NEEDS_NAMESPACES(CLONE_NEWUSER);
  const Ending ending =
      run_in_child({privilege(DropCapabilities{}), privilege(DropCapabilities{.keep = bit(CAP_NET_RAW)}),
                    exec("/bin/true")},
                   {.namespaces = CLONE_NEWUSER});
  REQUIRE(ending.report);
  CHECK(ending.report->step == 1);
  CHECK(ending.report->call == Call::capset);
  CHECK(ending.report->error == EPERM);
}

TEST_CASE("the caller's own rights count while sources are reached, and only then") {
  NEEDS_NAMESPACES(CLONE_NEWUSER);
  const std::uint64_t both = bit(CAP_DAC_OVERRIDE) | bit(CAP_DAC_READ_SEARCH);
  const auto effective = [](const Ending& ending) {
    return std::stoull(ending.out.substr(ending.out.find('\t') + 1), nullptr, 16);
  };
  // Ambient, so that exec shows what the step left: the permitted set is not touched.
  const Ending without =
      run_in_child({setup(UseCallersRights{true}), setup(WriteFile{"/proc/self/comm", "x"}),
                    setup(UseCallersRights{false}),
                    privilege(DropCapabilities{.keep = both, .ambient = true}), show_status("^CapEff")},
                   {.namespaces = CLONE_NEWUSER});
  CHECK_FALSE(without.report);
  CHECK(effective(without) == both);
}

TEST_CASE("no_new_privs is set, and a filter holds") {
  static const sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const Ending ending = run_in_child({privilege(NoNewPrivs{}), privilege(LoadFilter{"floor", {program, 4}}),
                                      show_status("^(NoNewPrivs|Seccomp):")},
                                     {.namespaces = 0});
  CHECK(ending.out == "NoNewPrivs:\t1\nSeccomp:\t2\n");
}

TEST_CASE("a filter without no_new_privs is refused to who has no privilege") {
  if (::geteuid() == 0) SKIP_TEST("root may load any filter");
  static const sock_filter program[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const Ending ending = run_in_child({privilege(LoadFilter{"floor", {program, 1}})}, {.namespaces = 0});
  REQUIRE(ending.report);
  CHECK(ending.report->call == Call::seccomp);
  CHECK(ending.report->error == EACCES);
}

}  // namespace
}  // namespace hutch::test
