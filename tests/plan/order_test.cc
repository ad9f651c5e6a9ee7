#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "plan/describe.h"
#include "support/fake_host.h"
#include "support/plan_of.h"

using hutch::test::FakeHost;
using hutch::test::plan_of;
using Lines = std::vector<std::string>;

namespace {

FakeHost machine() {
  FakeHost host;
  host.dir("/usr/bin")
      .file("/usr/bin/env", 0755)
      .link("/bin", "usr/bin")
      .dir("/tmp", 01777)
      .dir("/srv/data/deep")
      .file("/srv/data/note");
  for (const char* node : {"full", "null", "random", "tty", "urandom", "zero"})
    host.device(std::string("/dev/") + node);
  return host;
}

std::size_t position(const std::string& text, const std::string& line) {
  const std::size_t at = text.find(line);
  INFO(line << " in\n" << text);
  REQUIRE(at != std::string::npos);
  return at;
}

}  // namespace

TEST_CASE("parents are mounted before children, whatever the order of the lines") {
  const FakeHost host = machine();
  Lines lines{R"("/usr" = "ro")",     R"("/usr/bin" = { type = "bind", source = "/srv/data" })",
              R"("/data" = "tmpfs")", R"("/data/deep/er" = { type = "bind", source = "/srv/data" })",
              R"("/bin" = "mirror")", R"("/dev" = "dev")"};
  std::mt19937 random(7);
  std::string digest;
  for (int round = 0; round < 20; ++round) {
    std::ranges::shuffle(lines, random);
    std::string toml = "[mounts]\n";
    for (const std::string& line : lines) toml += line + "\n";
    const auto compiled = plan_of(toml, host);
    REQUIRE(compiled.errors() == "");
    if (digest.empty()) digest = hutch::plan_digest(*compiled.plan);
    CHECK(hutch::plan_digest(*compiled.plan) == digest);
    const std::string steps = compiled.steps();
    CHECK(position(steps, "at \"/usr\"") < position(steps, "at \"/usr/bin\""));
    CHECK(position(steps, "at \"/data\"") < position(steps, "at \"/data/deep/er\""));
    CHECK(position(steps, "at \"/dev\"") < position(steps, "at \"/dev/null\""));
  }
}

TEST_CASE("a mount whose path leads through a link comes after the link and after what it leads to") {
  const auto compiled = plan_of(R"([mounts]
"/run" = "tmpfs"
"/a" = { type = "symlink", to = "/z" }
"/a/inner" = { type = "bind", source = "/srv/data" }
"/z" = "tmpfs"
"/var/run" = { type = "symlink", to = "../run" }
"/var/run/x" = { type = "bind", source = "/srv/data" }
)",
                                machine());
  REQUIRE(compiled.errors() == "");
  const std::string steps = compiled.steps();
  CHECK(position(steps, "make link \"/a\" to \"/z\"") < position(steps, "at \"/z/inner\""));
  CHECK(position(steps, "at \"/z\"\n") < position(steps, "at \"/z/inner\""));
  CHECK(position(steps, "at \"/run\"") < position(steps, "at \"/run/x\""));
}

TEST_CASE("two entries that links bring to one place are an error that names both lines") {
  const auto compiled = plan_of(R"([mounts]
"/run" = "tmpfs"
"/var/run" = { type = "symlink", to = "/run" }
"/run/x" = { type = "bind", source = "/srv/data" }
"/var/run/x" = "tmpfs"
)",
                                machine());
  CHECK(compiled.errors() ==
        "E0328 box.toml:5: \"/var/run/x\" and \"/run/x\" are the same place | box.toml:4: the other one"
        " | help: a symbolic link leads there: keep one of the two\n");
}

TEST_CASE("nothing is made on the host: a mount inside a bind needs its place to exist there") {
  const auto compiled = plan_of(R"([mounts]
"/data" = { type = "bind", source = "/srv/data" }
"/data/missing/deep" = "tmpfs"
)",
                                machine());
  CHECK(compiled.errors() ==
        "E0322 box.toml:3: there is no place for \"/data/missing/deep\" | box.toml:2: \"/data/missing/deep\" "
        "lies inside this mount"
        " | cause: the host has no \"/srv/data/missing\", and nothing is ever made on the host's files"
        " | help: make it on the host first, or give \"/data\" a file system of its own: \"tmpfs\" or an "
        "overlay with `upper = \"tmpfs\"`\n");
}

TEST_CASE("a file and a directory do not land on each other") {
  const auto compiled = plan_of(R"([mounts]
"/data" = { type = "bind", source = "/srv/data" }
"/data/note" = "tmpfs"
"/data/deep" = { type = "bind", source = "/srv/data/note" }
)",
                                machine());
  CHECK(compiled.errors() ==
        "E0323 box.toml:3: \"/data/note\" is a file; a directory cannot be mounted on it\n"
        "E0323 box.toml:4: \"/data/deep\" is a directory; a file cannot be mounted on it\n");
}

TEST_CASE("several missing sources are reported together, each with its own reason") {
  FakeHost host = machine();
  host.link("/srv/dangling", "nowhere");
  const auto compiled = plan_of(R"([mounts]
"/nothing" = "ro"
"/x" = { type = "bind", source = "/srv/dangling" }
"/y" = { type = "bind", source = "/nothing", optional = true }
"/maybe" = "rw?"
)",
                                host);
  CHECK(compiled.errors() ==
        "E0320 box.toml:2: the host has no \"/nothing\" | help: correct the path, or write \"ro?\" to leave "
        "it out where it is missing\n"
        "E0320 box.toml:3: \"/srv/dangling\" leads nowhere | cause: it is a symbolic link to \"nowhere\", "
        "which does not exist"
        " | help: correct the path, or add `optional = true`\n");
}

TEST_CASE("what is optional and missing is left out, and the plan says so") {
  const auto compiled = plan_of("[mounts]\n\"/maybe\" = \"rw?\"\n\"/lib64\" = \"mirror\"\n", machine());
  REQUIRE(compiled.errors() == "");
  REQUIRE(compiled.plan->skipped.size() == 2);
  CHECK(compiled.plan->skipped[0].what == "mount \"/lib64\"");
  CHECK(compiled.plan->skipped[0].why == "the host has no \"/lib64\"");
  CHECK(compiled.plan->skipped[1].what == "mount \"/maybe\"");
}

TEST_CASE("two patterns on one path are an error; a path named itself wins over any pattern") {
  const FakeHost host = machine();
  const auto twice = plan_of("[mounts]\n\"/srv/da*\" = \"ro\"\n\"/srv/*ta\" = \"ro\"\n", host);
  CHECK(twice.errors() ==
        "E0327 box.toml:2: two patterns match \"/srv/data\" | box.toml:3: and this one"
        " | help: name that path itself, or make the patterns narrower\n");
  const auto named = plan_of("[mounts]\n\"/srv/da*\" = \"rw\"\n\"/srv/data\" = \"ro\"\n", host);
  CHECK(named.steps_with("clone \"") ==
        Lines{"clone \"/srv/data\" with submounts, read-only, nosuid, nodev as tree 1"});
}

TEST_CASE("a pattern of hidden finds what lies below a bind, dot files included") {
  FakeHost host = machine();
  host.file("/srv/data/.env").file("/srv/data/deep/.env").dir("/srv/data/.ssh");
  const auto compiled = plan_of(R"([mounts]
"/work" = { type = "bind", source = "/srv/data", write = true }
"/work/**/.env" = "hidden"
"/work/.ss*" = "hidden"
)",
                                host);
  CHECK(compiled.steps_with("attach") ==
        Lines{"attach tree 1 at \"/work\"", "attach tree 3 at \"/work/.env\"",
              "attach tree 4 at \"/work/deep/.env\"", "attach tree 5 at \"/work/.ssh\""});
  CHECK(compiled.steps_with("clone hidden") ==
        Lines{"clone hidden-file of the stage, read-only, nosuid, nodev, noexec as tree 3",
              "clone hidden-file of the stage, read-only, nosuid, nodev, noexec as tree 4",
              "clone hidden-directory of the stage, read-only, nosuid, nodev, noexec as tree 5"});
}

TEST_CASE("what is allowed below something hidden stays reachable") {
  FakeHost host = machine();
  host.dir("/home/ada/.ssh").file("/home/ada/.ssh/known_hosts");
  const auto compiled = plan_of(R"([mounts]
"/home/ada" = "ro"
"/home/ada/.ssh" = "hidden"
"/home/ada/.ssh/known_hosts" = "ro"
)",
                                host);
  REQUIRE(compiled.errors() == "");
  const std::string steps = compiled.steps();
  CHECK(position(steps, "make a tmpfs (mode=0111)") < position(steps, "at \"/home/ada/.ssh/known_hosts\""));
  CHECK(position(steps, "at \"/home/ada/.ssh/known_hosts\"") <
        position(steps, "make \"/home/ada/.ssh\" read-only"));
}

TEST_CASE("a writable bind of something read-only is an error, not a weaker sandbox") {
  FakeHost host = machine();
  host.read_only("/srv");
  const auto compiled = plan_of("[mounts]\n\"/srv/data\" = \"rw\"\n", host);
  CHECK(compiled.errors() ==
        "E0325 box.toml:2: \"/srv/data\" cannot be writable: the host has it mounted read-only"
        " | help: write \"ro\", or have it mounted writable on the host\n");
}

TEST_CASE("kernel file systems need the namespace that owns them") {
  const auto compiled = plan_of(R"([namespaces]
net = "host"
[mounts]
"/sys" = "sysfs"
)",
                                machine());
  CHECK(compiled.errors() ==
        "E0335 box.toml:4: a sysfs of our own needs a net namespace of our own | box.toml:2: it is the "
        "host's here"
        " | cause: the kernel gives this file system only to who owns that namespace"
        " | help: bind the host's instead: { type = \"bind\", source = \"/sys\" }\n");
}

TEST_CASE(
    "an optional overlay whose layer is missing is left out, and one that is not optional is an error") {
  const auto optional = plan_of(
      "[mounts]\n\"/o\" = { type = \"overlay\", lower = [\"/nothing\"], optional = true }\n", machine());
  REQUIRE(optional.errors() == "");
  REQUIRE(optional.plan->skipped.size() == 1);
  CHECK(optional.plan->skipped[0].why == "the host has no directory \"/nothing\"");
  CHECK(optional.steps_with("overlay").empty());
  const auto wanted =
      plan_of("[mounts]\n\"/o\" = { type = \"overlay\", lower = [\"/nothing\"] }\n", machine());
  CHECK(wanted.errors() == "E0320 box.toml:2: \"/nothing\" is no directory of the host\n");
}
