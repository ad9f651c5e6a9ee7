#include "plan/image_format.h"

#include <catch2/catch.hpp>
#include <string>

namespace hutch::test {
namespace {

std::string head(std::initializer_list<std::pair<std::size_t, std::string>> parts) {
  std::string bytes(kImageHead, '\0');
  for (const auto& [at, text] : parts) bytes.replace(at, text.size(), text);
  return bytes;
}

const std::string kSquashfs =
    head({{0, "hsqs"}, {28, std::string("\4\0", 2)}, {40, std::string("\0\x10", 2)}});
const std::string kErofs = head({{1024, "\xe2\xe1\xf5\xe0"}, {1036, "\x0c"}, {1060, "\x05"}});
const std::string kExt4 = head({{1028, "\x07"}, {1048, "\x02"}, {1080, "\x53\xef"}});

TEST_CASE("an image is recognised by its superblock, and knows how long it is") {
  CHECK(read_image_head(kSquashfs).format == ImageFormat::squashfs);
  CHECK(read_image_head(kSquashfs).bytes == 4096);
  CHECK(read_image_head(kErofs).format == ImageFormat::erofs);
  CHECK(read_image_head(kErofs).bytes == 5 * 4096);
  CHECK(read_image_head(kExt4).format == ImageFormat::ext4);
  CHECK(read_image_head(kExt4).bytes == 7 * 4096);
  CHECK(!read_image_head(kExt4).needs_recovery);
}

TEST_CASE("an ext4 with a journal to replay says so, and large ones have large numbers") {
  std::string dirty = kExt4;
  dirty[1024 + 0x60] = 0x4;
  CHECK(read_image_head(dirty).needs_recovery);
  std::string large = kExt4;
  large[1024 + 0x60] = static_cast<char>(0x80);
  large[1024 + 0x150] = 1;
  CHECK(read_image_head(large).bytes == ((std::uint64_t{1} << 32) + 7) * 4096);
}

TEST_CASE("what makes no sense is no image") {
  for (const std::string& bytes : {std::string(), std::string("hsqs"), std::string(kImageHead, '\xff'),
                                   kErofs.substr(0, 1030), head({{0, "hsqs"}}), head({{1080, "\x53\xef"}})}) {
    CHECK(read_image_head(bytes).format == ImageFormat::none);
  }
  std::string journal = kExt4;
  journal[1024 + 0x60] = 0x8;
  CHECK(read_image_head(journal).format == ImageFormat::none);
  std::string blocks = kExt4;
  blocks[1048] = 60;
  CHECK(read_image_head(blocks).format == ImageFormat::none);
}

}  // namespace
}  // namespace hutch::test
