#include "verify/mount_table.h"

#include <catch2/catch.hpp>

namespace hutch::test {
namespace {

constexpr const char* kTable =
    "30 20 0:1 / / rw,nosuid - tmpfs tmpfs rw,size=16k,mode=755\n"
    "31 30 8:1 /usr /usr ro,nosuid,nodev shared:3 master:1 - ext4 /dev/root rw\n"
    "34 30 0:9 / /tmp rw - tmpfs tmpfs rw\n"
    "32 34 0:4 / /tmp rw,noexec - tmpfs tmpfs rw\n"  // on 34, at the same place
    "33 30 0:5 / /a rw - tmpfs tmpfs rw\n"
    "35 33 0:6 / /a/b rw - tmpfs tmpfs rw\n"
    "36 33 0:7 / /a rw - tmpfs tmpfs rw\n"  // hides /a/b
    "37 30 0:8 / /with\\040blank rw - tmpfs tmpfs rw\n";

TEST_CASE("mounts at a place are found in the order in which they lie on each other") {
  const MountTable table(kTable);
  REQUIRE(table.at("/").size() == 1);
  REQUIRE(table.at("/tmp").size() == 2);
  CHECK(table.at("/tmp").front()->id == 34);
  CHECK(table.at("/tmp").back()->id == 32);
  CHECK(table.at("/usr/share").empty());
}

TEST_CASE("what another mount hides is not found") {
  const MountTable table(kTable);
  CHECK(table.at("/a").back()->id == 36);
  CHECK(table.at("/a/b").empty());
  CHECK(table.below(*table.at("/a").front()).size() == 2);
}

TEST_CASE("options, escapes and optional fields are taken apart") {
  const MountTable table(kTable);
  const MountLine& usr = *table.at("/usr").front();
  CHECK(usr.has("nosuid"));
  CHECK_FALSE(usr.has("noexec"));
  CHECK(usr.spread == "shared:3 master:1");
  const MountLine& root = *table.at("/").front();
  REQUIRE(root.super_option("size") != nullptr);
  CHECK(*root.super_option("size") == "16k");
  CHECK(root.super_option("huge") == nullptr);
  CHECK(table.at("/with blank").size() == 1);
}

TEST_CASE("a table that is no table has no mounts") {
  CHECK(MountTable("").all().empty());
  CHECK(MountTable("nonsense\n1 2 3\n").at("/").empty());
}

}  // namespace
}  // namespace hutch::test
