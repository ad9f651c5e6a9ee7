#include <catch2/catch.hpp>
#include <cerrno>

#include "support/fake_host.h"
#include "support/plan_of.h"

using hutch::test::Compiled;
using hutch::test::FakeHost;
using hutch::test::plan_of;
using Lines = std::vector<std::string>;

namespace {

FakeHost machine(int abi = 7) {
  FakeHost host;
  host.file("/usr/bin/env", 0755).dir("/usr/lib").dir("/srv/data/deep").dir("/tmp", 01777);
  for (const char* node : {"full", "null", "random", "tty", "urandom", "zero"})
    host.device(std::string("/dev/") + node);
  host.kernel().landlock = abi;
  return host;
}

/// The steps of Landlock, without their numbers.
Lines rules(const Compiled& compiled) {
  Lines found;
  for (const char* word : {"prepare Landlock", "allow in", "allow for port", "obey"}) {
    for (const std::string& line : compiled.steps_with(word)) found.push_back(line);
  }
  return found;
}

Lines remarks(const Compiled& compiled) {
  Lines found;
  for (const auto& each : compiled.plan->remarks) found.push_back(*each);
  return found;
}

Lines warnings(const Compiled& compiled) {
  Lines found;
  for (const hutch::Diagnostic& each : compiled.plan->warnings)
    found.push_back(each.code + " " + std::to_string(each.at.line) + ": " + each.what);
  return found;
}

constexpr const char* kAll =
    "reading files, listing folders, executing, writing files, truncating, making, removing, moving between "
    "folders";

}  // namespace

TEST_CASE("without a word about it, and with a network of its own, Landlock restricts nothing") {
  const auto compiled = plan_of("[mounts]\n\"/usr\" = \"ro\"\n", machine());
  REQUIRE(compiled.errors() == "");
  CHECK(rules(compiled) == Lines{});
}

TEST_CASE("an empty [landlock] is not nothing: the rules follow from the mounts") {
  const auto compiled = plan_of(R"([landlock]
[mounts]
"/usr" = "ro"
"/usr/lib" = { type = "bind", source = "/srv/data", exec = false }
"/data" = { type = "bind", source = "/srv/data", write = true }
"/data/deep" = "hidden"
"/tmp" = "tmpfs"
"/home/ada" = "dir"
)",
                                machine());
  REQUIRE(compiled.errors() == "");
  const std::string all = kAll;
  CHECK(rules(compiled) ==
        Lines{"prepare Landlock rules for files", "allow in \"/\": reading files, listing folders",
              "allow in \"/data\": " + all, "allow in \"/etc\": " + all, "allow in \"/home\": " + all,
              "allow in \"/tmp\": " + all, "allow in \"/usr\": reading files, listing folders, executing",
              "obey the Landlock rules"});
  CHECK(remarks(compiled) ==
        Lines{"Landlock lets nothing new be made in \"/\" itself, since mounts below it are read-only"});
}

TEST_CASE("links that set-up makes get no rule: it would be one for what they lead to") {
  const auto compiled = plan_of(R"([landlock]
[mounts]
"/usr" = "ro"
"/bin" = { type = "symlink", to = "usr/bin" }
)",
                                machine());
  REQUIRE(compiled.errors() == "");
  CHECK(compiled.steps_with("allow in \"/bin\"") == Lines{});
}

TEST_CASE("a rule that follows from a mount points at the line of that mount") {
  const auto compiled = plan_of(R"([landlock]
[mounts]
"/usr" = "ro"
"/data" = { type = "bind", source = "/srv/data", write = true }
"/data/de*" = "hidden"
"/tmp" = "tmpfs"
)",
                                machine());
  REQUIRE(compiled.errors() == "");
  std::vector<std::uint32_t> lines;
  for (const hutch::Step& step : compiled.plan->steps) {
    const auto* path = std::get_if<hutch::AllowPath>(&step.op);
    if (path != nullptr && path->path.view() != "/" && path->path.view() != "/etc")
      lines.push_back(step.origin.line);
  }
  CHECK(lines == std::vector<std::uint32_t>{4, 6});  // /usr has no more than the root above it
}

TEST_CASE("a device can be controlled, and a folder of devices made by us cannot be written") {
  const auto compiled = plan_of("[landlock]\n[mounts]\n\"/dev\" = \"dev\"\n\"/usr\" = \"ro\"\n", machine());
  REQUIRE(compiled.errors() == "");
  CHECK(compiled.steps_with("allow in \"/dev/null\"") ==
        Lines{"allow in \"/dev/null\": reading files, writing files, truncating, controlling devices"});
  CHECK(compiled.steps_with("allow in \"/dev\"") == Lines{});  // the root's rule lets it be read
}

TEST_CASE("where a host folder is writable and a part of it is not, the plan says what keeps that part") {
  const auto compiled = plan_of(R"([landlock]
[mounts]
"/data" = { type = "bind", source = "/srv/data", write = true }
"/data/deep" = { type = "bind", source = "/srv/data/deep" }
)",
                                machine());
  REQUIRE(compiled.errors() == "");
  CHECK(
      remarks(compiled).back() ==
      "that \"/data/deep\" cannot be written is kept by its mount alone: the rules of Landlock for \"/data\" "
      "reach into it");
}

TEST_CASE("rules that are written out are the only ones, by path; a path that is not there is left out") {
  const auto compiled = plan_of(R"([mounts]
"/usr" = "ro"
"/data" = { type = "bind", source = "/srv/data", write = true }
[landlock]
read = ["/usr", "/data/../data", "/gone"]
write = ["/data"]
execute = ["/usr"]
bind_tcp = [8080]
connect_tcp = [443, 8080]
scope = ["signal"]
log = true
)",
                                machine());
  REQUIRE(compiled.errors() == "");
  CHECK(rules(compiled) ==
        Lines{"prepare Landlock rules for files, listening on TCP ports, connecting to TCP ports, signals "
              "beyond the sandbox",
              "allow in \"/data\": reading files, listing folders, writing files, truncating, making, making "
              "device nodes, removing, moving between folders, controlling devices",
              "allow in \"/usr\": reading files, listing folders, executing",
              "allow for port 443: connecting to TCP ports",
              "allow for port 8080: listening on TCP ports, connecting to TCP ports",
              "obey the Landlock rules, and log what they deny"});
  REQUIRE(compiled.plan->skipped.size() == 1);
  CHECK(compiled.plan->skipped[0].what == "landlock rule for \"/gone\"");
}

TEST_CASE("an empty list denies; a list that is not said restricts nothing") {
  const auto compiled = plan_of("[landlock]\nmounts = false\nconnect_tcp = []\n", machine());
  REQUIRE(compiled.errors() == "");
  CHECK(rules(compiled) ==
        Lines{"prepare Landlock rules for connecting to TCP ports", "obey the Landlock rules"});
}

TEST_CASE("with the host's network, its abstract sockets are kept away unless they are shared") {
  const char* const kHostNet = "[namespaces]\nnet = \"host\"\n";
  const auto compiled = plan_of(kHostNet, machine());
  REQUIRE(compiled.errors() == "");
  CHECK(rules(compiled) ==
        Lines{"prepare Landlock rules for abstract sockets beyond the sandbox", "obey the Landlock rules"});
  CHECK(rules(plan_of(std::string(kHostNet) + "[network]\nabstract_sockets = \"host\"\n", machine())) ==
        Lines{});
  CHECK(rules(plan_of("[network]\nabstract_sockets = \"scoped\"\n", machine())).size() == 2);
}

TEST_CASE("what the kernel cannot restrict is said, and an error if it is required") {
  struct Row {
    int abi;
    std::string toml, says, errors;
  };
  const Row rows[] = {
      {-EOPNOTSUPP, "[landlock]\n",
       "this kernel cannot restrict: files (no Landlock: it is not switched on: the kernel's parameter "
       "`lsm=` "
       "does not name landlock)",
       "E0350 box.toml:2: this kernel cannot restrict: files | cause: no Landlock: it is not switched on: "
       "the "
       "kernel's parameter `lsm=` does not name landlock | help: switch Landlock on; Linux 6.10 or newer has "
       "it: "
       "or "
       "drop `required`\n"},
      {1, "[landlock]\n",
       "Landlock of this kernel (ABI 1) always denies moving files between folders\nthis kernel cannot "
       "restrict: truncating, controlling devices (its Landlock has ABI 1)",
       "E0350 box.toml:2: this kernel cannot restrict: truncating, controlling devices | cause: its Landlock "
       "has "
       "ABI "
       "1 | help: Linux 6.10 or newer has it: or drop `required`\n"},
      {3, "[landlock]\nmounts = false\nbind_tcp = [80]\n",
       "this kernel cannot restrict: listening on TCP ports (its Landlock has ABI 3)",
       "E0350 box.toml:4: this kernel cannot restrict: listening on TCP ports | cause: its Landlock has ABI "
       "3 | help: Linux "
       "6.7 or newer has it: or drop `required`\n"},
      {5, "[landlock]\nmounts = false\nscope = [\"signal\"]\n",
       "this kernel cannot restrict: signals beyond the sandbox (its Landlock has ABI 5)",
       "E0350 box.toml:4: this kernel cannot restrict: signals beyond the sandbox | cause: its Landlock has "
       "ABI 5 | help: Linux 6.12 or newer has it: or drop `required`\n"},
      {6, "[landlock]\nmounts = false\nscope = [\"signal\"]\nlog = true\n",
       "this kernel cannot restrict: (the audit log) (its Landlock has ABI 6)",
       "E0350 box.toml:5: this kernel cannot restrict: (the audit log) | cause: its Landlock has ABI 6 | "
       "help: Linux 6.15 "
       "or "
       "newer has it: or drop `required`\n"},
      {9, "[landlock]\nmounts = false\nscope = [\"signal\"]\nlog = true\n", "", ""},
  };
  for (const Row& row : rows) {
    INFO(row.abi << " " << row.toml);
    const auto lenient = plan_of(row.toml, machine(row.abi));
    REQUIRE(lenient.errors() == "");
    std::string says;
    for (const std::string& each : remarks(lenient)) {
      if (each.find("itself") == each.npos) says += (says.empty() ? "" : "\n") + each;
    }
    CHECK(says == row.says);
    CHECK(plan_of(row.toml + "required = true\n", machine(row.abi)).errors() == row.errors);
  }
}

TEST_CASE("scoping that is asked for is no matter of luck, and the default is") {
  const std::string net = "[namespaces]\nnet = \"host\"\n";
  const auto lucky = plan_of(net, machine(5));
  REQUIRE(lucky.errors() == "");
  CHECK(remarks(lucky) ==
        Lines{"this kernel cannot restrict: abstract sockets beyond the sandbox (its Landlock has ABI 5)"});
  CHECK(plan_of(net + "[network]\nabstract_sockets = \"scoped\"\n", machine(5)).errors() ==
        "E0350 box.toml:4: this kernel cannot restrict: abstract sockets beyond the sandbox | cause: its "
        "Landlock has "
        "ABI 5 | help: Linux 6.12 or newer has it: or leave `abstract_sockets` out\n");
}

TEST_CASE("contradictions of [landlock] and its surroundings") {
  struct Row {
    std::string toml, errors;
  };
  const Row rows[] = {
      {"[landlock]\n[namespaces]\nmount = \"host\"\n",
       "E0351 box.toml:1: Landlock has no mounts to follow | box.toml:3: `mount` is the host's here | "
       "help: write out `read`, `write` and `execute`, or say `mounts = false`\n"},
      {"[network]\nabstract_sockets = \"host\"\n",
       "E0301 box.toml:2: `abstract_sockets = \"host\"` needs the host's network | -: `net` is new here | "
       "help: "
       "say "
       "`namespaces.net = \"host\"`, or drop this\n"},
      {"[landlock]\nmounts = true\nread = [\"/\"]\n",
       "E0110 box.toml:2: `landlock.mounts` and lists of paths contradict each other | help: drop it, or "
       "drop "
       "`read`, "
       "`write` and `execute`: the rules follow from [mounts] then\n"},
      {"[landlock]\nscope = [\"abstract_unix_socket\"]\n[network]\nabstract_sockets = \"host\"\n",
       "E0110 box.toml:4: abstract sockets cannot be shared and be kept away | box.toml:2: they do not "
       "reach beyond the sandbox here\n"},
      {"[landlock]\nread = [\"usr\"]\n",
       "E0106 box.toml:2: `read` holds absolute paths inside the sandbox, and \"usr\" is none\n"},
      {"[landlock]\nbind_tcp = [65536]\n",
       "E0105 box.toml:2: `bind_tcp` must be an integer from 0 to 65535, not 65536\n"},
  };
  for (const Row& row : rows) {
    INFO(row.toml);
    CHECK(plan_of(row.toml, machine()).errors() == row.errors);
  }
}

TEST_CASE("lists that do not fit the mounts are warned of, both ways round") {
  const auto compiled = plan_of(R"([process]
command = ["/usr/bin/env"]
[mounts]
"/usr" = "ro"
"/data" = { type = "bind", source = "/srv/data", write = true, exec = false }
"/more" = { type = "tmpfs", write = true }
"/data/deep" = "hidden"
[landlock]
read = ["/", "/data/deep"]
write = ["/usr", "/more"]
execute = ["/data"]
)",
                                machine());
  REQUIRE(compiled.errors() == "");
  CHECK(warnings(compiled) ==
        Lines{"W0301 9: `landlock.read` names \"/data/deep\", which is hidden",
              "W0301 10: `landlock.write` names \"/usr\", which is read-only",
              "W0301 11: `landlock.execute` names \"/data\", which is mounted without `exec`",
              "W0302 5: \"/data\" is mounted writable, and `landlock.write` does not name it",
              "W0302 11: `landlock.execute` does not let the program \"/usr/bin/env\" run"});
}

TEST_CASE("lists that fit the mounts are not warned of") {
  const auto compiled = plan_of(R"([process]
command = ["/usr/bin/env"]
[mounts]
"/usr" = "ro"
"/data" = { type = "bind", source = "/srv/data", write = true }
[landlock]
read = ["/"]
write = ["/data"]
execute = ["/usr"]
)",
                                machine());
  REQUIRE(compiled.errors() == "");
  CHECK(warnings(compiled) == Lines{});
}

TEST_CASE("Landlock stands after no_new_privs, or while there still is a capability for it") {
  for (const char* nnp : {"true", "false"}) {
    const auto compiled = plan_of(
        "[landlock]\nmounts = false\nscope = [\"signal\"]\n[process]\nno_new_privs = " + std::string(nnp) +
            "\n",
        machine());
    REQUIRE(compiled.errors() == "");
    const std::string steps = compiled.steps();
    const std::size_t obey = steps.find("obey the Landlock");
    REQUIRE(obey != std::string::npos);
    CHECK(obey < steps.find("load the floor"));
    if (std::string(nnp) == "true") {
      CHECK(steps.find("allow no new privileges") < obey);
    } else {
      CHECK(obey < steps.find("drop all capabilities"));
    }
  }
}
