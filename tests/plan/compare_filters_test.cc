#include "plan/compare_filters.h"

#include <fmt/format.h>
#include <linux/seccomp.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support/fake_host.h"
#include "support/plan_of.h"

using namespace hutch;
using namespace hutch::test;

namespace {

std::string text_of(const std::vector<Difference>& differences) {
  std::string text;
  for (const Difference& each : differences) {
    const char sign = each.change == Change::wider ? '+' : each.change == Change::narrower ? '-' : '~';
    text += fmt::format("{} {}: {} -> {}\n", sign, each.what, each.before, each.after);
  }
  return text;
}

std::vector<LoadedFilter> filters_of(const std::string& toml) {
  const FakeHost host;
  const Compiled compiled = plan_of(toml, host);
  INFO(toml << compiled.errors());
  REQUIRE(compiled.plan.has_value());
  return grants_of(compiled.profile, *compiled.plan, host).filters;
}

std::string difference(const std::string& before, const std::string& after) {
  return text_of(compare_filters(filters_of(before), filters_of(after), "x86_64"));
}

}  // namespace

TEST_CASE("filters are compared call by call, by what they answer") {
  CHECK(difference("", "") == "");
  CHECK(difference("", "[seccomp]\ndeny = ['ptrace']") == "- ptrace: allow -> errno:EPERM\n");
  CHECK(difference("[seccomp]\ndeny = ['ptrace']", "") == "+ ptrace: errno:EPERM -> allow\n");
  CHECK(difference("[seccomp]\ndeny = ['ptrace', 'bpf']", "[seccomp]\ndeny = ['bpf', 'ptrace']") == "");
  CHECK(difference("[seccomp]\ndeny = ['ptrace']", "[seccomp]\ndeny = ['bpf']") ==
        "- bpf: allow -> errno:EPERM\n+ ptrace: errno:EPERM -> allow\n");
  CHECK(difference("[seccomp]\ndeny = ['ptrace']", "[seccomp]\ndeny = ['ptrace']\ndeny_action = 'kill'") ==
        "- ptrace: errno:EPERM -> kill\n");
  CHECK(difference("[seccomp]\ndeny = ['ptrace']",
                   "[seccomp]\ndeny = ['ptrace']\ndeny_action = 'errno:ENOSYS'") ==
        "~ ptrace: errno:EPERM -> errno:ENOSYS\n");
}

TEST_CASE("a rule about arguments counts where it answers otherwise") {
  const auto rule = [](const char* args) {
    return fmt::format("[[seccomp.rule]]\nsyscall = 'socket'\naction = 'errno:EPERM'\nargs = [{}]\n", args);
  };
  CHECK(difference("", rule("{ index = 0, op = 'eq', value = 16 }")) ==
        "- socket: allow -> by arguments: errno:EPERM, allow\n");
  CHECK(difference(rule("{ index = 0, op = 'eq', value = 16 }"),
                   rule("{ index = 0, op = 'ge', value = 16 }")) ==
        "- socket: by arguments: errno:EPERM, allow -> by arguments: errno:EPERM, allow\n");
  CHECK(difference(rule("{ index = 0, op = 'gt', value = 15 }"),
                   rule("{ index = 0, op = 'ge', value = 16 }")) == "");
  CHECK(difference(rule("{ index = 0, op = 'eq', value = 16 }"),
                   rule("{ index = 0, op = 'eq', value = 17 }")) ==
        "+ socket: by arguments: errno:EPERM, allow -> by arguments: errno:EPERM, allow\n");
  CHECK(difference(rule("{ index = 0, op = 'eq', value = 16 }"),
                   rule("{ index = 0, op = 'eq', value = 16 }, { index = 1, op = 'eq', value = 3 }")) ==
        "+ socket: by arguments: errno:EPERM, allow -> by arguments: errno:EPERM, allow\n");
}

TEST_CASE("another default is told for every call, and for those without a name") {
  const std::string found =
      difference("", "[seccomp]\ndefault = 'errno:EPERM'\nallow = ['@default', 'read', 'write', 'execve']");
  CHECK(found.find("- ptrace: allow -> errno:EPERM\n") != std::string::npos);
  CHECK(found.find("- calls without a name: allow -> errno:") != std::string::npos);
  CHECK(found.find("read: ") == std::string::npos);
  CHECK(found.find("+ ") == std::string::npos);
}

TEST_CASE("another architecture that is let in is wider") {
  const std::string found = difference("", "[seccomp]\narchitectures = ['x86']\ndeny = ['ptrace']");
  CHECK(found.find("+ read (x86): kill -> allow\n") != std::string::npos);
  CHECK(found.find("- ptrace: allow -> errno:EPERM\n") != std::string::npos);
}

TEST_CASE("a program that computes cannot be compared, and is wider") {
  const std::vector<sock_filter> plain{{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  const std::vector<sock_filter> computes{{BPF_LD | BPF_W | BPF_ABS, 0, 0, 16},
                                          {BPF_ALU | BPF_ADD | BPF_K, 0, 0, 1},
                                          {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 5},
                                          {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS},
                                          {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  const std::vector<LoadedFilter> first{{"x", plain, {}}};
  const std::vector<LoadedFilter> second{{"x", computes, {}}};
  CHECK(compare_filters(first, first, "x86_64").empty());
  CHECK(compare_filters(second, second, "x86_64").empty());
  const std::vector<Difference> found = compare_filters(first, second, "x86_64");
  REQUIRE_FALSE(found.empty());
  CHECK(widens(found));
  CHECK(found.front().after == "what cannot be compared");
  CHECK(widens(compare_filters(second, first, "x86_64")));
}

TEST_CASE("a filter that is gone is wider, whatever it was") {
  const std::vector<LoadedFilter> one{{"x", {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS}}, {}}};
  CHECK(widens(compare_filters(one, {}, "x86_64")));
  CHECK_FALSE(widens(compare_filters({}, one, "x86_64")));
}

TEST_CASE("filters of a machine that is not known are wider unless they are the same") {
  const std::vector<LoadedFilter> one{{"x", {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}}, {}}};
  CHECK(compare_filters(one, one, "riscv64").empty());
  CHECK(widens(compare_filters(one, {}, "riscv64")));
  CHECK(widens(compare_filters({}, one, "riscv64")));
}
