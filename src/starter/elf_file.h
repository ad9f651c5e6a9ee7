#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hutch {

/// What the dynamic linker reads in a program or library: elf(5), ld.so(8).
struct ElfFile {
  int bits = 64;
  int machine = 0;     ///< EM_*
  std::string loader;  ///< PT_INTERP; empty for libraries and for programs that need none
  std::vector<std::string> needed, rpath, runpath;  ///< as they are written there: "$ORIGIN/../lib"
};

/// Nothing for other files, and for those whose tables lead nowhere. The file may be anybody's: every read
/// has a bound.
std::optional<ElfFile> read_elf(const std::string& path);

}  // namespace hutch
