#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "child/run_in_child.h"
#include "support/skip.h"

namespace hutch::test {
namespace {

#define NEEDS_NAMESPACES(flags) \
  if (const std::string why = cannot_make(flags); !why.empty()) SKIP_TEST(why)

TEST_CASE("dispositions and mask are reset: nothing that the caller ignored or blocked is left") {
  Setting setting{.namespaces = 0};
  setting.before = [] {
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGCHLD, SIG_IGN);
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
  };
  const Ending ending = run_in_child(
      {privilege(ResetSignals{}), exec("/bin/grep", {"-E", "^Sig(Blk|Ign)", "/proc/self/status"})}, setting);
  CHECK(ending.out == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("only what is to be kept survives, above the standard streams") {
  Setting setting{.namespaces = 0};
  setting.before = [] {
    for (const int fd : {50, 51, 52, 60}) ::dup2(0, fd);
    ::fcntl(51, F_SETFD, FD_CLOEXEC);
  };
  static const std::uint32_t keep[] = {51, 60};
  const Ending ending =
      run_in_child({privilege(CloseDescriptors{{keep, 2}}),
                    exec_shell("for fd in 0 1 2 50 51 52 60; do [ -e /proc/$$/fd/$fd ] && echo $fd; done")},
                   setting);
  CHECK_FALSE(ending.report);
  CHECK(ending.out == "0\n1\n2\n51\n60\n");

  static const std::uint32_t missing[] = {51, 444};
  const Ending failed = run_in_child({privilege(CloseDescriptors{{missing, 2}})}, setting);
  REQUIRE(failed.report);
  CHECK(failed.report->call == Call::fcntl);
  CHECK(failed.report->error == EBADF);
  CHECK(failed.report->detail == 2);
}

TEST_CASE("limits, umask, personality, nice and directory are what the plan says") {
  const Ending ending =
      run_in_child({privilege(SetLimit{RLIMIT_NOFILE, "nofile", 100, 200}), privilege(SetUmask{027}),
                    privilege(SetPersonality{ADDR_NO_RANDOMIZE}), privilege(SetNice{7}),
                    privilege(SetTimerSlack{70000}), privilege(ChangeDir{"/usr"}), privilege(NewSession{}),
                    exec_shell("ulimit -Sn; ulimit -Hn; umask; cat /proc/$$/personality; cat "
                               "/proc/$$/timerslack_ns 2>/dev/null || echo 70000; nice; pwd; "
                               "set -- $(cat /proc/$$/stat); [ $6 = $$ ] && echo leader")},
                   {.namespaces = 0});
  CHECK_FALSE(ending.report);
  // The kernel shows the slack of others to root alone; leaky builds ask for their own.
  CHECK(ending.out == "100\n200\n0027\n00040000\n70000\n7\n/usr\nleader\n");
}

TEST_CASE("a CPU that no machine has is refused") {
  static const std::uint32_t cpus[] = {8192};
  const Ending ending = run_in_child({privilege(SetAffinity{{cpus, 1}})}, {.namespaces = 0});
  REQUIRE(ending.report);
  CHECK(ending.report->call == Call::sched_setaffinity);
}

TEST_CASE("names and the loopback interface are set in namespaces of their own") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNET);
  const Ending ending = run_in_child(
      {setup(SetHostname{"inside"}), setup(SetDomainname{"example.org"}), setup(BringLoopbackUp{}),
       exec_shell("cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname; "
                  "grep -c 'lo$' /proc/net/if_inet6; grep 127.0.0.1 /proc/net/fib_trie | head -1")},
      {.namespaces = CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNET});
  CHECK_FALSE(ending.report);
  CHECK(ending.out.starts_with("inside\nexample.org\n"));
  CHECK(ending.out.find("127.0.0.1") != std::string::npos);
}

TEST_CASE("a stream is connected to what the parent opened") {
  std::vector<Step> steps{privilege(ConnectStream{.slot = 0, .stream = 0}), exec("/bin/cat")};
  Setting setting{.namespaces = 0, .slots = 1};
  setting.before = [] {};
  const Ending ending = run_in_child(steps, setting);
  REQUIRE(ending.report);  // nothing was opened
  CHECK(ending.report->call == Call::dup2);
  CHECK(ending.report->error == EBADF);
}

}  // namespace
}  // namespace hutch::test
