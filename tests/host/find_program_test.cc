#include "host/find_program.h"

#include <catch2/catch.hpp>

#include "support/fake_host.h"

namespace hutch::test {

TEST_CASE("find_program: the first executable file of PATH, whose relative folders do not count") {
  FakeHost host;
  host.file("/one/tool", 0644).file("/two/tool", 0755).file("/three/tool", 0755).dir("/one/folder", 0755);
  host.env("PATH", "relative::/one:/two/:/three");
  CHECK(find_program(host, "tool") == "/two/tool");
  CHECK(find_program(host, "folder").empty());
  CHECK(find_program(host, "other").empty());
}

}  // namespace hutch::test
