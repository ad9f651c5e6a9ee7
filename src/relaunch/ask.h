#pragma once

#include <sys/stat.h>

#include "relaunch/kept_file.h"

/// The questions of host/host.h and host/files.h, asked without the C library. The answers are digests of the
/// bytes that host/transcript.cc makes of the others'.

namespace hutch {

/// What every question needs.
struct Surroundings {
  Digest::Key key;
  char* buffer =
      nullptr;  ///< to write to: PATH_MAX at least, and what files of /proc and /etc/passwd may have
  std::size_t size = 0;
};

/// The answer of now; false where there is none, or none that would be the same as the library's.
bool ask(const KeptQuestion& question, const char* subject, const Surroundings& around,
         Digest::Value& answer) noexcept;

/// The answer to HostQuestion::follow, of what is open.
Digest::Value answer_about(const struct stat& found, const Digest::Key& key) noexcept;

/// getcwd(2), in `room`; empty where the directory is gone or cannot be seen.
const char* ask_directory(char* room, std::size_t size) noexcept;

}  // namespace hutch
