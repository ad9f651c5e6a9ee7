#include "filter/evaluate.h"

#include <linux/audit.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <random>
#include <vector>

using namespace hutch;

namespace {

using Program = std::vector<sock_filter>;

constexpr std::uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS;
constexpr std::uint16_t kAnswer = BPF_RET | BPF_K;

/// Would the kernel of this machine take it? In a child, which ends.
bool kernel_takes(const Program& program) {
  const pid_t child = ::fork();
  if (child == 0) {
    sock_fprog filter{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const bool taken = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
    ::_exit(taken ? 0 : errno == EINVAL ? 1 : 2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  // A program that was taken may end the child for its exit.
  return !WIFEXITED(status) || WEXITSTATUS(status) == 0 || WEXITSTATUS(status) > 2;
}

std::string wrong_with(const Program& program) {
  const auto fault = fault_of(program);
  return fault ? std::to_string(fault->at) + ": " + fault->what : "";
}

}  // namespace

TEST_CASE("a program is what the kernel makes of it: loads, arithmetic, scratch words, jumps") {
  seccomp_data call{};
  call.nr = 7;
  call.arch = AUDIT_ARCH_X86_64;
  call.args[1] = 0x1122334455667788;
  const Program program{
      {kLoad, 0, 0, offsetof(seccomp_data, args) + 8},  // 0x55667788
      {BPF_ALU | BPF_RSH | BPF_K, 0, 0, 24},            // 0x55
      {BPF_ST, 0, 0, 3},
      {BPF_LDX | BPF_W | BPF_LEN, 0, 0, 0},  // 64
      {BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0},  // 0x95
      {BPF_MISC | BPF_TAX, 0, 0, 0},
      {BPF_LD | BPF_MEM, 0, 0, 3},           // 0x55
      {BPF_JMP | BPF_JGT | BPF_X, 0, 1, 0},  // 0x55 > 0x95: no
      {kAnswer, 0, 0, SECCOMP_RET_TRAP},
      {BPF_JMP | BPF_JA, 0, 0, 1},
      {kAnswer, 0, 0, SECCOMP_RET_TRAP},
      {BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xF},  // 5
      {BPF_ALU | BPF_OR | BPF_K, 0, 0, SECCOMP_RET_ERRNO},
      {BPF_RET | BPF_A, 0, 0, 0},
  };
  REQUIRE(wrong_with(program) == "");
  CHECK(evaluate(program, call) == (SECCOMP_RET_ERRNO | 5));
}

TEST_CASE("what is wrong with a program is said with its place") {
  const sock_filter allow{kAnswer, 0, 0, SECCOMP_RET_ALLOW};
  CHECK(wrong_with({}) == "0: is missing: the program is empty");
  CHECK(wrong_with(Program(4097, allow)) == "4096: is one too many: the kernel takes 4096");
  CHECK(wrong_with({allow, {kLoad, 0, 0, 0}}) == "1: is the last one and does not return");
  CHECK(wrong_with({{BPF_JMP | BPF_JEQ | BPF_K, 0, 4, 1}, allow}) ==
        "0: jumps to 5, and there are 2 instructions");
  CHECK(wrong_with({{BPF_JMP | BPF_JA, 0, 0, 0xFFFFFFFF}, allow}) ==
        "0: jumps to 4294967296, and there are 2 instructions");
  CHECK(wrong_with({{kLoad, 0, 0, 64}, allow}) ==
        "0: loads from offset 64: a call has 64 bytes, read 4 at a time");
  CHECK(wrong_with({{kLoad, 0, 0, 2}, allow}) ==
        "0: loads from offset 2: a call has 64 bytes, read 4 at a time");
  CHECK(wrong_with({{BPF_LD | BPF_B | BPF_ABS, 0, 0, 0}, allow}) ==
        "0: has the code 0x30, which no seccomp program may have");
  CHECK(wrong_with({{BPF_LD | BPF_MEM, 0, 0, 0}, allow}) ==
        "0: reads scratch word 0, which may not be written yet");
  CHECK(wrong_with({{BPF_ST, 0, 0, 16}, allow}) == "0: uses scratch word 16, and there are 16");
  CHECK(wrong_with({{BPF_ALU | BPF_DIV | BPF_K, 0, 0, 0}, allow}) == "0: divides by zero");
}

TEST_CASE("a program has a fault exactly where the kernel refuses it") {
  std::mt19937 random(20261126);
  const auto below = [&](std::uint32_t limit) { return static_cast<std::uint32_t>(random() % limit); };
  const std::uint16_t codes[] = {kLoad,
                                 BPF_LD | BPF_H | BPF_ABS,
                                 BPF_LD | BPF_W | BPF_LEN,
                                 BPF_LD | BPF_W | BPF_IND,
                                 BPF_LD | BPF_IMM,
                                 BPF_LDX | BPF_IMM,
                                 BPF_LD | BPF_MEM,
                                 BPF_LDX | BPF_MEM,
                                 BPF_ST,
                                 BPF_STX,
                                 kAnswer,
                                 BPF_RET | BPF_A,
                                 BPF_RET | BPF_X,
                                 BPF_MISC | BPF_TAX,
                                 BPF_MISC | BPF_TXA,
                                 BPF_ALU | BPF_NEG,
                                 BPF_ALU | BPF_MOD | BPF_K,
                                 BPF_ALU | BPF_DIV | BPF_K,
                                 BPF_ALU | BPF_DIV | BPF_X,
                                 BPF_ALU | BPF_LSH | BPF_K,
                                 BPF_ALU | BPF_XOR | BPF_X,
                                 BPF_JMP | BPF_JA,
                                 BPF_JMP | BPF_JEQ | BPF_K,
                                 BPF_JMP | BPF_JSET | BPF_X,
                                 0x100,
                                 0x55};
  int refused = 0, taken = 0;
  for (int round = 0; round < 400; ++round) {
    Program program;
    const std::uint32_t size = 1 + below(6);
    for (std::uint32_t i = 0; i < size; ++i) {
      const std::uint16_t code =
          below(4) == 0 ? codes[below(std::size(codes))] : codes[below(2) == 0 ? 10 : 0];
      program.push_back({code, static_cast<std::uint8_t>(below(3)), static_cast<std::uint8_t>(below(3)),
                         below(3) == 0 ? below(70) : 4 * below(16)});
    }
    if (below(4) != 0) program.push_back({kAnswer, 0, 0, SECCOMP_RET_ALLOW});
    const std::string wrong = wrong_with(program);
    const bool takes = kernel_takes(program);
    (takes ? taken : refused) += 1;
    if (takes == wrong.empty()) continue;
    CAPTURE(round, wrong);
    for (const sock_filter& op : program)
      UNSCOPED_INFO(op.code << " " << +op.jt << " " << +op.jf << " " << op.k);
    CHECK(takes == wrong.empty());
  }
  CHECK(refused > 20);
  CHECK(taken > 20);
}

TEST_CASE("of two answers the stricter one counts, and of two equal ones that of the newer filter") {
  const std::uint32_t order[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
                                 SECCOMP_RET_ERRNO | 1,    SECCOMP_RET_LOG,         SECCOMP_RET_ALLOW};
  for (std::size_t i = 0; i < std::size(order); ++i) {
    for (std::size_t j = i + 1; j < std::size(order); ++j) {
      CHECK(strictest(order[i], order[j]) == order[i]);
      CHECK(strictest(order[j], order[i]) == order[i]);
    }
  }
  CHECK(strictest(SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ERRNO | 38) == (SECCOMP_RET_ERRNO | 1));
}

TEST_CASE("actions have names, both ways") {
  for (const char* name : {"allow", "log", "trap", "kill", "errno:EPERM", "errno:ENOSYS", "errno:EHWPOISON",
                           "errno:0", "errno:4095"}) {
    CAPTURE(name);
    const auto action = action_from(name);
    REQUIRE(action);
    CHECK(action_name(*action) == name);
  }
  CHECK(action_from("errno:1") == (SECCOMP_RET_ERRNO | EPERM));
  CHECK(action_from("errno:ENOTSUP") == (SECCOMP_RET_ERRNO | EOPNOTSUPP));
  for (const char* name :
       {"", "errno", "errno:", "errno:EPERMIT", "errno:4096", "errno:-1", "errno:1x", "Allow", "kill_thread"})
    CHECK_FALSE(action_from(name));
  CHECK(action_name(SECCOMP_RET_KILL_THREAD) == "kill_thread");
  CHECK(action_name(SECCOMP_RET_USER_NOTIF) == "notify");
  CHECK(action_name(0x00010000) == "kill");
}
