#include <linux/seccomp.h>

#include <catch2/catch.hpp>
#include <string>
#include <variant>
#include <vector>

#include "plan/describe.h"
#include "support/fake_host.h"
#include "support/plan_of.h"

using hutch::test::Compiled;
using hutch::test::FakeHost;
using hutch::test::plan_of;
using Lines = std::vector<std::string>;

namespace {

/// The names of the filters, in the order in which they are loaded.
Lines filters(const Compiled& compiled) {
  Lines names;
  for (const hutch::Step& step : compiled.plan->steps) {
    if (const auto* filter = std::get_if<hutch::LoadFilter>(&step.op))
      names.emplace_back(filter->name.view());
  }
  return names;
}

std::string line(std::uint16_t code, std::uint8_t yes, std::uint8_t no, std::uint32_t k) {
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(code);
  bytes[2] = static_cast<char>(yes);
  bytes[3] = static_cast<char>(no);
  for (unsigned i = 0; i < 4; ++i) bytes[4 + i] = static_cast<char>(k >> (8 * i));
  return bytes;
}

/// Allows all but one call.
std::string program_without(std::uint32_t number) {
  return line(0x20, 0, 0, 0) + line(0x15, 0, 1, number) + line(0x06, 0, 0, SECCOMP_RET_KILL_PROCESS) +
         line(0x06, 0, 0, SECCOMP_RET_ALLOW);
}

constexpr std::uint32_t kSeccomp = 317, kExecve = 59;  // on x86_64

}  // namespace

TEST_CASE("a profile that says nothing of calls has the floor, and one that does has one filter with both") {
  const FakeHost host;
  CHECK(filters(plan_of("", host)) == Lines{"floor"});
  CHECK(filters(plan_of("[seccomp]\ndeny = ['mount']", host)) == Lines{"seccomp"});
  const Compiled compiled = plan_of("[seccomp]\nlog = true\ndeny = ['bpf', '@swap']", host);
  REQUIRE(compiled.steps_with("seccomp").size() == 1);
  CHECK(compiled.steps_with("seccomp")[0].find("(5 rules, ") != std::string::npos);
  CHECK(compiled.steps_with("seccomp")[0].find(", denials are logged)") != std::string::npos);
  CHECK(describe_filters(*compiled.plan) ==
        "the seccomp filter:\n      default: allow\n      errno:EPERM: bpf swapoff swapon\n"
        "      errno:EPERM: ioctl if argument 1 == 0x5412 or 0x541c\n      architectures: x86_64\n");
}

TEST_CASE("what denies seccomp itself is loaded last; where both do, one could not be loaded") {
  FakeHost host;
  host.text("/own.bpf", program_without(1)).text("/last.bpf", program_without(kSeccomp));
  CHECK(filters(plan_of("[seccomp]\nfile = '/own.bpf'\ndeny = ['seccomp']", host)) ==
        Lines{"/own.bpf", "seccomp"});
  CHECK(filters(plan_of("[seccomp]\nfile = '/last.bpf'\ndeny = ['swapon']", host)) ==
        Lines{"seccomp", "/last.bpf"});
  CHECK(plan_of("[seccomp]\nfile = '/last.bpf'\ndeny = ['seccomp']", host).errors() ==
        "E0359 box.toml:2: the rules and the compiled program both deny seccomp, so only one of them could "
        "be loaded"
        " | help: allow seccomp in one of them: the other still denies it\n");
}

TEST_CASE("a program that cannot be read or used is an error at its line") {
  FakeHost host;
  host.text("/text", "allow read").dir("/folder").text("/dead.bpf", program_without(kExecve));
  const auto errors = [&](const std::string& file) {
    return plan_of("[seccomp]\nfile = '" + file + "'", host).errors();
  };
  CHECK(errors("/none") ==
        "E0357 box.toml:2: cannot read the seccomp program \"/none\" | cause: there is no such file\n");
  CHECK(errors("/folder").starts_with(
      "E0357 box.toml:2: cannot read the seccomp program \"/folder\" | cause: it is no file"));
  CHECK(
      errors("/text").starts_with("E0357 box.toml:2: \"/text\" is no seccomp program: its size of 10 bytes"));
  CHECK(errors("/dead.bpf")
            .starts_with("E0359 box.toml:2: with this filter the program could not be started: execve is "
                         "answered with kill"));
}

TEST_CASE("what the launch itself needs must be let through") {
  const FakeHost host;
  CHECK(plan_of("[seccomp]\ndefault = 'errno:EPERM'\nallow = ['read']", host)
            .errors()
            .starts_with(
                "E0359 box.toml:2: with this filter the program could not be started: execve is answered "
                "with errno:EPERM"));
  CHECK(plan_of("[seccomp]\ndefault = 'kill'\nallow = ['execve']", host)
            .errors()
            .starts_with("E0359 box.toml:2: with this filter the program could not be started: ppoll"));
  CHECK(plan_of("[seccomp]\ndefault = 'errno:EPERM'\nallow = ['execve']", host).errors().empty());
  CHECK(plan_of("[process]\nno_new_privs = false\n[seccomp]\ndeny = ['capset']", host)
            .errors()
            .starts_with("E0359 box.toml:4: with this filter the program could not be started: capset"));
}

TEST_CASE("errors of rules stand at the words that are to blame") {
  const FakeHost host;
  CHECK(plan_of("[seccomp]\nallow = ['read']\ndeny = ['moutn',\n  '@mounts']", host).errors() ==
        "E0352 box.toml:3: unknown system call \"moutn\" | help: syscalls(2) lists them; `hutch explain "
        "seccomp.deny` says "
        "what else can stand here\n"
        "E0352 box.toml:4: unknown group of system calls \"@mounts\" | help: the groups are those of "
        "`systemd-analyze "
        "syscall-filter`, and @io-uring\n");
}

TEST_CASE("before Linux 6.3 the filter sees to it that memory is not writable and executable") {
  FakeHost host;
  const std::string wish = "[process]\nmemory_deny_write_execute = true";
  const Compiled old = plan_of(wish, host.linux_version(6, 2));
  CHECK(old.steps_with("never both").empty());
  REQUIRE(old.steps_with("filter").size() == 1);
  CHECK(old.steps_with("filter")[0].find(", no writable and executable memory)") != std::string::npos);
  const Compiled now = plan_of(wish, host.linux_version(6, 3));
  CHECK(now.steps_with("filter")[0].find("writable") == std::string::npos);
  CHECK(now.steps() != plan_of("", host).steps());
}
