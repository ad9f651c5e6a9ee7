#include "base/build_id.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include <cstddef>
#include <cstdint>

namespace hutch {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kOwner = "GNU\0"sv;

std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

std::string_view id_in(std::string_view notes) {
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    const auto* note = reinterpret_cast<const ElfW(Nhdr)*>(notes.data());
    const std::size_t owner = padded(note->n_namesz);
    const std::size_t whole = sizeof *note + owner + padded(note->n_descsz);
    if (whole > notes.size()) return {};
    if (note->n_type == NT_GNU_BUILD_ID && notes.substr(sizeof *note, note->n_namesz) == kOwner)
      return notes.substr(sizeof *note + owner, note->n_descsz);
    notes.remove_prefix(whole);
  }
  return {};
}

}  // namespace

std::string_view build_id() {
  // NOLINTBEGIN(performance-no-int-to-ptr): the kernel gives addresses as numbers
  const std::uintptr_t table = ::getauxval(AT_PHDR);
  const auto* const headers = reinterpret_cast<const ElfW(Phdr)*>(table);
  const std::size_t count = ::getauxval(AT_PHNUM);
  std::uintptr_t moved_by = 0;
  for (std::size_t i = 0; i < count; ++i)
    if (headers[i].p_type == PT_PHDR) moved_by = table - headers[i].p_vaddr;
  for (std::size_t i = 0; i < count; ++i) {
    if (headers[i].p_type != PT_NOTE || headers[i].p_align > 4) continue;
    const auto* const notes = reinterpret_cast<const char*>(moved_by + headers[i].p_vaddr);
    if (const std::string_view found = id_in({notes, headers[i].p_memsz}); !found.empty()) return found;
  }
  // NOLINTEND(performance-no-int-to-ptr)
  return {};
}

}  // namespace hutch
