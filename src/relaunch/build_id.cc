#include "relaunch/build_id.h"

#include <elf.h>
#include <link.h>

#include <cstddef>
#include <cstdint>

// Of the linker: our own ELF header and, where src/start/layout.ld is read, the note itself, which costs a
// launch no page. NOLINTBEGIN: the names
extern "C" {
__attribute__((visibility("hidden"))) extern const char __ehdr_start[];
__attribute__((visibility("hidden"), weak)) extern const char hutch_build_note[], hutch_build_note_end[];
}
// NOLINTEND

namespace hutch {
namespace {

constexpr char kOwner[] = {'G', 'N', 'U', '\0'};

std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

bool is_owner(const char* name) {
  for (std::size_t i = 0; i < sizeof kOwner; ++i) {
    if (name[i] != kOwner[i]) return false;
  }
  return true;
}

std::string_view id_in(const char* notes, std::size_t size) {
  while (size >= sizeof(ElfW(Nhdr))) {
    const auto* note = reinterpret_cast<const ElfW(Nhdr)*>(notes);
    const std::size_t owner = padded(note->n_namesz);
    const std::size_t whole = sizeof *note + owner + padded(note->n_descsz);
    if (whole > size) return {};
    if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == sizeof kOwner && is_owner(notes + sizeof *note))
      return {notes + sizeof *note + owner, note->n_descsz};
    notes += whole;
    size -= whole;
  }
  return {};
}

}  // namespace

std::string_view build_id() {
  const char* const own_note = hutch_build_note;
  if (own_note != nullptr) return id_in(own_note, static_cast<std::size_t>(hutch_build_note_end - own_note));
  const auto base = reinterpret_cast<std::uintptr_t>(__ehdr_start);
  const auto* const header = reinterpret_cast<const ElfW(Ehdr)*>(__ehdr_start);
  const auto* const headers = reinterpret_cast<const ElfW(Phdr)*>(__ehdr_start + header->e_phoff);
  const std::uintptr_t moved_by = header->e_type == ET_DYN ? base : 0;
  for (std::size_t i = 0; i < header->e_phnum; ++i) {
    if (headers[i].p_type != PT_NOTE || headers[i].p_align > 4) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the headers give addresses as numbers
    const auto* const notes = reinterpret_cast<const char*>(moved_by + headers[i].p_vaddr);
    if (const std::string_view found = id_in(notes, headers[i].p_memsz); !found.empty()) return found;
  }
  return {};
}

}  // namespace hutch
