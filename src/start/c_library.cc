#include <elf.h>
#include <features.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "child/sys.h"

// The start of the C library, in place of its own __libc_start_main (csu/libc-start.c), for a static program
// of glibc 2.36 on x86-64 alone: CMakeLists.txt asks for both, and elsewhere the library starts itself.
//
// The library's own start asks the processor for its features and caches, to choose between variants of
// memcpy: 41 cpuid instructions, each of which leaves a virtual machine. A launch copies little, and pays a
// third of a millisecond for them. Without them each function is the one that every x86-64 can run.
//
// Nor is GLIBC_TUNABLES read: nobody else has a say in how the library of a launcher works.

static_assert(__GLIBC__ == 2 && __GLIBC_MINOR__ == 36, "what follows is that library's own affairs");

#define HUTCH_HIDDEN __attribute__((visibility("hidden")))

extern "C" {

using Initializer = void (*)(int, char**, char**);
using Finisher = void (*)();

extern void* __libc_stack_end;
extern int __libc_enable_secure;
extern HUTCH_HIDDEN std::uintptr_t* _dl_random;
extern HUTCH_HIDDEN const Elf64_Phdr* _dl_phdr;
extern HUTCH_HIDDEN std::size_t _dl_phnum;
extern HUTCH_HIDDEN const Elf64_Rela __rela_iplt_start[], __rela_iplt_end[];
extern HUTCH_HIDDEN const Initializer __preinit_array_start[], __preinit_array_end[];
extern HUTCH_HIDDEN const Initializer __init_array_start[], __init_array_end[];
extern HUTCH_HIDDEN const Finisher __fini_array_start[], __fini_array_end[];
// Of the linker: end(3).
extern char __ehdr_start[], _end[], __start_hutch_room[], __stop_hutch_room[];
HUTCH_HIDDEN void _init();
HUTCH_HIDDEN void _fini();
HUTCH_HIDDEN void _dl_aux_init(const Elf64_auxv_t*);
void __libc_setup_tls();
void __libc_early_init(bool);
extern HUTCH_HIDDEN int __libc_argc;
extern HUTCH_HIDDEN char** __libc_argv;
void __init_misc(int, char**, char**);
HUTCH_HIDDEN void __libc_check_standard_fds();
int __cxa_atexit(void (*)(void*), void*, void*);

// Where the library's own start would put what it found out: bytes, as for a processor that does not tell.
HUTCH_HIDDEN long __x86_data_cache_size = 32L << 10;
HUTCH_HIDDEN long __x86_data_cache_size_half = 16L << 10;
HUTCH_HIDDEN long __x86_shared_cache_size = 1L << 20;
HUTCH_HIDDEN long __x86_shared_cache_size_half = 512L << 10;
HUTCH_HIDDEN long __x86_shared_non_temporal_threshold = 768L << 10;
HUTCH_HIDDEN long __x86_rep_movsb_threshold = 2048;
HUTCH_HIDDEN long __x86_rep_stosb_threshold = 2048;
HUTCH_HIDDEN long __x86_rep_movsb_stop_threshold = 768L << 10;
HUTCH_HIDDEN int __x86_string_control = 0;

namespace {

void finish(void*) {
  for (const Finisher* each = __fini_array_end; each != __fini_array_start;) (*--each)();
  _fini();
}

/// The canary of stack protectors and what pointers in jmp_bufs are mangled with: random bytes of the
/// kernel's.
__attribute__((always_inline)) inline void set_guards() {
  // The lowest byte is zero, to end a string that runs over.
  const std::uintptr_t canary = _dl_random[0] & ~std::uintptr_t{0xff};
  __asm__ volatile("mov %0, %%fs:0x28\n\tmov %1, %%fs:0x30" ::"r"(canary), "r"(_dl_random[1]));
}

constexpr std::uintptr_t kPage = 4096;

/// Has the kernel map at once what is needed anyway, in place of a fault for each page. Linux before 5.14
/// does not.
void map_at_once(std::uintptr_t begin, std::size_t size, int how) {
  const std::uintptr_t end = (begin + size + kPage - 1) & ~(kPage - 1);
  begin &= ~(kPage - 1);
  hutch::sys::call(SYS_madvise, begin, end - begin, how);  // not the library's, whose errno is not there yet
}

/// As many pages as a launch with a kept plan touches: bounds.py counts its faults.
void map_image_and_stack(std::uintptr_t stack) {
  constexpr std::size_t kConstants = 72 * kPage, kRelocated = kPage, kStack = 7 * kPage;
  map_at_once(reinterpret_cast<std::uintptr_t>(__ehdr_start), kConstants, MADV_POPULATE_READ);
  const auto* const header = reinterpret_cast<const Elf64_Ehdr*>(__ehdr_start);
  const auto* const segments = reinterpret_cast<const Elf64_Phdr*>(__ehdr_start + header->e_phoff);
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    const Elf64_Phdr& each = segments[i];
    if (each.p_type != PT_LOAD || (each.p_flags & PF_W) == 0) continue;
    // Of what is relocated, the addresses of functions at its end. Of the last, what comes before and after
    // the room (child/room.h).
    const std::uintptr_t end = each.p_vaddr + each.p_memsz;
    if (end < reinterpret_cast<std::uintptr_t>(_end)) {
      map_at_once(end - kRelocated, kRelocated, MADV_POPULATE_WRITE);
      continue;
    }
    const auto room = reinterpret_cast<std::uintptr_t>(__start_hutch_room);
    const auto behind = reinterpret_cast<std::uintptr_t>(__stop_hutch_room);
    map_at_once(each.p_vaddr, room - each.p_vaddr, MADV_POPULATE_WRITE);
    if (behind < end) map_at_once(behind, end - behind, MADV_POPULATE_WRITE);
  }
  map_at_once(stack - kStack, kStack, MADV_POPULATE_WRITE);
}

void map_heap() {
  constexpr std::size_t kHeap = 10 * kPage;
  void* const next = ::malloc(1);
  map_at_once(reinterpret_cast<std::uintptr_t>(next), kHeap, MADV_POPULATE_WRITE);
  ::free(next);
}

/// Nothing changes any more what pointers of the library lead to.
void protect_relocated() {
  for (std::size_t i = 0; i < _dl_phnum; ++i) {
    if (_dl_phdr[i].p_type != PT_GNU_RELRO) continue;
    const std::uintptr_t begin = _dl_phdr[i].p_vaddr & ~(kPage - 1);
    const std::uintptr_t end = (_dl_phdr[i].p_vaddr + _dl_phdr[i].p_memsz) & ~(kPage - 1);
    if (::mprotect(reinterpret_cast<void*>(begin), end - begin, PROT_READ) != 0) ::_exit(127);
  }
}

}  // namespace

/// Called by _start, which gives neither of the three in the middle to a static program.
[[noreturn]] __attribute__((used)) int __libc_start_main(int (*main)(int, char**, char**), int argc,
                                                         char** argv, Finisher, Finisher, Finisher,
                                                         void* stack_end) {
  map_image_and_stack(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
  char** const environment = argv + argc + 1;
  environ = environment;
  __libc_stack_end = stack_end;
  char** end = environment;
  while (*end != nullptr) ++end;
  _dl_aux_init(reinterpret_cast<const Elf64_auxv_t*>(end + 1));
  for (const Elf64_Rela* each = __rela_iplt_start; each != __rela_iplt_end; ++each)
    *reinterpret_cast<Elf64_Addr*>(each->r_offset) = reinterpret_cast<Elf64_Addr (*)()>(each->r_addend)();
  __libc_setup_tls();
  set_guards();
  __libc_early_init(true);
  protect_relocated();
  __libc_argc = argc;
  __libc_argv = argv;
  __init_misc(argc, argv, environment);
  __cxa_atexit(finish, nullptr, nullptr);
  if (__libc_enable_secure != 0) __libc_check_standard_fds();
  for (const Initializer* each = __preinit_array_start; each != __preinit_array_end; ++each)
    (*each)(argc, argv, environment);
  _init();
  for (const Initializer* each = __init_array_start; each != __init_array_end; ++each)
    (*each)(argc, argv, environment);
  map_heap();
  ::exit(main(argc, argv, environment));
}

}  // extern "C"
