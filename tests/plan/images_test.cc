#include <catch2/catch.hpp>
#include <string>

#include "plan/access.h"
#include "plan/grants.h"
#include "support/fake_host.h"
#include "support/plan_of.h"

namespace hutch::test {
namespace {

/// The beginning of one that says to have two blocks of 4 KiB.
std::string squashfs(std::size_t bytes = 8192) {
  std::string image(bytes, '\0');
  image.replace(0, 4, "hsqs").replace(28, 1, "\4").replace(41, 1, "\x20");
  return image;
}
std::string ext4(char features = 0) {
  std::string image(8192, '\0');
  image.replace(1028, 1, "\2").replace(1048, 1, "\2").replace(1080, 2, "\x53\xef");
  image[1024 + 0x60] = features;
  return image;
}

FakeHost machine() {
  FakeHost host;
  host.text("/srv/box.img", squashfs()).text("/srv/disk", ext4()).text("/srv/dirty", ext4(4));
  host.text("/srv/short", squashfs(4096)).text("/srv/words", std::string(4096, 'w'));
  host.device("/dev/fuse")
      .text("/proc/self/uid_map", "         0          0 4294967295\n")
      .dir("/srv/folder");
  return host.file("/usr/bin/squashfuse", 0755).file("/usr/bin/fuse2fs", 0755);
}

std::string root_of(const std::string& source, const std::string& more = "", const std::string& mounts = "") {
  return "[mounts]\n\"/\" = { type = \"image\", source = \"" + source + "\"" + more + " }\n" + mounts;
}

const std::vector<std::string> kCommand{"env"};

std::string errors_of(const std::string& toml, const Host& host) {
  return plan_of(toml, host, kCommand).errors();
}

TEST_CASE("an image is mounted by the kernel for root, and served by a FUSE mounter for others") {
  FakeHost host = machine();
  const Compiled user = plan_of(root_of("/srv/box.img"), host, kCommand);
  INFO(user.errors());
  REQUIRE(user.plan);
  CHECK(user.steps_with("squashfs") ==
        std::vector<std::string>{
            "serve the squashfs in source 0 with /usr/bin/squashfuse, in a sandbox of its own",
            "mount the squashfs that is served, read-only, nosuid, nodev as tree 0"});
  const Compiled root = plan_of(root_of("/srv/disk", ", write = true, exec = false"), host.root(), kCommand);
  INFO(root.errors());
  REQUIRE(root.plan);
  CHECK(root.steps_with("ext4") ==
        std::vector<std::string>{
            "mount the ext4 in source 0 by a loop device, writable, nosuid, nodev, noexec as "
            "tree 0"});
}

TEST_CASE("root of a user namespace is no root to the kernel's file systems") {
  FakeHost host = machine();
  host.root().text("/proc/self/uid_map", "         0       1000          1\n");
  const Compiled box = plan_of(root_of("/srv/box.img"), host, kCommand);
  INFO(box.errors());
  REQUIRE(box.plan);
  CHECK(box.steps_with("loop device").empty());
  CHECK(box.steps_with("serve the").size() == 1);
}

TEST_CASE("what cannot be mounted as an image is told with its cause") {
  const FakeHost host = machine();
  FakeHost bare;
  bare.text("/srv/box.img", squashfs());
  FakeHost no_fuse = machine(), closed = machine(), foreign = machine(), root = machine();
  no_fuse.file("/dev/fuse");
  closed.device("/dev/fuse", 0600);
  foreign.owned("/usr/bin/squashfuse", {FileKind::file, 0, 0755, 1000, 1000});
  root.root();
  const std::string no_mounter =
      "E0363 box.toml:2: nothing here can mount the squashfs \"/srv/box.img\" for an ordinary user | cause: "
      "the kernel does it only for root; a FUSE mounter would, but there is no /usr/bin/squashfuse | help: "
      "as root: apt-get install squashfuse\n";
  CHECK(errors_of(root_of("/srv/words"), host) ==
        "E0360 box.toml:2: \"/srv/words\" is no image that can be mounted | cause: it begins with no "
        "superblock of a squashfs, erofs or ext4; its name does not count | help: a table of partitions is "
        "none either: take the partition out of it\n");
  CHECK(errors_of(root_of("/srv/folder"), host) ==
        "E0360 box.toml:2: \"/srv/folder\" is no image that can be mounted | cause: it is no file that you "
        "can read\n");
  CHECK(errors_of(root_of("/srv/none"), host) ==
        "E0360 box.toml:2: \"/srv/none\" is no image that can be mounted | cause: it is no file that you can "
        "read\n");
  CHECK(errors_of(root_of("/srv/short"), host) ==
        "E0361 box.toml:2: \"/srv/short\" is cut off | cause: its squashfs has 8192 bytes, the file has 4096 "
        "| help: fetch or make it again\n");
  CHECK(errors_of(root_of("/srv/dirty"), host) ==
        "E0362 box.toml:2: \"/srv/dirty\" was not unmounted cleanly | cause: what its journal holds has yet "
        "to be written, "
        "unless somebody has it mounted now | help: once nobody has, repair it: e2fsck -p /srv/dirty\n");
  CHECK(errors_of(root_of("/srv/box.img"), bare) == no_mounter);
  CHECK(errors_of(root_of("/srv/box.img"), foreign) == no_mounter);
  CHECK(errors_of(root_of("/srv/box.img"), no_fuse) ==
        "E0365 box.toml:2: \"/srv/box.img\" cannot be mounted: there is no /dev/fuse | cause: this machine "
        "has no FUSE, or a container without it is around | help: as root: modprobe fuse; of a container: "
        "--device /dev/fuse\n");
  CHECK(errors_of(root_of("/srv/box.img"), closed) ==
        "E0365 box.toml:2: \"/srv/box.img\" cannot be mounted: /dev/fuse is not open to you | cause: udev "
        "opens it to everybody, but is not at work here | help: as root: chmod 0666 /dev/fuse\n");
  CHECK(errors_of(root_of("/srv/box.img", ", write = true"), root) ==
        "E0364 box.toml:2: \"/srv/box.img\" cannot be written to | cause: it is a squashfs, which is "
        "read-only by nature | help: drop `write`\n");
  CHECK(errors_of(root_of("/srv/disk", ", write = true"), host) ==
        "E0364 box.toml:2: \"/srv/disk\" can only be written to by root | cause: a FUSE mounter may leave a "
        "damaged file behind | help: drop `write`, or run as root\n");
}

TEST_CASE("mounts land in an image unseen, and what would have to be made there is refused") {
  const FakeHost host = machine();
  const Compiled box =
      plan_of(root_of("/srv/box.img", "",
                      "\"/proc\" = \"proc\"\n\"/etc/motd\" = { type = \"file\", content = \"hi\" }\n"),
              host, kCommand);
  INFO(box.errors());
  REQUIRE(box.plan);
  CHECK(box.steps_with("at \"/proc\"").size() + box.steps_with("at \"/etc/motd\"").size() >= 2);
  // Nothing is made there, not even a folder on the way.
  CHECK(box.steps_with("make the ").empty());
  CHECK(box.steps_with("make a directory").empty());
  for (const char* word : {"\"hidden\"", "\"dir\"", "{ type = \"symlink\", to = \"x\" }"}) {
    const std::string said =
        errors_of(root_of("/srv/box.img", "", "\"/some/place\" = " + std::string(word) + "\n"), host);
    CAPTURE(said);
    CHECK(said.starts_with("E0366 box.toml:3: \"/some/place\" is in an image, where "));
  }
}

TEST_CASE("a pattern of what to hide does not pass over an image") {
  const FakeHost host = machine();
  for (const char* pattern : {"/**/.env", "/data/*.key", "/data/in/*", "/*/in/*"}) {
    const std::string said = errors_of(
        "[mounts]\n\"/data\" = { type = \"image\", source = \"/srv/box.img\" }\n\"" + std::string(pattern) +
            "\" = { type = \"hidden\", optional = true }\n\"/usr\" = \"ro\"\n",
        host);
    CAPTURE(said);
    CHECK(said.starts_with("E0366 box.toml:3: \"" + std::string(pattern) +
                           "\" reaches into an image, where nothing"));
  }
  const Compiled elsewhere = plan_of(
      "[mounts]\n\"/data\" = { type = \"image\", source = \"/srv/box.img\" }\n"
      "\"/usr/*.key\" = { type = \"hidden\", optional = true }\n\"/usr\" = \"ro\"\n",
      host, kCommand);
  INFO(elsewhere.errors());
  CHECK(elsewhere.plan);
}

TEST_CASE("a program in an image is looked for when it runs, in each folder of PATH") {
  const FakeHost host = machine();
  const Compiled box = plan_of(root_of("/srv/box.img"), host, kCommand);
  REQUIRE(box.plan);
  const auto& exec = std::get<Exec>(box.plan->steps.back().op);
  CHECK(exec.otherwise.size > 0);
  const Compiled named = plan_of(root_of("/srv/box.img"), host, {"/sbin/init"});
  REQUIRE(named.plan);
  CHECK(std::get<Exec>(named.plan->steps.back().op).path.view() == "/sbin/init");
}

TEST_CASE("what an image shows is told by its file, and no path in it is promised") {
  const FakeHost host = machine();
  const Compiled box = plan_of(root_of("/srv/box.img"), host, kCommand);
  REQUIRE(box.plan);
  const Grants grants = grants_of(box.profile, *box.plan, host);
  const Shown* root = grants.mount_of("/usr/bin/env");
  REQUIRE(root != nullptr);
  CHECK(root->layers.front().place.filesystem == "image /srv/box.img");
  CHECK(rights_text(root->layers.front().rights) == "read, execute");
  const auto answer = access_of(box.profile, host, "/usr/bin/env");
  REQUIRE(answer);
  CHECK(answer->what == "not known before it runs: it is in an image, which nobody looks into");
}

TEST_CASE("an optional image that is not there is left out") {
  const FakeHost host = machine();
  const Compiled box = plan_of(
      "[mounts]\n\"/usr\" = \"ro\"\n\"/data\" = { type = \"image\", source = \"/srv/none\", optional = true "
      "}\n",
      host, {"/usr/bin/squashfuse"});
  INFO(box.errors());
  REQUIRE(box.plan);
  REQUIRE(box.plan->skipped.size() == 1);
  CHECK(box.plan->skipped.front().why == "the host has no \"/srv/none\"");
}

}  // namespace
}  // namespace hutch::test
