// The walks that introduce namespaces, one sentence each: what is different inside, and that outside nothing
// changed.

#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <string>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

namespace {

std::string ns_of(const std::string& process, const char* name) {
  std::error_code failed;
  return std::filesystem::read_symlink("/proc/" + process + "/ns/" + name, failed).string();
}

std::string host_name() {
  utsname name{};
  uname(&name);
  return name.nodename;
}

/// The value after "NAME:" in /proc/PID/status.
std::string status_of(pid_t pid, const std::string& name) {
  const std::string all = read_file("/proc/" + std::to_string(pid) + "/status");
  const std::size_t at = all.find("\n" + name + ":");
  if (at == std::string::npos) return "";
  const std::size_t from = at + name.size() + 2;
  return all.substr(from, all.find('\n', from) - from);
}

/// Where something is mounted, without the covers inside /proc that root's sandboxes have.
std::vector<std::string> mount_points(const Answer& answer) {
  std::vector<std::string> found;
  for (const std::string& line : answer.all("mount:")) {
    const std::string point = words(line).at(4);
    if (!point.starts_with("/proc/")) found.push_back(point);
  }
  std::sort(found.begin(), found.end());
  return found;
}

long seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec;
}

}  // namespace

TEST_CASE("the hostname and the domain name change inside and not outside") {
  const Workspace here;
  const std::string outside = host_name();
  const std::string box =
      here.profile("box", bare_profile("", "hostname = \"inside\"\ndomainname = \"example\""));
  const Answer answer = run_hutch({"run", box, "names"});
  CHECK(answer.status == 0);
  CHECK(answer["hostname"] == "inside");
  CHECK(answer["domainname"] == "example");
  CHECK(host_name() == outside);

  CHECK(run_hutch({"run", "--hostname", "other", box, "names"})["hostname"] == "other");
}

TEST_CASE("every namespace but time is a new one unless the profile says host") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  const Answer answer = run_hutch({"run", box, "namespaces"});
  for (const char* name : {"user", "mnt", "pid", "ipc", "uts", "net", "cgroup"}) {
    INFO(name);
    CHECK(answer[std::string("ns_") + name].starts_with(name));
    CHECK(answer[std::string("ns_") + name] != ns_of("self", name));
  }
  CHECK(answer["ns_time"] == ns_of("self", "time"));

  const Answer shared = run_hutch(
      {"run", "--set", "namespaces = { uts = 'host', ipc = 'host', net = 'host' }", box, "namespaces"});
  CHECK(shared.status == 0);
  for (const char* name : {"uts", "ipc", "net"})
    CHECK(shared[std::string("ns_") + name] == ns_of("self", name));
  CHECK(shared["ns_pid"] != ns_of("self", "pid"));
}

TEST_CASE("process 1 inside has another number outside, and /proc shows the sandbox only") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  Running running({"run", box, "processes", ",", "pids", ",", "wait"});
  CHECK(running.wait_for("waiting") == "=yes");

  const std::vector<pid_t> outside = running.descendants();
  REQUIRE(outside.size() == 2);  // the init and the probe
  CHECK(words(status_of(outside[0], "NSpid")) == std::vector<std::string>{std::to_string(outside[0]), "1"});
  CHECK(words(status_of(outside[1], "NSpid")) == std::vector<std::string>{std::to_string(outside[1]), "2"});
  running.signal(SIGTERM);
  const Answer answer = running.wait();
  CHECK(answer.status == 128 + SIGTERM);
  CHECK(answer["pid"] == "2");
  CHECK(answer["ppid"] == "1");
  CHECK(answer.all("process:").size() == 2);
}

TEST_CASE("without an init the program itself is process 1") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  const Answer answer = run_hutch({"run", "--set", "process.init = false", box, "pids", ",", "processes"});
  CHECK(answer["pid"] == "1");
  CHECK(answer.all("process:") == std::vector<std::string>{"1=probe"});
}

TEST_CASE("the init reaps what the program leaves behind") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  CHECK(run_hutch({"run", box, "orphan"})["orphan"] == "reaped");
}

TEST_CASE("ps sees only its own processes") {
  if (!have_program("ps")) SKIP_TEST("no ps");
  const Workspace here;
  const Answer answer = run_hutch({"run", "app", "ps", "-e", "-o", "pid=,comm="}, {.cwd = here.path()});
  CHECK(answer.status == 0);
  std::vector<std::string> names;
  for (const std::string& line : answer.all("")) names.push_back(words(line).at(0) + " " + words(line).at(1));
  REQUIRE(names.size() == 2);
  CHECK(names[0].starts_with("1 "));
  CHECK(names[1] == "2 ps");
}

TEST_CASE("kill cannot reach a process of the host") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const pid_t victim = fork();
  if (victim == 0) {
    for (;;) pause();
  }
  const std::string number = std::to_string(victim);
  // Not through run_hutch: the victim is a child of ours that is meant to be there.
  Running running({"run", box, "kill", number, "9"});
  const std::string answer = running.wait_for("kill=");
  kill(victim, SIGKILL);
  int status = 0;
  waitpid(victim, &status, 0);
  CHECK(answer == "ESRCH");
  running.wait();
}

TEST_CASE("System V shared memory is not shared") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const key_t key = 0x48550000 + (getpid() & 0xffff);
  const int id = shmget(key, 4096, IPC_CREAT | 0600);
  REQUIRE(id >= 0);
  const Answer sealed = run_hutch({"run", box, "shm", std::to_string(key)});
  const Answer shared =
      run_hutch({"run", "--set", "namespaces.ipc = 'host'", box, "shm", std::to_string(key)});
  shmctl(id, IPC_RMID, nullptr);
  CHECK(sealed["shmget"] == "ENOENT");
  CHECK(shared["shmget"] == "ok");

  const Answer made = run_hutch({"run", box, "shm", std::to_string(key), "create"});
  CHECK(made["shmget"] == "ok");
  CHECK(shmget(key, 4096, 0600) == -1);
}

TEST_CASE("POSIX message queues are not shared") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const std::string name = "/hutch-test-" + std::to_string(getpid());
  const mqd_t queue = mq_open(name.c_str(), O_RDWR | O_CREAT, 0600, nullptr);
  if (queue < 0) SKIP_TEST("this kernel has no POSIX message queues");
  const Answer sealed = run_hutch({"run", box, "mq", name});
  const Answer shared = run_hutch({"run", "--set", "namespaces.ipc = 'host'", box, "mq", name});
  mq_close(queue);
  mq_unlink(name.c_str());
  CHECK(sealed["mq"] == "ENOENT");
  CHECK(shared["mq"] == "ok");
}

TEST_CASE("a new network has a loopback that is up, and nothing else") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const Answer answer = run_hutch({"run", box, "interfaces", ",", "loopback"});
  CHECK(answer["interface:lo"] == "up");
  CHECK(answer["loopback"] == "ok");
  for (const std::string& line : answer.all("interface:")) {
    // The kernel gives tunnel stubs (sit0, ip6tnl0 …) to every network where those modules are loaded: down,
    // all of them.
    if (!line.starts_with("lo=")) CHECK(line.ends_with("=down"));
  }
  CHECK(run_hutch({"run", "--set", "network.loopback = false", box, "interfaces"})["interface:lo"] == "down");
}

TEST_CASE("a server of the host's loopback is reached with net = host only") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage address{};
  address.ss_family = AF_INET;
  REQUIRE(listen(server, 4) == 0);  // binds to any port
  socklen_t size = sizeof address;
  getsockname(server, reinterpret_cast<sockaddr*>(&address), &size);
  unsigned char port[2];
  std::memcpy(port, reinterpret_cast<const char*>(&address) + 2, 2);
  const std::string number = std::to_string(port[0] * 256 + port[1]);
  CHECK(run_hutch({"run", box, "tcp", "127.0.0.1", number})["tcp"] == "ECONNREFUSED");
  CHECK(run_hutch({"run", "--net", "host", box, "tcp", "127.0.0.1", number})["tcp"] == "ok");
  close(server);
}

TEST_CASE("an abstract socket of the host is out of reach in a new network") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  const std::string name = "hutch-test-" + std::to_string(getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(bind(server, reinterpret_cast<const sockaddr*>(&address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())) == 0);
  REQUIRE(listen(server, 4) == 0);
  CHECK(run_hutch({"run", box, "abstract", name})["abstract"] == "ECONNREFUSED");
  close(server);
}

TEST_CASE("a tmpfs with a size fills at that size and never appears outside") {
  const Workspace here;
  const std::string inside_only = "/hutch-scratch-" + std::to_string(getpid());
  const std::string box = here.profile(
      "box", bare_profile("\"" + inside_only + "\" = { type = \"tmpfs\", size = \"1M\", mode = \"0700\" }"));
  const Answer answer = run_hutch({"run", box, "fill", inside_only, ",", "look", inside_only + "/filler"});
  CHECK(answer["filled"] == "1048576 ENOSPC");
  CHECK(answer["look:" + inside_only + "/filler"].starts_with("file"));
  CHECK_FALSE(std::filesystem::exists(inside_only));
}

TEST_CASE("a tmpfs with a number of inodes refuses more files than that") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/few\" = { type = \"tmpfs\", inodes = 3 }"));
  const Answer answer = run_hutch(
      {"run", box, "write", "/few/a", "x", ",", "write", "/few/b", "x", ",", "write", "/few/c", "x"});
  CHECK(answer["write:/few/a"] == "ok");
  CHECK(answer["write:/few/b"] == "ok");
  CHECK(answer["write:/few/c"] == "ENOSPC");
}

TEST_CASE("a folder can be the root, the old root is gone, and the classic chroot escape fails") {
  const Workspace here;
  here.write("rootfs/only-here", "yes");
  for (const char* folder : {"rootfs/proc", "rootfs/tmp"}) std::filesystem::create_directories(here / folder);
  std::filesystem::copy_file(HUTCH_PROBE, here / "rootfs/probe");
  const std::string marker = here.write("marker", "the host's").substr(1);
  const std::string box = here.profile("box", R"(
[process]
command = ["/probe"]
args = "append"
cwd = "/"
[mounts]
"/" = { type = "bind", source = "./rootfs", write = true }
"/proc" = "proc"
)");
  const Answer answer = run_hutch({"run", box, "list", "/", ",", "mounts", ",", "look", "/" + marker});
  CHECK(answer.status == 0);
  CHECK(answer["list:/"] == "only-here probe proc tmp");
  CHECK(answer["look:/" + marker] == "ENOENT");
  CHECK(mount_points(answer) == std::vector<std::string>{"/", "/proc"});

  // With the right to chroot, and without.
  for (const char* keep : {"[]", "['sys_chroot']"}) {
    const Answer attempt =
        run_hutch({"run", "--set", std::string("capabilities.keep = ") + keep, box, "escape-chroot", marker});
    INFO(keep << "\n" << attempt.out << attempt.err);
    CHECK(attempt["chroot"] == (std::string(keep) == "[]" ? "EPERM" : "ok"));
    CHECK(attempt["escaped"] == "no");
  }
}

TEST_CASE("the root in memory holds what the profile put there and nothing else") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  const Answer answer = run_hutch({"run", box, "list", "/", ",", "mounts"});
  CHECK(answer["list:/"] == "etc probe proc");
  CHECK(mount_points(answer) == std::vector<std::string>{"/", "/probe", "/proc"});
  CHECK(run_hutch({"run", "--set", "identity.accounts = false", box, "list", "/"})["list:/"] == "probe proc");
}

TEST_CASE("root inside is the caller outside: a file it makes is the caller's") {
  const Workspace here;
  const std::string box =
      here.profile("box", bare_profile("\"/work\" = { type = \"bind\", source = \"" + here.path() +
                                       "\", write = true }\n\"/proc\" = \"proc\"\n"
                                       "[identity]\nmap = \"root\""));
  Running running({"run", box, "ids", ",", "write", "/work/made", "x", ",", "mount", "/work", ",", "wait"});
  CHECK(running.wait_for("waiting") == "=yes");
  const std::vector<pid_t> outside = running.descendants();
  REQUIRE(!outside.empty());
  CHECK(words(status_of(outside.back(), "Uid")).at(0) == std::to_string(geteuid()));
  running.signal(SIGTERM);
  const Answer answer = running.wait();
  CHECK(answer["uid"] == "0");
  CHECK(words(answer["uid_map"]) == std::vector<std::string>{"0", std::to_string(geteuid()), "1"});
  CHECK(answer["mount"] == "EPERM");  // root, but without capabilities
  CHECK(answer["write:/work/made"] == "ok");
  struct stat made {};
  REQUIRE(stat((here / "made").c_str(), &made) == 0);
  CHECK(made.st_uid == geteuid());
}

TEST_CASE("root inside can be nobody outside: a range of ids that owns nothing on the host") {
  if (geteuid() != 0) SKIP_TEST("only root may map ids that are not its own");
  const Workspace here;
  std::filesystem::permissions(here.path(), std::filesystem::perms(0711));
  const std::string secret = here.write("secret", "x", 0600);
  const std::string box =
      here.profile("box", bare_profile("\"/secret\" = { type = \"bind\", source = \"" + secret +
                                       "\" }\n\"/proc\" = \"proc\"\n"
                                       "[identity]\nmap = \"explicit\"\nuid = 0\ngid = 0\n"
                                       "uid_map = [{ inside = 0, outside = 65534, count = 1 }]\n"
                                       "gid_map = [{ inside = 0, outside = 65534, count = 1 }]"));
  const Answer answer = run_hutch({"run", box, "ids", ",", "read", "/secret"});
  CHECK(answer.status == 0);
  CHECK(answer["uid"] == "0");
  CHECK(words(answer["uid_map"]) == std::vector<std::string>{"0", "65534", "1"});
  CHECK(answer["read:/secret"] == "EACCES");
}

TEST_CASE("ranges of /etc/subuid are mapped through newuidmap") {
  const std::string user = [] {
    const std::vector<std::string> answer = words(run_program({"id", "-un"}).out);
    return answer.empty() ? std::string() : answer[0];
  }();
  const std::string ranges = "\n" + read_file("/etc/subuid");
  if (ranges.find("\n" + user + ":") == std::string::npos) SKIP_TEST("/etc/subuid has no range for " + user);
  if (!have_program("newuidmap")) SKIP_TEST("newuidmap is not installed");
  const Workspace here;
  const std::string box = here.profile(
      "box", bare_profile("\"/proc\" = \"proc\"\n[identity]\nmap = \"subids\"\nuid = 0\ngid = 0"));
  const Answer answer = run_hutch({"run", box, "ids"});
  CHECK(answer.status == 0);
  CHECK(answer["uid"] == "0");
  long ids = 0;
  const std::vector<std::string> numbers = words([&] {
    std::string map = answer["uid_map"];
    for (char& letter : map) letter = letter == '|' ? ' ' : letter;
    return map;
  }());
  for (std::size_t i = 2; i < numbers.size(); i += 3) ids += std::stol(numbers[i]);
  CHECK(ids > 1000);
  CHECK(numbers.at(1) == std::to_string(geteuid()));
}

TEST_CASE("the cgroup of the sandbox is shown as /") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  const Answer answer = run_hutch({"run", box, "read", "/proc/self/cgroup"});
  std::string lines = answer["read:/proc/self/cgroup"];
  REQUIRE_FALSE(lines.empty());
  lines += "|";
  for (std::size_t at = 0, end = 0; (end = lines.find('|', at)) != std::string::npos; at = end + 1) {
    CHECK(lines.substr(at, end - at).ends_with(":/"));
  }
}

TEST_CASE("clocks of a time namespace are moved by its offsets, and the host's are not") {
  const Workspace here;
  const std::string box =
      here.profile("box", bare_profile("\"/proc\" = \"proc\"\n[namespaces]\n"
                                       "time = { new = true, monotonic = \"+1d\", boottime = \"+2d\" }"));
  const long before = seconds_of(CLOCK_MONOTONIC);
  const Answer answer = run_hutch({"run", box, "clocks", ",", "namespaces"});
  const long after = seconds_of(CLOCK_MONOTONIC);
  CHECK(answer.status == 0);
  const long monotonic = std::stol(answer["monotonic"]), boottime = std::stol(answer["boottime"]);
  CHECK(monotonic >= before + 86400);
  CHECK(monotonic <= after + 86400);
  CHECK(boottime >= before + 2 * 86400);
  CHECK(after < before + 60);
  CHECK(answer["ns_time"] != ns_of("self", "time"));
}
