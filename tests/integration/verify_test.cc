// `hutch verify` and `hutch run --verify`, from outside: sandboxes that are as planned are found to be so.

#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/terminal.h"

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

}  // namespace

TEST_CASE("verify: shipped profiles are as planned, with and without an init") {
  for (const char* profile : {"littlebox", "app"}) {
    const Answer answer = run_hutch({"verify", profile});
    CAPTURE(profile, answer.err, answer.out);
    CHECK(answer.status == 0);
    CHECK(has(answer.out, " as planned, 0 different, "));
    CHECK_FALSE(has(answer.out, "  differs  "));
    CHECK(answer.err.empty());
  }
}

TEST_CASE("verify runs nothing; run --verify runs the program as without it") {
  const Workspace here;
  const std::string box = here.profile(
      "box", std::string("[process]\ncommand = [\"/bin/sh\", \"-c\", \"echo ran; exit 7\"]\n") + kSystem);
  const Answer looked = run_hutch({"verify", box});
  CAPTURE(looked.out, looked.err);
  CHECK(looked.status == 0);
  CHECK_FALSE(has(looked.out, "ran\n"));
  const Answer ran = run_hutch({"run", "--verify", box});
  CAPTURE(ran.err);
  CHECK(ran.status == 7);
  CHECK(ran.out == "ran\n");
  CHECK(ran.err.empty());
}

TEST_CASE(
    "verify: without /proc inside, without an init, with the host's namespaces, and without a program") {
  const Workspace here;
  const std::string command = "command = [\"/bin/sh\", \"-c\", \"exit 7\"]\n";
  const std::vector<std::string> tops{
      "[process]\n" + command,
      "[process]\ninit = false\n" + command,
      "[process]\ndie_with_parent = false\nnice = 3\n" + command + "[limits]\nnofile = 50\n",
      "[namespaces]\npid = \"host\"\nnet = \"host\"\nuts = \"host\"\n[process]\n" + command,
      "[namespaces]\npropagation = \"slave\"\nipc = \"host\"\n[process]\n" + command,
      "[identity]\nmap = \"root\"\n[capabilities]\nkeep = [\"kill\"]\n[process]\n" + command,
  };
  for (const std::string& top : tops) {
    const std::string box = here.profile("box", top + kSystem);
    const Answer answer = run_hutch({"run", "--verify", box});
    CAPTURE(top, answer.err);
    CHECK(answer.status == 7);
  }
  const std::string fragment = here.profile("fragment", kSystem);
  const Answer answer = run_hutch({"verify", fragment});
  CAPTURE(answer.out, answer.err);
  CHECK(answer.status == 0);
  CHECK_FALSE(has(answer.out, "execute"));
}

TEST_CASE("verify: with a terminal of the caller, whatever the program gets of it") {
  const Workspace here;
  const std::string box =
      here.profile("box", std::string("[process]\ncommand = [\"/bin/sh\", \"-c\", \"exit 7\"]\n") + kSystem);
  for (const char* tty : {"new", "inherit", "none"}) {
    for (const char* init : {"true", "false"}) {
      const std::vector<std::string> set{"--set", std::string("process.tty = '") + tty + "'", "--set",
                                         std::string("process.init = ") + init, box};
      std::vector<std::string> verify{hutch_binary(), "verify"}, run{hutch_binary(), "run", "--verify"};
      verify.insert(verify.end(), set.begin(), set.end());
      run.insert(run.end(), set.begin(), set.end());
      Terminal looks(verify), runs(run);
      CAPTURE(tty, init);
      CHECK(looks.wait_for(" as planned, 0 different, "));
      CHECK(looks.wait() == 0);
      CHECK_FALSE(looks.is_raw());
      CHECK(runs.wait() == 7);
      CAPTURE(runs.seen());
      CHECK(runs.seen().empty());
    }
  }
}

TEST_CASE("verify: namespaces of a running sandbox that are joined") {
  const Workspace here;
  const std::string box = here.profile(
      "box", std::string("[process]\ncommand = [\"/bin/sh\", \"-c\", \"echo up; read x\"]\n") + kSystem);
  Running first({"run", "--name", "verified", box});
  first.wait_for("up");
  const std::string second = here.profile(
      "second",
      std::string("[namespaces]\nuser = { join = \"sandbox:verified\" }\nnet = { join = "
                  "\"sandbox:verified\" }\n[process]\ncommand = [\"/bin/sh\", \"-c\", \"exit 7\"]\n") +
          kSystem);
  // Not by run_hutch, which would find the first one still there.
  const std::string said = here / "said";
  const int status = std::system((hutch_binary() + " run --verify " + second + " 2>" + said).c_str());
  const std::string err = read_file(said);
  CAPTURE(err);
  if (WEXITSTATUS(status) == 125) {
    // Others could be in there: the kernel shows it to root only.
    CHECK(has(err, "error[E0511]: the sandbox cannot be verified: the kernel does not show the program"));
  } else {
    CHECK(WEXITSTATUS(status) == 7);
  }
  first.wait();
}

TEST_CASE("verify --json is one document, and says the digest of the plan") {
  const Answer plan = run_hutch({"plan", "--digest", "littlebox"});
  const Answer answer = run_hutch({"verify", "--json", "littlebox"});
  CAPTURE(answer.out, answer.err);
  CHECK(answer.status == 0);
  CHECK(has(answer.out, "\"as_planned\": true"));
  CHECK(has(answer.out, plan.out.substr(0, 64)));
  CHECK(has(answer.out, "\"kind\": \"drop_capabilities\""));
}

TEST_CASE("verify: a sandbox in a sandbox") {
  const Workspace here;
  const std::string binary = hutch_binary();
  const std::string inner = here.profile(
      "inner", std::string("[process]\ncommand = [\"/bin/sh\", \"-c\", \"exit 7\"]\n") + kSystem);
  const std::string outer = here.profile(
      "outer", std::string("extends = [\"base/nested\"]\n[identity]\nuid = 1234\ngid = 1234\n") + kSystem +
                   "\"/proc\" = \"proc\"\n\"/hutch\" = { type = \"bind\", source = \"" + binary +
                   "\" }\n\"/inner.toml\" = { type = \"bind\", source = \"" + inner + "\" }\n");
  const Answer plain = run_hutch({"run", outer, "/hutch", "run", "/inner.toml"});
  if (plain.status != 7) SKIP_TEST("this machine does not nest sandboxes: " + plain.err);
  const Answer answer = run_hutch({"run", outer, "/hutch", "run", "--verify", "/inner.toml"});
  CAPTURE(answer.out, answer.err);
  CHECK(answer.status == 7);
}

TEST_CASE("verify: where /proc shows other processes than the launcher's, nothing runs and it is said") {
  const Workspace here;
  const std::string inner = here.profile(
      "inner", std::string("[process]\ncommand = [\"/bin/sh\", \"-c\", \"echo ran\"]\n") + kSystem);
  const std::string outer =
      here.profile("outer", std::string("[identity]\nuid = 1234\ngid = 1234\n") + kSystem +
                                "\"/proc\" = { type = \"bind\", source = \"/proc\", write = true "
                                "}\n\"/hutch\" = { type = \"bind\", "
                                "source = \"" +
                                hutch_binary() + "\" }\n\"/inner.toml\" = { type = \"bind\", source = \"" +
                                inner + "\" }\n");
  const Answer plain = run_hutch({"run", outer, "/hutch", "run", "/inner.toml"});
  if (plain.out != "ran\n") SKIP_TEST("this machine does not nest sandboxes: " + plain.err);
  const Answer answer = run_hutch({"run", outer, "/hutch", "run", "--verify", "/inner.toml"});
  CAPTURE(answer.out, answer.err);
  CHECK(answer.status == 125);
  CHECK(answer.out.empty());
  CHECK(has(answer.err, "error[E0511]: the sandbox cannot be verified: /proc does not show the launcher"));
}
