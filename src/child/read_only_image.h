#pragma once

#include "child/sys.h"

namespace hutch {

/// What tells a program that was executed anew where its file is: its own path is none any more.
inline constexpr const char* kOwnPath = "HUTCH_OWN_PATH";

/// The same file, through a mount that exists nowhere and is read-only. Takes CAP_SYS_ADMIN. A descriptor or
/// a negative errno.
long open_read_only_image(const char* path) noexcept;

/// Where the caller could write to the file of this program and may mount: goes on from a read-only mount of
/// it. Before the C library begins, while nothing that the kernel mapped has been written to: then what is
/// mapped can be mapped anew from there, and the process need not be executed again. Where the kernel does
/// not have that (prctl(2), PR_SET_MM_EXE_FILE), it is. See own_image.h.
struct OwnFile {
  /// That nobody can write to, and that this process runs from (O_PATH). A negative errno where somebody can,
  /// or where it is not known: then `protect_own_image` will say.
  Fd image;
  /// Where that is the read-only mount: the same file as it was executed first, which somebody may write to.
  Fd before{-ENOENT};
};
OwnFile run_from_read_only_image(char** arguments, char** environment) noexcept;

/// For path_before_read_only_image().
void remember_path_of(const Fd& before) noexcept;
/// The path of the file before, where this process went on without being executed again; else empty.
const char* path_before_read_only_image() noexcept;

}  // namespace hutch
