#pragma once

#include <sys/stat.h>

#include <cstdint>

namespace hutch {

enum class FileKind : std::uint8_t {
  missing,
  file,
  directory,
  symlink,
  char_device,
  block_device,
  fifo,
  socket,
  unknown  ///< in an image, which nobody has looked into
};

/// Of st_mode: inode(7). Always inlined, so that it serves where no function of other units may be called
/// (child/bare_memory.h).
[[gnu::always_inline]] inline FileKind kind_of(mode_t mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return FileKind::directory;
    case S_IFLNK:
      return FileKind::symlink;
    case S_IFCHR:
      return FileKind::char_device;
    case S_IFBLK:
      return FileKind::block_device;
    case S_IFIFO:
      return FileKind::fifo;
    case S_IFSOCK:
      return FileKind::socket;
    default:
      return FileKind::file;
  }
}

}  // namespace hutch
