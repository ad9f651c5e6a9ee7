// Ids and capabilities in every combination, read back from the kernel.

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/snapshot.h"

using namespace hutch::test;

namespace {

constexpr const char* kNone = "0000000000000000";
constexpr const char* kSome = "0000000000001001";  // chown, net_admin
constexpr const char* kKeep = "[capabilities]\nkeep = [\"chown\", \"net_admin\"]\n";

struct Row {
  const char* what;
  const char* top;  ///< of the profile
  bool keeps;
  bool takes_root;
  std::string uid, gid, groups;  ///< inside; "" is what the caller has, "(any)" whatever
};

std::string or_callers(const std::string& said, unsigned callers) {
  return said.empty() ? std::to_string(callers) : said;
}

}  // namespace

TEST_CASE("who one is inside, and the five sets of capabilities, in every combination") {
  const bool root = geteuid() == 0;
  const Workspace here;
  // Groups of a caller who may not let go of them stay as nobody.
  const char* const kStay = root ? "" : "(any)";
  const Row rows[] = {
      {"the caller, in a user namespace", "", false, false, "", "", kStay},
      {"the caller, in a user namespace", "", true, false, "", "", kStay},
      {"root inside", "identity = { map = \"root\" }", false, false, "0", "0", kStay},
      {"root inside", "identity = { map = \"root\" }", true, false, "0", "0", kStay},
      {"somebody else inside", "identity = { uid = 4711, gid = 4712 }", false, false, "4711", "4712", kStay},
      {"somebody else inside", "identity = { uid = 4711, gid = 4712 }", true, false, "4711", "4712", kStay},
      {"a range with groups",
       "identity = { uid = 5, gid = 6, groups = [7, 8], map = \"explicit\", uid_map = [{ inside = 0, outside "
       "= "
       "100000, count = 100 }], gid_map = [{ inside = 0, outside = 100000, count = 100 }] }",
       true, true, "5", "6", "7 8"},
      {"root's own range",
       "identity = { uid = 0, gid = 0, map = \"explicit\", uid_map = [{ inside = 0, outside = 0, "
       "count = 100 }], gid_map = [{ inside = 0, outside = 0, count = 100 }] }",
       false, true, "0", "0", ""},
      {"root without a user namespace", "namespaces = { user = \"host\" }", false, true, "0", "0", ""},
      {"root without a user namespace", "namespaces = { user = \"host\" }", true, true, "0", "0", ""},
      {"somebody without a user namespace",
       "namespaces = { user = \"host\" }\nidentity = { uid = 4711, gid = 4712, groups = [30, 20] }", false,
       true, "4711", "4712", "20 30"},
      {"somebody without a user namespace",
       "namespaces = { user = \"host\" }\nidentity = { uid = 4711, gid = 4712, groups = [30, 20] }", true,
       true, "4711", "4712", "20 30"},
  };
  for (const Row& row : rows) {
    if (row.takes_root && !root) continue;
    for (const bool no_new_privs : {true, false}) {
      const std::string box = here.profile(
          "box", bare_profile("\"/proc\" = \"proc\"\n" + std::string(row.keeps ? kKeep : ""), row.top));
      const Answer answer = run_hutch(
          {"run", "--set", std::string("process.no_new_privs = ") + (no_new_privs ? "true" : "false"), box,
           "ids", ",", "status", ",", "securebits"});
      INFO(row.what << (row.keeps ? ", keeps some" : ", keeps none") << ", no_new_privs " << no_new_privs
                    << "\n"
                    << answer.out << answer.err);
      REQUIRE(answer.status == 0);
      const std::string uid = or_callers(row.uid, geteuid()), gid = or_callers(row.gid, getegid());
      CHECK(answer["uid"] == uid);
      CHECK(answer["euid"] == uid);
      CHECK(answer["gid"] == gid);
      if (row.groups != "(any)") CHECK(answer["groups"] == row.groups);
      const std::string expected = row.keeps ? kSome : kNone;
      for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd"}) CHECK(answer[set] == expected);
      CHECK(answer["CapAmb"] == (row.keeps && uid != "0" ? kSome : kNone));
      CHECK(answer["NoNewPrivs"] == (no_new_privs ? "1" : "0"));
      CHECK(answer["securebits"] == "0");
    }
  }
}

TEST_CASE("a set-user-id program gives nothing: not where it counts for nothing, nor an empty bounding set") {
  if (geteuid() != 0) SKIP_TEST("needs root");
  const Workspace here;
  chmod(here.path().c_str(), 0755);
  here.write("bin/probe", read_file(HUTCH_PROBE));
  chmod((here / "bin").c_str(), 0755);
  chmod((here / "bin/probe").c_str(), 04755);
  const auto ask = [&](const char* suid, const char* no_new_privs) {
    const std::string box = here.profile(
        "box",
        "namespaces.user = \"host\"\nidentity = { uid = 4711, gid = 4711 }\n[process]\ncommand = "
        "[\"/bin/probe\", \"ids\", \",\", \"status\"]\nno_new_privs = " +
            std::string(no_new_privs) +
            "\n[mounts]\n\"/proc\" = \"proc\"\n\"/bin\" = { type = \"bind\", source = "
            "\"./bin\", suid = " +
            suid + " }\n");
    return run_hutch({"run", box});
  };
  CHECK(ask("false", "false")["euid"] == "4711");
  CHECK(ask("true", "true")["euid"] == "4711");
  const Answer asked_for = ask("true", "false");
  INFO(asked_for.out << asked_for.err);
  CHECK(asked_for["euid"] == "0");
  for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) CHECK(asked_for[set] == kNone);
}

TEST_CASE("root without a user namespace can turn nothing of the kernel's, nor write to the launcher") {
  if (geteuid() != 0) SKIP_TEST("needs root");
  const Workspace here;
  const std::string box = here.profile(
      "box", bare_profile("\"/proc\" = \"proc\"", "[namespaces]\nuser = \"host\"\npid = \"host\""));
  const std::string launcher = "/proc/" + std::to_string(getpid()) + "/exe";
  const Answer host_pids =
      run_hutch({"run", box, "open-write", launcher, ",", "open-write", "/proc/self/exe"});
  INFO(host_pids.out << host_pids.err);
  CHECK(host_pids["open-write:" + launcher] == "EACCES");
  CHECK(host_pids["open-write:/proc/self/exe"] != "ok");
  const std::string own_pids =
      here.profile("own", bare_profile("\"/proc\" = \"proc\"", "[namespaces]\nuser = \"host\""));
  const Answer answer =
      run_hutch({"run", own_pids, "open-write", "/proc/sys/kernel/core_pattern", ",", "open-write",
                 "/proc/sys/vm/swappiness", ",", "open-write", "/proc/sysrq-trigger", ",", "open-write",
                 "/proc/1/exe", ",", "open-write", "/proc/irq/default_smp_affinity"});
  INFO(answer.out << answer.err);
  CHECK(answer["open-write:/proc/sys/kernel/core_pattern"] == "EROFS");
  CHECK(answer["open-write:/proc/sys/vm/swappiness"] == "EROFS");
  CHECK(answer["open-write:/proc/sysrq-trigger"] != "ok");  // not every kernel has it
  CHECK(answer["open-write:/proc/1/exe"] == "EACCES");
  CHECK(answer["open-write:/proc/irq/default_smp_affinity"] != "ok");
}

TEST_CASE("the caller's personality is not inherited, and the profile's holds") {
  if (!have_program("setarch")) SKIP_TEST("no setarch(8)");
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  CHECK(run_program({"setarch", "-R", hutch_binary(), "run", box, "scheduling"})["personality"] == "0");
  CHECK(run_program({"setarch", "-R", hutch_binary(), "run", "--set", "process.personality = ['uname26']",
                     box, "scheduling"})["personality"] == std::to_string(0x0020000));
}
