#include <catch2/catch.hpp>

#include "profile/profiles.h"

namespace hutch {
namespace {

using test::Folder;
using test::shape_of;

struct Example {
  std::string_view toml, says;
};

constexpr std::string_view kDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST_CASE("what is wrong with an input or an output of a build is told at its place") {
  const auto example = GENERATE(values<Example>({
      {"[build]\nepoc = 3", "E0102 p.toml:2:1 unknown key `epoc` in [build] | did you mean `epoch`?"},
      {"[build]\nepoch = -1", "E0105 p.toml:2:9 `epoch` must be an integer, not -1"},
      {"[build.inputs]\n'src' = './src'",
       "E0106 p.toml:2:1 build input \"src\" is not absolute | write \"/src\""},
      {"[build.inputs]\n'/' = './src'", "E0106 p.toml:2:1 a build input cannot be \"/\""},
      {"[build.inputs]\n'/s*' = './src'",
       "E0115 p.toml:2:1 \"/s*\" is a glob, and an input has one target | help: write a backslash before "
       "`*`, "
       "`?` and `[` if they are meant as they are"},
      {"[build.inputs]\n'/src' = ''", "E0105 p.toml:2:10 the path for \"/src\" cannot be empty"},
      {"[build.inputs]\n'/src' = 3",
       "E0103 p.toml:2:10 `/src` must be a path of the host or a table, not an integer"},
      {"[build.inputs]\n'/src' = { sorce = 'x' }",
       "E0102 p.toml:2:12 unknown key `sorce` in input \"/src\" | did you mean `source`?"},
      {"[build.inputs]\n'/src' = { source = 'x', sha256 = 'E3B0' }",
       "E0105 p.toml:2:35 `sha256` is \"E3B0\", not 64 hexadecimal digits, lower-case: what `sha256sum` "
       "prints"},
      {"[build.outputs]\n'/o/' = './o'",
       "E0106 p.toml:2:1 build output \"/o/\" ends in a slash | write \"/o\""},
      {"[build.outputs]\n'/o' = { to = 'x', optionl = true }",
       "E0102 p.toml:2:20 unknown key `optionl` in output \"/o\" | did you mean `optional`?"},
  }));
  CAPTURE(example.toml);
  CHECK(shape_of(example.toml) == example.says);
}

std::string problem_of(Folder& folder, std::string_view toml) {
  folder.write("p.toml", toml);
  const auto loaded = folder.load("./p.toml");
  return loaded ? "" : test::tell(loaded.error(), folder.sources);
}

TEST_CASE(
    "inputs and outputs that lack a path, or contradict a mount, are errors once all layers are known") {
  Folder folder;
  CHECK(problem_of(folder, "[build.inputs]\n'/src' = { scratch = true }\n") ==
        "E0109 ./p.toml:2:10 build input \"/src\" has no `source`");
  CHECK(problem_of(folder, "[build.outputs]\n'/o' = { optional = true }\n") ==
        "E0109 ./p.toml:2:8 build output \"/o\" has no `to`");
  CHECK(problem_of(folder, "[mounts]\n'/src' = 'tmpfs'\n[build.inputs]\n'/src' = './x'\n") ==
        "E0110 ./p.toml:4:1 \"/src\" is an input of the build and a mount, too | help: say it once; an input "
        "is "
        "mounted read-only, or with `scratch = true` for a while | other: ./p.toml:2:1 the mount");
  CHECK(
      problem_of(folder, "build.epoch = 3\nenvironment.set.SOURCE_DATE_EPOCH = '4'\n") ==
      "E0110 ./p.toml:1:15 `build.epoch` and SOURCE_DATE_EPOCH are different times | help: say `build.epoch` "
      "alone: it sets the variable | other: ./p.toml:2:37 ");
}

TEST_CASE("an input is a mount: read-only, or one whose changes are thrown away") {
  Folder folder;
  folder.write(
      "p.toml",
      "[build]\nepoch = 7\n[build.inputs]\n'/a' = './x'\n'/b' = { source = '/y', scratch = true }\n");
  const auto loaded = folder.load("./p.toml");
  REQUIRE(loaded);
  const Profile& profile = loaded->profile;
  const Mount& plain = profile.mounts.at("/a");
  CHECK(plain.type == MountType::bind);
  CHECK(**plain.source == folder.path() + "/x");
  CHECK(!plain.write);
  const Mount& scratch = profile.mounts.at("/b");
  CHECK(scratch.type == MountType::overlay);
  CHECK(*scratch.lower.at(0) == "/y");
  CHECK(**scratch.upper == "tmpfs");
  CHECK(*profile.environment.set.at("SOURCE_DATE_EPOCH") == "7");
}

TEST_CASE("a layer adds to an input of a lower one, and paths start at the file that says them") {
  Folder folder;
  folder.write("low/base.toml", "[build.inputs]\n'/a' = './x'\n[build.outputs]\n'/o' = './out'\n");
  folder.write("p.toml", std::string("extends = ['./low/base.toml']\n[build.inputs]\n'/a' = { sha256 = '") +
                             std::string(kDigest) + "' }\n[build.outputs]\n'/o' = { optional = true }\n");
  const auto loaded = folder.load("./p.toml");
  REQUIRE(loaded);
  const BuildInput& input = loaded->profile.build.inputs.at("/a");
  CHECK(*input.source == folder.path() + "/low/x");
  CHECK(**input.sha256 == kDigest);
  const BuildOutput& output = loaded->profile.build.outputs.at("/o");
  CHECK(*output.to == folder.path() + "/low/out");
  CHECK(*output.optional);
}

}  // namespace
}  // namespace hutch
