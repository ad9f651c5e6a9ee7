// Files of the machine that users, or what they mount, have a say in.

#include "fuzz/fuzz.h"
#include "host/system_files.h"

using namespace hutch;
using hutch::test::always;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = test::bytes(data, size);
  const auto points = mount_points(text);
  for (std::size_t i = 1; i < points.size(); ++i) always(points[i - 1] < points[i], "each once, in order");
  for (const uid_t uid : {0U, 1000U, ~0U}) {
    always(user_name(text, uid).find_first_of(":\n") == std::string::npos, "a name is one field");
    for (const SubidRange& range : subid_ranges(text, "ada", uid)) always(range.count > 0, "a range has ids");
  }
  return 0;
}
