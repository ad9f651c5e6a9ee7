#pragma once

#include <string>
#include <vector>

#include "host/host.h"
#include "starter/elf_file.h"

namespace hutch {

/// A library that the dynamic linker would load with a program: ld.so(8).
struct Library {
  std::string name;  ///< as it is asked for: "libssl.so.3"
  std::string path;  ///< where it is; empty where it was not found
  std::string
      folder;  ///< the RPATH or RUNPATH that led there, as it is written; empty for the system's folders
};

/// All that `program` (absolute, without links) and its libraries need, each once. Nothing is executed, and
/// nothing that the environment says (LD_LIBRARY_PATH) counts.
std::vector<Library> libraries_of(const std::string& program, const ElfFile& elf, const Host& host);

}  // namespace hutch
