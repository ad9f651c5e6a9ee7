#include <linux/prctl.h>

#include "child/init_image.h"
#include "child/read_only_image.h"
#include "child/same_text.h"
#include "relaunch/kept_room.h"
#include "relaunch/relaunch.h"

// Where the kernel starts hutch: the init begins here, and a launch that was made before is made again here.
// Everything else goes on to the C library's _start. Nothing of a library is ready yet: no thread-local
// storage, no relocation that depends on the processor.

namespace hutch {
namespace {

void begin_launcher(long* stack) noexcept {
  char** const arguments = reinterpret_cast<char**>(stack + 1);
  char** const environment = arguments + *stack + 1;
  const bool may_be_again = may_be_made_again(stack);
  if (may_be_again) map_room();
  const OwnFile own = run_from_read_only_image(arguments, environment);
  if (own.image.ok() && may_be_again) relaunch(stack, own);
  remember_path_of(own.before);
}

}  // namespace

extern "C" __attribute__((used, visibility("hidden"))) void hutch_begin(long* stack) noexcept {
  char** const arguments = reinterpret_cast<char**>(stack + 1);
  InitImage image;
  if (*stack != 2 || !same_text(arguments[0], kInitName) || !image.read(arguments[1]))
    return begin_launcher(stack);
  // Before there is a program that could look: it waits for us. What follows is shown by /proc/1/cmdline.
  sys::call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  char* end = arguments[1];
  while (*end != '\0') ++end;
  wipe(arguments[1], static_cast<std::size_t>(end - arguments[1]));
  image.run();
}

}  // namespace hutch

#if defined(__x86_64__)
__asm__(
    ".pushsection .text.hutch_entry,\"ax\",@progbits\n"
    ".globl hutch_entry\n"
    ".type hutch_entry, @function\n"
    "hutch_entry:\n\t"
    "xor %ebp, %ebp\n\t"
    "mov %rsp, %rbx\n\t"
    "mov %rdx, %r12\n\t"
    "mov %rsp, %rdi\n\t"
    "and $-16, %rsp\n\t"
    "call hutch_begin\n\t"
    "mov %rbx, %rsp\n\t"
    "mov %r12, %rdx\n\t"
    "jmp _start\n"
    ".popsection");
#elif defined(__aarch64__)
__asm__(
    ".globl hutch_entry\n"
    ".type hutch_entry, %function\n"
    "hutch_entry:\n\t"
    "mov x19, x0\n\t"
    "mov x0, sp\n\t"
    "bl hutch_begin\n\t"
    "mov x0, x19\n\t"
    "b _start\n");
#endif
