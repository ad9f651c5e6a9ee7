// `hutch install`: a wrapper and menu entries for a person with a home folder of a test's own.

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A home with ~/.local/bin first on PATH, a program "greet" behind it in ~/opt, its menu entry and D-Bus
/// service.
struct Home {
  Home() {
    here.write("opt/greet",
               "#!/bin/sh\necho \"greet $* in $(uname -n), wrapped by $HUTCH_WRAPPED\"\nexit 7\n", 0755);
    here.write(
        "data/applications/org.greet.desktop",
        "[Desktop Entry]\nType=Application\nName=Greet\nName[de]=Grüße\nTryExec=greet\nExec=greet --gui %U\n"
        "DBusActivatable=true\nActions=new;\n\n[Desktop Action new]\nName=New\nExec=greet --new %u\n");
    here.write("data/dbus-1/services/org.greet.service",
               "[D-BUS Service]\nName=org.greet\nExec=" + here / "opt/greet" + " --bus\n");
    profile = here.profile("greet", "extends = ['app']\nhostname = 'inside'\n[mounts]\n'" + here / "opt" +
                                        "' = 'ro'\n"
                                        "[process]\ncommand = ['greet']\n");
  }

  [[nodiscard]] Options options(const std::string& path_before = "") const {
    return {.env = {{"HOME", here.path()},
                    {"PATH", path_before + here / ".local/bin" + ":" + here / "opt" + ":/usr/bin:/bin"},
                    {"XDG_DATA_DIRS", here / "data"},
                    {"HUTCH_PROFILE_PATH", here.path() + ":" HUTCH_SOURCE_DIR "/profiles"}}};
  }
  [[nodiscard]] Answer hutch(const std::vector<std::string>& words) const {
    std::vector<std::string> all = {"install", "--user"};
    all.insert(all.end(), words.begin(), words.end());
    return run_hutch(all, options());
  }
  [[nodiscard]] std::string wrapper() const { return here / ".local/bin/greet"; }
  [[nodiscard]] std::string entry() const { return here / ".local/share/applications/org.greet.desktop"; }
  [[nodiscard]] std::string service() const {
    return here / ".local/share/dbus-1/services/org.greet.service";
  }

  Workspace here;
  std::string profile;
};

}  // namespace

TEST_CASE(
    "install makes a wrapper that runs the program behind itself in the sandbox, arguments and status kept") {
  const Home home;
  const Answer installed = home.hutch({"greet"});
  INFO(installed.err);
  CHECK(installed.status == 0);
  CHECK(installed.err.empty());
  const Answer answer = run_program({home.wrapper(), "a b", "--help"}, home.options());
  INFO(answer.err);
  CHECK(answer.status == 7);
  CHECK(answer.out == "greet a b --help in inside, wrapped by greet\n");
  // A first word that hutch would take for its own is the program's, too.
  CHECK(run_program({home.wrapper(), "--", "x"}, home.options()).out ==
        "greet -- x in inside, wrapped by greet\n");
}

TEST_CASE("the program may move: the wrapper finds it where it is now") {
  const Home home;
  REQUIRE(home.hutch({"greet"}).status == 0);
  std::filesystem::create_directory(home.here / "opt/new");
  std::filesystem::rename(home.here / "opt/greet", home.here / "opt/new/greet");
  Options moved = home.options();
  moved.env["PATH"] += ":" + home.here / "opt/new";
  CHECK(run_program({home.wrapper()}, moved).out == "greet  in inside, wrapped by greet\n");
  const Answer gone = run_program({home.wrapper()}, home.options());
  CHECK(gone.status == 125);
  CHECK(has(gone.err, "error[E0932]: there is no \"greet\" on this machine\n"));
  CHECK(has(gone.err, "neither where the profile says nor behind the wrapper on PATH"));
}

TEST_CASE("two wrappers, one before the other, end at the program and not at each other") {
  const Home home;
  REQUIRE(home.hutch({"greet"}).status == 0);
  std::filesystem::create_directory(home.here / "second");
  std::filesystem::copy(home.wrapper(), home.here / "second/greet");
  Options both = home.options(home.here / "second" + ":");
  CHECK(run_program({home.here / "second/greet"}, both).out == "greet  in inside, wrapped by greet\n");
  CHECK(run_program({home.wrapper()}, both).out == "greet  in inside, wrapped by greet\n");
}

TEST_CASE("a program that calls its wrapper from inside ends with an error and not never") {
  const Home home;
  home.here.write("opt/greet", "#!/bin/sh\nexec " + home.wrapper() + " \"$@\"\n", 0755);
  const std::string hutch_folder = std::filesystem::path(hutch_binary()).parent_path();
  home.here.profile(
      "greet", "extends = ['base/system', 'base/nested']\n[identity]\nuid = 1000\ngid = 1000\n[mounts]\n'" +
                   home.here.path() + "' = 'ro'\n'" + hutch_folder +
                   "' = 'ro'\n'" HUTCH_SOURCE_DIR
                   "/profiles' = 'ro'\n"
                   "[environment]\ninherit = ['HUTCH_PROFILE_PATH']\n[environment.set]\nPATH = '" +
                   home.options().env.at("PATH") + "'\n[process]\ncommand = ['greet']\ncwd = '/'\n");
  REQUIRE(home.hutch({"greet"}).status == 0);
  Options options = home.options();
  options.cwd = home.here.path();
  const Answer answer = run_program({home.wrapper()}, options);
  INFO(answer.err);
  CHECK(answer.status == 125);
  CHECK(has(answer.err, "leads back to itself"));
  CHECK(has(answer.err, "3 deep: something that it starts calls \"greet\" again"));
}

TEST_CASE("menu entries and D-Bus services start the wrapper, and desktop-file-validate has nothing to say") {
  const Home home;
  REQUIRE(home.hutch({"greet"}).status == 0);
  const std::string entry = read_file(home.entry());
  CHECK(entry.starts_with("# hutch install: \"greet\" sha256:"));
  CHECK(has(entry, "\nName[de]=Grüße\nTryExec=" + home.wrapper() + "\nExec=" + home.wrapper() +
                       " --gui %U\nDBusActivatable=false\n"));
  CHECK(has(entry, "\nExec=" + home.wrapper() + " --new %u\n"));
  CHECK(has(read_file(home.service()), "\nExec=" + home.wrapper() + " --bus\n"));
  if (!have_program("desktop-file-validate")) SKIP_TEST("no desktop-file-validate");
  const Answer verdict = run_program({"desktop-file-validate", home.entry()});
  CHECK(verdict.status == 0);
  CHECK(verdict.out + verdict.err == "");
}

TEST_CASE("install again replaces its own files, list shows them, undo removes them and nothing else") {
  const Home home;
  REQUIRE(home.hutch({"greet"}).status == 0);
  home.here.write(".local/bin/other", "#!/bin/sh\n", 0755);
  CHECK(home.hutch({"greet"}).status == 0);
  CHECK(home.hutch({"--list"}).out == "\"greet\"  " + home.wrapper() + "\n\"greet\"  " + home.entry() +
                                          "\n\"greet\"  " + home.service() + "\n");
  CHECK(has(home.hutch({"--list", "--json"}).out, "\"wrapper\": true"));
  CHECK(home.hutch({"--undo", "greet"}).status == 0);
  for (const std::string& path : {home.wrapper(), home.entry(), home.service()})
    CHECK_FALSE(std::filesystem::exists(path));
  CHECK(std::filesystem::exists(home.here / ".local/bin/other"));
  CHECK(home.hutch({"--list"}).out.empty());
  const Answer again = home.hutch({"--undo", "greet"});
  CHECK(again.status == 1);
  CHECK(has(again.err, "error[E0936]: nothing is installed for \"greet\"\n"));
}

TEST_CASE("list tells which wrapper would not start: its program is gone, or its profile") {
  const Home home;
  REQUIRE(home.hutch({"greet"}).status == 0);
  CHECK(has(home.hutch({"--list", "--json"}).out, "\"program\": \"" + home.here / "opt/greet" + "\""));
  std::filesystem::remove(home.here / "opt/greet");
  // Another wrapper is not the program.
  std::filesystem::copy(home.wrapper(), home.here / "opt/greet");
  const std::string others = "\n\"greet\"  " + home.entry() + "\n\"greet\"  " + home.service() + "\n";
  const Answer gone = home.hutch({"--list"});
  CHECK(gone.status == 0);
  CHECK(gone.out ==
        "\"greet\"  " + home.wrapper() + "  (E0932: there is no \"greet\" on this machine)" + others);
  const std::string data = home.hutch({"--list", "--json"}).out;
  CHECK(has(data, "\"code\": \"E0932\""));
  CHECK(has(data, "\"cause\": \"neither where the profile says nor behind the wrapper on PATH\""));
  CHECK_FALSE(has(data, "\"program\""));
  CHECK(run_program({home.wrapper()}, home.options()).status == 125);

  std::filesystem::remove(home.profile);
  const Answer without = home.hutch({"--list"});
  CHECK(without.status == 0);
  CHECK(without.out.starts_with("\"greet\"  " + home.wrapper() + "  (E0201: there is no profile `greet`)\n"));
  CHECK(without.out.ends_with(others));
}

TEST_CASE("list finds the profile of a wrapper that was installed by a path which has to be quoted") {
  const Home home;
  const std::string path = home.here.write("gr\"ü\\ß\ne.toml", "[process]\ncommand = ['greet']\n");
  REQUIRE(home.hutch({path}).status == 0);
  CHECK(has(home.hutch({"--list", "--json"}).out, "\"program\": \"" + home.here / "opt/greet" + "\""));
  // Lines that somebody else has written.
  const std::string wrapper = read_file(home.wrapper());
  for (const char* said : {"5 # ", "greet"}) {
    std::string changed = wrapper;
    changed.replace(changed.find("install: \"") + 9, 1, said);
    std::ofstream(home.wrapper(), std::ios::trunc) << changed;
    const std::string listed = home.hutch({"--list"}).out;
    CAPTURE(listed);
    CHECK(has(listed, "(E0935: \"" + home.wrapper() + "\" no longer says for which profile it is)\n"));
  }
}

TEST_CASE("a file of somebody else's in the way stops the installation, which leaves nothing") {
  const Home home;
  SECTION("a file") {
    home.here.write(".local/share/applications/org.greet.desktop", "[Desktop Entry]\nName=mine\n");
  }
  SECTION("a link") {
    std::filesystem::create_directories(home.here / ".local/share/applications");
    std::filesystem::create_symlink("nowhere", home.entry());
  }
  const Answer answer = home.hutch({"greet"});
  CHECK(answer.status == 1);
  CHECK(has(answer.err, "error[E0933]: \"" + home.entry() + "\" is in the way\n"));
  CHECK(has(answer.err, "move it away first"));
  CHECK_FALSE(std::filesystem::exists(home.wrapper()));
  CHECK_FALSE(std::filesystem::exists(home.service()));
}

TEST_CASE("a file that was changed since is neither overwritten nor removed") {
  const Home home;
  REQUIRE(home.hutch({"greet"}).status == 0);
  std::ofstream(home.wrapper(), std::ios::app) << "# mine\n";
  for (const auto& words : {std::vector<std::string>{"greet"}, {"--undo", "greet"}}) {
    const Answer answer = home.hutch(words);
    CHECK(answer.status == 1);
    CHECK(has(answer.err, "error[E0935]: \"" + home.wrapper() + "\" was changed since"));
    CHECK(std::filesystem::exists(home.entry()));
  }
  CHECK(has(home.hutch({"--list"}).out, home.wrapper() + "  (changed since)\n"));
}

TEST_CASE("what cannot be written leaves nothing behind") {
  if (geteuid() == 0) SKIP_TEST("root may write everywhere");
  const Home home;
  std::filesystem::create_directories(home.here / ".local/share");
  ::chmod((home.here / ".local/share").c_str(), 0555);
  const Answer answer = home.hutch({"greet"});
  ::chmod((home.here / ".local/share").c_str(), 0755);
  CHECK(answer.status == 1);
  CHECK(has(answer.err, "error[E0934]: cannot make the folder"));
  CHECK(has(answer.err, "Permission denied"));
  CHECK(std::filesystem::is_empty(home.here / ".local/bin"));
}

TEST_CASE("install says when a shell would not find the wrapper, and when an action starts something else") {
  const Home home;
  Options late = home.options(home.here / "opt" + ":");
  home.here.write("data/applications/org.greet.desktop",
                  "[Desktop Entry]\nExec=greet\n[Desktop Action x]\nExec=other\n");
  const Answer answer = run_hutch({"install", "--user", "greet"}, late);
  CHECK(answer.status == 0);
  CHECK(has(answer.err,
            "warning[W0930]: shells find \"" + home.here / "opt/greet" + "\" before the wrapper\n"));
  CHECK(has(answer.err, "warning[W0931]: [Desktop Action x] of"));
}

TEST_CASE("what cannot be installed is refused with a reason") {
  const Home home;
  home.here.profile("nothing", "");
  home.here.profile("shell", "[process]\ncommand = ['/bin/sh']\n");
  home.here.profile("gone", "[process]\ncommand = ['no-such-program']\n");
  const auto says = [&](const std::vector<std::string>& words, int status, const std::string& part) {
    const Answer answer = home.hutch(words);
    CAPTURE(answer.err);
    CHECK(answer.status == status);
    CHECK(has(answer.err, part));
  };
  says({"nothing"}, 1, "error[E0930]: the profile does not say which program it is for\n");
  says({"shell"}, 1, "error[E0938]: no wrapper can be called \"sh\"\n");
  says({"gone"}, 1, "error[E0932]: there is no \"no-such-program\" on this machine\n");
  says({}, 2, "error[E0904]: `install` needs a PROFILE\n");
  says({"--list", "greet"}, 2, "error[E0904]: --list takes no PROFILE\n");
  says({"--system", "greet"}, 2, "error[E0904]: --user and --system contradict each other\n");
  CHECK_FALSE(std::filesystem::exists(home.here / ".local/bin"));
  Options homeless = home.options();
  homeless.env["HOME"] = "nowhere";
  CHECK(
      has(run_hutch({"install", "--user", "greet"}, homeless).err, "error[E0939]: there is no home folder"));
}

TEST_CASE("root installs for everybody into /usr/local, by a profile that only root can change") {
  if (geteuid() != 0) SKIP_TEST("needs root");
  const Home home;
  Options options = home.options();
  options.env["XDG_DATA_DIRS"] = "/usr/local/share:" + home.here / "data";
  // A /usr/local that only this process has.
  const std::string script =
      "mount -t tmpfs none /usr/local && cd / && " + hutch_binary() +
      " install greet && cd /usr/local && find . -type f | sort && /usr/local/bin/greet x";
  const auto install = [&] { return run_program({"unshare", "-m", "sh", "-c", script}, options); };
  ::chmod(home.here.path().c_str(), 0777);
  const Answer refused = install();
  CHECK(has(refused.err, "error[E0939]: \"" + home.profile + "\" is not a profile for everybody\n"));
  CHECK(has(refused.err, "\"" + home.here.path() + "\" can be changed by others than root"));
  CHECK(refused.out.empty());
  ::chmod(home.here.path().c_str(), 0755);
  const Answer done = install();
  INFO(done.err);
  CHECK(done.out ==
        "./bin/greet\n./share/applications/org.greet.desktop\n./share/dbus-1/services/org.greet.service\n"
        "greet x in inside, wrapped by greet\n");
  CHECK(done.status == 7);
}

TEST_CASE("a profile with a shebang is a program, and its arguments are the sandboxed program's") {
  const Workspace here;
  const std::string folder = std::filesystem::path(hutch_binary()).parent_path();
  const std::string script =
      here.write("say.toml",
                 "#!/usr/bin/env -S hutch run\n#:schema /nowhere.json\nschema = 1\nextends = ['app']\n"
                 "[process]\ncommand = ['/usr/bin/printf', '[%s]']\nargs = 'append'\n",
                 0755);
  const Options options{
      .env = {{"PATH", folder + ":/usr/bin:/bin"}, {"HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles"}}};
  const Answer answer = run_program({script, "a b", "--json", "-v", "$(x)"}, options);
  INFO(answer.err);
  CHECK(answer.status == 0);
  CHECK(answer.out == "[a b][--json][-v][$(x)]");
  // One interpreter and one argument is what the kernel itself can do.
  const std::string direct =
      here.write("direct.toml", "#!" + hutch_binary() + " run\nschema = 1\nextends = ['app']\n", 0755);
  CHECK(run_program({direct, "/bin/sh", "-c", "exit 9"}, options).status == 9);
}
