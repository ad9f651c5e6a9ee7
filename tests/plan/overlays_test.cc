#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support/fake_host.h"
#include "support/plan_of.h"

namespace hutch::test {
namespace {

FakeHost machine() {
  FakeHost host;
  host.dir("/usr/bin")
      .file("/usr/bin/env", 0755)
      .dir("/srv/system/var/data")
      .dir("/srv/upper")
      .dir("/srv/work");
  return host.mounted("/srv/system/proc")
      .mounted("/srv/system/var/data")
      .mounted("/srv/system/var/data/more");
}

constexpr const char* kOfHost = "namespaces.user = \"host\"\n";

std::string box(const std::string& top, const std::string& more = "") {
  return top + "[mounts]\n\"/o\" = { type = \"overlay\", lower = [\"/usr\", \"/srv/system\"] }\n" + more;
}

const std::vector<std::string> kCommand{"/o/bin/env"};

TEST_CASE("mounts in a layer of an overlay are told with what to write, the uppermost of each") {
  FakeHost host = machine();
  CHECK(plan_of(box(kOfHost), host.root(), kCommand).errors() ==
        "E0337 box.toml:3: the overlay \"/o\" would lack what is mounted below \"/srv/system\": "
        "/srv/system/proc, "
        "/srv/system/var/data | cause: an overlay shows the files of its layers, and none of the mounts in "
        "them | "
        "help: say what is to be there (\"hidden\" for nothing): mounts.\"/o/proc\" = { type = \"bind\", "
        "source = "
        "\"/srv/system/proc\" }, mounts.\"/o/var/data\" = { type = \"bind\", source = "
        "\"/srv/system/var/data\" }\n");
}

TEST_CASE("an entry at the place of a mount in a layer, or above, says what is to be seen there") {
  FakeHost host = machine();
  const Compiled said =
      plan_of(box(kOfHost, "\"/o/proc\" = \"proc\"\n\"/o/var\" = \"tmpfs\"\n"), host.root(), kCommand);
  INFO(said.errors());
  CHECK(said.plan);
  // The overlay itself, and what is above it, say nothing about it.
  CHECK(plan_of(box(kOfHost, "\"/o/proc/1\" = \"tmpfs\"\n\"/o/variety\" = \"tmpfs\"\n"), host, kCommand)
            .errors()
            .starts_with("E0337"));
}

TEST_CASE(
    "in a user namespace of its own no entry helps: the kernel keeps mounts and their folders together") {
  FakeHost host = machine();
  const std::string said =
      plan_of(box("", "\"/o/proc\" = \"proc\"\n\"/o/var\" = \"tmpfs\"\n"), host, kCommand).errors();
  CHECK(
      said ==
      "E0338 box.toml:2: \"/srv/system\" cannot be a layer of the overlay \"/o\" here: mounted below it are "
      "/srv/system/proc, /srv/system/var/data | cause: the overlay would uncover what lies under those "
      "mounts, which "
      "the kernel does not let a user namespace of its own do | help: overlay the folders in which nothing "
      "is "
      "mounted, each by an entry of its own; or as root: namespaces.user = \"host\"\n");
}

TEST_CASE("the upper folder of an overlay is a layer, too, and those of a root are looked at") {
  FakeHost host = machine();
  const std::string upper = plan_of(
                                "[mounts]\n\"/o\" = { type = \"overlay\", lower = [\"/usr\"], upper = "
                                "\"/srv/system\", work = \"/srv/work\" }\n",
                                host, kCommand)
                                .errors();
  CHECK(upper.starts_with("E0338 box.toml:2: \"/srv/system\" cannot be a layer"));
  const std::string root =
      plan_of("[mounts]\n\"/\" = { type = \"overlay\", lower = [\"/srv/none\"] }\n", host, kCommand).errors();
  CHECK(root == "E0320 box.toml:2: \"/srv/none\" is no directory of the host\n");
}

TEST_CASE("an overlay of one layer that nobody writes to is a look at that folder") {
  const FakeHost host = machine();
  const Compiled one =
      plan_of("[mounts]\n\"/o\" = { type = \"overlay\", lower = [\"/usr\"] }\n", host, kCommand);
  INFO(one.errors());
  REQUIRE(one.plan);
  CHECK(one.steps_with("overlay").empty());
  CHECK(one.steps_with("\"/usr\"").back().find("read-only, nosuid, nodev") != std::string::npos);
}

}  // namespace
}  // namespace hutch::test
