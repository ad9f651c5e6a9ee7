#include "plan/compare.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "support/fake_host.h"
#include "support/plan_of.h"

using namespace hutch;
using namespace hutch::test;

namespace {

FakeHost machine() {
  FakeHost host;
  for (const char* folder :
       {"/usr/bin", "/usr/share", "/srv/data/old", "/home/ada/.ssh", "/tmp", "/proc", "/sys"})
    host.dir(folder);
  host.link("/bin", "usr/bin").device("/dev/null").device("/dev/kvm");
  for (const char* name : {"full", "random", "tty", "urandom", "zero"})
    host.device(std::string("/dev/") + name);
  host.file("/usr/bin/env", 0755).env("SECRET", "x").env("LANG", "C");
  return host;
}

Grants granted(const std::string& toml, const Host& host) {
  const Compiled compiled = plan_of(toml, host);
  INFO(toml << compiled.errors());
  REQUIRE(compiled.plan.has_value());
  return grants_of(compiled.profile, *compiled.plan, host);
}

/// "+ topic what: before -> after", one a line.
std::string difference(const std::string& before, const std::string& after, const Host& host) {
  std::string text;
  for (const Difference& each : compare(granted(before, host), granted(after, host))) {
    const char sign = each.change == Change::wider ? '+' : each.change == Change::narrower ? '-' : '~';
    text += fmt::format("{} {} {}: {} -> {}\n", sign, each.topic, each.what, each.before, each.after);
  }
  return text;
}
std::string difference(const std::string& before, const std::string& after) {
  return difference(before, after, machine());
}

}  // namespace

TEST_CASE("what is granted differs by meaning, not by text") {
  struct Row {
    const char *before, *after, *says;
  };
  const Row rows[] = {
      // What a build writes on the host, and what it is made from
      {"build.outputs.'/o' = '/srv/o'", "build.outputs.'/o' = '/home/ada/o'",
       "+ output /home/ada/o: none -> from /o\n- output /srv/o: from /o -> none\n"},
      {"", "build.outputs.'/o*' = '/srv'", "+ output /srv/*: none -> from /o*\n"},
      {"build.inputs.'/i' = '/srv'",
       "build.inputs.'/i' = { source = '/srv', sha256 = "
       "'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' }",
       "- input /i: whatever is there -> only sha256 "
       "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"},
      // A tree
      {"", "mounts.'/srv' = 'ro'", "+ file /srv: nothing -> read, execute\n"},
      {"mounts.'/srv' = 'ro'", "mounts.'/srv' = 'rw'",
       "+ file /srv: read, execute -> read, write, execute\n"},
      {"mounts.'/srv' = 'rw'", "mounts.'/srv' = 'ro'",
       "- file /srv: read, write, execute -> read, execute\n"},
      {"mounts.'/srv' = 'ro'", "mounts.'/srv' = { type = 'bind', exec = false }",
       "- file /srv: read, execute -> read\n"},
      {"mounts.'/srv' = { type = 'bind', exec = false }",
       "mounts.'/srv' = { type = 'bind', devices = true, exec = false }",
       "+ file /srv: read -> read, use devices\n"},
      // Both at once
      {"mounts.'/srv' = { type = 'bind', exec = false, write = true }", "mounts.'/srv' = 'ro'",
       "+ file /srv: read, write -> read, execute\n- file /srv: read, write -> read, execute\n"},
      // The same host folder by another name, or seen a second time, gives nothing new
      {"mounts.'/srv' = 'ro'", "mounts.'/data' = { type = 'bind', source = '/srv' }",
       "~ path /data: no mount -> /srv (read, execute)\n~ path /srv: /srv (read, execute) -> no mount\n"},
      {"mounts.'/usr' = 'ro'", "mounts = { '/usr' = 'ro', '/usr/share' = 'ro' }",
       "~ path /usr/share: no mount -> /usr/share (read, execute)\n"},
      {"mounts.'/usr' = 'ro'", "mounts = { '/usr' = 'ro', '/programs' = { type = 'bind', source = '/bin' } }",
       "~ path /programs: no mount -> /usr/bin (read, execute)\n"},
      // … but with more rights it does, wherever it is seen
      {"mounts.'/usr' = 'ro'",
       "mounts = { '/usr' = 'ro', '/x' = { type = 'bind', source = '/usr/share', write = true } }",
       "+ file /usr/share: read, execute -> read, write, execute (as /x)\n"},
      // Covers
      {"mounts.'/home/ada' = 'ro'", "mounts = { '/home/ada' = 'ro', '/home/ada/.ssh' = 'hidden' }",
       "- file /home/ada/.ssh: read, execute -> nothing\n"},
      {"mounts = { '/home/ada' = 'ro', '/home/ada/.ssh' = 'tmpfs' }", "mounts.'/home/ada' = 'ro'",
       "+ file /home/ada/.ssh: nothing -> read, execute\n- memory /home/ada/.ssh: read, write, execute -> "
       "nothing\n"},
      {"mounts = { '/srv' = 'ro', '/srv/data' = 'hidden' }",
       "mounts = { '/srv' = 'ro', '/srv/data' = 'hidden', '/again' = { type = 'bind', source = "
       "'/srv/data/old' } }",
       "+ file /srv/data/old: nothing -> read, execute (as /again)\n"},
      // Memory
      {"mounts.'/' = { type = 'tmpfs', write = false }",
       "mounts = { '/' = { type = 'tmpfs', write = false }, '/tmp' = 'tmpfs' }",
       "+ memory /tmp: read, execute -> read, write, execute\n"},
      {"mounts.'/tmp' = 'tmpfs'", "mounts.'/tmp' = { type = 'tmpfs', size = '1M' }",
       "- path /tmp: memory:/tmp (read, write, execute), mode=0755 -> "
       "memory:/tmp (read, write, execute), mode=0755 size=1048576\n"},
      // Devices and kernel file systems
      {"", "mounts.'/dev/kvm' = 'device'", "+ file /dev/kvm: nothing -> read, use devices\n"},
      {"", "mounts.'/proc' = 'proc'", "+ filesystem proc:/: nothing -> read, write\n"},
      {"mounts.'/a' = { type = 'overlay', lower = ['/usr'] }",
       "mounts.'/a' = { type = 'overlay', lower = ['/usr'], upper = '/srv', work = '/tmp' }",
       "+ file /srv: nothing -> read, write, execute (as /a)\n"},
      // Namespaces, identity
      {"", "namespaces.ipc = 'host'", "+ namespace ipc: new -> the host's\n"},
      {"namespaces.pid = 'host'", "",
       "- namespace pid: the host's -> new\n- process signals to others: within reach -> out of reach\n"},
      {"namespaces.ipc = { join = '/run/a' }", "namespaces.ipc = { join = '/run/b' }",
       "+ namespace ipc: joined: /run/a -> joined: /run/b\n"},
      {"namespaces.mount = { join = '/run/a' }", "",
       "- namespace mount: joined: /run/a -> new\n"
       "+ path /: whatever is there -> a tree of its own\n"
       "~ path /etc/group: no file of its own -> a file of its own (210d35c6e901)\n"
       "~ path /etc/passwd: no file of its own -> a file of its own (ce2036652397)\n"},
      {"", "namespaces.nested = 'deny'", "- privileges user namespaces inside: allowed -> denied\n"},
      // Privileges
      {"", "capabilities.keep = ['net_raw']", "+ capability net_raw: dropped -> kept\n"},
      {"", "process.no_new_privs = false", "+ privileges no_new_privs: on -> off\n"},
      {"", "process.memory_deny_write_execute = true",
       "- privileges memory both writable and executable: allowed -> denied\n"
       "- seccomp mmap: allow -> by arguments: errno:EPERM, allow\n"
       "- seccomp mprotect: allow -> by arguments: errno:EPERM, allow\n"
       "- seccomp personality: allow -> by arguments: errno:EPERM, allow\n"
       "- seccomp pkey_mprotect: allow -> by arguments: errno:EPERM, allow\n"
       "- seccomp shmat: allow -> by arguments: errno:EPERM, allow\n"},
      {"mounts.'/srv' = { type = 'bind', suid = true }", "mounts.'/srv' = { type = 'bind', suid = false }",
       ""},
      {"process.no_new_privs = false\nmounts.'/srv' = { type = 'bind' }",
       "process.no_new_privs = false\nmounts.'/srv' = { type = 'bind', suid = true }",
       "+ file /srv: read, execute -> read, execute, gain ids\n"},
      // Limits
      {"", "limits.nofile = 64", "- limit nofile: the caller's -> 64\n"},
      {"limits.nofile = 64", "limits.nofile = 128", "+ limit nofile: 64 -> 128\n"},
      {"limits.nofile = 64", "limits.nofile = { soft = 32, hard = 64 }", "~ limit nofile: 64 -> 32 of 64\n"},
      {"process.timeout = '30s'", "", "+ limit timeout: 30s -> none\n~ process kill_after: 5s -> none\n"},
      {"process.cpu_affinity = '0-3'", "process.cpu_affinity = '0,2'",
       "- limit processors: 0 to 3 -> 0, 2\n"},
      {"process.cpu_affinity = '0-3'", "process.cpu_affinity = '2-5'",
       "+ limit processors: 0 to 3 -> 2 to 5\n"},
      // What comes along
      {"", "process.keep_fds = [5]", "+ descriptor 5: closed -> kept\n"},
      {"", "process.stdin = 'null'", "- descriptor stdin: the caller's -> /dev/null\n"},
      {"", "environment.inherit = ['SEC*']", "+ environment SECRET: none -> the caller's\n"},
      {"", "environment.set.A = 'b'", "~ environment A: none -> \"b\"\n"},
      {"", "process.tty = 'inherit'", "+ process terminal: none -> the caller's\n"},
      {"", "process.die_with_parent = false", "+ process outlives its launcher: no -> yes\n"},
      {"", "network.loopback = false", "- network loopback: up -> down\n"},
      {"", "hostname = 'x'", "~ process hostname: none -> x\n"},
  };
  for (const Row& row : rows) {
    INFO(row.before << "\n->\n" << row.after);
    CHECK(difference(row.before, row.after) == row.says);
  }
}

TEST_CASE("a network that is the host's brings its abstract sockets along, unless Landlock keeps them out") {
  FakeHost host = machine();
  CHECK(difference("", "namespaces.net = 'host'", host) ==
        "+ namespace net: new -> the host's\n"
        "+ process abstract sockets of others: out of reach -> within reach\n");
  host.kernel().landlock = 6;
  CHECK(difference("", "namespaces.net = 'host'", host) == "+ namespace net: new -> the host's\n");
}

TEST_CASE("rules of Landlock are part of what can be done with a file") {
  FakeHost host = machine();
  host.kernel().landlock = 6;
  const std::string open = "mounts.'/srv' = 'rw'";
  CHECK(difference(open, open + "\nlandlock.read = ['/srv']\nlandlock.write = ['/srv/data']", host) ==
        "- file /srv: read, write, execute -> read\n"
        "- file /srv/data: read, write, execute -> read, write\n"
        "- memory /: read, write, execute -> nothing\n");
}

TEST_CASE("more ids of the host, and another one to be, are told apart") {
  FakeHost host = machine();
  host.root();
  const auto map = [](int uid, int outside, int count) {
    return fmt::format(
        "[identity]\nmap = 'explicit'\nuid = {0}\ngid = {0}\n"
        "uid_map = [{{ inside = 0, outside = {1}, count = {2} }}]\n"
        "gid_map = [{{ inside = 0, outside = {1}, count = {2} }}]\n",
        uid, outside, count);
  };
  CHECK(difference(map(0, 1000, 1), map(0, 1000, 10), host) ==
        "+ identity gids of the host: 1000 -> 1000 to 1009\n"
        "+ identity uids of the host: 1000 -> 1000 to 1009\n");
  const std::string named = "accounts = false\nuser = 'x'\nhome = '/x'\n";
  CHECK(difference(map(0, 1000, 10) + named, map(5, 1000, 10) + named, host) ==
        "~ identity gid inside: 0 -> 5\n+ identity gid outside: 1000 -> 1005\n"
        "~ identity uid inside: 0 -> 5\n+ identity uid outside: 1000 -> 1005\n");
}

TEST_CASE("both lines that cause a difference are named") {
  const FakeHost host = machine();
  const Compiled before = plan_of("\n[mounts]\n'/srv' = 'ro'\n", host);
  const Compiled after = plan_of("[mounts]\n'/srv/data' = 'rw'\n\n'/srv' = 'hidden'\n", host);
  // The second hides nothing of the host: its own /srv holds only what it puts there.
  REQUIRE(before.plan.has_value());
  REQUIRE(after.plan.has_value());
  const std::vector<Difference> found =
      compare(grants_of(before.profile, *before.plan, host), grants_of(after.profile, *after.plan, host));
  std::set<std::string> lines;
  for (const Difference& each : found)
    lines.insert(fmt::format("{}: {} -> {}", each.what, each.before_at.line, each.after_at.line));
  CHECK(lines.contains("/srv: 3 -> 0"));
  CHECK(lines.contains("/srv/data: 3 -> 2"));
}
