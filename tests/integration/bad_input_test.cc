// What goes wrong is said in one message with a place, nothing runs, and nothing is left behind.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool printable(const std::string& text) {
  for (const char letter : text) {
    if (static_cast<unsigned char>(letter) < 0x20 && letter != '\n') return false;
    if (letter == 0x7f) return false;
  }
  return true;
}

/// Runs a profile that must not run; gives its message. `PLACE` in a row is the profile's name.
struct Refusal {
  const char* name;
  const char* toml;   ///< after `schema = 1`
  std::string place;  ///< "3:1": after the file name
  std::string what;   ///< part of the message
};

}  // namespace

TEST_CASE("a profile that is wrong is refused with status 125, its line, and what is wrong") {
  const Refusal kRefusals[] = {
      {"syntax", "hostname = = 1\n", "2:12", "error"},
      {"unterminated", "hostname = \"x\n", "2:", "error"},
      {"twice", "hostname = \"a\"\nhostname = \"b\"\n", "3:", "hostname"},
      {"type", "hostname = 5\n", "2:12", "hostname"},
      {"typetable", "mounts = 5\n", "2:10", "mounts"},
      {"unknown", "hostnme = \"x\"\n", "2:1", "did you mean `hostname`"},
      {"unknowntable", "[namespacs]\npid = \"new\"\n", "2:", "did you mean `namespaces`"},
      {"unknowndeep", "[process]\nomask = 1\n", "3:1", "did you mean `umask`"},
      {"unknownmount", "[mounts]\n\"/data\" = { type = \"bind\", sorce = \"/srv\" }\n", "3:28",
       "did you mean `source`"},
      {"word", "[mounts]\n\"/data\" = \"tmpf\"\n", "3:11", "did you mean \"tmpfs\""},
      {"namespaceword", "[namespaces]\npid = \"nwe\"\n", "3:7", "did you mean \"new\""},
      {"capability", "[capabilities]\nkeep = [\"net_admn\"]\n", "3:9", "net_admin"},
      {"limit", "[limits]\nnofil = 5\n", "3:1", "did you mean `nofile`"},
      {"relative", "[mounts]\n\"data\" = \"tmpfs\"\n", "3:1", "absolute"},
      {"empty", "[mounts]\n\"\" = \"tmpfs\"\n", "3:1", "empty"},
      {"dotdot", "[mounts]\n\"/a/../../etc\" = \"tmpfs\"\n", "3:1", ".."},
      {"missing", "[mounts]\n\"/no/such/folder\" = \"ro\"\n", "3:", "/no/such/folder"},
      {"missingsource", "[mounts]\n\"/data\" = { type = \"bind\", source = \"/no/such\" }\n",
       "3:", "/no/such"},
      {"undefined", "[mounts]\n\"/data\" = { type = \"bind\", source = \"${NO_SUCH}\" }\n", "3:", "NO_SUCH"},
      {"param", "hostname = \"${param:who}\"\n", "2:", "who"},
      {"extendsmissing", "extends = [\"./nowhere.toml\"]\n", "2:", "nowhere.toml"},
      {"uidrange", "[identity]\nuid = 4294967295\n", "3:7", "uid"},
      {"uidnegative", "[identity]\nuid = -1\n", "3:7", "uid"},
      {"hostname", "hostname = \"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg\"\n",
       "2:12", "64"},
      {"size", "[mounts]\n\"/x\" = { type = \"tmpfs\", size = \"99999999999G\" }\n", "3:", "size"},
      {"sizeword", "[mounts]\n\"/x\" = { type = \"tmpfs\", size = \"many\" }\n", "3:", "size"},
      {"later", "[resources]\nmemory = \"1G\"\n", "2:", "not supported yet"},
      {"syscall", "[seccomp]\ndeny = [\"moutn\"]\n", "3:9", "did you mean `mount`"},
      {"timeout", "[process]\ntimeout = \"-3s\"\n", "3:", "timeout"},
      {"schema", "[process]\ncommand = \"not a list\"\n", "3:", "command"},
  };
  const Workspace here;
  for (const Refusal& row : kRefusals) {
    const std::string box = here.profile(row.name, row.toml);
    const Answer answer = run_hutch({"run", box, "/probe"}, {.watched = {here.path()}});
    INFO(row.name << "\n" << answer.err);
    CHECK(answer.status == 125);
    CHECK(answer.out == "");
    CHECK(contains(answer.err, std::string(row.name) + ".toml:" + row.place));
    CHECK(contains(answer.err, row.what));
    CHECK(answer.err.starts_with("error"));

    const Answer check = run_hutch({"check", box});
    CHECK(check.status == 1);
  }
}

TEST_CASE("several errors of one file are reported together") {
  const Workspace here;
  const std::string box =
      here.profile("box", "hostnme = \"x\"\n[mounts]\n\"/data\" = \"tmpf\"\n[process]\numask = \"rwx\"\n");
  const Answer answer = run_hutch({"check", box});
  INFO(answer.err);
  CHECK(contains(answer.err, "box.toml:2:1"));
  CHECK(contains(answer.err, "box.toml:4:11"));
  CHECK(contains(answer.err, "box.toml:6:9"));
}

TEST_CASE("a cycle of extends is an error that shows the chain") {
  const Workspace here;
  const std::string one = here.profile("one", "extends = [\"./two.toml\"]\n");
  here.profile("two", "extends = [\"./three.toml\"]\n");
  here.profile("three", "extends = [\"./one.toml\"]\n");
  const Answer answer = run_hutch({"run", one, "/probe"});
  INFO(answer.err);
  CHECK(answer.status == 125);
  for (const char* name : {"one.toml", "two.toml", "three.toml"}) CHECK(contains(answer.err, name));
}

TEST_CASE("a profile name that is nearly right gets a suggestion") {
  const Answer answer = run_hutch({"run", "litlebox"});
  CHECK(answer.status == 125);
  CHECK(contains(answer.err, "littlebox"));
}

TEST_CASE("a profile that is no readable text is refused in a moment") {
  const Workspace here;
  std::filesystem::create_directories(here / "folder.toml");
  const std::string huge = here.write("huge.toml", std::string(50 << 20, '#'));
  const std::string binary = here.write("binary.toml", std::string("hostname = \"\0\"\n", 15));
  const std::string latin1 = here.write("latin1.toml", "hostname = \"caf\xe9\"\n");
  const std::string escape = here.write("escape.toml", "\"\\u001b[31mred\" = 1\nhost\x1b[2Jname = 1\n");
  const std::string closed = here.write("closed.toml", "schema = 1\n", 0000);
  for (const std::string& path :
       {here / "folder.toml", huge, binary, latin1, escape, here / "absent.toml", here / "absent/x.toml"}) {
    const Answer answer = run_hutch({"run", path, "/probe"}, {.seconds = 10});
    INFO(path << "\n" << answer.err);
    CHECK(answer.status == 125);
    CHECK(contains(answer.err, std::filesystem::path(path).filename().string()));
    CHECK(answer.err.size() < 4096);
    CHECK(printable(answer.err));
  }
  if (geteuid() != 0) CHECK(run_hutch({"run", closed, "/probe"}).status == 125);
}

TEST_CASE("escape sequences of a profile never reach the terminal") {
  const Workspace here;
  const std::string box = here.profile(
      "box", "[process]\ncommand = [\"/\\u001b[31mred\\u0007\"]\n[mounts]\n\"/x\\u001b[2J\" = \"ro\"\n");
  for (const char* command : {"run", "plan", "check", "show"}) {
    const Answer answer = run_hutch({command, box});
    INFO(command << "\n" << answer.err);
    CHECK(printable(answer.err));
    CHECK(printable(answer.out));
  }
}

TEST_CASE("a dangling symlink as a source is an error, and left out where it is optional") {
  const Workspace here;
  std::filesystem::create_symlink("nowhere", here / "dangling");
  const std::string hard =
      here.profile("hard", bare_profile("\"/data\" = { type = \"bind\", source = \"./dangling\" }"));
  CHECK(run_hutch({"run", hard, "exit", "0"}).status == 125);
  const std::string soft = here.profile(
      "soft", bare_profile("\"/data\" = { type = \"bind\", source = \"./dangling\", optional = true }"));
  const Answer answer = run_hutch({"run", soft, "look", "/data"});
  CHECK(answer.status == 0);
  CHECK(answer["look:/data"] == "ENOENT");
  CHECK(contains(run_hutch({"plan", soft, "exit", "0"}).out, "/data"));
}

TEST_CASE("a target that is missing under a bind of the host is an error, never made on the host") {
  const Workspace here;
  here.write("data/file", "x");
  for (const char* write : {"true", "false"}) {
    const std::string box =
        here.profile("box", bare_profile("\"/data\" = { type = \"bind\", source = \"./data\", write = " +
                                         std::string(write) + " }\n\"/data/missing\" = \"tmpfs\""));
    const Answer answer = run_hutch({"run", box, "exit", "0"}, {.watched = {here.path()}});
    INFO(answer.err);
    CHECK(answer.status == 125);
    CHECK(contains(answer.err, "/data/missing"));
    CHECK(contains(answer.err, "box.toml:"));
  }
}

TEST_CASE("two globs that meet on one target are an error that names both lines") {
  const Workspace here;
  here.write("d/ab", "x");
  const std::string box = here.profile(
      "box", bare_profile("\"" + here.path() + "/d/a*\" = \"ro\"\n\"" + here.path() + "/d/*b\" = \"rw\""));
  const Answer answer = run_hutch({"run", box, "exit", "0"});
  INFO(answer.err);
  CHECK(answer.status == 125);
  CHECK(contains(answer.err, here / "d/ab"));
}

TEST_CASE("a glob without a match is an error unless it is optional") {
  const Workspace here;
  const std::string pattern = here / "nothing*";
  CHECK(run_hutch({"run", here.profile("hard", bare_profile("\"" + pattern + "\" = \"ro\"")), "exit", "0"})
            .status == 125);
  CHECK(run_hutch({"run", here.profile("soft", bare_profile("\"" + pattern + "\" = \"ro?\"")), "exit", "0"})
            .status == 0);
}

TEST_CASE("a current folder that was deleted is no obstacle") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const Answer answer = run_program({"/bin/sh", "-c", "mkdir gone && cd gone && rmdir ../gone && exec \"$@\"",
                                     "sh", hutch_binary(), "run", box, "exit", "5"},
                                    {.cwd = here.path()});
  INFO(answer.err);
  CHECK(answer.status == 5);
}

TEST_CASE("a nested launch that the kernel forbids says which rule forbids it, and what to change") {
  const Workspace here;
  here.profile("box", "[mounts]\n\"/usr\" = \"ro\"\n\"/lib\" = \"mirror\"\n\"/lib64\" = \"mirror\"\n");
  std::filesystem::copy_file(hutch_binary(), here / "hutch");
  struct Row {
    const char* outer;
    const char* what;
    const char* why;
  };
  const Row rows[] = {
      {"identity = { uid = 1000, gid = 1000 }\nnamespaces.nested = \"deny\"\n",
       "error[E0410]: cannot make the namespaces: clone: No space left on device (ENOSPC)\n",
       "   = cause: user namespaces are switched off here: user.max_user_namespaces is 0\n"
       "   = help: as root: sysctl -w user.max_user_namespaces=15000; inside of another sandbox: "
       "`namespaces.nested = \"allow\"` in its profile\n"},
      {"identity.map = \"root\"\n",
       "error[E0414]: cannot map the ids: write: Operation not permitted (EPERM)\n",
       "   = cause: nobody without CAP_SETFCAP may map the id 0 of the namespace around: a root without "
       "capabilities, as in another sandbox, is none\n"
       "   = help: in the sandbox around hutch, have another id (`identity.uid`, `identity.gid`) or keep the "
       "capability `setfcap`\n"}};
  for (const Row& row : rows) {
    const std::string outer = here.profile("outer", std::string("extends = [\"app\"]\n") + row.outer);
    const Answer answer =
        run_hutch({"run", outer, "./hutch", "run", "./box.toml", "/usr/bin/true"}, {.cwd = here.path()});
    INFO(answer.err);
    CHECK(answer.status == 125);
    CHECK(answer.err.starts_with(row.what));
    CHECK(answer.err.ends_with(row.why));
  }
}

TEST_CASE("map = subids without a range for the caller says which file and line is missing") {
  if (geteuid() == 0) SKIP_TEST("root needs no helper");
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("[identity]\nmap = \"subids\""));
  // Inside, /etc/subuid does not exist.
  const std::string outer = here.profile("outer", "extends = [\"app\"]\n");
  std::filesystem::copy_file(hutch_binary(), here / "hutch");
  const Answer answer =
      run_hutch({"run", outer, "./hutch", "run", "./box.toml", "exit", "0"}, {.cwd = here.path()});
  INFO(answer.err);
  CHECK(answer.status == 125);
  CHECK(contains(answer.err, "/etc/subuid"));
}

TEST_CASE("command-line mistakes are said without a stack of noise") {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"rnu", "app"},
                                             {"run"},
                                             {"run", "--no-such"},
                                             {"run", "--set"},
                                             {"run", "--set", "not toml", "app", "true"},
                                             {"run", "--net", "maybe", "app", "true"}}) {
    const Answer answer = run_hutch(arguments);
    INFO(answer.err);
    CHECK(answer.status != 0);
    CHECK(answer.err != "");
    CHECK(answer.out == "");
  }
  CHECK(contains(run_hutch({"rnu", "app"}).err, "run"));
}

TEST_CASE("a system that shows no /proc gets a clear error or a working sandbox, never a hang") {
  if (geteuid() != 0) SKIP_TEST("needs root to hide /proc");
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const Answer answer =
      run_program({"unshare", "--mount", "/bin/sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh",
                   hutch_binary(), "run", box, "exit", "6"});
  INFO(answer.err);
  CHECK((answer.status == 6 || (answer.status == 125 && contains(answer.err, "/proc"))));
}
