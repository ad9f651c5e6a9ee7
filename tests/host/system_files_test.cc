#include "host/system_files.h"

#include <catch2/catch.hpp>

using namespace hutch;

namespace {

using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

Pairs pairs(const std::vector<SubidRange>& ranges) {
  Pairs out;
  for (const auto& range : ranges) out.emplace_back(range.start, range.count);
  return out;
}

}  // namespace

TEST_CASE("a user is the first name of that uid in passwd, whatever the lines around it look like") {
  const char* passwd =
      "root:x:0:0:root:/root:/bin/bash\n"
      "broken\n"
      "+::::::\n"
      "::1000:1000::/:\n"
      "nan:x:1000x:1000::/:\n"
      "ada:x:1000:1000:Ada,,,:/home/ada:/bin/zsh\n"
      "twin:x:1000:1000::/:\n"
      "last:x:7:7:no line end:/:/bin/sh";
  CHECK(user_name(passwd, 0) == "root");
  CHECK(user_name(passwd, 1000) == "ada");
  CHECK(user_name(passwd, 7) == "last");
  CHECK(user_name(passwd, 8).empty());
  CHECK(user_name("", 0).empty());
}

TEST_CASE("subids belong to a user by name or by number, in the order of the file") {
  const char* subuid =
      "# ada:1:1\n"
      "ada:100000:65536\n"
      "bob:165536:65536\n"
      "1000:400000:10\n"
      "ada:bad:10\n"
      "ada:10\n"
      "ada:5:0\n"
      "ada:4294967290:100\n"
      "ada:4294967290:6\n";
  CHECK(pairs(subid_ranges(subuid, "ada", 1000)) == Pairs{{100000, 65536}, {400000, 10}, {4294967290U, 6}});
  CHECK(pairs(subid_ranges(subuid, "", 1000)) == Pairs{{400000, 10}});
  CHECK(pairs(subid_ranges(subuid, "eve", 5)).empty());
}

TEST_CASE("mount points are listed once each, in byte order, with their escapes undone") {
  const char* mountinfo =
      "21 28 0:19 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
      "22 28 0:20 / /proc rw - proc proc rw\n"
      "30 28 8:1 /a /mnt/with\\040blank\\134 rw - ext4 /dev/sda1 rw\n"
      "31 28 8:1 / /sys rw - tmpfs tmpfs rw\n"
      "broken\n";
  CHECK(mount_points(mountinfo) == std::vector<std::string>{"/mnt/with blank\\", "/proc", "/sys"});
}
