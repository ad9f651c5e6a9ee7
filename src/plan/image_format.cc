// Superblocks: Documentation/filesystems/{squashfs,erofs}.rst and ext4/super.rst of the kernel.
#include "plan/image_format.h"

namespace hutch {
namespace {

constexpr std::size_t kSecondKilobyte = 1024;  // where erofs and ext4 have theirs

/// A little-endian number; 0 beyond the end.
std::uint64_t number_at(std::string_view head, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  if (at + bytes > head.size()) return 0;
  for (std::size_t i = bytes; i > 0; --i) value = value << 8U | static_cast<unsigned char>(head[at + i - 1]);
  return value;
}

/// Blocks as bytes; the most there is where that does not fit.
std::uint64_t bytes_of(std::uint64_t blocks, std::uint64_t bits) {
  return blocks > (UINT64_MAX >> bits) ? UINT64_MAX : blocks << bits;
}

ImageHead read_squashfs(std::string_view head) {
  constexpr std::uint64_t kMagic = 0x73717368, kMajor = 4;
  constexpr std::size_t kMajorAt = 28, kBytesAt = 40;
  if (number_at(head, 0, 4) != kMagic || number_at(head, kMajorAt, 2) != kMajor) return {};
  return {.format = ImageFormat::squashfs, .bytes = number_at(head, kBytesAt, 8)};
}

ImageHead read_erofs(std::string_view head) {
  constexpr std::uint64_t kMagic = 0xE0F5E1E2, kLeastBits = 9, kMostBits = 16;
  constexpr std::size_t kBlockBitsAt = kSecondKilobyte + 12, kBlocksAt = kSecondKilobyte + 36;
  const std::uint64_t bits = number_at(head, kBlockBitsAt, 1);
  if (number_at(head, kSecondKilobyte, 4) != kMagic || bits < kLeastBits || bits > kMostBits) return {};
  return {.format = ImageFormat::erofs, .bytes = bytes_of(number_at(head, kBlocksAt, 4), bits)};
}

ImageHead read_ext4(std::string_view head) {
  constexpr std::uint64_t kMagic = 0xEF53, kMostBits = 6;
  constexpr std::uint64_t kRecover = 0x4, kJournalDevice = 0x8, kLargeNumbers = 0x80;
  constexpr std::size_t kBlocksAt = kSecondKilobyte + 0x4, kBlockBitsAt = kSecondKilobyte + 0x18,
                        kMagicAt = kSecondKilobyte + 0x38, kFeaturesAt = kSecondKilobyte + 0x60,
                        kHighBlocksAt = kSecondKilobyte + 0x150;
  const std::uint64_t bits = number_at(head, kBlockBitsAt, 4), features = number_at(head, kFeaturesAt, 4);
  if (number_at(head, kMagicAt, 2) != kMagic || bits > kMostBits || (features & kJournalDevice) != 0)
    return {};
  std::uint64_t blocks = number_at(head, kBlocksAt, 4);
  if ((features & kLargeNumbers) != 0) blocks |= number_at(head, kHighBlocksAt, 4) << 32U;
  return {.format = ImageFormat::ext4,
          .bytes = bytes_of(blocks, bits + 10),
          .needs_recovery = (features & kRecover) != 0};
}

}  // namespace

ImageHead read_image_head(std::string_view head) {
  for (const auto read : {read_squashfs, read_erofs, read_ext4}) {
    const ImageHead found = read(head);
    // One without a size is none: all others hold their own superblock.
    if (found.format != ImageFormat::none && found.bytes != 0) return found;
  }
  return {};
}

const char* format_name(ImageFormat format) {
  switch (format) {
    case ImageFormat::squashfs:
      return "squashfs";
    case ImageFormat::erofs:
      return "erofs";
    case ImageFormat::ext4:
      return "ext4";
    case ImageFormat::none:
      break;
  }
  return "none";
}

}  // namespace hutch
