// Each wall, tried from inside.

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

TEST_CASE("no capability is left in any set, and none can be gained") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  for (const char* map : {"self", "root"}) {
    const Answer answer =
        run_hutch({"run", "--set", std::string("identity.map = '") + map + "'", box, "status"});
    INFO(map);
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
      CHECK(answer[set] == "0000000000000000");
    CHECK(answer["NoNewPrivs"] == "1");
    CHECK(answer["Seccomp"] == "2");
  }
}

TEST_CASE("a kept capability, and that one only, survives exec of a non-root id") {
  const Workspace here;
  const std::string box = here.profile(
      "box", bare_profile("\"/proc\" = \"proc\"\n[capabilities]\nkeep = [\"net_bind_service\"]"));
  const Answer answer = run_hutch({"run", "--set", "identity.uid = 1000", box, "status"});
  CHECK(answer["CapEff"] == "0000000000000400");
  CHECK(answer["CapBnd"] == "0000000000000400");
  CHECK(answer["CapAmb"] == "0000000000000400");
}

TEST_CASE("signal dispositions and the mask are reset") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  const Answer answer = run_program(
      {"/bin/sh", "-c", "trap '' HUP USR1; exec \"$@\"", "sh", hutch_binary(), "run", box, "status"});
  CHECK(answer["SigIgn"] == "0000000000000000");
  CHECK(answer["SigBlk"] == "0000000000000000");
}

TEST_CASE("read-only is recursive, and cannot be lifted by root inside with every right to mount") {
  const Workspace here;
  const std::string file = here.write("data/file", "x");
  const std::string box = here.profile(
      "box", bare_profile("\"/data\" = { type = \"bind\", source = \"./data\" }\n\"/proc\" = \"proc\""));
  const Answer answer = run_hutch(
      {"run", "--set", "identity.map = 'root'", "--set", "capabilities.keep = ['sys_admin', 'dac_override']",
       box, "write", "/data/file", "y", ",", "write", "/data/new", "y", ",", "mkdir", "/data/sub"},
      {.watched = {here.path()}});
  CHECK(answer["write:/data/file"] == "EROFS");
  CHECK(answer["write:/data/new"] == "EROFS");
  CHECK(answer["mkdir:/data/sub"] == "EROFS");
  CHECK(read_file(file) == "x");
}

TEST_CASE("a writable bind inside a read-only one is writable, and only there") {
  const Workspace here;
  here.write("data/inner/file", "x");
  const std::string box = here.profile(
      "box", bare_profile("\"/data\" = { type = \"bind\", source = \"./data\" }\n"
                          "\"/data/inner\" = { type = \"bind\", source = \"./data/inner\", write = true }"));
  const Answer answer =
      run_hutch({"run", box, "write", "/data/inner/made", "y", ",", "write", "/data/made", "y"});
  CHECK(answer["write:/data/inner/made"] == "ok");
  CHECK(answer["write:/data/made"] == "EROFS");
  CHECK(read_file(here / "data/inner/made") == "y");
}

TEST_CASE("hidden folders and files cannot be read, below any bind") {
  const Workspace here;
  here.write("home/.ssh/id", "secret");
  here.write("home/token", "secret");
  here.write("home/open", "seen");
  const std::string box =
      here.profile("box", bare_profile("\"/home\" = { type = \"bind\", source = \"./home\", write = true }\n"
                                       "\"/home/.ssh\" = \"hidden\"\n\"/home/token\" = \"hidden\""));
  const Answer answer =
      run_hutch({"run", box, "read", "/home/.ssh/id", ",", "read", "/home/token", ",", "read", "/home/open",
                 ",", "write", "/home/.ssh/new", "x", ",", "write", "/home/token", "x"},
                {.watched = {here.path()}});
  CHECK(answer["read:/home/.ssh/id"] != "secret");
  CHECK(answer["read:/home/token"] != "secret");
  CHECK(answer["read:/home/open"] == "seen");
  CHECK(answer["write:/home/.ssh/new"] != "ok");
  CHECK(answer["write:/home/token"] != "ok");
  CHECK(read_file(here / "home/token") == "secret");
}

TEST_CASE("a symlink inside a bind cannot lead a mount out of the new root") {
  const Workspace here;
  here.write("outside/file", "the host's");
  here.write("tree/plain", "x");
  std::filesystem::create_directory_symlink(here / "outside", here / "tree/way-out");
  std::filesystem::create_directory_symlink("../../../../../.." + (here / "outside"), here / "tree/climb");
  const Options options = {.watched = {here.path()}};
  for (const char* link : {"way-out", "climb"}) {
    const std::string box =
        here.profile("box", bare_profile("\"/tree\" = { type = \"bind\", source = \"./tree\" }\n\"/tree/" +
                                         std::string(link) + "/new\" = \"tmpfs\""));
    const Answer answer = run_hutch({"run", box, "exit", "0"}, options);
    INFO(link << "\n" << answer.err);
    CHECK(std::filesystem::is_empty(here / "outside") == false);
    CHECK_FALSE(std::filesystem::exists(here / "outside/new"));
  }
}

TEST_CASE("nothing can be typed into the caller's terminal, high bits or not") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const Answer answer = run_hutch({"run", box, "tiocsti"});
  CHECK(answer["tiocsti"] == "EPERM");
  CHECK(answer["tiocsti_high"] == "EPERM");
  CHECK(answer["tioclinux"] == "EPERM");
}

TEST_CASE("system calls of another architecture do not get through") {
#ifndef __x86_64__
  SKIP_TEST("not x86_64");
#endif
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const Answer answer = run_hutch({"run", box, "foreign"});
  CHECK(answer["int80"] != "ok");
  CHECK(answer["x32"] != "ok");
}

TEST_CASE("user namespaces of one's own: as the profile says") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  CHECK(run_hutch({"run", box, "newuser"})["newuser"] == "ok");
  CHECK(run_hutch({"run", "--set", "namespaces.nested = 'deny'", box, "newuser"})["newuser"] != "ok");
}

TEST_CASE("the caller's environment and arguments cannot be read in /proc/1") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  const Answer answer = run_hutch(
      {"run", "--env", "HARMLESS=1", box, "read", "/proc/1/environ", ",", "read", "/proc/1/cmdline"},
      {.env = {{"SECRET_TOKEN", "hunter2"}}});
  CHECK(answer.status == 0);
  CHECK(answer.out.find("hunter2") == std::string::npos);
  CHECK(answer["read:/proc/1/cmdline"].find(here.path()) == std::string::npos);
}

TEST_CASE("account files know the user inside and nobody else of the host") {
  const Workspace here;
  const std::string box =
      here.profile("box", bare_profile("[identity]\nuser = \"ada\"\nuid = 4711\nhome = \"/home/ada\""));
  const Answer answer = run_hutch({"run", box, "read", "/etc/passwd", ",", "ids"});
  CHECK(answer["uid"] == "4711");
  CHECK(answer["read:/etc/passwd"].find("ada:x:4711:") != std::string::npos);
  CHECK(answer["read:/etc/passwd"].find("hutch-test") == std::string::npos);
  CHECK(run_hutch({"run", "--set", "identity.accounts = false", box, "read",
                   "/etc/passwd"})["read:/etc/passwd"] == "ENOENT");
}

TEST_CASE("mounts carry nosuid and nodev, and noexec where the profile says so") {
  const Workspace here;
  here.write("data/file", "x");
  const std::string box =
      here.profile("box", bare_profile("\"/data\" = { type = \"bind\", source = \"./data\", exec = false }\n"
                                       "\"/scratch\" = \"tmpfs\"\n\"/proc\" = \"proc\""));
  const Answer answer = run_hutch({"run", box, "mounts"});
  int seen = 0;
  for (const std::string& line : answer.all("mount:")) {
    const std::vector<std::string> fields = words(line);
    if (fields.size() < 6) continue;
    INFO(line);
    if (fields[4] == "/data") {
      ++seen;
      for (const char* flag : {"ro", "nosuid", "nodev", "noexec"})
        CHECK(("," + fields[5] + ",").find("," + std::string(flag) + ",") != std::string::npos);
    }
    if (fields[4] == "/scratch") {
      ++seen;
      for (const char* flag : {"rw", "nosuid", "nodev"})
        CHECK(("," + fields[5] + ",").find("," + std::string(flag) + ",") != std::string::npos);
    }
  }
  CHECK(seen == 2);
}

TEST_CASE("a private copy of a file is the sandbox's own") {
  const Workspace here;
  here.write("config", "the host's");
  const std::string box = here.profile(
      "box", bare_profile("\"/etc/config\" = { type = \"file\", source = \"./config\", mode = \"0600\" }\n"
                          "\"/etc/note\" = { type = \"file\", content = \"said here\\n\" }"));
  const Answer answer = run_hutch({"run", box, "read", "/etc/config", ",", "read", "/etc/note", ",", "look",
                                   "/etc/config", ",", "write", "/etc/config", "changed"});
  CHECK(answer["read:/etc/config"] == "the host's");
  CHECK(answer["read:/etc/note"] == "said here");
  CHECK(answer["look:/etc/config"].starts_with("file 0600"));
  CHECK(read_file(here / "config") == "the host's");
}

TEST_CASE("an overlay keeps the lower folder as it is") {
  const Workspace here;
  here.write("lower/file", "below");
  const std::string box = here.profile(
      "box", bare_profile("\"/data\" = { type = \"overlay\", lower = [\"./lower\"], upper = \"tmpfs\" }"));
  const Answer answer = run_hutch(
      {"run", box, "write", "/data/file", "above", ",", "read", "/data/file", ",", "write", "/data/new", "x"},
      {.watched = {here.path()}});
  CHECK(answer.status == 0);
  CHECK(answer["write:/data/file"] == "ok");
  CHECK(answer["read:/data/file"] == "above");
  CHECK(answer["write:/data/new"] == "ok");
  CHECK(read_file(here / "lower/file") == "below");
}

TEST_CASE("the small /dev has the nodes that programs need and none of the machine's") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/dev\" = \"dev\"\n\"/proc\" = \"proc\""));
  const Answer answer = run_hutch({"run", box, "list", "/dev", ",", "write", "/dev/null", "x", ",", "look",
                                   "/dev/shm", ",", "look", "/dev/pts/ptmx"});
  CHECK(answer["list:/dev"] == "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero");
  CHECK(answer["write:/dev/null"] == "ok");
  CHECK(answer["look:/dev/shm"].starts_with("directory 1777"));
}
