#include "child/share.h"

#include <linux/sched.h>
#include <signal.h>

namespace hutch {

long clone_sharing(std::uint64_t flags, int* pidfd, void* stack_top, void (*begin)(void*),
                   void* argument) noexcept {
  void** top = static_cast<void**>(stack_top);
  *--top = reinterpret_cast<void*>(begin);
  *--top = argument;
  const auto how = static_cast<long>(flags | CLONE_VM | (pidfd != nullptr ? CLONE_PIDFD : 0) | SIGCHLD);
#if defined(__x86_64__)
  register const long r10 __asm__("r10") = 0;
  register const long r8 __asm__("r8") = 0;
  long result = SYS_clone;  // NOLINT(misc-const-correctness): the assembly writes it
  __asm__ volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "pop %%rdi\n\t"
      "pop %%rax\n\t"
      "call *%%rax\n\t"
      "ud2\n"
      "1:"
      : "+a"(result)
      : "D"(how), "S"(top), "d"(pidfd), "r"(r10), "r"(r8)
      : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register const long x8 __asm__("x8") = SYS_clone;
  register long x0 __asm__("x0") = how;
  register void* x1 __asm__("x1") = top;
  register int* x2 __asm__("x2") = pidfd;
  register const long x3 __asm__("x3") = 0;
  register const long x4 __asm__("x4") = 0;
  __asm__ volatile(
      "svc 0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, xzr\n\t"
      "mov x30, xzr\n\t"
      "ldp x0, x1, [sp], #16\n\t"
      "blr x1\n\t"
      "brk #0\n"
      "1:"
      : "+r"(x0)
      : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
      : "memory");
  return x0;
#endif
}

}  // namespace hutch
