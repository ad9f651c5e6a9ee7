#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "child/channel.h"
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

struct Packet {
  Message message;
  pid_t sender = 0;
  std::vector<int> descriptors;
};

Packet receive(int channel) {
  Packet packet;
  iovec piece = {&packet.message, sizeof packet.message};
  alignas(cmsghdr) std::array<char, 256> control{};
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  if (::recvmsg(channel, &header, MSG_CMSG_CLOEXEC) <= 0) return packet;
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(each), sizeof sender);
      packet.sender = sender.pid;
    } else if (each->cmsg_type == SCM_RIGHTS) {
      packet.descriptors.resize((each->cmsg_len - CMSG_LEN(0)) / sizeof(int));
      std::memcpy(packet.descriptors.data(), CMSG_DATA(each), packet.descriptors.size() * sizeof(int));
    }
  }
  return packet;
}

pid_t parent_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("PPid:")) return std::stoi(line.substr(5));
  }
  return -1;
}

/// The inode numbers of namespaces: what the init sends when it is asked, and what there is.
struct Told {
  std::vector<ino_t> sent, real;
};

Told ask_init(const std::vector<Step>& start) {
  std::array<int, 2> channel{};
  const int on = 1;
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel.data()) < 0 ||
      ::setsockopt(channel[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
    return {};
  Told told;
  std::thread launcher([&] {
    const pid_t program = receive(channel[0]).sender;
    ::sigqueue(parent_of(program), kAskNamespaces, {.sival_int = kForProgram});
    struct stat found {};
    for (const int fd : receive(channel[0]).descriptors) {
      ::fstat(fd, &found);
      told.sent.push_back(found.st_ino);
      ::close(fd);
    }
    for (const char* name : kNamespaceFiles) {
      // The program's, which is in the same ones, and may be looked at once it has begun.
      const std::string file = "/proc/" + std::to_string(program) + "/ns/" + name;
      while (::stat(file.c_str(), &found) < 0 && errno == EACCES) ::usleep(1000);
      told.real.push_back(found.st_ino);
    }
    ::kill(program, SIGKILL);
  });
  std::vector<Step> steps = start;
  steps.push_back(privilege(DropCapabilities{}));
  steps.push_back(exec("/bin/sleep", {"1000"}));
  run_in_child(steps, {.namespaces = kNamespaces, .slots = 1, .channel = channel[1]});
  ::close(channel[1]);
  launcher.join();
  ::close(channel[0]);
  return told;
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

TEST_CASE("an init that opened its namespaces before gives them to who asks") {
  NEEDS_NAMESPACES(kNamespaces);
  const Told told =
      ask_init({setup(KeepOpen{.path = "/proc/self/ns", .slot = 0}), privilege(StartInit{.namespaces = 0})});
  CHECK(told.sent.size() == kNamespaceFileCount);
  CHECK(told.sent == told.real);
}

TEST_CASE("an init asks the kernel for its namespaces") {
  NEEDS_NAMESPACES(kNamespaces);
  const Told told = ask_init({privilege(StartInit{.asks_kernel = true})});
  if (told.sent.empty()) SKIP_TEST("Linux 6.11");
  CHECK(told.sent.size() == kNamespaceFileCount);
  CHECK(told.sent == told.real);
}

TEST_CASE("a signal from inside is not forwarded to the program") {
  NEEDS_NAMESPACES(kNamespaces);
  CHECK(run_under_init("kill -TERM 1; sleep 0.1; exit 5").exit_code == 5);
}

}  // namespace
}  // namespace hutch::test
