// The start of the C library is our own where it is known: src/start/c_library.cc. Looked at from outside, by
// ptrace(2).

#include <elf.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

#ifdef HUTCH_KNOWS_C_LIBRARY

namespace {

/// `hutch --version`, before its first instruction, and stopped again before it is gone.
class Traced {
 public:
  explicit Traced(const char* tunables = "") : pid_(fork()) {
    if (pid_ == 0) {
      setenv("GLIBC_TUNABLES", tunables, 1);
      ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      close(STDOUT_FILENO);
      execl(hutch_binary().c_str(), "hutch", "--version", nullptr);
      _exit(127);
    }
    REQUIRE(waitpid(pid_, &status_, 0) == pid_);
    REQUIRE(WIFSTOPPED(status_));
    REQUIRE(ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACEEXIT) == 0);
  }
  ~Traced() {
    kill(pid_, SIGKILL);
    do {
      ptrace(PTRACE_CONT, pid_, nullptr, nullptr);
    } while (waitpid(pid_, &status_, 0) == pid_ && WIFSTOPPED(status_));
  }
  Traced(const Traced&) = delete;
  Traced& operator=(const Traced&) = delete;

  /// False: it is about to be gone.
  bool go_on(__ptrace_request how) {
    REQUIRE(ptrace(how, pid_, nullptr, nullptr) == 0);
    REQUIRE(waitpid(pid_, &status_, 0) == pid_);
    REQUIRE(WIFSTOPPED(status_));
    return status_ >> 8 != (SIGTRAP | (PTRACE_EVENT_EXIT << 8));
  }
  [[nodiscard]] user_regs_struct registers() const {
    user_regs_struct now = {};
    REQUIRE(ptrace(PTRACE_GETREGS, pid_, nullptr, &now) == 0);
    return now;
  }
  [[nodiscard]] std::uint64_t word(std::uint64_t address) const {
    return static_cast<std::uint64_t>(ptrace(PTRACE_PEEKDATA, pid_, address, nullptr));
  }
  [[nodiscard]] std::string file(const std::string& name) const {
    return read_file("/proc/" + std::to_string(pid_) + "/" + name);
  }
  [[nodiscard]] std::map<std::uint64_t, std::uint64_t> auxiliary() const {
    std::istringstream bytes(file("auxv"));
    std::map<std::uint64_t, std::uint64_t> values;
    Elf64_auxv_t each = {};
    while (bytes.read(reinterpret_cast<char*>(&each), sizeof each)) values[each.a_type] = each.a_un.a_val;
    return values;
  }

 private:
  pid_t pid_;
  int status_ = 0;
};

}  // namespace

TEST_CASE("the program starts without instructions that leave a virtual machine") {
  constexpr std::uint64_t kCpuid = 0xa20f, kTwoBytes = 0xffff;
  Traced hutch;
  long steps = 0, left = 0;
  for (; hutch.go_on(PTRACE_SINGLESTEP); ++steps)
    left += (hutch.word(hutch.registers().rip) & kTwoBytes) == kCpuid ? 1 : 0;
  CHECK(steps > 1000);
  CHECK(left == 0);
}

TEST_CASE("the environment does not tune the C library") {
  Traced hutch("glibc.pthread.rseq=0");  // rseq(2) would not be called
  int calls = 0;
  while (hutch.go_on(PTRACE_SYSCALL)) calls += hutch.registers().orig_rax == SYS_rseq ? 1 : 0;
  CHECK(calls == 2);  // it, and its return
}

TEST_CASE("stacks and pointers are guarded by random bytes, and tables of pointers are read-only") {
  Traced hutch;
  REQUIRE(!hutch.go_on(PTRACE_CONT));
  auto values = hutch.auxiliary();
  const std::uint64_t thread = hutch.registers().fs_base, random = values[AT_RANDOM];
  CHECK(hutch.word(thread + 0x28) == (hutch.word(random) & ~std::uint64_t{0xff}));
  CHECK(hutch.word(thread + 0x28) != 0);
  CHECK(hutch.word(thread + 0x30) == hutch.word(random + 8));
  CHECK(hutch.word(thread + 0x30) != 0);

  std::uint64_t relocated = 0;
  for (std::uint64_t i = 0; i < values[AT_PHNUM]; ++i) {
    const std::uint64_t header = values[AT_PHDR] + i * values[AT_PHENT];
    if ((hutch.word(header) & 0xffffffff) == PT_GNU_RELRO)
      relocated = hutch.word(header + offsetof(Elf64_Phdr, p_vaddr));
  }
  REQUIRE(relocated != 0);
  relocated &= ~std::uint64_t{0xfff};
  std::istringstream maps(hutch.file("maps"));
  std::string found;
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t begin = 0, end = 0;
    char dash = 0;
    std::string rights;
    std::istringstream(line) >> std::hex >> begin >> dash >> end >> rights;
    if (begin <= relocated && relocated < end) found = rights;
  }
  CHECK(found == "r--p");
}

#endif
