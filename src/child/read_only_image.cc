#include "child/read_only_image.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <sys/mman.h>

#include <cstdint>

#include "child/clone_tree.h"
#include "child/init.h"
#include "child/room.h"
#include "child/same_text.h"
#include "child/sys.h"

// Of the linker: end(3), and where our own ELF header is. NOLINTBEGIN: their names
extern "C" __attribute__((visibility("hidden"))) const char __ehdr_start[], __executable_start[], etext[],
    edata[];
// NOLINTEND

namespace hutch {
namespace {

constexpr const char* kImage = "/proc/self/exe";

HUTCH_ROOM char g_path_before[PATH_MAX];

constexpr std::size_t kMostSegments = 16;

constexpr int protection_of(std::uint32_t flags) noexcept {
  return ((flags & PF_R) != 0 ? PROT_READ : 0) | ((flags & PF_W) != 0 ? PROT_WRITE : 0) |
         ((flags & PF_X) != 0 ? PROT_EXEC : 0);
}

/// Maps what the kernel mapped of our file once more, at the same places, from `file`: the same bytes, while
/// nothing has been written to them yet.
bool map_anew(int file, std::uintptr_t page) noexcept {
  const auto base = reinterpret_cast<std::uintptr_t>(__ehdr_start);
  // From the file: where they are mapped, they would cost a page.
  struct {
    Elf64_Ehdr header;
    Elf64_Phdr segments[kMostSegments];
  } own = {};
  if (sys::call(SYS_pread64, file, &own, sizeof own, 0) < static_cast<long>(sizeof own) ||
      own.header.e_phoff != sizeof own.header || own.header.e_phnum > kMostSegments)
    return false;
  for (unsigned i = 0; i < own.header.e_phnum; ++i) {
    const Elf64_Phdr& segment = own.segments[i];
    if (segment.p_type != PT_LOAD || segment.p_filesz == 0) continue;
    const std::uintptr_t begin = (own.header.e_type == ET_DYN ? base : 0) + segment.p_vaddr;
    const std::uintptr_t into = begin & (page - 1);
    const std::uintptr_t end = begin + segment.p_filesz;
    const std::uintptr_t rounded = (end + page - 1) & ~(page - 1);
    const long mapped =
        sys::call(SYS_mmap, begin - into, rounded - (begin - into), protection_of(segment.p_flags),
                  MAP_PRIVATE | MAP_FIXED, file, segment.p_offset - into);
    if (mapped < 0) return false;
    // What follows in the file is not what follows in memory: zeros.
    if (segment.p_memsz > segment.p_filesz && end != rounded) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): the headers give addresses as numbers
      wipe(reinterpret_cast<char*>(end), rounded - end);
    }
  }
  return true;
}

/// What the kernel knows of a process's memory (prctl(2), PR_SET_MM_MAP): as it is, but for the file.
prctl_mm_map map_of(char** arguments, char** environment, int file) noexcept {
  const auto address = [](const void* pointer) { return reinterpret_cast<__u64>(pointer); };
  const auto past = [&address](char** list, std::size_t count) {
    const char* text = list[count - 1];
    while (*text != '\0') ++text;
    return address(text + 1);
  };
  std::size_t argument_count = 0, entry_count = 0;
  while (arguments[argument_count] != nullptr) ++argument_count;
  while (environment[entry_count] != nullptr) ++entry_count;
  const auto break_now = static_cast<__u64>(sys::call(SYS_brk, 0));
  prctl_mm_map map = {.start_code = address(__executable_start),
                      .end_code = address(etext),
                      .start_data = address(etext),
                      .end_data = address(edata),
                      .start_brk = break_now,
                      .brk = break_now,
                      .start_stack = address(static_cast<const void*>(arguments - 1)),
                      .arg_start = address(arguments[0]),
                      .arg_end = past(arguments, argument_count),
                      .exe_fd = static_cast<__u32>(file)};
  map.env_start = map.arg_end;
  map.env_end = entry_count > 0 ? past(environment, entry_count) : map.arg_end;
  return map;
}

/// This very process goes on from the read-only mount, without another execve(2): the kernel takes another
/// file as what a process was executed from once nothing of the one before is mapped. Takes CAP_SYS_ADMIN, as
/// the mount did. False: everything is as it was, but for the mount that it is mapped from.
bool move_to_image(int image, char** arguments, char** environment, std::uintptr_t page) noexcept {
  char path[sys::kDescriptorPath];
  const long file = sys::open_at(AT_FDCWD, sys::descriptor_path(path, image), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  bool moved = map_anew(static_cast<int>(file), page);
  if (moved) {
    const prctl_mm_map map = map_of(arguments, environment, static_cast<int>(file));
    moved = sys::call(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) >= 0;
  }
  sys::close(static_cast<int>(file));
  return moved;
}

/// AT_PAGESZ of getauxval(3), whose vector lies behind the environment.
std::uintptr_t page_size(char** behind_environment) noexcept {
  const auto* each = reinterpret_cast<const Elf64_auxv_t*>(behind_environment);
  while (each->a_type != AT_NULL && each->a_type != AT_PAGESZ) ++each;
  return each->a_type == AT_PAGESZ ? each->a_un.a_val : 4096;
}

/// The same by execve(2). Comes back only on failure.
void execute(int image, const Fd& before, char** arguments, char** environment, std::size_t count) noexcept {
  remember_path_of(before);
  char own_path[sizeof g_path_before + 32];
  std::size_t length = 0;
  for (const char* from = kOwnPath; *from != '\0'; ++from) own_path[length++] = *from;
  own_path[length++] = '=';
  for (const char* from = g_path_before; *from != '\0'; ++from) own_path[length++] = *from;
  own_path[length] = '\0';
  auto** const with_path = static_cast<char**>(__builtin_alloca((count + 2) * sizeof(char*)));
  for (std::size_t i = 0; i < count; ++i) with_path[i] = environment[i];
  with_path[count] = own_path;
  with_path[count + 1] = nullptr;
  sys::call(SYS_execveat, image, "", arguments, with_path, AT_EMPTY_PATH);
  g_path_before[0] = '\0';
}

/// See open_read_only_image.
Fd clone_read_only(int directory, const char* path, unsigned how) noexcept {
  struct mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  Fd tree(-EBADF);
  const Outcome cloned = clone_tree(directory, path, how, attributes, tree);
  return cloned.ok() ? static_cast<Fd&&>(tree) : Fd(-static_cast<long>(cloned.error));
}

/// Apart, since few need so much of a stack.
[[gnu::noinline]] OwnFile go_on_from_image(Fd own, char** arguments, char** environment,
                                           std::size_t count) noexcept {
  Fd image = clone_read_only(own.get(), "", AT_EMPTY_PATH);
  if (!image.ok()) return {static_cast<Fd&&>(image)};
  if (move_to_image(image.get(), arguments, environment, page_size(environment + count + 1)))
    return {static_cast<Fd&&>(image), static_cast<Fd&&>(own)};
  execute(image.get(), own, arguments, environment, count);
  return {Fd(-EPERM)};
}

}  // namespace

long open_read_only_image(const char* path) noexcept {
  Fd image = clone_read_only(AT_FDCWD, path, 0);
  return image.ok() ? image.release() : -static_cast<long>(image.error());
}

void remember_path_of(const Fd& before) noexcept {
  char name[sys::kDescriptorPath];
  if (before.ok())
    sys::call(SYS_readlinkat, AT_FDCWD, sys::descriptor_path(name, before.get()), g_path_before,
              sizeof g_path_before - 1);
}

const char* path_before_read_only_image() noexcept { return g_path_before; }

OwnFile run_from_read_only_image(char** arguments, char** environment) noexcept {
  if (arguments[0] == nullptr || arguments[1] == nullptr) return {Fd(-EINVAL)};
  if (!same_text(arguments[1], "run") && !same_text(arguments[1], "enter")) return {Fd(-EINVAL)};
  std::size_t count = 0;
  for (; environment[count] != nullptr; ++count) {
    const char* const rest = rest_of(environment[count], kOwnPath);
    if (rest != nullptr && *rest == '=')
      return {Fd(-EEXIST)};  // it is done already, or somebody wants us to believe so
  }
  Fd own(sys::open_at(AT_FDCWD, kImage, O_PATH | O_CLOEXEC));
  if (!own.ok()) return {static_cast<Fd&&>(own)};
  const long writable = sys::call(SYS_faccessat2, own.get(), "", W_OK, AT_EACCESS | AT_EMPTY_PATH);
  if (writable >= 0) return go_on_from_image(static_cast<Fd&&>(own), arguments, environment, count);
  // Any other error says nothing of the file, but of who refuses the call.
  return {writable == -EACCES || writable == -EROFS ? static_cast<Fd&&>(own) : Fd(writable)};
}

}  // namespace hutch
