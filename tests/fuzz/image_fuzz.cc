// The superblock of an image, which anybody may have made.

#include "fuzz/fuzz.h"
#include "plan/image_format.h"

using namespace hutch;
using hutch::test::always;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ImageHead head = read_image_head(test::bytes(data, size));
  always((head.format == ImageFormat::none) == (head.bytes == 0), "what is an image has a size");
  return 0;
}
