// The second wall, tried from inside with the first one open.

#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/snapshot.h"

using namespace hutch::test;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

int landlock_abi() { return static_cast<int>(syscall(SYS_landlock_create_ruleset, nullptr, 0, 1)); }

#define NEEDS_ABI(abi) \
  if (landlock_abi() < (abi)) SKIP_TEST("the kernel's Landlock is older than ABI " #abi)

/// Two writable folders of the host, and a device; what is denied in there is denied by Landlock.
std::string two_folders(const Workspace& here, std::string_view rules) {
  for (const char* folder : {"open", "data"}) {
    for (const char* file : {"file", "moved", "removed", "sub/file"})
      here.write(std::string(folder) + "/" + file, "content");
    here.write(std::string(folder) + "/program", read_file(HUTCH_PROBE), 0755);
  }
  return here.profile("box", bare_profile(R"("/open" = { type = "bind", source = "./open", write = true }
"/data" = { type = "bind", source = "./data", write = true }
"/dev" = "dev"
)" + std::string(rules)));
}

/// Everything that there is a right for, in one folder.
std::vector<std::string> try_all(const std::string& box, const std::string& folder) {
  return {"run",
          box,
          "read",
          folder + "/file",
          ",",
          "list",
          folder,
          ",",
          "open-write",
          folder + "/file",
          ",",
          "truncate",
          folder + "/file",
          ",",
          "make-all",
          folder,
          ",",
          "rename",
          folder + "/moved",
          folder + "/renamed",
          ",",
          "remove",
          folder + "/removed",
          ",",
          "execute",
          folder + "/program"};
}

const std::vector<std::string> kMakes = {"make-file", "make-folder", "make-link", "make-fifo", "make-socket"};

/// A listening abstract socket outside of every sandbox, as X11 has one.
class AbstractServer {
 public:
  AbstractServer() : name_("hutch-test-" + std::to_string(getpid())) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name_.data(), name_.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || listen(fd_, 8) != 0)
      name_.clear();
  }
  ~AbstractServer() { close(fd_); }
  AbstractServer(const AbstractServer&) = delete;
  AbstractServer& operator=(const AbstractServer&) = delete;
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  int fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string name_;
};

}  // namespace

TEST_CASE("each right to files ends where the lists end, though the mount would grant it") {
  NEEDS_ABI(5);
  const Workspace here;
  const std::string without = two_folders(here, "");
  const Answer control = run_hutch(try_all(without, "/data"));
  INFO(control.out << control.err);
  CHECK(control["read:/data/file"] == "content");
  CHECK(control["open-write:/data/file"] == "ok");
  CHECK(control["truncate:/data/file"] == "ok");
  for (const std::string& make : kMakes) CHECK(control[make] == "ok");
  CHECK(control["rename:/data/moved"] == "ok");
  CHECK(control["remove:/data/removed"] == "ok");
  CHECK(control["execute:/data/program"] == "ok");

  const Workspace there;
  const std::string box = two_folders(
      there,
      "[landlock]\nread = [\"/open\", \"/probe\"]\nwrite = [\"/open\"]\nexecute = [\"/open\", \"/probe\"]\n");
  const Answer denied = run_hutch(try_all(box, "/data"));
  {
    INFO(denied.out << denied.err);
    CHECK(denied["read:/data/file"] == "EACCES");
    CHECK(denied["list:/data"] == "EACCES");
    CHECK(denied["open-write:/data/file"] == "EACCES");
    CHECK(denied["truncate:/data/file"] == "EACCES");
    for (const std::string& make : kMakes) CHECK(denied[make] == "EACCES");
    CHECK(denied["make-node"] == "EACCES");
    CHECK(denied["rename:/data/moved"] == "EACCES");
    CHECK(denied["remove:/data/removed"] == "EACCES");
    CHECK(denied["execute:/data/program"] == "EACCES");
    CHECK(read_file(there / "data/file") == "content");
  }
  const Answer allowed = run_hutch(try_all(box, "/open"));
  INFO(allowed.out << allowed.err);
  CHECK(allowed["read:/open/file"] == "content");
  CHECK(allowed["open-write:/open/file"] == "ok");
  CHECK(allowed["truncate:/open/file"] == "ok");
  for (const std::string& make : kMakes) CHECK(allowed[make] == "ok");
  CHECK(allowed["rename:/open/moved"] == "ok");
  CHECK(allowed["remove:/open/removed"] == "ok");
  CHECK(allowed["execute:/open/program"] == "ok");
}

TEST_CASE("each list gives its own rights and no others") {
  NEEDS_ABI(3);
  const auto with = [](std::string_view list) {
    const Workspace here;
    const std::string rest =
        "[landlock]\nexecute = [\"/probe\"" + std::string(list == "execute" ? ", \"/data\"" : "") + "]\n";
    const std::string own = list == "execute" ? "" : std::string(list) + " = [\"/data\"]\n";
    return run_hutch(try_all(two_folders(here, rest + own), "/data"));
  };
  const Answer read = with("read");
  {
    INFO(read.out << read.err);
    CHECK(read["read:/data/file"] == "content");
    CHECK(read["list:/data"] == "file moved program removed sub");
    for (const char* what : {"open-write:/data/file", "truncate:/data/file", "rename:/data/moved",
                             "remove:/data/removed", "execute:/data/program"})
      CHECK(read[what] == "EACCES");
    for (const std::string& make : kMakes) CHECK(read[make] == "EACCES");
  }
  const Answer write = with("write");
  {
    INFO(write.out << write.err);
    for (const char* what :
         {"open-write:/data/file", "truncate:/data/file", "rename:/data/moved", "remove:/data/removed"})
      CHECK(write[what] == "ok");
    for (const std::string& make : kMakes) CHECK(write[make] == "ok");
    for (const char* what : {"read:/data/file", "list:/data", "execute:/data/program"})
      CHECK(write[what] == "EACCES");
  }
  const Answer execute = with("execute");
  INFO(execute.out << execute.err);
  CHECK(execute["execute:/data/program"] == "ok");
  CHECK(execute["read:/data/file"] == "content");  // which the kernel does to execute
  for (const char* what : {"list:/data", "open-write:/data/file", "truncate:/data/file", "rename:/data/moved",
                           "remove:/data/removed"})
    CHECK(execute[what] == "EACCES");
  for (const std::string& make : kMakes) CHECK(execute[make] == "EACCES");
}

TEST_CASE("nothing is moved or linked from where it may be written into where it may not, nor back") {
  NEEDS_ABI(2);
  const Workspace here;
  const std::string box = two_folders(
      here, "[landlock]\nread = [\"/\"]\nwrite = [\"/open\", \"/data/sub\"]\nexecute = [\"/probe\"]\n");
  const Answer answer = run_hutch({"run",
                                   box,
                                   "rename",
                                   "/open/moved",
                                   "/open/sub/moved",
                                   ",",
                                   "hardlink",
                                   "/open/file",
                                   "/open/sub/linked",
                                   ",",
                                   "rename",
                                   "/data/sub/file",
                                   "/data/file-now",
                                   ",",
                                   "hardlink",
                                   "/data/file",
                                   "/data/sub/linked",
                                   ",",
                                   "rename",
                                   "/data/removed",
                                   "/data/sub/removed"});
  INFO(answer.out << answer.err);
  CHECK(answer["rename:/open/moved"] == "ok");
  CHECK(answer["hardlink:/open/file"] == "ok");
  CHECK(answer["rename:/data/sub/file"] != "ok");
  CHECK(answer["rename:/data/removed"] != "ok");
  // Linking gives a file that could only be read to where it can be written.
  CHECK(answer["hardlink:/data/file"] != "ok");
}

TEST_CASE("a device that may only be read cannot be controlled") {
  NEEDS_ABI(5);
  const Workspace here;
  const auto look = [&](std::string_view rules) {
    const Answer answer = run_hutch({"run", two_folders(here, rules), "ioctl", "/dev/zero"});
    INFO(answer.err);
    return answer["ioctl:/dev/zero"];
  };
  CHECK(look("") == "ENOTTY");
  CHECK(look("[landlock]\n") == "ENOTTY");
  CHECK(look("[landlock]\nread = [\"/\"]\nexecute = [\"/probe\"]\n") == "EACCES");
  CHECK(look("[landlock]\nread = [\"/\"]\nwrite = [\"/dev/zero\"]\nexecute = [\"/probe\"]\n") == "ENOTTY");
}

TEST_CASE("rules that follow from the mounts allow what the mounts do, and no more") {
  NEEDS_ABI(3);
  const Workspace here;
  here.write("ro/file", "x");
  here.write("noexec/program", read_file(HUTCH_PROBE), 0755);
  const std::string box = two_folders(here, R"("/ro" = { type = "bind", source = "./ro" }
"/noexec" = { type = "bind", source = "./noexec", exec = false }
"/scratch" = "tmpfs"
"/proc" = "proc"
"/data/sub" = "hidden"
[landlock]
required = true
)");
  const Answer all = run_hutch(try_all(box, "/data"));
  INFO(all.out << all.err);
  CHECK(all["read:/data/file"] == "content");
  CHECK(all["truncate:/data/file"] == "ok");
  for (const std::string& make : kMakes) CHECK(all[make] == "ok");
  CHECK(all["rename:/data/moved"] == "ok");
  CHECK(all["remove:/data/removed"] == "ok");
  CHECK(all["execute:/data/program"] == "ok");
  const Answer answer = run_hutch({"run",
                                   box,
                                   "write",
                                   "/ro/file",
                                   "y",
                                   ",",
                                   "execute",
                                   "/noexec/program",
                                   ",",
                                   "write",
                                   "/scratch/x",
                                   "y",
                                   ",",
                                   "write",
                                   "/dev/shm/x",
                                   "y",
                                   ",",
                                   "write",
                                   "/dev/null",
                                   "y",
                                   ",",
                                   "read",
                                   "/proc/self/comm",
                                   ",",
                                   "write",
                                   "/proc/self/comm",
                                   "other",
                                   ",",
                                   "write",
                                   "/made",
                                   "y",
                                   ",",
                                   "read",
                                   "/data/sub/file",
                                   ",",
                                   "read",
                                   "/etc/passwd",
                                   ",",
                                   "rename",
                                   "/open/moved",
                                   "/open/sub/moved"});
  INFO(answer.out << answer.err);
  CHECK(answer["write:/ro/file"] == "EROFS");  // the mount answers first
  CHECK(answer["execute:/noexec/program"] == "EACCES");
  CHECK(answer["write:/scratch/x"] == "ok");
  CHECK(answer["write:/dev/shm/x"] == "ok");
  CHECK(answer["write:/dev/null"] == "ok");
  CHECK(answer["read:/proc/self/comm"] == "probe");
  CHECK(answer["write:/proc/self/comm"] == "ok");
  CHECK(answer["write:/made"] == "EACCES");  // the plan remarks on that
  CHECK(answer["read:/data/sub/file"] != "content");
  CHECK(has(answer["read:/etc/passwd"], "nobody"));
  CHECK(answer["rename:/open/moved"] == "ok");
}

TEST_CASE("TCP ports that are not named can neither be bound nor connected to") {
  NEEDS_ABI(4);
  const Workspace here;
  const std::string box = here.profile(
      "box", bare_profile("[landlock]\nmounts = false\nbind_tcp = [8080]\nconnect_tcp = [8081]\n"));
  const Answer answer =
      run_hutch({"run", box, "bind-tcp", "8080", ",", "bind-tcp", "8081", ",", "bind-tcp", "0"});
  INFO(answer.out << answer.err);
  CHECK(answer["bind:8080"] == "ok");
  CHECK(answer["bind:8081"] == "EACCES");
  CHECK(answer["bind:0"] == "EACCES");
  CHECK(run_hutch({"run", box, "tcp", "127.0.0.1", "8081"})["tcp"] == "ECONNREFUSED");
  CHECK(run_hutch({"run", box, "tcp", "127.0.0.1", "8080"})["tcp"] == "EACCES");
}

TEST_CASE("the host's abstract sockets are out of reach in its network, unless they are shared") {
  NEEDS_ABI(6);
  const Workspace here;
  const AbstractServer server;
  REQUIRE(server.name() != "");
  const std::string box = here.profile("box", bare_profile("", "[namespaces]\nnet = \"host\""));
  const Answer kept = run_hutch({"run", box, "abstract", server.name(), ",", "own-abstract"});
  INFO(kept.out << kept.err);
  CHECK(kept["abstract"] == "EPERM");
  CHECK(kept["own_abstract"] == "ok");
  CHECK(run_hutch({"run", "--set", "network.abstract_sockets = 'host'", box, "abstract",
                   server.name()})["abstract"] == "ok");
}

TEST_CASE(
    "signals do not reach beyond the sandbox, where the profile says so and the processes can be seen") {
  NEEDS_ABI(6);
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("", "[namespaces]\npid = \"host\""));
  const std::string self = std::to_string(getpid());
  CHECK(run_hutch({"run", box, "kill", self, "0"})["kill"] == "ok");
  const Answer scoped = run_hutch(
      {"run", "--set", "landlock = { mounts = false, scope = ['signal'] }", box, "kill", self, "0"});
  INFO(scoped.out << scoped.err);
  CHECK(scoped["kill"] == "EPERM");
}

TEST_CASE("a signal for the program still reaches it, and its end is seen") {
  NEEDS_ABI(6);
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  Running running({"run", "--set", "landlock.scope = ['signal']", box, "wait"});
  expect_running(running.pid());
  REQUIRE(running.wait_for("waiting=") == "yes");
  running.signal(SIGTERM);
  CHECK(running.wait().status == 128 + SIGTERM);
}

TEST_CASE("without no_new_privs the wall stands, too") {
  NEEDS_ABI(3);
  const Workspace here;
  const std::string box = two_folders(here, "[landlock]\nread = [\"/\"]\nexecute = [\"/probe\"]\n");
  const Answer answer =
      run_hutch({"run", "--set", "process.no_new_privs = false", box, "write", "/data/file", "x"});
  INFO(answer.err);
  CHECK(answer["write:/data/file"] == "EACCES");
}

TEST_CASE("without a mount namespace, what is written out is the wall") {
  NEEDS_ABI(3);
  const Workspace here;
  here.write("file", "secret");
  here.write("open", "seen");
  const std::string box = here.profile("box", R"([namespaces]
mount = "host"
[landlock]
read = ["/usr", ")" HUTCH_PROBE R"(", ")" + here.path() +
                                                  R"(/open"]
execute = [")" HUTCH_PROBE R"("]
[process]
command = [")" HUTCH_PROBE R"("]
args = "append"
)");
  const Answer answer = run_hutch({"run", box, "read", here / "file", ",", "read", here / "open", ",",
                                   "write", here / "open", "x", ",", "list", "/"});
  INFO(answer.out << answer.err);
  CHECK(answer["read:" + (here / "file")] == "EACCES");
  CHECK(answer["read:" + (here / "open")] == "seen");
  CHECK(answer["write:" + (here / "open")] == "EACCES");
  CHECK(answer["list:/"] == "EACCES");
}

TEST_CASE("who enters has the same wall") {
  NEEDS_ABI(6);
  const Workspace here;
  const Options options{.env = {{"XDG_RUNTIME_DIR", here.path()}}};
  const std::string box = two_folders(
      here,
      "[landlock]\nread = [\"/open\"]\nwrite = [\"/open\"]\nexecute = [\"/probe\"]\nconnect_tcp = []\n");
  Running running({"run", "--name", "walled", box, "wait"}, options);
  expect_running(running.pid());
  REQUIRE(running.wait_for("waiting=") == "yes");
  const Answer inside =
      run_hutch({"enter", "walled", "/probe", "write", "/open/file", "y", ",", "read", "/data/file", ",",
                 "write", "/data/file", "y", ",", "tcp", "127.0.0.1", "1"},
                options);
  INFO(inside.out << inside.err);
  CHECK(inside["write:/open/file"] == "ok");
  CHECK(inside["read:/data/file"] == "EACCES");
  CHECK(inside["write:/data/file"] == "EACCES");
  CHECK(inside["tcp"] == "EACCES");
  running.signal(SIGTERM);
  running.wait();
}

TEST_CASE("a program that the lists do not let run is told of, with the list to name it in") {
  NEEDS_ABI(1);
  const Workspace here;
  const std::string box = two_folders(here, "[landlock]\nread = [\"/\"]\n");
  const Answer answer = run_hutch({"run", box, "exit", "0"});
  CHECK(answer.status == 126);
  CHECK(has(answer.err, "error[E0602]: cannot execute \"/probe\": execve: Permission denied (EACCES)\n"));
  CHECK(has(answer.err,
            "= help: name its folder in `landlock.execute`, and that of its interpreter or loader "
            "(\"/lib64\")\n"));
}

TEST_CASE("a sandbox inside works where Landlock leaves files to the mounts, and is told why where not") {
  NEEDS_ABI(6);
  const Workspace here;
  here.write(
      "profiles/inner.toml",
      "schema = 1\n[mounts]\n\"/probe\" = \"ro\"\n[process]\ncommand = [\"/probe\"]\nargs = \"append\"\n");
  const auto nested = [&](std::string_view rules) {
    const std::string box = here.profile(
        "box", "extends = [\"base/nested\"]\nidentity = { uid = 1000, gid = 1000 }\n[mounts]\n" +
                   probe_mount() + "\"/hutch\" = { type = \"bind\", source = \"" + hutch_binary() +
                   "\" }\n\"/profiles\" = { type = \"bind\", source = \"./profiles\" }\n" +
                   std::string(rules));
    return run_hutch({"run", box, "/hutch", "run", "/profiles/inner.toml", "pids"});
  };
  const Answer works = nested("[landlock]\nmounts = false\nscope = [\"signal\", \"abstract_unix_socket\"]\n");
  INFO(works.out << works.err);
  CHECK(works.status == 0);
  CHECK(works["pid"] == "2");
  const Answer told = nested("[landlock]\n");
  INFO(told.out << told.err);
  CHECK(told.status == 125);
  CHECK(has(told.err,
            "error[E0410]: cannot keep mounts private from here on: mount: Operation not permitted "
            "(EPERM)\n"));
  CHECK(has(told.err,
            "= cause: hutch runs under Landlock rules for files (another sandbox's?), and whoever does "
            "can mount nothing at all: landlock(7)\n"));
  CHECK(has(told.err,
            "= help: in the sandbox around hutch, say `landlock.mounts = false` and list no paths, or "
            "leave [landlock] out\n"));
}

TEST_CASE("`hutch access` knows the lists") {
  NEEDS_ABI(1);
  const Workspace here;
  const std::string box =
      two_folders(here, "[landlock]\nread = [\"/open\"]\nwrite = [\"/data\"]\nexecute = [\"/probe\"]\n");
  const auto ask = [&](const char* path) { return run_hutch({"access", box, path}).out; };
  CHECK(has(ask("/open/file"), "which [landlock] allows less of"));
  CHECK(has(ask("/data/file"), "which [landlock] allows less of"));
  CHECK_FALSE(has(ask("/probe"), "allows less"));
}

TEST_CASE("the report says what Landlock restricts, and the plan warns of lists that do not fit the mounts") {
  NEEDS_ABI(6);
  const Workspace here;
  const std::string box =
      two_folders(here,
                  "[landlock]\nread = [\"/\"]\nwrite = [\"/probe\"]\nexecute = [\"/probe\"]\n"
                  "connect_tcp = [443]\nscope = [\"signal\"]\n");
  const std::string report = here / "report.json";
  CHECK(run_hutch({"run", "--report", report, box, "exit", "0"}).status == 0);
  const std::string text = read_file(report);
  INFO(text);
  CHECK(has(text, "\"landlock\": {\n"));
  CHECK(has(text, "\"files\": true"));
  CHECK(has(text, "\"connect_tcp\": [\n"));
  CHECK_FALSE(has(text, "\"bind_tcp\""));
  const Answer check = run_hutch({"check", box});
  CHECK(check.status == 0);
  CHECK(has(check.err, "warning[W0301]: `landlock.write` names \"/probe\", which is read-only\n"));
  CHECK(has(check.err,
            "warning[W0302]: \"/data\" is mounted writable, and `landlock.write` does not name it\n"));
  CHECK(run_hutch({"check", "--strict", box}).status == 1);
}
