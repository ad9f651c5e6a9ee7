// `hutch build`: what goes in, what comes out and what does not, and what the record says of it.

#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A build that a shell does in /build, which is in memory. `build` is what stands in and below [build].
std::string profile_of(const std::string& script, const std::string& build, const std::string& top = "",
                       const std::string& process = "") {
  return top + R"([mounts]
"/usr" = "ro"
"/bin" = "mirror"
"/lib" = "mirror"
"/lib64" = "mirror"
"/dev" = "dev"
"/proc" = "proc"
"/build" = "tmpfs"
[process]
cwd = "/build"
umask = "022"
command = ["sh", "-c", ''')" +
         script + "''']\n" + process + "[build]\n" + build;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& each : std::filesystem::recursive_directory_iterator(folder))
    names.push_back(each.path().lexically_relative(folder).string());
  std::sort(names.begin(), names.end());
  return names;
}

struct stat facts_of(const std::string& path) {
  struct stat facts = {};
  ::lstat(path.c_str(), &facts);
  return facts;
}

}  // namespace

TEST_CASE(
    "what a build made comes out with one time, plain modes and the caller as owner, and nothing else does") {
  const Workspace here;
  here.write("src/a.txt", "input\n");
  const std::string box = here.profile("box", profile_of("mkdir -p out/sub && cat src/a.txt > out/sub/copy\n"
                                                         "echo x > out/tool && chmod 6711 out/tool\n"
                                                         "chmod 700 out/sub; ln -s sub/copy out/link\n"
                                                         "echo y > other; echo z > one",
                                                         R"(epoch = 1000000
[build.inputs]
"/build/src" = "./src"
[build.outputs]
"/build/out" = "./result/tree"
"/build/one" = "./result/first"
)"));
  const Answer answer = run_hutch({"build", box}, {.cwd = here.path()});
  CAPTURE(answer.out, answer.err);
  REQUIRE(answer.status == 0);
  CHECK(answer.err.empty());
  CHECK(names_in(here / "result") ==
        std::vector<std::string>{"first", "tree", "tree/link", "tree/sub", "tree/sub/copy", "tree/tool"});
  CHECK(read_file(here / "result/tree/link") == "input\n");
  for (const std::string& name : names_in(here / "result")) {
    const struct stat facts = facts_of(here / ("result/" + name));
    CAPTURE(name);
    CHECK(facts.st_mtime == 1000000);
    CHECK(facts.st_uid == ::geteuid());
    const bool is_program = S_ISDIR(facts.st_mode) || name == "tree/tool";
    if (!S_ISLNK(facts.st_mode)) CHECK((facts.st_mode & 07777) == (is_program ? 0755 : 0644));
  }
}

TEST_CASE("a record names what was built, from what, and what was pinned and was not") {
  const Workspace here;
  here.write("src.txt", "input\n");
  const std::string box = here.profile("box", profile_of("cat src.txt > made", R"([build.inputs]
"/build/src.txt" = "./src.txt"
[build.outputs]
"/build/made" = "./made"
)",
                                                         "hostname = 'fixed'\n"));
  REQUIRE(run_hutch({"build", "--record", here / "record", box}, {.cwd = here.path()}).status == 0);
  const std::string record = read_file(here / "record");
  CAPTURE(record);
  CHECK(has(record, R"("_type": "https://in-toto.io/Statement/v1")"));
  CHECK(has(record, R"("predicateType": "https://slsa.dev/provenance/v1")"));
  CHECK(has(record, R"("sha256": ")" + hutch::sha256_hex("input\n")));
  CHECK(has(record, "\"uri\": \"file://" + (here / "src.txt")));
  const std::size_t unpinned = record.find("\"unpinned\"");
  REQUIRE(unpinned != std::string::npos);
  CHECK(record.find("\"hostname\": \"fixed\"") < unpinned);
  CHECK(record.find("\"limit nofile\"") > unpinned);
  CHECK(record.find("\"kernel\"") > unpinned);
  CHECK(has(record, "\"max_rss_kib\""));
  // The digest of the plan is the one that `hutch plan` prints.
  const Answer plan = run_hutch({"plan", "--digest", box}, {.cwd = here.path()});
  CHECK(has(record, plan.out.substr(0, 64)));
}

TEST_CASE("what the caller cannot be given stops a build, or is allowed and named in its record") {
  const Workspace here;
  const std::string box =
      here.profile("box", profile_of("ulimit -Hn > made", "[build.outputs]\n\"/build/made\" = \"./made\"\n",
                                     "", "[limits]\nnofile = 4000\n"));
  const auto build = [&](const std::string& options) {
    return run_program(
        {"/bin/sh", "-c", "ulimit -n 1000; exec \"$0\" build " + options + " --record record \"$1\"",
         hutch_binary(), box},
        {.cwd = here.path()});
  };
  const Answer refused = build("");
  CAPTURE(refused.err);
  CHECK(refused.status == 125);
  CHECK(has(refused.err, "error[E0346]: `limits.nofile` cannot be 4000"));
  const Answer allowed = build("--set 'build.allow_unpinned = [\"limits\"]'");
  CAPTURE(allowed.err);
  REQUIRE(allowed.status == 0);
  CHECK(read_file(here / "made") == "1000\n");
  const std::string record = read_file(here / "record");
  const std::size_t unpinned = record.find("\"unpinned\"");
  CHECK(record.find("\"limit nofile\": \"1000") > unpinned);
}

TEST_CASE("a build that fails has its status, gives nothing, and can leave its working folder") {
  const Workspace here;
  const std::string box =
      here.profile("box", profile_of("echo half > made; mkfifo pipe; ln -s /etc/passwd away; exit 3",
                                     "[build.outputs]\n\"/build/made\" = \"./made\"\n"));
  const Answer answer = run_hutch({"build", box}, {.cwd = here.path()});
  CHECK(answer.status == 3);
  CHECK(answer.err ==
        "error[E0712]: the build ended with status 3\n"
        "   = help: nothing was taken out; --keep FOLDER keeps its working folder\n");
  CHECK(names_in(here.path()) == std::vector<std::string>{"box.toml"});
  CHECK(run_hutch({"build", "--keep", "left", box}, {.cwd = here.path()}).status == 3);
  CHECK(names_in(here / "left") == std::vector<std::string>{"away", "made"});
  CHECK(read_file(here / "left/made") == "half\n");
}

TEST_CASE("an output that was not made is an error at its line, unless it is optional") {
  const Workspace here;
  const std::string box = here.profile(
      "box",
      profile_of("true", "[build.outputs]\n\"/build/made\" = \"./made\"\n\"/build/*.deb\" = \"./debs\"\n"));
  const Answer answer = run_hutch({"build", box}, {.cwd = here.path()});
  CAPTURE(answer.err);
  CHECK(answer.status == 125);
  CHECK(has(answer.err, "error[E0705]: the build did not make \"/build/*.deb\""));
  CHECK(has(answer.err, "nothing matches"));
  const std::string lax = here.profile(
      "lax", profile_of("true", "[build.outputs]\n\"/build/made\" = { to = \"./made\", optional = true }\n"));
  const Answer allowed = run_hutch({"build", lax}, {.cwd = here.path()});
  CHECK(allowed.err.empty());
  CHECK(allowed.status == 0);
}

TEST_CASE(
    "nothing escapes with an output: no device, no socket, no link that leads out, no file of the host") {
  const Workspace here;
  here.write("secret", "of the host\n");
  const struct {
    std::string script, output, says;
  } attacks[] = {
      {"mkdir o; mkfifo o/pipe", "/build/o", "it is neither a file, a folder nor a link"},
      {"mkdir o; ln -s /etc/passwd o/x", "/build/o", "the link \"x\" leads out of it, to \"/etc/passwd\""},
      {"mkdir o; ln -s ../y o/x", "/build/o", "the link \"x\" leads out of it, to \"../y\""},
      {"mkdir -p o/a; ln -s ../../y o/a/x", "/build/o", "the link \"a/x\" leads out of it, to \"../../y\""},
      {"ln -s ../../../../../etc/passwd o", "/build/o", "leads out of it"},
      {"ln -s / o", "/build/o/etc/passwd", "the build did not make"},
      {"ln -s ../../../.. o", "/build/o/etc/passwd", "the build did not make"},
      {"ln -s ../../../.. o", "/build/*/etc/passwd", "the build did not make"},
      {"ln -s /proc/self/root o", "/build/o/etc/passwd", "the build did not make"},
      {"i=0; mkdir o; cd o; while [ $i -lt 210 ]; do mkdir d; cd d; i=$((i+1)); done", "/build/o",
       "folders deep"},
  };
  for (const auto& attack : attacks) {
    CAPTURE(attack.script, attack.output);
    const std::string box = here.profile(
        "box", profile_of(attack.script, "[build.outputs]\n\"" + attack.output + "\" = \"./taken\"\n"));
    const Answer answer = run_hutch({"build", box}, {.cwd = here.path()});
    CAPTURE(answer.err);
    CHECK(answer.status == 125);
    CHECK(has(answer.err, attack.says));
    CHECK(names_in(here.path()) == std::vector<std::string>{"box.toml", "secret"});
  }
}

TEST_CASE(
    "what is mounted inside of an output would not come out with it: that is said before anything runs") {
  const Workspace here;
  here.write("src/a", "x");
  const std::string box = here.profile("box", profile_of("echo ran", R"([build.inputs]
"/build/out/src" = "./src"
[build.outputs]
"/build/out" = "./out"
)"));
  const Answer answer = run_hutch({"build", box}, {.cwd = here.path()});
  CAPTURE(answer.err);
  CHECK(answer.status == 125);
  CHECK(answer.out.empty());
  CHECK(has(answer.err, "error[E0706]: the output \"/build/out\" cannot be taken"));
  CHECK(has(answer.err, "\"/build/out/src\" is mounted inside of it"));
}

TEST_CASE("an input that is not what its sha256 says stops build and run before anything runs") {
  const Workspace here;
  here.write("src.txt", "changed\n");
  here.write("tree/a", "x");
  const std::string right = hutch::sha256_hex("input\n");
  const std::string box =
      here.profile("box", profile_of("echo ran > made; echo ran",
                                     "[build.inputs]\n\"/build/src.txt\" = { source = \"./src.txt\", "
                                     "sha256 = \"" +
                                         right +
                                         "\" }\n[build.outputs]\n"
                                         "\"/build/made\" = \"./made\"\n"));
  for (const char* command : {"build", "run"}) {
    const Answer answer = run_hutch({command, box}, {.cwd = here.path()});
    CAPTURE(command, answer.err);
    CHECK(answer.status == 125);
    CHECK(answer.out.empty());
    CHECK(has(answer.err, "error[E0703]: the input \"/build/src.txt\" is not what the profile says"));
    CHECK(has(answer.err, "box.toml:"));
    CHECK(has(answer.err, hutch::sha256_hex("changed\n")));
  }
  here.write("src.txt", "input\n");
  CHECK(run_hutch({"build", box}, {.cwd = here.path()}).status == 0);
  CHECK(read_file(here / "made") == "ran\n");
}

TEST_CASE("the digest of a folder is that of its listing, as the manual has it") {
  const Workspace here;
  here.write("tree/b", "x");
  here.write("tree/a/tool", "y", 0755);
  REQUIRE(::symlink("b", (here / "tree/l").c_str()) == 0);
  std::string listing;
  for (const std::string& line :
       {std::string("folder - a"), "program " + hutch::sha256_hex("y") + " a/tool",
        "file " + hutch::sha256_hex("x") + " b", "link " + hutch::sha256_hex("b") + " l"})
    listing += line + '\0';
  const std::string box = here.profile(
      "box", profile_of("true > made", "[build.inputs]\n\"/tree\" = { source = \"./tree\", sha256 = \"" +
                                           hutch::sha256_hex(listing) +
                                           "\" }\n[build.outputs]\n\"/build/made\" = \"./made\"\n"));
  const Answer answer = run_hutch({"build", box}, {.cwd = here.path()});
  CAPTURE(answer.err);
  CHECK(answer.status == 0);
}

TEST_CASE("an input that changes while the build runs spoils it") {
  const Workspace here;
  here.write("src.txt", "before\n");
  const std::string box =
      here.profile("box", profile_of("echo ready; read go; cat src.txt > made",
                                     "[build.inputs]\n\"/build/src.txt\" = \"./src.txt\"\n[build.outputs]\n"
                                     "\"/build/made\" = \"./made\"\n"));
  Running build({"build", box}, {.cwd = here.path()});
  build.wait_for("ready");
  here.write("src.txt", "after\n");
  const Answer answer = build.wait();
  CAPTURE(answer.err);
  CHECK(answer.status == 125);
  CHECK(has(answer.err, "error[E0704]: the input \"/build/src.txt\" changed while the build ran"));
  CHECK(names_in(here.path()) == std::vector<std::string>{"box.toml", "src.txt"});
}

TEST_CASE("an input cannot be written to, and a scratch input forgets what is written") {
  const Workspace here;
  here.write("src/a", "x\n");
  const auto box = [&](const std::string& input) {
    return here.profile("box", profile_of("echo more >> src/a; cat src/a > made; rm -f src/a",
                                          "[build.inputs]\n\"/build/src\" = " + input +
                                              "\n[build.outputs]\n\"/build/made\" = \"./made\"\n"));
  };
  CHECK(run_hutch({"build", box("\"./src\"")}, {.cwd = here.path()}).status != 0);
  const Answer scratch =
      run_hutch({"build", box("{ source = \"./src\", scratch = true }")}, {.cwd = here.path()});
  CAPTURE(scratch.err);
  CHECK(scratch.status == 0);
  CHECK(read_file(here / "made") == "x\nmore\n");
  CHECK(read_file(here / "src/a") == "x\n");
}

TEST_CASE("an output may be made in a scratch input, in a mount of its own, or by a glob") {
  const Workspace here;
  here.write("src/a", "x\n");
  const std::string box =
      here.profile("box", profile_of("cat src/a > src/b; echo y > /own/c; echo 1 > p_1.deb; echo 2 > p_2.deb",
                                     R"([build.inputs]
"/build/src" = { source = "./src", scratch = true }
[build.outputs]
"/build/src/b" = "./r/b"
"/own" = "./r/own"
"/build/p_*.deb" = "./r/debs"
)",
                                     "", "[mounts.\"/own\"]\ntype = \"tmpfs\"\n"));
  const Answer answer = run_hutch({"build", box}, {.cwd = here.path()});
  CAPTURE(answer.err);
  CHECK(answer.status == 0);
  CHECK(names_in(here / "r") ==
        std::vector<std::string>{"b", "debs", "debs/p_1.deb", "debs/p_2.deb", "own", "own/c"});
}

TEST_CASE(
    "a folder that is where an output goes is replaced only if that is asked for; two outputs have two "
    "names") {
  const Workspace here;
  here.write("out/mine", "precious\n");
  const std::string box = here.profile(
      "box", profile_of("mkdir out; echo x > out/made", "[build.outputs]\n\"/build/out\" = \"./out\"\n"));
  const Answer refused = run_hutch({"build", box}, {.cwd = here.path()});
  CHECK(refused.status == 125);
  CHECK(has(refused.err, "error[E0707]"));
  CHECK(has(refused.err, "a folder is there already"));
  CHECK(read_file(here / "out/mine") == "precious\n");
  CHECK(run_hutch({"build", "--replace", box}, {.cwd = here.path()}).status == 0);
  CHECK(names_in(here / "out") == std::vector<std::string>{"made"});

  const std::string twins = here.profile("twins", profile_of("echo 1 > a; echo 2 > b",
                                                             "[build.outputs]\n\"/build/a\" = \"./x/same\"\n"
                                                             "\"/build/b\" = \"./y/same\"\n"));
  const Answer twice = run_hutch({"build", twins}, {.cwd = here.path()});
  CHECK(twice.status == 125);
  CHECK(has(twice.err, "another output, /build/a, has the same name"));
}

TEST_CASE("a profile without outputs, and a missing input, are told") {
  const Workspace here;
  const Answer nothing =
      run_hutch({"build", here.profile("none", profile_of("true", ""))}, {.cwd = here.path()});
  CHECK(nothing.status == 125);
  CHECK(has(nothing.err, "error[E0701]: the profile takes nothing out"));
  const std::string box = here.profile("box", profile_of("true", R"([build.inputs]
"/build/src" = "./missing"
[build.outputs]
"/build/made" = "./made"
)"));
  const Answer missing = run_hutch({"build", box}, {.cwd = here.path()});
  CAPTURE(missing.err);
  CHECK(missing.status == 125);
  CHECK(has(missing.err, "missing\""));
  CHECK(has(missing.err, "box.toml:"));
}

TEST_CASE("a build that is told to end ends, and leaves nothing") {
  const Workspace here;
  const std::string box = here.profile("box", profile_of("echo x > made; echo ready; sleep 60",
                                                         "[build.outputs]\n\"/build/made\" = \"./made\"\n"));
  Running build({"build", box}, {.cwd = here.path()});
  build.wait_for("ready");
  build.signal(SIGTERM);
  CHECK(build.wait().status == 143);
  CHECK(names_in(here.path()) == std::vector<std::string>{"box.toml"});
}

TEST_CASE("a file of holes takes no room on the host, and a signal while it is copied leaves nothing") {
  const Workspace here;
  const std::string small =
      here.profile("small", profile_of("truncate -s 300M made; echo end >> made",
                                       "[build.outputs]\n\"/build/made\" = \"./made\"\n"));
  REQUIRE(run_hutch({"build", small}, {.cwd = here.path()}).status == 0);
  const struct stat facts = facts_of(here / "made");
  CHECK(facts.st_size == 300 * 1024 * 1024 + 4);
  CHECK(facts.st_blocks * 512 < 4 * 1024 * 1024);
  std::filesystem::remove(here / "made");

  const std::string endless = here.profile(
      "endless",
      profile_of("truncate -s 1P made; echo ready", "[build.outputs]\n\"/build/made\" = \"./made\"\n"));
  Running build({"build", endless}, {.cwd = here.path()});
  build.wait_for("ready");
  const auto is_copying = [&here] {
    const std::vector<std::string> names = names_in(here.path());
    return std::any_of(names.begin(), names.end(), [](const std::string& name) {
      return name.find(".hutch-build") != std::string::npos;
    });
  };
  for (int i = 0; i < 1000 && !is_copying(); ++i) ::usleep(10'000);
  REQUIRE(is_copying());
  build.signal(SIGTERM);
  CHECK(build.wait().status == 143);
  for (const std::string& name : names_in(here.path())) {
    CAPTURE(name);
    CHECK(name.find(".hutch-build") == std::string::npos);
    CHECK(name != "made");
  }
}

namespace {

/// Is `--check` content with this script?
Answer check(const Workspace& here, const std::string& script, const std::string& top = "",
             const std::string& process = "") {
  const std::string box = here.profile("box", profile_of(script, R"(epoch = 1000000
[build.inputs]
"/src" = "./src"
[build.outputs]
"/build/made" = "./made"
)",
                                                         top, process));
  return run_hutch({"build", "--check", "--replace", box}, {.cwd = here.path()});
}

}  // namespace

TEST_CASE("a build that is built twice the same passes the check, and its record says so") {
  const Workspace here;
  for (const char* name : {"src/a", "src/b", "src/c"}) here.write(name, name);
  const Answer answer =
      check(here, "cat /src/* > made; uname -n >> made; umask >> made", "hostname = 'fixed'\n");
  CAPTURE(answer.err);
  CHECK(answer.status == 0);
  const std::string record = read_file(here / "box.provenance.json");
  CHECK(has(record, "\"identical\": true"));
  CHECK(has(record, "\"host name\""));
}

TEST_CASE("the check catches what leaks from around a build, and what is chance") {
  const Workspace here;
  for (int i = 0; i < 12; ++i) here.write("src/file" + std::to_string(i), "x");
  const struct {
    std::string what, script, top, process;
  } leaks[] = {
      {"chance", "head -c 8 /dev/urandom > made", "", ""},
      {"time", "date +%s > made", "", ""},
      {"host name", "uname -n > made", "namespaces.uts = 'host'\n", ""},
      {"user", "id -u > made", "", ""},
      {"time zone", "echo $TZ > made", "environment.inherit = ['TZ']\n", ""},
      {"locale", "echo $LC_ALL > made", "environment.inherit = ['LC_*']\n", ""},
      {"order of names", "ls -U /src > made", "", ""},
      {"addresses", "grep -m1 stack /proc/self/maps > made", "", ""},
  };
  for (const auto& leak : leaks) {
    const Answer answer = check(here, leak.script, leak.top, leak.process);
    CAPTURE(leak.what, answer.err);
    CHECK(answer.status == 1);
    CHECK(has(answer.err, "error[E0708]: two builds of the same differ: made"));
    CHECK(has(answer.err, "is the first that differs"));
    CHECK(::access((here / "made").c_str(), F_OK) != 0);
  }
}

TEST_CASE("the check turns the order of names round, also where a file system lists the newest first") {
  struct statfs info = {};
  if (::statfs("/dev/shm", &info) < 0 || info.f_type != TMPFS_MAGIC) SKIP_TEST("/dev/shm is no tmpfs here");
  std::string folder = "/dev/shm/hutch-order-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  for (const char* name : {"a", "b", "c", "d"}) std::ofstream(folder + "/" + name) << name;
  const Workspace here;
  const std::string box = here.profile(
      "box", profile_of("ls -U /src > made", "[build.inputs]\n\"/src\" = \"" + folder +
                                                 "\"\n[build.outputs]\n\"/build/made\" = \"./made\"\n"));
  const Answer answer = run_hutch({"build", "--check", box}, {.cwd = here.path()});
  std::filesystem::remove_all(folder);
  CAPTURE(answer.err);
  CHECK(answer.status == 1);
  CHECK(has(answer.err, "error[E0708]"));
}

TEST_CASE("the check catches the number of processors, and keeps both builds for looking") {
  const Workspace here;
  if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) SKIP_TEST("one processor");
  const std::string box =
      here.profile("box", profile_of("nproc > made", "[build.outputs]\n\"/build/made\" = \"./made\"\n"));
  const Answer answer = run_hutch({"build", "--check", "--keep", here / "kept", box}, {.cwd = here.path()});
  CAPTURE(answer.err);
  CHECK(answer.status == 1);
  CHECK(has(answer.err, "; both are in "));
  CHECK(read_file(here / "kept/second/made") == "1\n");
  CHECK(read_file(here / "kept/first/made") != "1\n");
}

TEST_CASE("a record can be verified: the same inputs and outputs, or what is not") {
  const Workspace here;
  here.write("src", "input\n");
  const std::string box = here.profile(
      "box", profile_of("cat src > made; echo \"$1\" >> made",
                        "[build.inputs]\n\"/build/src\" = \"./src\"\n[build.outputs]\n\"/build/made\" = "
                        "\"./made\"\n"));
  REQUIRE(run_hutch({"build", "--record", "r.json", box}, {.cwd = here.path()}).status == 0);
  const Answer same = run_hutch({"build", "--verify", "r.json", box}, {.cwd = here.path()});
  CAPTURE(same.err);
  CHECK(same.status == 0);

  std::string record = read_file(here / "r.json");
  const std::string made = hutch::sha256_hex(read_file(here / "made"));
  REQUIRE(has(record, made));
  std::string other = record;
  other.replace(other.find(made), 64, std::string(64, '0'));
  here.write("other.json", other);
  const Answer differs = run_hutch({"build", "--verify", "other.json", box}, {.cwd = here.path()});
  CHECK(differs.status == 1);
  CHECK(has(differs.err, "error[E0710]: \"made\" is not what the record says"));

  here.write("src", "another\n");
  const Answer input = run_hutch({"build", "--verify", "r.json", box}, {.cwd = here.path()});
  CHECK(input.status == 125);
  CHECK(has(input.err, "error[E0710]: the input \"/build/src\" is not what the record says"));

  // What runs and what it may reach is never the record's to say.
  here.write("src", "input\n");
  const std::string words_at = "\"command\": []", options_at = "\"options\": []";
  REQUIRE(has(record, words_at));
  REQUIRE(has(record, options_at));
  std::string hostile = record;
  hostile.replace(hostile.find(words_at), words_at.size(),
                  R"("command": ["sh", "-c", "echo ran; cp src made"])");
  here.write("hostile.json", hostile);
  const Answer commanded = run_hutch({"build", "--verify", "hostile.json", box}, {.cwd = here.path()});
  CAPTURE(commanded.err);
  CHECK(commanded.status == 125);
  CHECK(commanded.out.empty());
  CHECK(has(commanded.err, "error[E0714]"));
  CHECK(has(commanded.err, "--verify 'hostile.json' '" + box + "' -- 'sh' '-c' 'echo ran; cp src made'"));
  hostile = record;
  hostile.replace(hostile.find(options_at), options_at.size(),
                  R"("options": [{"option": "--set", "toml": "namespaces.net = 'host'"}])");
  here.write("hostile.json", hostile);
  const Answer opened = run_hutch({"build", "--verify", "hostile.json", box}, {.cwd = here.path()});
  CHECK(opened.status == 125);
  CHECK(has(opened.err, "error[E0714]"));
  const Answer unsaid = run_hutch({"build", "--verify", "r.json"}, {.cwd = here.path()});
  CAPTURE(unsaid.err);
  CHECK(unsaid.status == 125);
  CHECK(has(unsaid.err, "error[E0714]"));
  CHECK(has(unsaid.err, "hutch build --verify 'r.json' '" + box + "'\n"));
  const Answer agreed = run_hutch(
      {"build", "--verify", "hostile.json", "--set", "namespaces.net = 'host'", box}, {.cwd = here.path()});
  CAPTURE(agreed.err);
  CHECK(agreed.status == 0);

  for (const std::string text :
       {"", "{}", "[1]", "\"x\"", R"({"_type":"https://in-toto.io/Statement/v1"})"}) {
    here.write("no.json", text);
    const Answer none = run_hutch({"build", "--verify", "no.json"}, {.cwd = here.path()});
    CAPTURE(text, none.err);
    CHECK(none.status == 125);
    CHECK(has(none.err, "error[E0709]: \"no.json\" is no record of a build"));
  }
  CHECK(run_hutch({"build"}, {.cwd = here.path()}).status == 125);
}
