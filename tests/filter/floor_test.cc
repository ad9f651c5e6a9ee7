#include "filter/floor.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>

#include "support/skip.h"

using namespace hutch;

namespace {

/// Classic BPF as far as seccomp programs use it: an independent reading of the program.
std::uint32_t run_filter(const std::vector<sock_filter>& program, const seccomp_data& data) {
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& op = program[at];
    const auto jump = [&](bool taken) { at += taken ? op.jt : op.jf; };
    switch (op.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + op.k, sizeof accumulator);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump(accumulator == op.k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump(accumulator >= op.k);
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        jump(accumulator > op.k);
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        jump((accumulator & op.k) != 0);
        break;
      case BPF_JMP | BPF_JA:
        at += op.k;
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= op.k;
        break;
      case BPF_RET | BPF_K:
        return op.k;
      default:
        FAIL("instruction " << op.code << " at " << at);
    }
  }
  FAIL("ran off the end");
  return 0;
}

std::vector<sock_filter> read_program(int fd) {
  std::vector<sock_filter> program;
  sock_filter op{};
  ::lseek(fd, 0, SEEK_SET);
  while (::read(fd, &op, sizeof op) == sizeof op) program.push_back(op);
  return program;
}

/// The same floor, said to libseccomp. x32 is a foreign architecture to it.
std::vector<sock_filter> floor_of_libseccomp(std::uint32_t architecture) {
  scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
  REQUIRE(context != nullptr);
  if (architecture != seccomp_arch_native()) {
    REQUIRE(seccomp_arch_add(context, architecture) == 0);
    REQUIRE(seccomp_arch_remove(context, SCMP_ARCH_NATIVE) == 0);
  }
  REQUIRE(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0);
  for (const std::uint64_t request : {0x5412ULL, 0x541CULL})
    REQUIRE(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
                             SCMP_A1_64(SCMP_CMP_MASKED_EQ, 0xFFFFFFFFULL, request)) == 0);
  const int fd = ::memfd_create("floor", MFD_CLOEXEC);
  REQUIRE(seccomp_export_bpf(context, fd) == 0);
  auto program = read_program(fd);
  ::close(fd);
  seccomp_release(context);
  return program;
}

seccomp_data call(std::uint32_t architecture, std::uint32_t number, std::uint64_t request) {
  seccomp_data data{};
  data.arch = architecture;
  data.nr = static_cast<int>(number);
  data.args[0] = 0x5412541254125412ULL;  // the descriptor: must not be taken for the request
  data.args[1] = request;
  data.args[2] = 0x541C541C541C541CULL;
  return data;
}

constexpr std::uint64_t kRequests[] = {0,
                                       0x5412,
                                       0x541C,
                                       0x5411,
                                       0x5413,
                                       0x541B,
                                       0x541D,
                                       0x100005412,
                                       0x10000541C,
                                       0xFFFFFFFF00005412,
                                       0x5412'00000000,
                                       0x541200000001,
                                       0xFFFFFFFFFFFFFFFF,
                                       0x15412,
                                       0x8000541C};

bool is_x32(std::uint32_t number) { return number >= 0x40000000U && number != 0xFFFFFFFFU; }

std::vector<std::uint32_t> interesting_numbers() {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < 600; ++i) numbers.push_back(i);
  for (const std::uint32_t each : {0x3FFFFFFFU, 0x7FFFFFFFU, 0xFFFFFFFFU}) numbers.push_back(each);
  return numbers;
}

/// Runs `body` in a forked child under the floor; the raw wait status.
template <class Body>
int under_the_floor(Body body) {
  const auto program = floor_filter(seccomp_arch_native() == SCMP_ARCH_X86_64 ? "x86_64" : "aarch64");
  REQUIRE(program.has_value());
  const pid_t child = ::fork();
  if (child == 0) {
    sock_fprog filter{static_cast<unsigned short>(program->size()),
                      const_cast<sock_filter*>(program->data())};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(101);
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) ::_exit(102);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("the floor says what libseccomp's filter of the same rules says") {
  struct Row {
    const char* name;
    std::uint32_t libseccomp, audit;
  };
  for (const Row& row : {Row{"x86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64},
                         Row{"aarch64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64}}) {
    const auto ours = floor_filter(row.name);
    REQUIRE(ours.has_value());
    const auto theirs = floor_of_libseccomp(row.libseccomp);
    const std::uint32_t architectures[] = {
        AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, 0, row.audit ^ 0x80000000U};
    for (const std::uint32_t architecture : architectures) {
      for (const std::uint32_t number : interesting_numbers()) {
        for (const std::uint64_t request : kRequests) {
          const seccomp_data data = call(architecture, number, request);
          // Where we differ on purpose: libseccomp ends a process for a call of x32, ours says that there is
          // none.
          if (architecture == AUDIT_ARCH_X86_64 && is_x32(number)) continue;
          if (run_filter(*ours, data) == run_filter(theirs, data)) continue;
          CAPTURE(row.name, architecture, number, request);
          CHECK(run_filter(*ours, data) == run_filter(theirs, data));
        }
      }
    }
  }
}

TEST_CASE("typing into the terminal is refused, whatever the upper half of the request holds") {
  const auto floor = floor_filter("x86_64");
  for (const std::uint64_t request : {0x5412ULL, 0x541CULL, 0xFFFFFFFF00005412ULL, 0x10000541CULL})
    CHECK(run_filter(*floor, call(AUDIT_ARCH_X86_64, 16, request)) == (SECCOMP_RET_ERRNO | EPERM));
  CHECK(run_filter(*floor, call(AUDIT_ARCH_X86_64, 16, 0x541200000000ULL)) == SECCOMP_RET_ALLOW);
  CHECK(run_filter(*floor, call(AUDIT_ARCH_X86_64, 1, 0x5412)) == SECCOMP_RET_ALLOW);
}

TEST_CASE("calls of x32 do not exist, and a call that a tracer answered stays answered") {
  const auto floor = floor_filter("x86_64");
  for (const std::uint32_t number : {0x40000000U, 0x40000010U, 0x40000202U, 0x80000000U, 0xFFFFFFFEU})
    CHECK(run_filter(*floor, call(AUDIT_ARCH_X86_64, number, 0)) == (SECCOMP_RET_ERRNO | ENOSYS));
  CHECK(run_filter(*floor, call(AUDIT_ARCH_X86_64, 0xFFFFFFFF, 0)) == SECCOMP_RET_ALLOW);
}

TEST_CASE("an architecture without a filter is an error, not a sandbox without one") {
  const auto result = floor_filter("riscv64");
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error()[0].code == "E0420");
  CHECK(result.error()[0].what == "no system call filter is known for the architecture `riscv64`");
}

TEST_CASE("the kernel takes the floor and does what it says") {
  CHECK(under_the_floor([] {
          const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
          const auto refused = [&](unsigned long request) {
            errno = 0;
            return ::syscall(SYS_ioctl, null, request, "x") == -1 && errno == EPERM;
          };
          if (!refused(TIOCSTI)) return 1;
          if (!refused(TIOCLINUX)) return 2;
          if (!refused(TIOCSTI | 1UL << 32)) return 3;
          if (!refused(TIOCLINUX | 0xFFFFFFFFUL << 32)) return 4;
          errno = 0;
          if (::ioctl(null, TIOCGWINSZ, nullptr) != -1 || errno != ENOTTY) return 5;
          return 0;
        }) == 0);
}

#ifdef __x86_64__
TEST_CASE("a 32-bit system call ends the process") {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);  // Catch2's handler would report from here
    long result = 20;               // getpid
    asm volatile("int $0x80" : "+a"(result) : : "memory");
    ::_exit(result == ::getpid() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) SKIP_TEST("this kernel runs no 32-bit calls");
  status = under_the_floor([] {
    long result = 20;
    asm volatile("int $0x80" : "+a"(result) : : "memory");
    return 0;
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGSYS);
}
#endif
