#include "profile/tests.h"

#include <catch2/catch.hpp>

#include "profile/profiles.h"

namespace hutch::test {
namespace {

/// "name: words -> what is expected", a test a line; or what was wrong.
std::string tests_of(Folder& folder, const std::string& profile) {
  folder.request.with_tests = true;
  const auto loaded = folder.load(profile);
  if (!loaded) return folder.tidy(tell(loaded.error(), folder.sources));
  std::string text;
  for (const TestCase& each : loaded->tests) {
    text += each.name + ":";
    for (const std::string& word : each.run) text += " " + word;
    text += !each.skipped.empty() ? " -> skipped, " + each.skipped
            : each.denied         ? " -> denied"
                                  : fmt::format(" -> {}", each.exit);
    if (each.output) text += " \"" + **each.output + "\"";
    text += "\n";
  }
  return folder.tidy(text);
}

}  // namespace

TEST_CASE("tests: a row has a command, and expects success unless it says otherwise") {
  Folder folder;
  folder.write("profiles/a.toml",
               "[[test]]\nrun = ['true', 'x']\n"
               "[[test]]\nname = 'closed'\nrun = ['cat', '${HOME}/x']\nexpect = 'denied'\n"
               "[[test]]\nrun = ['a']\nexpect = { exit = 3, stdout = '${UID}' }\n");
  folder.host.env("HOME", "/home/ada");
  CHECK(tests_of(folder, "a") ==
        "true x: true x -> 0\nclosed: cat /home/ada/x -> denied\na: a -> 3 \"1000\"\n");
}

TEST_CASE("tests: those of parents are not inherited, those of drop-ins are joined") {
  Folder folder;
  folder.write("profiles/base.toml", "[[test]]\nrun = ['parent']\n")
      .write("profiles/a.toml", "extends = ['base']\n[[test]]\nrun = ['own']\n")
      .write("profiles/a.toml.d/b.toml", "[[test]]\nrun = ['own']\n[[test]]\nrun = ['drop-in']\n");
  CHECK(tests_of(folder, "a") == "own: own -> 0\ndrop-in: drop-in -> 0\n");
}

TEST_CASE("tests: a profile is loaded above others, without their tests, and these may extend it") {
  Folder folder;
  folder
      .write("profiles/system.toml",
             "hostname = 'beside'\ndomainname = 'beside'\n[[test]]\nrun = ['system']\n")
      .write("profiles/parent.toml", "hostname = 'parent'\n")
      .write("profiles/a.toml", "extends = ['parent']\n[[test]]\nrun = ['own']\nextends = ['system']\n");
  CHECK(tests_of(folder, "a") == "own: own -> 0\n");
  folder.request.beside = {{"system", {}}};
  CHECK(tests_of(folder, "a") == "own: own -> 0\n");
  const auto loaded = folder.load("a");
  REQUIRE(loaded);
  REQUIRE(loaded->tests.size() == 1);
  CHECK(*loaded->tests[0].extends.at(0) == "system");
  CHECK(**loaded->profile.hostname == "parent");
  CHECK(**loaded->profile.domainname == "beside");
  folder.write("profiles/round.toml", "extends = ['a']\nhostname = 'above'\n");
  folder.request.beside = {{"round", {}}};
  CHECK(**folder.load("a")->profile.hostname == "above");
}

TEST_CASE("tests: what `when` or a missing value excludes is skipped with the reason") {
  Folder folder;
  folder.write(
      "profiles/a.toml",
      "[[test]]\nrun = ['a']\nwhen = { exists = '/not/there' }\n"
      "[[test]]\nrun = ['b', '${env:NOT_SET}']\nexpect = '${env:NOT_SET}'\nwhen = { arch = 'x86_64' }\n");
  CHECK(tests_of(folder, "a") ==
        "a: a -> skipped, the host has no /not/there\n"
        "b ${env:NOT_SET}: b ${env:NOT_SET} -> skipped, `${env:NOT_SET}` is not defined\n");
}

TEST_CASE("tests: a variable without a value is an error for who asks for tests, and none for a launch") {
  Folder folder;
  folder.write("profiles/a.toml", "[[test]]\nrun = ['${env:NOT_SET}']\n");
  CHECK(tests_of(folder, "a") ==
        "E0204 @/profiles/a.toml:2:9 `${env:NOT_SET}` is not defined | the caller's environment has no "
        "NOT_SET");
  folder.request.with_tests = false;
  CHECK(folder.load("a").has_value());
}

TEST_CASE("tests: an expectation that a variable gives is checked when it is known") {
  Folder folder;
  folder.write("profiles/a.toml",
               "[params.how]\ndefault = 'denid'\n[[test]]\nrun = ['a']\nexpect = '${param:how}'\n");
  CHECK(tests_of(folder, "a") ==
        "E0104 @/profiles/a.toml:5:10 `expect` is \"denid\", not \"ok\" or \"denied\" | did you mean "
        "\"denied\"?");
}

TEST_CASE("tests: ${CWD} is the folder of the test, in the whole profile") {
  Folder folder;
  folder.write("profiles/a.toml", "[mounts]\n'${CWD}' = 'rw'\n[[test]]\nrun = ['ls', '${CWD}']\n");
  folder.request.directory = "/tests/1";
  CHECK(tests_of(folder, "a") == "ls /tests/1: ls /tests/1 -> 0\n");
  const auto loaded = folder.load("a");
  REQUIRE(loaded);
  CHECK(loaded->profile.mounts.contains("/tests/1"));
}

TEST_CASE("tests: mistakes in a row are told at their place") {
  CHECK(shape_of("[[test]]\nexpect = 'ok'\n") == "E0109 p.toml:1:1 a [[test]] has no `run`");
  CHECK(shape_of("[[test]]\nrun = []\n") == "E0105 p.toml:2:7 `run` of a [[test]] cannot be empty");
  CHECK(shape_of("[[test]]\nrun = 'ls'\n") ==
        "E0103 p.toml:2:7 `run` must be a list of strings, not a string");
  CHECK(shape_of("[[test]]\nrun = ['a']\nexpct = 'ok'\n") ==
        "E0102 p.toml:3:1 unknown key `expct` in [[test]] | did you mean `expect`?");
  CHECK(shape_of("[[test]]\nrun = ['a']\nexpect = 'denid'\n") ==
        "E0104 p.toml:3:10 `expect` is \"denid\", not \"ok\" or \"denied\" | did you mean \"denied\"?");
  CHECK(shape_of("[[test]]\nrun = ['a']\nexpect = 1\n") ==
        "E0103 p.toml:3:10 `expect` must be \"ok\", \"denied\" or a table, not an integer");
  CHECK(shape_of("[[test]]\nrun = ['a']\nexpect = {}\n") ==
        "E0109 p.toml:3:10 `expect` has neither `exit` nor `stdout`");
  CHECK(shape_of("[[test]]\nrun = ['a']\nexpect = { exit = 256 }\n") ==
        "E0105 p.toml:3:19 `exit` must be an integer from 0 to 255, not 256");
  CHECK(shape_of("[[test]]\nrun = ['a']\nexpect = { status = 1 }\n")
            .starts_with("E0102 p.toml:3:12 unknown key `status` in `expect`"));
  CHECK(shape_of("test = 1\n") == "E0103 p.toml:1:8 `test` must be a list of tables, not an integer");
}

}  // namespace hutch::test
