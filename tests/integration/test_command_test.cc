// `hutch test`: a profile proves itself, in the sandbox that it describes.

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "support/sandbox.h"

using namespace hutch::test;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr const char* kSystem = R"([mounts]
"/usr" = "ro"
"/bin" = "mirror"
"/lib" = "mirror"
"/lib64" = "mirror"
"/dev" = "dev"
)";

Answer test(const Workspace& here, const std::string& tests, const std::vector<std::string>& options = {},
            const std::string& top = "") {
  std::vector<std::string> words{"test"};
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(here.profile("box", top + kSystem + tests));
  return run_hutch(words);
}

std::string entry(const std::string& run, const std::string& rest) {
  return "[[test]]\nrun = ['sh', '-c', '''" + run + "''']\n" + rest + "\n";
}

}  // namespace

TEST_CASE("tests that hold pass, whatever they expect") {
  const Workspace here;
  const Answer answer =
      test(here, entry("true", "name = 'it runs'") + entry("exit 3", "expect = { exit = 3 }") +
                     entry("cat", "stdin = 'told'\nexpect = { stdout = 'told' }") +
                     entry("cat /etc/shadow", "name = 'no secrets'\nexpect = 'denied'") +
                     entry("true", "name = 'elsewhere'\nwhen = { arch = 'vax' }"));
  CAPTURE(answer.out, answer.err);
  CHECK(answer.status == 0);
  CHECK(answer.err.empty());
  CHECK(has(answer.out, "ok    it runs\n"));
  CHECK(has(answer.out, "ok    no secrets\n"));
  CHECK(has(answer.out, "skip  elsewhere: "));
  CHECK(has(answer.out, "4 passed, 1 skipped\n"));
}

TEST_CASE("a test that does not hold fails, with what was expected and what came, at its line") {
  const Workspace here;
  const struct {
    std::string entry, says;
  } wrong[] = {
      {entry("echo out; echo err >&2; exit 2", "name = 'x'"), "but it ended with status 2"},
      {entry("true", "expect = 'denied'"), "but it ended with status 0: nothing was denied"},
      {entry("no-such-program", "expect = 'denied'"), "status 127"},
      {"[[test]]\nrun = ['/no/such']\nexpect = 'denied'\n", "no such program is inside"},
      {entry("kill -SEGV $$$$", "expect = 'denied'"), "SIGSEGV ended it, which is no denial"},
      {entry("echo other", "expect = { stdout = 'this' }"), "its standard output is another"},
      {entry("exit 1", "expect = { exit = 2 }"), "but it ended with status 1"},
  };
  for (const auto& each : wrong) {
    const Answer answer = test(here, each.entry);
    CAPTURE(each.entry, answer.out, answer.err);
    CHECK(answer.status == 1);
    CHECK(has(answer.out, "FAIL  "));
    CHECK(has(answer.out, each.says));
    CHECK(has(answer.out, "box.toml:8:"));
    CHECK(has(answer.out, "0 passed, 1 failed"));
  }
  const Answer streams = test(here, wrong[0].entry);
  CHECK(has(streams.out, "| out\n"));
  CHECK(has(streams.out, "| err\n"));
}

TEST_CASE("a sandbox that cannot be set up is a failure of every test, also of one that expects a denial") {
  const Workspace here;
  const Answer answer = test(here, "\"/data\" = { type = \"bind\", source = \"./missing\" }\n" +
                                       entry("cat /data", "expect = 'denied'"));
  CAPTURE(answer.out, answer.err);
  CHECK(answer.status == 1);
  CHECK(has(answer.out + answer.err, "missing"));
  CHECK_FALSE(has(answer.out, "ok  "));
}

TEST_CASE("a test that hangs is killed and fails") {
  const Workspace here;
  const Answer answer = test(here, entry("sleep 60", "name = 'sleeps'"), {"--timeout", "1s"});
  CAPTURE(answer.out);
  CHECK(answer.status == 1);
  CHECK(has(answer.out, "it had not ended after 1 s, and was killed"));
}

TEST_CASE("each test has an empty folder of its own as ${CWD}, and the caller's stays as it is") {
  const Workspace here;
  here.write("mine", "x");
  const std::string box =
      here.profile("box", std::string(kSystem) + "\"${CWD}\" = \"rw\"\n" +
                              entry("ls -A; echo made > made", "expect = { stdout = '' }") +
                              entry("ls -A; touch other", "expect = { stdout = '' }"));
  const Answer answer = run_hutch({"test", box}, {.cwd = here.path()});
  CAPTURE(answer.out, answer.err);
  CHECK(answer.status == 0);
  CHECK(has(answer.out, "2 passed\n"));
  CHECK(::access((here / "made").c_str(), F_OK) != 0);
}

TEST_CASE("a plain launch does not look at tests, and a profile's parents do not hand theirs down") {
  const Workspace here;
  here.profile("low", std::string(kSystem) + entry("exit 9", "name = 'of the parent'"));
  const std::string box = here.profile(
      "box", "extends = ['./low.toml']\n[[test]]\nrun = ['${env:NOT_THERE}']\nwhen = { arch = 'vax' }\n");
  const Answer ran = run_hutch({"run", box, "sh", "-c", "echo ran"});
  CAPTURE(ran.err);
  CHECK(ran.status == 0);
  CHECK(ran.out == "ran\n");
  const std::string none = here.profile("none", "extends = ['./low.toml']\n");
  const Answer tested = run_hutch({"test", none});
  CHECK(tested.status == 0);
  CHECK(has(tested.out, "none.toml: no tests\n"));
  CHECK(run_hutch({"test", "--strict", none}).status == 1);
}

TEST_CASE("tests as data, and mistakes in them at their place") {
  const Workspace here;
  const Answer json = test(here, entry("echo a; exit 1", "name = 'x'"), {"--json"});
  CHECK(json.status == 1);
  CHECK(has(json.out, R"("result": "failed")"));
  CHECK(has(json.out, R"("stdout": "a\n")"));
  const Answer wrong = test(here, "[[test]]\nrun = []\nexpct = 'ok'\n");
  CAPTURE(wrong.err);
  CHECK(wrong.status == 1);
  CHECK(has(wrong.err, "error[E0102]: unknown key `expct` in [[test]]"));
  CHECK(has(wrong.err, "did you mean `expect`?"));
  CHECK(has(wrong.err, "error[E0105]: `run` of a [[test]] cannot be empty"));
}

TEST_CASE("tests: statuses are those of hutch run") {
  const Workspace here;
  const struct {
    const char *run, *status;
  } rows[] = {{"['no-such-program']", "127"},
              {"['/usr']", "126"},
              {"['sh', '-c', 'exit 125']", "125"},
              {"['sh', '-c', 'kill -TERM $$$$']", "143"},
              {"['sleep', '60']", "124"}};
  for (const auto& row : rows) {
    const Answer answer =
        test(here, std::string("[[test]]\nrun = ") + row.run + "\nexpect = { exit = " + row.status + " }\n",
             {"--timeout", "1s"});
    CAPTURE(row.run, answer.out, answer.err);
    CHECK(answer.status == 0);
  }
}

TEST_CASE("tests: denied is a program that began and was refused, by status or by signal") {
  const Workspace here;
  for (const char* run : {"kill -SYS $$$$", "kill -XFSZ $$$$", "exit 126", ": > /usr/x"}) {
    const Answer answer = test(here, entry(run, "expect = 'denied'"));
    CAPTURE(run, answer.out, answer.err);
    CHECK(answer.status == 0);
  }
  for (const char* run : {"['/usr']", "['/dev/null']"}) {
    const Answer answer = test(here, std::string("[[test]]\nrun = ") + run + "\nexpect = 'denied'\n");
    CAPTURE(run, answer.out, answer.err);
    CHECK(answer.status == 1);
    CHECK(has(answer.out, "it could not be executed, so that it was denied nothing"));
  }
}

TEST_CASE("tests: the command and the streams are the test's, the rest is the profile's") {
  const Workspace here;
  const std::string file = here / "out";
  const Answer answer = test(here,
                             "[process]\ncommand = ['no-such-program']\nargs = 'append'\nargv0 = 'other'\n"
                             "stdout = '" +
                                 file + "'\n" +
                                 entry("uname -n; cat; test -t 0 || echo no terminal; echo $$0",
                                       "expect = { stdout = \"tested\\nno terminal\\nsh\\n\" }"),
                             {}, "hostname = 'tested'\n");
  CAPTURE(answer.out, answer.err);
  CHECK(answer.status == 0);
  CHECK(::access(file.c_str(), F_OK) != 0);
}

TEST_CASE("tests: locked folders, links and a signal leave nothing behind") {
  const Workspace here, temporary;
  const Options options{.env = {{"TMPDIR", temporary.path()}}};
  const std::string locked = here.profile(
      "locked", std::string(kSystem) + "'${CWD}' = 'rw'\n" +
                    entry("mkdir -p a/b; ln -s " + here.path() + " a/b/link; chmod 0 a/b; chmod 500 a", "") +
                    entry("ls", "expect = { stdout = '' }"));
  here.write("kept", "x");
  const Answer answer = run_hutch({"test", locked}, options);
  CAPTURE(answer.out, answer.err);
  CHECK(answer.status == 0);
  CHECK(std::filesystem::is_empty(temporary.path()));
  CHECK(::access((here / "kept").c_str(), F_OK) == 0);

  const std::string hangs =
      here.profile("hangs", std::string(kSystem) + entry("true", "name = 'first'") + entry("sleep 60", ""));
  Running running({"test", hangs}, options);
  REQUIRE(running.wait_for("ok    first").empty());
  running.signal(SIGTERM);
  const Answer ended = running.wait();
  CHECK(ended.status == 128 + SIGTERM);
  CHECK_FALSE(has(ended.out, "passed"));
  CHECK(std::filesystem::is_empty(temporary.path()));
}

TEST_CASE("tests: much output is cut, and who stays behind does not hold the test up") {
  const Workspace here;
  const Answer answer =
      test(here, entry("sleep 60 & head -c 3000000 /dev/zero | tr '\\0' x", "expect = { stdout = 'y' }"));
  CHECK(answer.status == 1);
  CHECK(answer.out.size() < 5000);
  CHECK(has(answer.out, "its standard output is another"));
}

TEST_CASE("tests: a profile without any is said to have none, and --strict fails where nothing was proven") {
  const Workspace here;
  const Answer none = test(here, "");
  CHECK(none.status == 0);
  CHECK(has(none.out, ": no tests\n"));
  CHECK(test(here, "", {"--strict"}).status == 1);
  const std::string skipped = entry("true", "when = { exists = '/no/where' }");
  CHECK(test(here, skipped).status == 0);
  CHECK(test(here, skipped, {"--strict"}).status == 1);
}

TEST_CASE("a fragment is tried in what its test names, and a name that is wrong is told at its place") {
  const Workspace here;
  here.profile("system", kSystem + entry("false", "name = \"of somebody else\""));
  const std::string fragment = here.profile(
      "part",
      "hostname = 'part'\n" + entry("uname -n", "extends = ['./system.toml']\nexpect = { stdout = 'part' }"));
  const Answer answer = run_hutch({"test", fragment});
  CAPTURE(answer.out, answer.err);
  CHECK(answer.status == 0);
  CHECK(has(answer.out, "1 passed\n"));
  const Answer wrong = run_hutch({"test", here.profile("wrong", entry("true", "extends = ['no/such']"))});
  CHECK(wrong.status == 1);
  CHECK(has(wrong.err, "error[E0202]: there is no profile `no/such`"));
  CHECK(has(wrong.err, "| extends = ['no/such']\n"));
}

TEST_CASE("tests: what cannot be loaded is not tested, the others are") {
  const Workspace here;
  const std::string broken = here.profile("broken", "nme = \"x\"\n");
  const std::string box = here.profile("box", std::string(kSystem) + entry("true", "name = 'it'"));
  const Answer answer = run_hutch({"test", broken, box});
  CHECK(answer.status == 1);
  CHECK(answer.out == broken + ": not tested\nok    it\n" + box + ": 1 passed\n");
  CHECK(has(answer.err, "error[E0102]: unknown key `nme`"));
}
