#pragma once

namespace hutch {

/// What tells the program that was executed anew where its file is: its own path is none any more.
inline constexpr const char* kOwnPath = "HUTCH_OWN_PATH";

/// The same file, through a mount that exists nowhere and is read-only. Takes CAP_SYS_ADMIN. A descriptor or
/// a negative errno.
long open_read_only_image(const char* path) noexcept;

/// Where the caller could write to the file of this program and may mount: executes it anew from a read-only
/// mount. Before the C library begins, since everything that is done until then is done twice. See
/// own_image.h. Comes back where that is not so, or cannot be done.
void run_from_read_only_image(char** arguments, char** environment) noexcept;

}  // namespace hutch
