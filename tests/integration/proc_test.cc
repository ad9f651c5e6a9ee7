// What /proc and /sys let through, tried path by path from inside.

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// As Docker and Podman mask them, by their documentation.
const std::vector<std::string> kHidden = {"/proc/acpi",        "/proc/asound",
                                          "/proc/interrupts",  "/proc/kcore",
                                          "/proc/keys",        "/proc/latency_stats",
                                          "/proc/sched_debug", "/proc/scsi",
                                          "/proc/timer_list",  "/proc/timer_stats",
                                          "/sys/firmware",     "/sys/fs/selinux",
                                          "/sys/dev/block",    "/sys/devices/virtual/powercap"};
const std::vector<std::string> kReadOnly = {"/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern",
                                            "/proc/sys/kernel/modprobe", "/proc/sys/vm/overcommit_memory",
                                            "/proc/irq/default_smp_affinity"};

std::vector<std::string> existing(const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const std::string& path : paths) {
    if (fs::exists(path, ignored)) found.push_back(path);
  }
  for (int cpu = 0; cpu < 2; ++cpu) {
    const std::string throttle = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/thermal_throttle";
    if (&paths == &kHidden && fs::exists(throttle, ignored)) found.push_back(throttle);
  }
  return found;
}

/// Reads, lists and opens for writing whatever there is.
std::vector<std::string> try_all(const std::string& box) {
  std::vector<std::string> command{"run", box};
  for (const std::string& path : existing(kHidden)) {
    for (const char* how : {"read", "list", "open-write"}) command.insert(command.end(), {how, path, ","});
  }
  for (const std::string& path : existing(kReadOnly))
    command.insert(command.end(), {"open-write", path, ","});
  command.emplace_back("mounts");
  return command;
}

constexpr const char* kMounts = "\"/proc\" = \"proc\"\n\"/sys\" = \"sysfs\"\n";

/// Nothing comes through: a cover is empty, or says no.
void check_covered(const Answer& answer) {
  INFO(answer.out << answer.err);
  REQUIRE(answer.status == 0);
  for (const std::string& path : existing(kHidden)) {
    INFO(path);
    const bool directory = fs::is_directory(path);
    const std::string read = answer["read:" + path], list = answer["list:" + path];
    CHECK((directory ? read == "EISDIR" || read == "EACCES" : read == "" || read == "EACCES"));
    CHECK((directory ? list == "" || list == "EACCES" : list == "ENOTDIR" || list == "EACCES"));
    CHECK(answer["open-write:" + path] != "ok");
    // Of our own making, and not a node of the host's.
    bool own = false;
    for (const std::string& line : answer.all("mount:")) {
      const std::vector<std::string> fields = words(line);
      own = own || (fields.size() > 4 && fields[4] == path && has(line, " - tmpfs "));
    }
    CHECK(own);
  }
  for (const std::string& path : existing(kReadOnly)) {
    INFO(path);
    const std::string write = answer["open-write:" + path];
    CHECK((write == "EROFS" || (geteuid() != 0 && write == "EACCES")));
  }
}

}  // namespace

TEST_CASE("where the host's root is inside, /proc and /sys are masked as the container runtimes mask them") {
  if (geteuid() != 0) SKIP_TEST("needs root");
  const Workspace here;
  for (const char* identity : {"namespaces = { user = \"host\" }", "identity = { map = \"root\" }"}) {
    const std::string box = here.profile("box", bare_profile(kMounts, identity));
    INFO(identity);
    check_covered(run_hutch(try_all(box)));
  }
}

TEST_CASE("not even root without a user namespace, with the right to ignore modes, reads what is covered") {
  if (geteuid() != 0) SKIP_TEST("needs root");
  const Workspace here;
  const std::string box = here.profile(
      "box", bare_profile(std::string(kMounts) +
                              "[capabilities]\nkeep = [\"dac_override\", \"sys_rawio\", \"syslog\"]\n",
                          "namespaces = { user = \"host\" }"));
  check_covered(run_hutch(try_all(box)));
}

TEST_CASE("a user's sandbox is masked where nothing can nest in it, or where it says so") {
  const Workspace here;
  check_covered(
      run_hutch(try_all(here.profile("box", bare_profile(kMounts, "namespaces = { nested = \"deny\" }")))));
  check_covered(run_hutch(try_all(here.profile(
      "said",
      bare_profile(
          "\"/proc\" = { type = \"proc\", mask = true }\n\"/sys\" = { type = \"sysfs\", mask = true }")))));
}

TEST_CASE("in a user's sandbox without masks the kernel itself keeps what is root's") {
  const Workspace here;
  const std::string box = here.profile(
      "box", bare_profile(kMounts,
                          geteuid() == 0
                              ? "identity = { uid = 5, gid = 5, map = \"explicit\", uid_map = [{ inside = 5, "
                                "outside = 100005 }], gid_map = [{ inside = 5, outside = 100005 }] }"
                              : ""));
  const Answer answer = run_hutch(try_all(box));
  INFO(answer.out << answer.err);
  REQUIRE(answer.status == 0);
  for (const char* path : {"/proc/kcore", "/proc/timer_list"}) {
    if (fs::exists(path)) CHECK(answer["read:" + std::string(path)] != "");
    if (fs::exists(path))
      CHECK((answer["read:" + std::string(path)] == "EACCES" ||
             answer["read:" + std::string(path)] == "EPERM"));
  }
  for (const std::string& path : existing(kReadOnly)) {
    INFO(path);
    CHECK(answer["open-write:" + path] != "ok");
  }
  for (const std::string& path : existing(kHidden)) CHECK(answer["open-write:" + path] != "ok");
}

TEST_CASE("nothing of /sys can be written, with masks or without") {
  const Workspace here;
  for (const char* mask : {"true", "false"}) {
    const std::string box =
        here.profile("box", bare_profile("\"/sys\" = { type = \"sysfs\", mask = " + std::string(mask) + " }",
                                         geteuid() == 0 ? "namespaces = { user = \"host\" }" : ""));
    const Answer answer = run_hutch({"run", box, "open-write", "/sys/kernel/uevent_seqnum", ",", "open-write",
                                     "/sys/kernel/mm/transparent_hugepage/enabled", ",", "mkdir",
                                     "/sys/fs/cgroup/x", ",", "open-write", "/sys/kernel/profiling"});
    INFO(answer.out << answer.err);
    REQUIRE(answer.status == 0);
    for (const std::string& line : answer.all("open-write:")) CHECK_FALSE(line.ends_with("=ok"));
    CHECK(answer["mkdir:/sys/fs/cgroup/x"] != "ok");
  }
}

TEST_CASE("hidepid hides the init from the program, and subset leaves nothing but processes") {
  const Workspace here;
  const auto processes = [&](const char* hidepid) {
    const std::string box = here.profile(
        "box", bare_profile("\"/proc\" = { type = \"proc\", hidepid = \"" + std::string(hidepid) + "\" }"));
    const Answer answer = run_hutch({"run", "--set", "identity.uid = 1000", box, "processes"});
    INFO(answer.out << answer.err);
    REQUIRE(answer.status == 0);
    return answer.all("process:");
  };
  CHECK(processes("off") == std::vector<std::string>{"1=hutch-init", "2=probe"});
  CHECK(processes("ptraceable") == std::vector<std::string>{"2=probe"});
  // The kernel's exception: group 0 of the host.
  const std::vector<std::string> all{"1=hutch-init", "2=probe"};
  CHECK(processes("invisible") == (getegid() == 0 ? all : std::vector<std::string>{"2=probe"}));
  CHECK(processes("noaccess") == (getegid() == 0 ? all : std::vector<std::string>{"1=EPERM", "2=probe"}));

  const std::string box =
      here.profile("box", bare_profile("\"/proc\" = { type = \"proc\", subset = \"pid\" }"));
  const Answer answer = run_hutch({"run", box, "list", "/proc", ",", "read", "/proc/sys/kernel/ostype"});
  INFO(answer.err);
  CHECK(answer["list:/proc"] == "1 2 self thread-self");
  CHECK(answer["read:/proc/sys/kernel/ostype"] == "ENOENT");
}
