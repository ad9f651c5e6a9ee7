// `hutch new`: what it writes is right, says why, and runs the program.

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A home folder with programs in it.
struct Home {
  Workspace here;
  Options options{.env = {{"HOME", here / "home"}, {"PATH", "/usr/local/bin:/usr/bin:/bin"}},
                  .cwd = here.path()};

  Home() { fs::create_directories(here / "home/bin"); }
  std::string script(const std::string& name, const std::string& text) const {
    here.write("home/bin/" + name, text);
    ::chmod((here / ("home/bin/" + name)).c_str(), 0755);
    return here / ("home/bin/" + name);
  }
  std::string compiled(const std::string& command) const {
    return run_program({"/bin/sh", "-ec", "cd '" + (here / "home") + "'; " + command}, options).err;
  }
  /// The profile that is made, checked and tested, and what the program says in it.
  std::string run(const std::string& program, const std::vector<std::string>& words = {}) const {
    fs::remove(here / "made.toml");
    const Answer made = run_hutch({"new", "-o", "made.toml", program}, options);
    CAPTURE(made.err, program);
    REQUIRE(made.status == 0);
    INFO(profile());
    const Answer checked = run_hutch({"check", "--strict", "./made.toml"}, options);
    CAPTURE(checked.err);
    CHECK(checked.status == 0);
    CHECK(run_hutch({"test", "--strict", "./made.toml"}, options).status == 0);
    std::vector<std::string> line{"run", "./made.toml"};
    line.insert(line.end(), words.begin(), words.end());
    const Answer ran = run_hutch(line, options);
    CAPTURE(ran.err);
    CHECK(ran.status == 0);
    return ran.out;
  }
  std::string profile() const { return read_file(here / "made.toml"); }
};

}  // namespace

TEST_CASE("new: a program of the distribution runs, and the first line is for editors") {
  const Home home;
  CHECK(home.run("echo", {"a", "b"}) == "a b\n");
  CHECK(home.profile().starts_with("#:schema /"));
  CHECK(fs::exists(home.profile().substr(9, home.profile().find('\n') - 9)));
  CHECK(has(home.profile(), "name = \"echo\"\n"));
}

TEST_CASE("new: a script brings its interpreters, also those that env finds") {
  const Home home;
  if (!have_program("python3")) SKIP_TEST("there is no python3");
  home.script("tool", "#!/usr/bin/env -S python3 -u\nimport sys\nprint('said', sys.argv[1:])\n");
  CHECK(home.run(home.here / "home/bin/tool", {"x"}) == "said ['x']\n");
  CHECK(has(home.profile(), "\"lang/python\","));
  CHECK(has(home.profile(), "\"${HOME}/bin/tool\" = \"ro\""));
  CHECK_FALSE(has(home.profile(), "\"" + (home.here / "home")));

  home.script("inner", "#!/bin/sh\necho inner \"$@\"\n");
  home.script("outer", "#!" + (home.here / "home/bin/inner") + " -x\n");
  CHECK(home.run("./home/bin/outer") == "inner -x " + (home.here / "home/bin/outer") + "\n");
  CHECK(has(home.profile(), "# its interpreter\n"));
}

TEST_CASE("new: libraries beside a program are shown, those of the system are there, missing ones are said") {
  const Home home;
  if (!have_program("cc")) SKIP_TEST("there is no C compiler");
  fs::create_directories(home.here / "home/lib");
  home.here.write("home/f.c", "int f(void) { return 41; }\n");
  home.here.write(
      "home/m.c",
      "#include <stdio.h>\nint f(void);\nint main(void) { return printf(\"%d\\n\", f() + 1) < 0; }\n");
  CHECK(
      home.compiled(
          "cc -shared -fPIC -o lib/libown.so f.c; cc -o bin/m m.c -Llib -lown '-Wl,-rpath,$ORIGIN/../lib'") ==
      "");
  CHECK(home.run("./home/bin/m") == "42\n");
  CHECK(has(home.profile(), "\"${HOME}/lib\" = \"ro\"    # libown.so, a library of its own\n"));

  // A link to it that the base does not show leads to the file, beside which its libraries are.
  fs::create_directories(home.here / "elsewhere");
  fs::create_symlink(home.here / "home/bin/m", home.here / "elsewhere/m");
  CHECK(home.run("./elsewhere/m") == "42\n");

  fs::remove(home.here / "home/lib/libown.so");
  const Answer lacks = run_hutch({"new", "./home/bin/m"}, home.options);
  CHECK(lacks.status == 0);
  CHECK(has(lacks.out, "# libown.so was not found on this machine\n"));

  home.here.write("home/s.c",
                  "#include <unistd.h>\nint main(void) { return write(1, \"static\\n\", 7) != 7; }\n");
  if (home.compiled("cc -static -o bin/s s.c").empty()) CHECK(home.run("./home/bin/s") == "static\n");
}

TEST_CASE("new: a virtual environment and installed packages come along whole") {
  const Home home;
  if (!have_program("python3") || !have_program("node")) SKIP_TEST("there is no python3 or no node");
  fs::create_directories(home.here / "home/venv/bin");
  home.here.write("home/venv/pyvenv.cfg", "home = /usr/bin\n");
  fs::create_symlink("/usr/bin/python3", home.here / "home/venv/bin/python");
  home.script("inside", "#!" + (home.here / "home/venv/bin/python") + "\nimport sys\nprint(sys.prefix)\n");
  CHECK(home.run("./home/bin/inside") == (home.here / "home/venv") + "\n");
  CHECK(has(home.profile(), "\"${HOME}/venv\" = \"ro\""));

  home.here.write("home/p/node_modules/other/index.js", "module.exports = 'from another package';\n");
  home.here.write("home/p/node_modules/tool/cli.js", "#!/usr/bin/env node\nconsole.log(require('other'));\n");
  ::chmod((home.here / "home/p/node_modules/tool/cli.js").c_str(), 0755);
  fs::create_directories(home.here / "home/p/node_modules/.bin");
  fs::create_symlink("../tool/cli.js", home.here / "home/p/node_modules/.bin/tool");
  CHECK(home.run("./home/p/node_modules/.bin/tool") == "from another package\n");
  CHECK(has(home.profile(), "\"${HOME}/p/node_modules\" = \"ro\""));
}

TEST_CASE("new: names that mean something in a profile are taken literally") {
  const Home home;
  for (const std::string name : {"with $HOME", "a*b", "quote\"d", "back\\slash", "sp ace", "[x]", "#x"}) {
    home.script(name, "#!/bin/sh\necho \"ran $1\"\n");
    CHECK(home.run("./home/bin/" + name, {"it"}) == "ran it\n");
  }
  home.script("new\nline", "#!/bin/sh\n");
  const Answer odd = run_hutch({"new", "./home/bin/new\nline"}, home.options);
  CHECK(odd.status == 1);
  CHECK(has(odd.err, "error[E0945]"));
}

TEST_CASE("new: with its line for files that are named, a first profile still proves itself") {
  const Home home;
  home.here.write("home/text", "to be read");
  std::string profile = run_hutch({"new", "cat"}, home.options).out;
  const std::size_t line = profile.find("# files = \"ro\"");
  REQUIRE(line != profile.npos);
  profile.erase(line, 2);
  const std::string path = home.here.write("named.toml", profile);
  const Answer answer = run_hutch({"run", path, home.here / "home/text"}, home.options);
  INFO(answer.err);
  CHECK(answer.out == "to be read");
  home.here.write("home/.ssh/id_ed25519", "a key");
  const Answer proof = run_hutch({"test", path}, home.options);
  INFO(proof.out << proof.err);
  CHECK(proof.status == 0);
}

TEST_CASE("new: what opens a way out is offered, not opened") {
  const Home home;
  if (!have_program("curl")) SKIP_TEST("there is no curl");
  const Answer answer = run_hutch({"new", "curl"}, home.options);
  CHECK(answer.status == 0);
  CHECK(has(answer.out, "  # \"feature/network\",  # for the network (libcurl"));
  const Answer other = run_hutch({"new", "--from", "app", "curl"}, home.options);
  CHECK(has(other.out, "  \"app\",  # what you started from\n"));
  CHECK_FALSE(has(other.out, "base/home-private"));
}

TEST_CASE("new: what it cannot write, and for what, is told") {
  const Home home;
  const auto says = [&](const std::vector<std::string>& words) {
    std::vector<std::string> line{"new"};
    line.insert(line.end(), words.begin(), words.end());
    const Answer answer = run_hutch(line, home.options);
    CHECK(answer.status == 1);
    CHECK(answer.out.empty());
    return answer.err;
  };
  CHECK(has(says({"no-such-program"}), "error[E0941]: there is no program \"no-such-program\""));
  CHECK(has(says({"./no/such"}), "error[E0941]"));
  CHECK(has(says({"/etc/passwd"}), "error[E0942]: \"/etc/passwd\" cannot be executed"));
  CHECK(has(says({"/usr"}), "it is no file"));
  home.script("text", "echo no first line\n");
  CHECK(has(says({"./home/bin/text"}), "it begins neither with `#!` nor as a program for this machine"));
  home.script("orphan", "#!/no/such/interpreter\n");
  CHECK(has(says({"./home/bin/orphan"}), "error[E0943]: the interpreter \"/no/such/interpreter\""));
  CHECK(has(says({"--from", "no/such", "true"}), "error[E0201]: there is no profile `no/such`"));
  home.here.write("there.toml", "mine");
  CHECK(has(says({"-o", "there.toml", "true"}), "nothing is overwritten"));
  CHECK(read_file(home.here / "there.toml") == "mine");
  fs::create_symlink(home.here / "target", home.here / "link.toml");
  CHECK(has(says({"-o", "link.toml", "true"}), "error[E0944]"));
  CHECK_FALSE(fs::exists(home.here / "target"));
}
