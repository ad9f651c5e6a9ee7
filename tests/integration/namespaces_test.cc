// Namespaces that are joined, and those that outlive their sandbox.

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/snapshot.h"

using namespace hutch::test;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Answer shell(const std::string& line) {
  return run_program({"/bin/sh", "-c", line},
                     {.env = {{"HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles"}}});
}

std::string box_in(const Workspace& here, std::string_view more = "") {
  return here.profile("box", "extends = [\"base/system\"]\n" + std::string(more));
}

std::string joining(const std::string& name, const std::string& what) {
  return "namespaces." + name + " = { join = \"" + what + "\" }";
}

/// A namespace of `ip netns`, gone at the end.
struct NamedNet {
  explicit NamedNet(const std::string& called, bool make = true)
      : name(called), path("/run/netns/" + called) {
    std::filesystem::create_directories("/run/netns");
    if (make) made = run_quietly("ip netns add " + name);
  }
  ~NamedNet() { run_quietly("ip netns del " + name); }
  NamedNet(const NamedNet&) = delete;
  NamedNet& operator=(const NamedNet&) = delete;
  /// Without the look at mounts: this one is meant to stay.
  static bool run_quietly(const std::string& line) {
    return std::system(("{ " + line + "; } >/dev/null 2>&1").c_str()) == 0;
  }
  std::string name, path;
  bool made = false;
};

/// A process in a user namespace and others of its own.
struct Unshared {
  explicit Unshared(const std::string& flags) : pid(fork()) {
    if (pid == 0) {
      execl("/bin/sh", "sh", "-c", ("exec unshare " + flags + " sleep 1000 >/dev/null 2>&1").c_str(),
            nullptr);
      _exit(99);
    }
    expect_running(pid);
    for (int i = 0; i < 500 && !sleeps(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    REQUIRE(sleeps());
  }
  ~Unshared() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  Unshared(const Unshared&) = delete;
  Unshared& operator=(const Unshared&) = delete;
  static std::string read_link(const std::string& pid, const std::string& file) {
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/" + pid + "/ns/" + file, ignored);
  }
  [[nodiscard]] std::string ns(const std::string& file) const { return read_link(std::to_string(pid), file); }
  [[nodiscard]] std::string by_pid() const { return "pid:" + std::to_string(pid); }
  /// The process that sleeps: with --fork a child of it.
  [[nodiscard]] std::string sleeper() const {
    const std::string own = std::to_string(pid);
    const auto children = words(read_file("/proc/" + own + "/task/" + own + "/children"));
    return children.empty() ? own : children.front();
  }
  [[nodiscard]] bool sleeps() const { return read_file("/proc/" + sleeper() + "/comm") == "sleep\n"; }
  int pid = -1;
};

#define NEEDS_ROOT() \
  if (geteuid() != 0) SKIP_TEST("needs root")

}  // namespace

TEST_CASE("what `ip netns add` made is joined, and what is kept there `ip netns exec` and nsenter enter",
          "[hostmounts]") {
  NEEDS_ROOT();
  const Workspace here;
  const std::string box = box_in(here);
  const std::string name = "hutch-t-" + std::to_string(getpid());
  {
    const NamedNet net(name);
    REQUIRE(net.made);
    const Answer inside =
        run_hutch({"run", "--set", joining("net", net.path), box, "readlink", "/proc/self/ns/net"});
    CHECK(inside.status == 0);
    CHECK(inside.out == shell("ip netns exec " + name + " readlink /proc/self/ns/net").out);
    CHECK(has(inside.out, "net:["));
  }
  const NamedNet kept(name, false);
  const std::string keep = "namespaces.net = { new = true, persist = '" + kept.path + "' }";
  // Its mount stays, which every run_hutch would complain of.
  REQUIRE(NamedNet::run_quietly(hutch_binary() + " run --set \"" + keep + "\" " + box +
                                " readlink /proc/self/ns/net >" + (here / "inode")));
  const std::string inode = read_file(here / "inode");
  CHECK(has(inode, "net:["));
  CHECK(shell("ip netns exec " + name + " readlink /proc/self/ns/net").out == inode);
  CHECK(shell("nsenter --net=" + kept.path + " readlink /proc/self/ns/net").out == inode);
  CHECK(has(shell("ip netns exec " + name + " ip link show lo").out, "UP"));
  const std::string number = inode.substr(5, inode.find(']') - 5);
  CHECK(has(shell("nsenter --net=" + kept.path + " sh -c 'lsns -t net -o NS,NSFS -n -p $$'").out, number));
  CHECK(run_hutch({"run", "--set", joining("net", kept.path), box, "readlink", "/proc/self/ns/net"}).out ==
        inode);

  const Answer again = run_hutch({"run", "--set", keep, box, "true"});
  CHECK(again.status == 125);
  CHECK(has(again.err, "error[E0425]: cannot keep the net namespace at \"" + kept.path +
                           "\": open: Device or resource busy (EBUSY)\n"));
  CHECK(has(again.err, "= cause: a namespace is kept there already\n"));
}

TEST_CASE("what `unshare --net=FILE` made is joined, and each kind of namespace can be kept and entered",
          "[hostmounts]") {
  NEEDS_ROOT();
  const Workspace here;
  const std::string box = box_in(here);
  const std::string file = here.write("ns", "");
  REQUIRE(NamedNet::run_quietly("unshare --net=" + file + " true"));
  CHECK(run_hutch({"run", "--set", joining("net", file), box, "readlink", "/proc/self/ns/net"}).out ==
        shell("nsenter --net=" + file + " readlink /proc/self/ns/net").out);
  REQUIRE(NamedNet::run_quietly("umount " + file));

  for (const std::string kind : {"ipc", "uts", "cgroup", "user"}) {
    CAPTURE(kind);
    const std::string kept = here / kind;
    const std::string keep = "namespaces." + kind + ".persist = '" + kept + "'";
    REQUIRE(NamedNet::run_quietly(hutch_binary() + " run --set \"" + keep + "\" " + box +
                                  " readlink /proc/self/ns/" + kind + " >" + (here / "inode")));
    CHECK(has(read_file(here / "inode"), kind + ":["));
    CHECK(shell("nsenter --" + kind + "=" + kept + " readlink /proc/self/ns/" + kind).out ==
          read_file(here / "inode"));
    REQUIRE(NamedNet::run_quietly("umount " + kept));
  }
}

TEST_CASE("a namespace of a process is joined, of every kind, also by who is not root") {
  const Workspace here;
  const Unshared other("-r --user --net --ipc --uts --cgroup");
  const std::string box = box_in(here);
  for (const std::string kind : {"net", "ipc", "uts", "cgroup"}) {
    CAPTURE(kind);
    const Answer inside =
        run_hutch({"run", "--set", joining("user", other.by_pid()), "--set", joining(kind, other.by_pid()),
                   box, "readlink", "/proc/self/ns/" + kind, "/proc/self/ns/user"});
    CHECK(inside.err == "");
    CHECK(inside.out == other.ns(kind) + "\n" + other.ns("user") + "\n");
  }
  const Answer root = run_hutch(
      {"run", "--set", joining("user", other.by_pid()), box, "sh", "-c",
       "id -u; grep -E '^Cap' /proc/self/status | grep -vc 0000000000000000; grep NoNew /proc/self/status"});
  CHECK(root.out == "0\n0\nNoNewPrivs:\t1\n");
}

TEST_CASE("a mount and a pid namespace are joined together: the program sees that tree and those processes") {
  const Workspace here;
  const Unshared other("-r --user --mount --pid --kill-child --fork --mount-proc");
  const std::string child = other.sleeper();
  const std::string box = here.profile("box", "");
  const Answer inside =
      run_hutch({"run", "--set", joining("user", "pid:" + child), "--set", joining("mount", "pid:" + child),
                 "--set", joining("pid", "pid:" + child), box, "sh", "-c",
                 "cat /proc/1/comm; readlink /proc/self/ns/mnt; pwd; (sleep 1000 &)"});
  CHECK(inside.status == 0);
  CHECK(inside.err == "");
  CHECK(inside.out == "sleep\n" + Unshared::read_link(child, "mnt") + "\n/\n");
  CHECK(run_hutch({"run", "--set", joining("user", "pid:" + child), "--set", joining("mount", "pid:" + child),
                   box, "no-such-program"})
            .status == 127);
}

TEST_CASE("in the host's own tree the program sees what the host has") {
  const Workspace here;
  const std::string box = here.profile("box", "[namespaces]\nmount = \"host\"\npid = \"host\"\n");
  const Answer inside = run_hutch({"run", box, "sh", "-c", "readlink /proc/self/ns/mnt; pwd; echo $PPID"},
                                  {.cwd = here.path()});
  CHECK(inside.out.starts_with(Unshared::read_link("self", "mnt") + "\n" + here.path() + "\n"));
  CHECK(has(run_hutch({"run", "--tmpfs", "/x", box, "true"}).err,
            "error[E0301]: mounts would be made in the host's own tree\n"));
}

TEST_CASE("what cannot be joined or kept is refused with its reason, and nothing is left") {
  const Workspace here;
  const std::string box = box_in(here);
  const auto refusal = [&](const std::string& toml) {
    const Answer answer = run_hutch({"run", "--set", toml, box, "true"}, {.watched = {here.path()}});
    CHECK(answer.status == 125);
    return answer.err.substr(0, answer.err.find('\n')) + answer.err.substr(answer.err.find("\n   = "));
  };
  CHECK(refusal(joining("net", "/etc/passwd")) ==
        "error[E0422]: cannot join the net namespace of \"/etc/passwd\"\n"
        "   = cause: it is no namespace: a file that holds one is a mount point of nsfs\n"
        "   = help: `ip netns list` and `lsns` show what there is\n");
  CHECK(refusal(joining("uts", "/proc/self/ns/net")) ==
        "error[E0422]: cannot join the uts namespace of \"/proc/self/ns/net\"\n   = cause: it is a net "
        "namespace\n");
  CHECK(refusal(joining("net", "pid:4194305")) ==
        "error[E0422]: cannot join the net namespace of \"/proc/4194305/ns/net\"\n   = cause: there is no "
        "such process\n");
  CHECK(refusal("namespaces.net = { new = true, join = '/x' }") ==
        "error[E0117]: `namespaces.net` cannot be joined and be new\n   = help: say one of them\n");
  CHECK(has(refusal("hostname = 'x'\nnamespaces.uts.join = 'pid:1'"),
            "error[E0301]: `hostname` would rename others, too\n"));
  CHECK(has(refusal("namespaces.mount.join = 'pid:1'"),
            "error[E0301]: mounts would be made in a tree that others use\n"));
  if (geteuid() != 0) {
    CHECK(has(refusal("namespaces.net.persist = '" + (here / "net") + "'"),
              "error[E0345]: keeping a net namespace takes root\n"
              "   = cause: a bind mount on the host holds it, and only root can make one\n"));
    const Unshared other("-r --user --net");
    CHECK(refusal(joining("net", other.by_pid())) ==
          "error[E0424]: cannot join the net namespace: setns: Operation not permitted (EPERM)\n"
          "   = cause: you have no rights in the user namespace that owns it: setns(2)\n"
          "   = help: join that one, too, if it is yours: [namespaces] user = { join = \"…\" }; or run as "
          "root\n");
    return;
  }
  CHECK(has(refusal("namespaces.net.persist = '/no/such/folder/net'"),
            "error[E0345]: the host has no folder \"/no/such/folder\"\n"));
  CHECK(has(refusal("namespaces.net.persist = '" + here.write("full", "content") + "'"),
            "error[E0425]: cannot keep the net namespace at \"" + (here / "full") +
                "\": open: File exists (EEXIST)\n"));
}

TEST_CASE("a launch that fails after a namespace was kept lets it go again, and removes the file it made",
          "[hostmounts]") {
  NEEDS_ROOT();
  const Workspace here;
  here.write("garbage",
             "\x7f"
             "ELFgarbage",
             0755);
  const std::string box = box_in(
      here, "[namespaces]\nnet = { persist = \"./net\" }\n[mounts]\n\"" + here.path() + "\" = \"ro\"\n");
  const Answer failed = run_hutch({"run", box, here / "garbage"}, {.watched = {here.path()}});
  CHECK(failed.status == 126);
}

TEST_CASE("a veth pair in two kept networks carries traffic between two sandboxes", "[hostmounts]") {
  NEEDS_ROOT();
  if (!have_program("python3") && !have_program("ping")) SKIP_TEST("neither python3 nor ping here");
  const Workspace here;
  const std::string id = std::to_string(getpid() % 10000);
  const NamedNet left("hutch-l-" + id, false), right("hutch-r-" + id, false);
  const std::string box = box_in(here);
  for (const NamedNet* net : {&left, &right}) {
    REQUIRE(NamedNet::run_quietly(hutch_binary() + " run --set \"namespaces.net.persist='" + net->path +
                                  "'\" " + box + " true"));
  }
  REQUIRE(NamedNet::run_quietly(
      "ip link add hl" + id + " type veth peer name hr" + id + " && ip link set hl" + id + " netns " +
      left.name + " && ip link set hr" + id + " netns " + right.name + " && ip -n " + left.name +
      " addr add 10.99.0.1/24 dev hl" + id + " && ip -n " + right.name + " addr add 10.99.0.2/24 dev hr" +
      id + " && ip -n " + left.name + " link set hl" + id + " up && ip -n " + right.name + " link set hr" +
      id + " up"));
  Running server(
      {"run", "--set", joining("net", left.path), box, "/usr/bin/python3", "-c",
       "import socket\ns = socket.create_server(('10.99.0.1', 7777))\nprint('listening', flush=True)\n"
       "c, _ = s.accept()\nprint('got', c.recv(100).decode(), flush=True)\nc.sendall(b'back')"});
  REQUIRE(server.wait_for("listening") == "");
  // The server's namespaces are there while this one runs: no look at processes in between.
  REQUIRE(NamedNet::run_quietly(
      hutch_binary() + " run --set \"" + "namespaces.net={join='" + right.path + "'}\" " + box +
      " /usr/bin/python3 -c \"import socket; s = socket.create_connection(('10.99.0.1', 7777), 5); "
      "s.sendall(b'hello'); assert s.recv(10) == b'back'\""));
  CHECK(server.wait_for("got ") == "hello");
  CHECK(server.wait().status == 0);
}

TEST_CASE("the launcher that joins is killed at any moment, and nothing of the sandbox is left") {
  const Workspace here;
  const Unshared other("-r --user --net");
  const std::string box = box_in(here);
  for (int delay = 0; delay < 8000; delay += 400) {
    Running running({"run", "--set", joining("user", other.by_pid()), "--set", joining("net", other.by_pid()),
                     box, "sleep", "1000"});
    std::this_thread::sleep_for(std::chrono::microseconds(delay));
    running.signal(SIGKILL);
    CHECK(running.wait().status == 128 + SIGKILL);
  }
}
