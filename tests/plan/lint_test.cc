#include "plan/lint.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plan/exposure.h"
#include "support/fake_host.h"
#include "support/plan_of.h"

using namespace hutch;
using namespace hutch::test;

namespace {

FakeHost machine() {
  FakeHost host;
  for (const char* folder : {"/usr/bin", "/usr/share", "/srv/data/old", "/proc", "/sys", "/etc/cron.d"})
    host.dir(folder);
  for (const char* name : {".ssh", ".gnupg", ".mozilla", ".local/bin", "work", "work/.git", "work/.git/hooks",
                           "work/sub", "work/sub/deep"})
    host.owned(std::string("/home/ada/") + name, {FileKind::directory, 0, 0700, 1000, 1000});
  host.owned("/home/ada/.bashrc", {FileKind::file, 0, 0644, 1000, 1000});
  host.dir("/tmp", 01777).device("/dev/null").file("/etc/shadow", 0600);
  host.owned("/run/user/1000", {FileKind::directory, 0, 0700, 1000, 1000});
  for (const char* path : {"/run/user/1000/hutch", "/run/user/1000/hutch/plans"})
    host.owned(path, {FileKind::directory, 0, 0700, 1000, 1000});
  for (const char* path : {"/run/user/1000/bus", "/run/user/1000/agent"})
    host.owned(path, {FileKind::socket, 0, 0700, 1000, 1000});
  host.socket("/run/docker.sock", 0666).socket("/tmp/.X11-unix/X0").link("/var/run", "/run");
  host.text("/proc/net/unix",
            "Num RefCount Protocol Flags Type St Inode Path\n"
            "0000: 00000002 00000000 00010000 0001 01 20 @/tmp/.X11-unix/X0\n"
            "0000: 00000002 00000000 00010000 0001 01 21 /run/user/1000/bus\n"
            "0000: 00000002 00000000 00010000 0001 01 22 @something-else\n");
  host.env("SSH_AUTH_SOCK", "/run/user/1000/agent").env("XDG_RUNTIME_DIR", "/run/user/1000");
  return host.directory("/home/ada/work");
}

struct Found {
  Diagnostics diagnostics;
  Exposure exposure;
};

Found look(const std::string& toml, const Host& host) {
  const Compiled compiled = plan_of(toml, host);
  INFO(toml << "\n" << compiled.errors());
  REQUIRE(compiled.plan.has_value());
  const Grants grants = grants_of(compiled.profile, *compiled.plan, host);
  return {lint(compiled.profile, *compiled.plan, grants, host), exposure_of(compiled.profile, grants, host)};
}

/// "W0310:3 W0311:4", each code with its line.
std::string warnings(const std::string& toml, const Host& host) {
  std::string text;
  for (const Diagnostic& each : look(toml, host).diagnostics) {
    CHECK(each.severity == Severity::warning);
    CHECK(each.at.known());
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", each.code, each.at.line);
  }
  return text;
}

/// The whole of the first warning of this code.
std::string told(const std::string& code, const std::string& toml, const Host& host) {
  for (const Diagnostic& each : look(toml, host).diagnostics) {
    if (each.code != code) continue;
    return fmt::format("{} | {} | {} | {}", each.what, each.other_label, each.cause, each.help);
  }
  return "(none)";
}

}  // namespace

TEST_CASE("a mistake or a risk is warned of at its line, and what looks like it is not") {
  struct Row {
    const char *toml, *codes;
  };
  const Row rows[] = {
      {"", ""},
      // W0310: there already
      {"[mounts]\n'/usr' = 'ro'\n'/usr/share' = 'ro'", "W0310:3"},
      {"[mounts]\n'/usr' = 'ro'\n'/usr/share' = { type = 'bind', exec = false }", ""},
      {"[mounts]\n'/usr' = 'ro'\n'/usr/share' = { type = 'bind', source = '/srv' }", ""},
      {"[mounts]\n'/usr' = 'ro'\n'/usr/share' = 'hidden'", ""},
      {"[mounts]\n'/usr' = 'ro'\n'/usr/share' = 'tmpfs'", ""},
      // W0311: undone
      {"[environment]\nset.A = 'x'\nunset = ['A*']", "W0311:2"},
      {"[environment]\nset.A = 'x'\nunset = ['B*']", ""},
      {"[environment]\nset.LANG = 'x'\ninherit = ['LANG']", "W0311:3"},
      {"[environment]\nset.LANG = 'x'\ninherit = ['LC_*']", ""},
      {"[environment]\ninherit = ['LANG']\nunset = ['LANG']", "W0311:2"},
      {"[mounts]\n'/usr' = { type = 'bind', suid = true }", "W0311:2"},
      {"[mounts]\n'/usr' = { type = 'bind', suid = false }", ""},
      {"capabilities.keep = ['sys_time']", "W0311:1"},
      {"capabilities.keep = ['net_admin']", ""},
      // W0312: run outside
      {"[mounts]\n'/run/user/1000/hutch' = 'rw'", "W0312:2 W0314:2"},
      {"[mounts]\n'/run/user/1000/hutch' = 'ro'", "W0314:2"},
      {"[mounts]\n'/home/ada/.local' = 'rw'", "W0312:2"},
      {"[mounts]\n'/home/ada/.local' = 'ro'", ""},
      {"[mounts]\n'/home/ada/.local/bin' = 'rw'", ""},  // by name: meant
      {"[mounts]\n'/home/ada/work' = 'rw'", ""},        // .git/hooks: a project is there to be worked on
      {"[mounts]\n'/etc' = 'rw'", ""},                  // the caller may not write there anyway
      {"[mounts]\n'/x' = { type = 'bind', source = '/home/ada/.local', write = true }", "W0312:2"},
      {"[mounts]\n'/home/ada/.local' = 'rw'\n'/home/ada/.local/bin' = 'ro'", ""},
      // W0313: secrets
      {"[mounts]\n'/home/ada' = 'ro'", "W0313:2"},
      {"[mounts]\n'/home/ada' = 'ro'\n'/home/ada/.*' = 'hidden'", ""},
      {"[mounts]\n'/home/ada/.ssh' = 'ro'", ""},  // by name: meant
      {"[mounts]\n'/home/ada/work' = 'ro'", ""},
      {"[mounts]\n'/etc' = 'ro'", ""},  // /etc/shadow cannot be read by this caller
      // W0314: sockets, also by name
      {"[mounts]\n'/run/docker.sock' = 'ro'", "W0314:2"},
      {"[mounts]\n'/d' = { type = 'bind', source = '/var/run/docker.sock' }", "W0314:2"},
      {"[mounts]\n'/run/user/1000' = 'ro'", "W0314:2"},
      {"[mounts]\n'/tmp' = 'ro'", "W0314:2"},
      {"[mounts]\n'/tmp' = 'ro'\n'/tmp/.X11-unix' = 'hidden'", ""},
      {"[mounts]\n'/tmp' = 'tmpfs'", ""},
      // W0315: abstract sockets
      {"[namespaces]\nnet = 'host'", "W0315:2"},
      {"[namespaces]\nnet = 'new'", ""},
      // W0316: processes
      {"[namespaces]\npid = 'host'", "W0316:2"},
      {"[namespaces]\nipc = 'host'", ""},
      // W0318
      {"[process]\nno_new_privs = false", "W0318:2"},
      {"[process]\nno_new_privs = true", ""},
      // W0320: sources that can be replaced
      {"[mounts]\n'/home/ada/work' = 'rw'\n'/data' = { type = 'bind', source = '/home/ada/work/sub' }",
       "W0320:3"},
      {"[mounts]\n'/home/ada/work' = 'rw'\n'/home/ada/work/sub' = 'ro'",
       ""},  // a mount point cannot be renamed
      {"[mounts]\n'/home/ada/work' = 'rw'\n'/home/ada/work/sub/deep' = 'ro'", "W0320:3"},  // its parent can
      {"[mounts]\n'/home/ada/work' = 'ro'\n'/home/ada/work/sub/deep' = 'rw'", ""},
      {"[mounts]\n'/home/ada/work' = 'rw'\n'/home/ada/work/later' = 'ro?'", "W0320:3"},  // it can be made
      {"[mounts]\n'/home/ada/work' = 'rw'\n'/home/ada/work/l*' = 'ro?'", "W0320:3"},
      {"[mounts]\n'/home/ada/work' = 'rw'\n'/home/ada/work/sub' = 'hidden'", ""},
      {"[mounts]\n'/home/ada/work' = 'rw'\n'/o' = { type = 'overlay', lower = ['/home/ada/work/sub'] }",
       "W0320:3"},
  };
  const FakeHost host = machine();
  for (const Row& row : rows) {
    INFO(row.toml);
    CHECK(warnings(row.toml, host) == row.codes);
  }
}

TEST_CASE("what root opens is warned of") {
  FakeHost host = machine();
  host.root();
  const std::string as_root = "[namespaces]\nuser = 'host'\n[process]\nno_new_privs = true\n";
  CHECK(warnings(as_root, host) == "W0319:2");
  CHECK(warnings(as_root + "[identity]\nuid = 1000\ngid = 1000", host) == "");
  CHECK(warnings(as_root + "[capabilities]\nkeep = ['sys_ptrace']", host) == "W0319:2 W0317:6");
  CHECK(warnings("capabilities.keep = ['sys_ptrace']", host) == "");
  CHECK(warnings("[mounts]\n'/etc' = 'rw'", host) == "W0312:2 W0313:2");
}

TEST_CASE("a kernel whose Landlock scopes abstract sockets needs no warning") {
  FakeHost host = machine();
  host.kernel().landlock = 6;
  CHECK(warnings("[namespaces]\nnet = 'host'", host) == "");
  CHECK(warnings("[namespaces]\nnet = 'host'\n[network]\nabstract_sockets = 'host'", host) == "W0315:4");
}

TEST_CASE("without X11 or a bus among the abstract sockets, the host's network needs no warning") {
  FakeHost host = machine();
  host.text("/proc/net/unix", "0000: 00000002 00000000 00010000 0001 01 22 @something-else\n");
  CHECK(warnings("[namespaces]\nnet = 'host'", host) == "");
}

TEST_CASE("warnings say what is reached, why, and what to do") {
  const FakeHost host = machine();
  CHECK(told("W0313", "[mounts]\n'/home/ada' = 'ro'", host) ==
        "with \"/home/ada\" the program can read secrets |  | /home/ada/.gnupg (GnuPG keys), "
        "/home/ada/.mozilla (a browser profile), /home/ada/.ssh (SSH keys) | mount less, or cover them: "
        "mounts.\"/home/ada/.gnupg\" = \"hidden\"");
  CHECK(
      told("W0314", "[mounts]\n'/run/docker.sock' = 'ro'", host) ==
      "\"/run/docker.sock\" leads out of the sandbox |  | a read-only mount keeps nobody from connecting to: "
      "/run/docker.sock (Docker, which makes anybody root) | mount less, or cover it: "
      "mounts.\"/run/docker.sock\" = \"hidden\"");
  CHECK(
      told("W0315", "[namespaces]\nnet = 'host'", host) ==
      "abstract sockets of the host lead out of the sandbox |  | they belong to the network namespace, no "
      "mount "
      "hides them: @/tmp/.X11-unix/X0 | use a network of its own, or a kernel whose Landlock keeps them away "
      "(Linux 6.12)");
  CHECK(told("W0320",
             "[mounts]\n'/home/ada/work' = 'rw'\n'/data' = { type = 'bind', source = '/home/ada/work/sub' }",
             host) ==
        "the program can decide what \"/data\" will be at the next launch | it may write here, and so put a "
        "link "
        "in the place of \"/home/ada/work/sub\" | a source is looked up anew at each launch, and links on "
        "the way "
        "are followed | keep sources outside of what the sandbox can write to");
}

TEST_CASE("the summary says what is reached") {
  const FakeHost host = machine();
  const Exposure sealed = look("", host).exposure;
  CHECK(sealed.writes.empty());
  CHECK(sealed.reads.empty());
  CHECK(sealed.home == "hidden");
  CHECK(sealed.network == "own");
  CHECK(sealed.processes == "own");
  CHECK(sealed.gains ==
        std::vector<std::string>{"nearly every system call: no [seccomp] rules",
                                 "user namespaces of its own, and with them more of the kernel"});
  CHECK(look("namespaces.nested = 'deny'\nseccomp.deny = ['ptrace']", host).exposure.gains.empty());
  // Who may call none of the three makes no namespace.
  CHECK(look("seccomp.deny = ['unshare', 'clone', 'clone3']", host).exposure.gains.empty());
  CHECK(look("seccomp.deny = ['unshare', 'clone']", host).exposure.gains.size() == 1);

  const Exposure open =
      look(
          "namespaces = { net = 'host', pid = 'host' }\ncapabilities.keep = ['net_raw']\n"
          "environment.inherit = ['SSH_*']\nprocess.no_new_privs = false\n"
          "[mounts]\n'/usr' = 'ro'\n'/usr/share' = 'rw'\n'/home/ada/work' = 'rw'\n'/home/ada/.ssh' = 'ro'\n"
          "'/run/user/1000/agent' = 'ro'\n'/dev/null' = 'device'\n",
          host)
          .exposure;
  CHECK(open.writes == std::vector<std::string>{"/home/ada/work", "/usr/share"});
  CHECK(open.reads == std::vector<std::string>{"/home/ada/.ssh", "/run/user/1000/agent", "/usr"});
  CHECK(open.home == "parts");
  CHECK(open.secrets == std::vector<std::string>{"/home/ada/.ssh"});
  CHECK(open.sockets == std::vector<std::string>{"/run/user/1000/agent"});
  CHECK(open.run_outside == std::vector<std::string>{"/home/ada/work/.git/hooks"});
  CHECK(open.network == "host");
  CHECK(open.processes == "host");
  CHECK(open.devices.empty());
  CHECK(open.capabilities == std::vector<std::string>{"net_raw"});
  CHECK(open.environment == std::vector<std::string>{"SSH_AUTH_SOCK"});
  CHECK(open.gains.size() == 6);
  CHECK(open.gains.back() == "profiles of later launches from here: /home/ada/work/.hutch");

  CHECK(sealed.named == "none");
  CHECK(look("process.files = 'ro'", host).exposure.named == "read");
  CHECK(look("process.files = 'rw'", host).exposure.named == "write");
  CHECK(sealed.knows_files);
  CHECK_FALSE(look("namespaces.mount = { join = '/run/m' }", host).exposure.knows_files);
  CHECK(look("mounts.'/home/ada' = 'ro'", host).exposure.home == "read");
  CHECK(look("mounts.'/home' = 'rw'", host).exposure.home == "write");
  CHECK(look("mounts = { '/home/ada' = 'ro', '/home/ada/.ssh' = 'hidden' }", host).exposure.secrets ==
        std::vector<std::string>{"/home/ada/.gnupg", "/home/ada/.mozilla"});
}
