#pragma once

#include <cstddef>

/// Before a variable that starts as zeros, is large, and of which little or nothing is used: it stands apart
/// from all others, which are mapped at once when the program begins (src/start/c_library.cc).
#if defined(__GNUC__) && !defined(__clang__)
#define HUTCH_ROOM __attribute__((section("hutch_room,\"aw\",@nobits#")))
#else
#define HUTCH_ROOM
#endif

/// Before a function that runs before the file may be mapped anew (src/start/layout.ld).
#if defined(__GNUC__) && !defined(__clang__)
#define HUTCH_BEGIN __attribute__((section("hutch_begin")))
#else
#define HUTCH_BEGIN
#endif

namespace hutch {

/// The largest page that the kernel may have: what begins with one shares it with nothing.
#if defined(__x86_64__)
inline constexpr std::size_t kLargestPage = 4096;
#else
inline constexpr std::size_t kLargestPage = std::size_t{64} * 1024;
#endif

}  // namespace hutch
