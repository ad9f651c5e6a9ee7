// Whoever prepares the folders, renames them meanwhile, or sits inside, is not on our side.

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/snapshot.h"

using namespace hutch::test;
namespace fs = std::filesystem;

namespace {

/// Exchanges pairs of names as fast as it can while it lives.
class Exchange {
 public:
  explicit Exchange(std::vector<std::pair<std::string, std::string>> pairs)
      : worker_([this, pairs = std::move(pairs)] {
          while (!stop_) {
            for (const auto& [one, other] : pairs)
              renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
          }
        }) {}
  ~Exchange() {
    stop_ = true;
    worker_.join();
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

 private:
  std::atomic<bool> stop_ = false;
  std::thread worker_;
};

/// Everything below a folder, sorted; names only, since exchanging moves the rest about.
std::vector<std::string> names_below(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

std::string hex(std::string_view text) {
  std::string digits;
  for (const char byte : text) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(byte));
    digits += two;
  }
  return digits;
}

/// A byte that a terminal would obey: C0 but line ends and tabs, DEL, and C1 in UTF-8.
bool could_steer_a_terminal(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) return true;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char byte : text) {
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned char>(byte));
    out += byte == '$' ? "$$" : std::string(escaped);
  }
  return out + "\"";
}

}  // namespace

TEST_CASE("no link of a hostile root folder leads anything out of it", "[slow]") {
  const Workspace here;
  here.write("outside/kept", "the host's");
  for (const char* name : {"dev", "proc", "sys", "etc", "tmp", "run", "home"})
    fs::create_directories(here / ("root/" + std::string(name)));
  fs::copy_file(HUTCH_PROBE, here / "root/probe");
  const std::string box =
      here.profile("box",
                   "[process]\ncommand = [\"/probe\"]\nargs = \"append\"\n[mounts]\n"
                   "\"/\" = { type = \"bind\", source = \"./root\", write = true }\n\"/dev\" = "
                   "\"dev\"\n\"/proc\" = \"proc\"\n"
                   "\"/tmp\" = \"tmpfs\"\n\"/run\" = \"tmpfs\"\n\"/sys\" = \"sysfs\"\n\"/home\" = \"tmpfs\"\n"
                   "\"/run/deep/er\" = \"dir\"\n\"/tmp/note\" = { type = \"file\", content = \"x\" }\n"
                   "\"/home/link\" = { type = \"symlink\", to = \"/etc\" }\n");
  CHECK(run_hutch({"run", box, "exit", "0"}, {.watched = {here.path()}}).status == 0);
  for (const std::string& to :
       {std::string("/"), std::string("/etc"), std::string("../../../../../etc"), here / "outside",
        "../../../../.." + (here / "outside"), std::string("/proc/self/root"), std::string("/proc/self/fd/3"),
        std::string("../outside"), std::string("loop"), std::string("/nowhere")}) {
    for (const char* name : {"dev", "proc", "sys", "tmp", "run", "home"}) {
      const fs::path place = fs::path(here / "root") / name;
      fs::remove(place);
      fs::create_symlink(to == "loop" ? std::string(name) : to, place);
      INFO(name << " -> " << to);
      const Answer answer = run_hutch({"run", box, "exit", "0"}, {.watched = {here.path()}});
      CHECK((answer.status == 0 || answer.status == 125 || answer.status == 127));
      fs::remove(place);
      fs::create_directory(place);
    }
  }
}

TEST_CASE("whoever moves a folder away from under a mount gets nothing made in its place", "[slow]") {
  const Workspace here;
  fs::create_directories(here / "data/t");
  const bool with_link = GENERATE(false, true);
  if (with_link) {
    fs::create_directory(here / "data/victim");
    fs::create_symlink("/data/victim", here / "data/u");
  } else {
    fs::create_directory(here / "data/u");
  }
  const std::string box =
      here.profile("box", bare_profile("\"/data\" = { type = \"bind\", source = \"./data\", write = true }\n"
                                       "\"/data/t\" = \"tmpfs\"\n\"/data/t/deep/er\" = \"tmpfs\"\n"
                                       "\"/data/t/file\" = { type = \"file\", content = \"x\" }\n"
                                       "\"/data/t/link\" = { type = \"symlink\", to = \"/\" }"));
  const std::vector<std::string> before = names_below(here / "data");
  {
    const Exchange exchange({{here / "data/t", here / "data/u"}});
    for (int i = 0; i < 100; ++i) {
      const Answer answer = run_hutch({"run", box, "exit", "0"});
      CHECK((answer.status == 0 || answer.status == 125 || answer.status == 127));
    }
  }
  CHECK(names_below(here / "data") == before);
}

TEST_CASE("the folder that was looked at is bound, or none", "[slow]") {
  const Workspace here;
  here.write("good/name", "good");
  here.write("evil/name", "evil");
  fs::create_symlink(here / "evil", here / "other");
  const std::string box =
      here.profile("box", bare_profile("\"/src\" = { type = \"bind\", source = \"./good\" }"));
  int refused = 0;
  {
    const Exchange exchange({{here / "good", here / "other"}});
    for (int i = 0; i < 100; ++i) {
      const Answer answer = run_hutch({"run", box, "read", "/src/name"});
      if (answer.status == 0) {
        CHECK((answer["read:/src/name"] == "good" || answer["read:/src/name"] == "evil"));
      } else {
        CHECK(answer.status == 125);
        ++refused;
      }
    }
  }
  CHECK(refused > 0);  // else nothing raced
}

TEST_CASE("odd files can be bound, and none of them stops the launcher") {
  const Workspace here;
  REQUIRE(mkfifo((here / "fifo").c_str(), 0644) == 0);
  here.write("passable/file", "seen");
  chmod((here / "passable").c_str(), 0711);
  here.write("shut/file", "x");
  chmod((here / "shut").c_str(), 0);
  const std::string box =
      here.profile("box", bare_profile("\"/fifo\" = { type = \"bind\", source = \"./fifo\" }\n"
                                       "\"/passable\" = { type = \"bind\", source = \"./passable\" }\n"
                                       "\"/shut\" = { type = \"bind\", source = \"./shut\" }\n"
                                       "\"/null\" = { type = \"bind\", source = \"/dev/null\" }\n"
                                       "\"/device\" = { type = \"device\", source = \"/dev/null\" }"));
  const Answer answer = run_hutch({"run", box, "look", "/fifo", ",", "read", "/passable/file", ",", "list",
                                   "/shut", ",", "write", "/null", "x", ",", "write", "/device", "x"});
  CHECK(answer["look:/fifo"].starts_with("other 0644"));
  CHECK(answer["read:/passable/file"] == "seen");
  CHECK(answer["list:/shut"] == "EACCES");
  CHECK(answer["write:/null"] == "EACCES");
  CHECK(answer["write:/device"] == "ok");
  const Answer copied =
      run_hutch({"run", "--set", "mounts.'/copy' = { type = 'file', source = '" + (here / "fifo") + "' }",
                 box, "exit", "0"});
  CHECK(copied.status == 125);
}

TEST_CASE("a launcher that waits for the other end of a FIFO can be told to end") {
  const Workspace here;
  REQUIRE(mkfifo((here / "fifo").c_str(), 0644) == 0);
  const std::string box = here.profile("box", bare_profile());
  for (const char* stream : {"stdin", "stdout"}) {
    Running waiting({"run", "--set", std::string("process.") + stream + " = '" + (here / "fifo") + "'", box,
                     "exit", "0"});
    usleep(300'000);
    waiting.signal(SIGTERM);
    CHECK(waiting.wait().status == 128 + SIGTERM);
  }
}

TEST_CASE("a FIFO among the profiles does not keep the list waiting") {
  const Workspace here;
  here.profile("fine", bare_profile("", "description = \"told\""));
  REQUIRE(mkfifo((here / "pipe.toml").c_str(), 0644) == 0);
  fs::create_symlink(".", here / "loop");
  const Answer answer = run_hutch({"list"}, {.env = {{"HUTCH_PROFILE_PATH", here.path()}}, .seconds = 10});
  CHECK(answer.status == 0);
  CHECK(answer.out.find("told") != std::string::npos);
  CHECK(answer.out.find("no regular file") != std::string::npos);
}

TEST_CASE("both output streams may go to one new file, which a failure takes away again") {
  const Workspace here;
  const std::string file = here / "log";
  const std::string box = here.profile("box", bare_profile("", "") + "\n");
  const std::vector<std::string> both = {
      "run", "--set", "process.stdout = '" + file + "'", "--set", "process.stderr = '" + file + "'", box};
  std::vector<std::string> fine = both;
  for (const char* word : {"stderr", "complaint"}) fine.emplace_back(word);
  CHECK(run_hutch(fine).status == 0);
  CHECK(read_file(file) == "complaint\n");
  fs::remove(file);
  std::vector<std::string> failing = both;
  failing.insert(failing.begin() + 1, {"--set", "mounts.'/" + std::string(300, 'a') + "' = 'tmpfs'"});
  CHECK(run_hutch(failing).status == 125);
  CHECK_FALSE(fs::exists(file));
}

TEST_CASE("fifty inherited descriptors, a deleted folder and a low limit leave no way out") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  std::vector<int> leaked;
  for (int i = 0; i < 50; ++i) leaked.push_back(open("/etc", O_RDONLY | O_DIRECTORY));
  const Answer answer = run_hutch({"run", box, "fds"});
  for (const int fd : leaked) close(fd);
  CHECK(answer.all("fd").size() == 3);

  fs::create_directory(here / "gone");
  const Answer deleted =
      run_program({"/bin/sh", "-c", "cd \"$1\" && rmdir \"$1\" && shift && exec \"$@\"", "sh", here / "gone",
                   hutch_binary(), "run", box, "link", "/proc/self/cwd"});
  CHECK(deleted["link:/proc/self/cwd"] == "/");

  const Answer few = run_program(
      {"/bin/sh", "-c", "ulimit -Sn 10; exec \"$@\"", "sh", hutch_binary(), "run", box, "limits"});
  CHECK(few["limit_nofile"].starts_with("10 "));
  const Answer too_few = run_program(
      {"/bin/sh", "-c", "ulimit -n 6; exec \"$@\"", "sh", hutch_binary(), "run", box, "exit", "0"});
  CHECK(too_few.status == 125);
  CHECK(too_few.err.find("EMFILE") != std::string::npos);
}

TEST_CASE("nobody inside gets into pid 1, not even with the capability to trace") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  for (const char* caps : {"[]", "['sys_ptrace', 'sys_admin', 'dac_override']"}) {
    const Answer answer = run_hutch({"run", "--set", "identity.map = 'root'", "--set",
                                     std::string("capabilities.keep = ") + caps, box, "break-into", "1"});
    INFO(caps);
    for (const char* way : {"ptrace", "process_vm_readv", "pidfd_getfd", "environ", "mem", "maps", "auxv",
                            "root", "cwd", "exe", "ns/mnt", "fd/0"}) {
      INFO(way);
      CHECK(answer[way] != "ok");
      CHECK(answer[way] != "(missing)");
    }
  }
}

TEST_CASE(
    "user namespaces that are denied cannot be had by any call, as any user, with any capability kept") {
  const Workspace here;
  const std::string box =
      here.profile("box", bare_profile("\"/proc\" = \"proc\"", "[namespaces]\nnested = \"deny\""));
  for (const char* caps : {"[]", "['sys_admin', 'setuid', 'setgid', 'dac_override']"}) {
    for (const char* map : {"self", "root"}) {
      const Answer answer = run_hutch({"run",
                                       "--set",
                                       std::string("identity.map = '") + map + "'",
                                       "--set",
                                       std::string("capabilities.keep = ") + caps,
                                       box,
                                       "user-namespaces",
                                       ",",
                                       "write",
                                       "/proc/sys/user/max_user_namespaces",
                                       "9",
                                       ",",
                                       "umount",
                                       "/proc/sys",
                                       ",",
                                       "write",
                                       "/proc/sys/user/max_user_namespaces",
                                       "9",
                                       ",",
                                       "user-namespaces"});
      INFO(caps << " " << map << "\n" << answer.out);
      for (const char* way : {"unshare", "clone", "clone3"}) {
        CHECK(answer.all(std::string(way) + "=") == std::vector<std::string>{"ENOSPC", "ENOSPC"});
      }
    }
  }
}

TEST_CASE("a user namespace inside undoes neither read-only nor hidden") {
  const Workspace here;
  here.write("data/secret/file", "x");
  const std::string box = here.profile(
      "box",
      bare_profile("\"/data\" = { type = \"bind\", source = \"./data\" }\n\"/data/secret\" = \"hidden\"\n"
                   "\"/proc\" = \"proc\""));
  const Answer answer = run_hutch({"run", box, "undo-below", "/data", "/data/secret"});
  CHECK(answer["undo_ro"] == "EPERM");
  CHECK(answer["undo_hidden"] == "EINVAL");
}

TEST_CASE("what is hidden is hidden by every name of it") {
  const Workspace here;
  here.write("data/secret/file", "x");
  here.write("data/sub/file", "x");
  const std::string box =
      here.profile("box", bare_profile("\"/data\" = { type = \"bind\", source = \"./data\", write = true }\n"
                                       "\"/data/secret\" = \"hidden\"\n\"/proc\" = \"proc\""));
  const Answer answer =
      run_hutch({"run", box, "read", "/data/secret/file", ",", "read", "/proc/self/root/data/secret/file",
                 ",", "read", "/data/sub/../secret/file", ",", "read-through", "/data", "secret/file", ",",
                 "umount", "/data/secret"},
                {.watched = {here.path()}});
  CHECK(answer["read:/data/secret/file"] == "EACCES");
  CHECK(answer["read:/proc/self/root/data/secret/file"] == "EACCES");
  CHECK(answer["read:/data/sub/../secret/file"] == "EACCES");
  CHECK(answer["openat"] == "EACCES");
  CHECK(answer["umount:/data/secret"] == "EPERM");
}

TEST_CASE("a capability that can undo mounts is warned of") {
  const Workspace here;
  here.write("data/file", "x");
  const std::string box = here.profile(
      "box",
      bare_profile(
          "\"/data\" = { type = \"bind\", source = \"./data\" }\n[capabilities]\nkeep = [\"sys_admin\"]"));
  const Answer answer = run_hutch({"check", box});
  CHECK(answer.status == 0);
  CHECK((answer.out + answer.err).find("W0102") != std::string::npos);
  CHECK(run_hutch({"check", "--strict", box}).status == 1);
}

TEST_CASE("no message carries a byte that would steer the terminal") {
  const Workspace here;
  const std::string evil =
      "a\nb\x1b[31m\x07\x7f\xc2\x9b"
      "31m";
  fs::create_directories(here / (evil + "/inner"));
  const std::string word = toml_string("/" + std::string("a\nb\x1b[31m\x07"));
  here.profile(
      "fine",
      bare_profile(
          word +
              " = \"tmpfs\"\n\"/made\\u001b]0;x\\u0007\" = \"dir\"\n[environment.set]\nX = \"\\u001b[2J\"\n",
          "name = \"\\u001b[31mEVIL\\u0007\"\ndescription = \"\\u001b]0;pwn\\u0007\\u009b31m\""));
  here.profile("gone", bare_profile("\"/x\" = { type = \"bind\", source = \"./\\u001b[31mgone\\u009b\" }\n"));
  here.profile("command", "[process]\ncommand = [\"/no\\u001b[31m\\u009bsuch\"]\n");
  here.profile("key", "\"\\u001b[31mkey\\u009b\" = 1\n");
  here.profile("value", "hostname = \"\\u001b[31m\\u009b\"\n");
  here.profile("extends", "extends = [\"./\\u001b[31m\\u009bno\"]\n");
  here.profile("syntax", "x = \x1b[31m \xc2\x9b\n");
  here.profile("\x1b[31mname\xc2\x9b", bare_profile());
  const Options options = {.env = {{"HUTCH_PROFILE_PATH", here.path()}}};
  std::vector<std::vector<std::string>> lines = {{"list"}, {"list", "--json"}};
  for (const char* name :
       {"fine", "gone", "command", "key", "value", "extends", "syntax", "\x1b[31mname\xc2\x9b"}) {
    for (const char* command : {"plan", "show", "check", "run"}) lines.push_back({command, name});
    for (const char* command : {"plan", "check"}) lines.push_back({command, "--json", name});
    lines.push_back({"access", name, "/a\nb\x1b[31m\xc2\x9b"});
  }
  for (const char* option : {"--set", "--param", "--env", "--cwd", "--hostname", "--net", "--ro", "--nope"})
    lines.push_back({"run", option, evil, "fine"});
  for (const char* command : {"explain", "help", "completion"}) lines.push_back({command, evil});
  lines.push_back({evil});
  lines.push_back({"run", evil});
  int said = 0;
  for (const std::vector<std::string>& line : lines) {
    const Answer answer = run_hutch(line, options);
    INFO(line[0] << " " << (line.size() > 1 ? hex(line[1]) : ""));
    CHECK_FALSE(could_steer_a_terminal(answer.out));
    CHECK_FALSE(could_steer_a_terminal(answer.err));
    if (!answer.out.empty() || !answer.err.empty()) ++said;
  }
  CHECK(said > 40);
}

TEST_CASE("arguments and variables arrive byte for byte") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const std::vector<std::string> odd = {
      "",   "--",   "-x",       "--set",   "a=b",      "|",        "$(id)", "`id`", ";",
      "\n", "a\nb", "\x1b[31m", "${HOME}", "$$",       "~",        "~/x",   "*",    "\"",
      "'",  "\\",   "%s%n",     "=",       "\xff\xfe", "\xc3\xa9", " "};
  std::vector<std::string> line = {"run", box, "arguments"};
  std::string expected;
  for (const std::string& word : odd) {
    line.push_back(word);
    expected += (expected.empty() && &word == &odd.front() ? "" : " ") + hex(word);
  }
  CHECK(run_hutch(line)["arguments"] == expected);

  for (const std::string& value : odd) {
    if (value.find('\n') != std::string::npos || value.starts_with("~") || value.starts_with("\xff"))
      continue;
    const Answer answer = run_hutch({"run", "--env", "ODD=" + value, box, "env"});
    INFO(hex(value));
    CHECK(answer.all("env:ODD=") == std::vector<std::string>{value});
  }
  const Answer inherited =
      run_hutch({"run", "--env", "ODD", box, "env"}, {.env = {{"ODD", "~/x ${HOME} \xff $$"}}});
  CHECK(inherited.all("env:ODD=") == std::vector<std::string>{"~/x ${HOME} \xff $$"});
}

TEST_CASE("as root without a user namespace, another uid keeps nothing of root") {
  if (geteuid() != 0) SKIP_TEST("only root has this choice");
  const Workspace here;
  const std::string box =
      here.profile("box", bare_profile("\"/proc\" = \"proc\"\n\"/dev\" = \"dev\"\n\"/tmp\" = \"tmpfs\""));
  const Answer answer = run_hutch({"run",
                                   "--set",
                                   "namespaces.user = 'host'",
                                   "--set",
                                   "identity = { uid = 1000, gid = 1000 }",
                                   box,
                                   "ids",
                                   ",",
                                   "status",
                                   ",",
                                   "look",
                                   "/tmp",
                                   ",",
                                   "write",
                                   "/proc/sys/kernel/core_pattern",
                                   "x",
                                   ",",
                                   "break-into",
                                   "1",
                                   ",",
                                   "kill",
                                   "1",
                                   "9"});
  CHECK(answer["uid"] == "1000");
  CHECK(answer["groups"] == "");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    CHECK(answer[set] == "0000000000000000");
  CHECK(answer["NoNewPrivs"] == "1");
  CHECK(answer["look:/tmp"].find("1000:1000") != std::string::npos);
  CHECK(answer["write:/proc/sys/kernel/core_pattern"] != "ok");
  for (const char* way : {"ptrace", "process_vm_readv", "pidfd_getfd", "environ", "mem", "root", "exe"}) {
    INFO(way);
    CHECK(answer[way] != "ok");
  }
  const Answer into_init = run_hutch({"run", "--set", "namespaces.user = 'host'", box, "break-into", "1"});
  for (const char* way : {"ptrace", "process_vm_readv", "pidfd_getfd", "environ", "mem", "root", "exe"}) {
    INFO(way);
    CHECK(into_init[way] != "ok");
    CHECK(into_init[way] != "(missing)");
  }
  const Answer still_root =
      run_hutch({"run", "--set", "namespaces.user = 'host'", box, "ids", ",", "write",
                 "/proc/sys/kernel/core_pattern", "x", ",", "mount", "/tmp", ",", "umount", "/proc/sys"});
  CHECK(still_root["uid"] == "0");
  CHECK(still_root["write:/proc/sys/kernel/core_pattern"] != "ok");
  CHECK(still_root["mount"] == "EPERM");
  CHECK(still_root["umount:/proc/sys"] == "EPERM");
}

TEST_CASE("it runs inside a namespace where setgroups is denied") {
  if (!have_program("unshare")) SKIP_TEST("no unshare(1)");
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  const Answer answer = run_program({"unshare", "-Ur", hutch_binary(), "run", box, "ids"});
  CHECK(answer.status == 0);
  CHECK(answer["uid"] == "0");
  CHECK(answer["setgroups"] == "deny");
  const Answer groups =
      run_program({"unshare", "-Ur", hutch_binary(), "run", "--set", "identity.groups = [0]", box, "ids"});
  CHECK(groups.status == 125);
  CHECK(groups.err.find("E0316") != std::string::npos);
}

TEST_CASE("an overlay's lower folder survives everything that is done above it") {
  const Workspace here;
  here.write("lower/file", "below");
  const std::string box = here.profile(
      "box", bare_profile(
                 "\"/usr\" = \"ro\"\n\"/bin\" = \"mirror\"\n\"/lib\" = \"mirror\"\n\"/lib64\" = \"mirror\"\n"
                 "\"/data\" = { type = \"overlay\", lower = [\"./lower\"], upper = \"tmpfs\" }"));
  const Answer answer = run_hutch(
      {"run", "--set", "process.command = ['/bin/sh', '-ec']", "--set", "process.args = 'append'", box,
       "cd /data; chmod 4777 file; mv file moved; ln moved again; echo x > file; "
       "rm moved; mkdir new; rm -r new; cat again"},
      {.watched = {here.path()}});
  INFO(answer.err);
  CHECK(answer.out == "below");
  CHECK(read_file(here / "lower/file") == "below");
}

TEST_CASE("killed or told to end at any moment of set-up, nothing is left", "[slow]") {
  const Workspace here;
  here.write("data/sub/file", "x");
  here.write("lower/file", "x");
  const std::string box = here.profile(
      "box",
      bare_profile(
          "\"/proc\" = \"proc\"\n\"/dev\" = \"dev\"\n"
          "\"/data\" = { type = \"bind\", source = \"./data\", write = true }\n\"/data/sub\" = \"hidden\"\n"
          "\"/etc/note\" = { type = \"file\", content = \"x\" }\n"
          "\"/over\" = { type = \"overlay\", lower = [\"./lower\"], upper = \"tmpfs\" }"));
  const int signal = GENERATE(SIGKILL, SIGTERM);
  ::signal(SIGTERM, SIG_DFL);  // Catch2's handler would answer between fork and exec
  const HostSnapshot before = HostSnapshot::take({here.path()});
  int in_setup = 0;
  for (int moment = 0; moment <= 100; ++moment) {
    Running killed({"run", box, "wait"});
    usleep(static_cast<useconds_t>(moment * 200));
    killed.signal(signal);
    const Answer answer = killed.wait();  // looks for processes, too
    INFO("after " << moment * 200 << " us");
    CHECK(answer.status == 128 + signal);
    CHECK((answer.out.empty() || answer.out == "waiting=yes\n"));
    if (answer.out.empty()) ++in_setup;
  }
  CHECK(in_setup > 10);
  CHECK(before.difference(HostSnapshot::take({here.path()})) == "");
}
