#include "profile/merge.h"

#include <catch2/catch.hpp>

#include "profile/profiles.h"

namespace hutch {
namespace {

using test::Folder;

/// The effective profile of `above`, which extends `below`.
std::string merged(std::string_view below, std::string_view above) {
  Folder folder;
  folder.write("profiles/below.toml", below)
      .write("profiles/above.toml", "extends = ['below']\n" + std::string(above));
  return folder.effective("above");
}

TEST_CASE("scalars replace, tables merge by key") {
  CHECK(merged("hostname = 'a'\n[process]\nnice = 1\numask = '022'", "hostname = 'b'\n[process]\nnice = 2") ==
        "hostname = \"b\"\n[process]\nnice = 2\numask = \"022\"");
}

TEST_CASE("lists join without duplicates, and ! removes what is inherited") {
  CHECK(merged("[environment]\ninherit = ['A', 'B', 'A']", "[environment]\ninherit = ['!A', 'B', 'C']") ==
        "[environment]\ninherit = [\n  \"B\",\n  \"C\",\n]");
  CHECK(merged("", "[environment]\ninherit = ['!A', 'B', 'B']") == "[environment]\ninherit = [\"B\"]");
  CHECK(merged("[capabilities]\nkeep = ['a']", "[capabilities]\nkeep = ['!a']") ==
        "[capabilities]\nkeep = []");
  CHECK(merged("[identity]\ngroups = [1, 2]", "[identity]\ngroups = [2, 3]") ==
        "[identity]\ngroups = [\n  1,\n  2,\n  3,\n]");
}

TEST_CASE("lists of system calls join, and so do rules, each once") {
  CHECK(merged("[seccomp]\nallow = ['read', 'bpf']\n[[seccomp.rule]]\nsyscall = 'a'\naction = 'kill'",
               "[seccomp]\nallow = ['!bpf', 'mount']\n[[seccomp.rule]]\nsyscall = 'a'\naction = 'kill'\n"
               "[[seccomp.rule]]\nsyscall = 'b'\naction = 'log'\nargs = [{ index = 1, value = 2 }]") ==
        "[seccomp]\nallow = [\n  \"read\",\n  \"mount\",\n]\nrule = [\n  { action = \"kill\", syscall = "
        "\"a\" },\n  { "
        "action = \"log\", args = [{ index = 1, value = 2 }], syscall = \"b\" },\n]");
}

TEST_CASE("a command replaces, and its words are never removals") {
  CHECK(merged("[process]\ncommand = ['a', 'a']", "[process]\ncommand = ['!x', 'b', 'b']") ==
        "[process]\ncommand = [\"!x\", \"b\", \"b\"]");
}

TEST_CASE("a command keeps its words where the inherited [process] says something else, too") {
  CHECK(merged("[process]\nnice = 1", "[process]\ncommand = ['a', 'b', 'b', '!a']") ==
        "[process]\ncommand = [\"a\", \"b\", \"b\", \"!a\"]\nnice = 1");
}

TEST_CASE("a mount of the same type adds to the inherited one") {
  CHECK(merged("[mounts]\n'/d' = { type = 'bind', source = '/s', exec = false }", "[mounts]\n'/d' = 'rw'") ==
        "[mounts.\"/d\"]\nexec = false\nsource = \"/s\"\ntype = \"bind\"\nwrite = true");
  CHECK(merged("[mounts]\n'/t' = 'tmpfs'", "[mounts]\n'/t' = { size = '1M' }") ==
        "[mounts.\"/t\"]\nsize = \"1M\"\ntype = \"tmpfs\"");
}

TEST_CASE("a mount of another type replaces the inherited one") {
  CHECK(merged("[mounts]\n'/d' = { type = 'bind', source = '/s', write = true }",
               "[mounts]\n'/d' = 'tmpfs'") == "[mounts.\"/d\"]\ntype = \"tmpfs\"");
}

TEST_CASE("none removes an inherited mount, and a later layer may bring another") {
  CHECK(merged("[mounts]\n'/d' = 'ro'\n'/e' = 'ro'", "[mounts]\n'/d' = 'none'") ==
        "[mounts.\"/e\"]\ntype = \"bind\"\nwrite = false");
  Folder folder;
  folder.write("profiles/a.toml", "[mounts]\n'/d' = { type = 'bind', source = '/s' }")
      .write("profiles/b.toml", "[mounts]\n'/d' = 'none'")
      .write("profiles/c.toml", "extends = ['a', 'b']\n[mounts]\n'/d' = 'ro'");
  CHECK(folder.effective("c") == "[mounts.\"/d\"]\ntype = \"bind\"\nwrite = false");
}

TEST_CASE("a word without a question mark makes an optional mount required again") {
  CHECK(merged("[mounts]\n'/d' = 'ro?'", "[mounts]\n'/d' = 'ro'") ==
        "[mounts.\"/d\"]\ntype = \"bind\"\nwrite = false");
  CHECK(merged("[mounts]\n'/d' = 'ro'", "[mounts]\n'/d' = 'rw?'") ==
        "[mounts.\"/d\"]\noptional = true\ntype = \"bind\"\nwrite = true");
}

TEST_CASE("a file has its content or its source, whichever was said last") {
  CHECK(merged("[mounts]\n'/f' = { type = 'file', content = 'x', mode = '600' }",
               "[mounts]\n'/f' = { source = '/s' }") ==
        "[mounts.\"/f\"]\nmode = \"600\"\nsource = \"/s\"\ntype = \"file\"");
}

TEST_CASE("one path is one mount, however its layers spell it") {
  CHECK(merged("[mounts]\n'~/x' = 'ro'", "[mounts]\n'${HOME}/x' = 'rw'") ==
        "[mounts.\"/home/ada/x\"]\ntype = \"bind\"\nwrite = true");
}

TEST_CASE("keys that do not go with the type are told after merging too") {
  CHECK(merged("[mounts]\n'/d' = 'ro'", "[mounts]\n'/d' = { size = '1M' }").find("E0108") == 0);
  CHECK(merged("", "[mounts]\n'/d' = { size = '1M' }").find("E0109") == 0);
  CHECK(merged("", "[mounts]\n'/' = 'hidden'").find("E0114") == 0);
  CHECK(merged("", "[mounts]\n'/d*' = { type = 'bind', source = '/x' }").find("E0115") == 0);
  CHECK(merged("", "[mounts]\n'/d*' = 'tmpfs'").find("E0115") == 0);
  CHECK(merged("", "[mounts]\n'/d*' = 'hidden'\n'/dev/nvidia*' = 'device?'\n'/e\\*' = 'tmpfs'").find("E0") ==
        std::string::npos);
}

TEST_CASE("a namespace's word replaces, a table adds") {
  CHECK(merged("[namespaces]\ntime = { monotonic = 1 }", "[namespaces]\ntime = { boottime = 2 }") ==
        "[namespaces.time]\nboottime = 2\nmonotonic = 1\nnew = true");
  CHECK(merged("[namespaces]\ntime = { monotonic = 1 }", "[namespaces]\ntime = 'host'") ==
        "[namespaces.time]\nnew = false");
  CHECK(merged("[namespaces]\nnet = 'host'", "[namespaces]\nnet = 'new'\nnested = 'deny'") ==
        "[namespaces]\nnested = \"deny\"\n[namespaces.net]\nnew = true");
}

TEST_CASE("each value keeps the place that it was written at") {
  Folder folder;
  folder.write("profiles/below.toml", "[mounts]\n'/d' = { type = 'bind', source = '/s' }\n")
      .write("profiles/above.toml", "extends = ['below']\n\n[mounts]\n'/d' = 'rw'\n");
  const auto loaded = folder.load("above");
  REQUIRE(loaded);
  const Mount& mount = loaded->profile.mounts.at("/d");
  CHECK(folder.tidy(folder.sources.where(mount.source->at)) == "@/profiles/below.toml:2:34");
  CHECK(folder.tidy(folder.sources.where(mount.write->at)) == "@/profiles/above.toml:4:8");
  CHECK(folder.tidy(folder.sources.where(mount.key_at)) == "@/profiles/above.toml:4:1");
}

}  // namespace
}  // namespace hutch
