#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <string>

#include "plan/describe.h"
#include "support/debian_host.h"
#include "support/plan_of.h"

using namespace hutch;
using namespace hutch::test;

namespace {

const std::string kProfile =
    "[process]\nnice = 0\noom_score_adj = 100\ncpu_affinity = \"0-1\"\npersonality = [\"no_randomize\"]\n"
    "[limits]\nnofile = { soft = 1024, hard = 4096 }\n";

/// A caller who has none of that.
FakeHost poor_host() {
  FakeHost host = debian_host();
  host.limited(RLIMIT_NOFILE, 500, 800).limited(RLIMIT_NICE, 0, 0).niced(5).oom_scored(200);
  host.with_processors({2, 3, 5}).without_personality();
  return host;
}

std::string differences(const Plan& plan) {
  std::string text;
  for (const Unpinned& each : plan.unpinned) text += describe(each) + "\n";
  return text;
}

}  // namespace

TEST_CASE("what this caller cannot have is refused, each with its line, why, and how to accept it") {
  CHECK(
      plan_of(kProfile, poor_host()).errors() ==
      R"(E0346 box.toml:2: `nice` cannot be 0 for this caller | cause: the caller's own is 5, and without CAP_SYS_NICE outside it only goes up | help: start hutch without nice(1), or choose a value that is not below the caller's; or accept the difference: build.allow_unpinned = ["nice"]
E0346 box.toml:3: `oom_score_adj` cannot be 100 for this caller | cause: the caller's own is 200, and without CAP_SYS_RESOURCE outside it only goes up | help: choose a value that is not below the caller's; or accept the difference: build.allow_unpinned = ["oom_score_adj"]
E0346 box.toml:4: `cpu_affinity` cannot be 0,1 for this caller | cause: the machine, or the cpuset of the caller, has the processors 2,3,5 | help: choose among these; or accept the difference: build.allow_unpinned = ["cpu_affinity"]
E0346 box.toml:5: `personality` cannot be 0x40000 for this caller | cause: personality(2) is denied, by a seccomp filter around hutch | help: run it where the call is allowed, or leave `personality` out; or accept the difference: build.allow_unpinned = ["personality"]
E0346 box.toml:7: `limits.nofile` cannot be 1024, at most 4096 for this caller | cause: the caller's hard limit is 800, and it can only be lowered: getrlimit(2) | help: choose a lower one, or raise the caller's: limits.conf(5), `ulimit -Ha`; or accept the difference: build.allow_unpinned = ["limits"]
)");
}

TEST_CASE("what is accepted is as near as can be, and the plan says what it is instead") {
  const Compiled compiled = plan_of(
      kProfile +
          "[build]\nallow_unpinned = ['limits', 'nice', 'oom_score_adj', 'cpu_affinity', 'personality']\n",
      poor_host());
  REQUIRE(compiled.plan);
  CHECK(differences(*compiled.plan) ==
        "oom_score_adj: 200 instead of 100\npersonality: 0x0 instead of 0x40000\nnice: 5 instead of 0\n"
        "cpu_affinity: 2,3 instead of 0,1\nlimits.nofile: 800 instead of 1024, at most 4096\n");
  CHECK(compiled.steps_with("limit ") == std::vector<std::string>{"limit nofile to 800"});
  CHECK(compiled.steps_with("CPUs") == std::vector<std::string>{"run on CPUs 2, 3"});
  CHECK(compiled.steps_with("set nice").empty());
  CHECK(compiled.steps_with("oom_score_adj").empty());
  const std::string text = describe(*compiled.plan, compiled.sources);
  CHECK(text.find("not as the profile says:\n      oom_score_adj: 200 instead of 100 ") != std::string::npos);
  const std::string json = plan_json(*compiled.plan, compiled.sources);
  CHECK(json.find("\"name\": \"nice\",\n      \"wanted\": \"0\",\n      \"actual\": \"5\"") !=
        std::string::npos);
}

TEST_CASE("accepting one difference accepts no other") {
  const std::string errors = plan_of(kProfile + "[build]\nallow_unpinned = ['nice']\n", poor_host()).errors();
  CHECK(errors.find("`nice`") == std::string::npos);
  CHECK(errors.find("`limits.nofile`") != std::string::npos);
  CHECK(errors.find("`oom_score_adj`") != std::string::npos);
}

TEST_CASE("a caller who can have it all gets it all, and nothing differs") {
  FakeHost host = debian_host();
  host.limited(RLIMIT_NOFILE, 500, 4096).niced(0).oom_scored(100).with_processors({0, 1, 2});
  const Compiled compiled = plan_of(kProfile, host);
  REQUIRE(compiled.plan);
  CHECK(compiled.plan->unpinned.empty());
  CHECK(compiled.steps_with("limit ") == std::vector<std::string>{"limit nofile to 1024, at most 4096"});
}

TEST_CASE("RLIMIT_NICE lets a nice value go down, as far as it says") {
  FakeHost host = debian_host();
  host.niced(5).limited(RLIMIT_NICE, 20, 20);
  CHECK(plan_of("process.nice = 0\n", host).plan);
  CHECK_FALSE(plan_of("process.nice = -1\n", host).plan);
}

TEST_CASE("root that stays in the user namespace of the host may raise what others may not") {
  FakeHost host = poor_host();
  host.root();
  CHECK_FALSE(plan_of("limits.nofile = 4096\n", host).plan);
  CHECK(plan_of("limits.nofile = 4096\nnamespaces.user = 'host'\n", host).plan);
}
