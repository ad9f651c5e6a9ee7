#pragma once

#include <cstdint>
#include <string_view>

namespace hutch {

/// The file systems that an image may hold.
enum class ImageFormat : std::uint8_t { none, squashfs, erofs, ext4 };

/// What the superblock at the beginning of an image says. Its author may have written anything.
struct ImageHead {
  ImageFormat format = ImageFormat::none;
  std::uint64_t bytes = 0;      ///< how long the file has to be at least
  bool needs_recovery = false;  ///< ext4 that was not unmounted cleanly: its journal has to be replayed
};

/// How much of the file `read_image_head` wants to see.
inline constexpr std::size_t kImageHead = 2048;

/// By what is in the file, whatever its name is. `none` for anything else, and for a superblock that makes no
/// sense.
ImageHead read_image_head(std::string_view head);

/// As the kernel calls it: "squashfs".
const char* format_name(ImageFormat format);

}  // namespace hutch
