#include "plan/enter.h"

#include <linux/seccomp.h>

#include <catch2/catch.hpp>

#include <set>
#include <utility>

#include "support/fake_host.h"
#include "support/plan_of.h"

using namespace hutch;
using hutch::test::FakeHost;
using hutch::test::plan_of;

namespace {

template <std::size_t... kind>
std::vector<Op> one_of_each(std::index_sequence<kind...> /*all*/) {
  return {Op(std::in_place_index<kind>)...};
}

std::string kind_of(const Op& op) {
  return std::visit([]<class T>(const T&) { return std::string(T::kind); }, op);
}

Phase phase_of(const Op& op) { return std::holds_alternative<Exec>(op) ? Phase::exec : Phase::privileges; }

/// One that the kernel would take.
LoadFilter filter() {
  static constexpr sock_filter kAllow[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  return {.name = "floor", .program = {kAllow, std::size(kAllow)}};
}

/// What every sandbox has, with `more` in front of the filter.
Plan walls(const std::vector<Op>& more, Phase phase = Phase::privileges) {
  Plan plan;
  plan.steps.push_back({CloneChild{}, {}, Phase::clone});
  for (const Op& op : more)
    plan.steps.push_back({std::holds_alternative<LoadFilter>(op) ? filter() : op, {}, phase});
  plan.steps.push_back({DropCapabilities{}, {}, Phase::privileges});
  plan.steps.push_back({NoNewPrivs{}, {}, Phase::privileges});
  plan.steps.push_back({filter(), {}, Phase::privileges});
  plan.steps.push_back({Exec{}, {}, Phase::exec});
  return plan;
}

Result<Plan> entered(const Plan& plan) { return enter_plan(plan, {"/bin/true"}, Caller{}); }

std::size_t count(const Plan& plan, const std::string& kind) {
  return static_cast<std::size_t>(
      std::ranges::count_if(plan.steps, [&kind](const Step& step) { return kind_of(step.op) == kind; }));
}

}  // namespace

TEST_CASE("who enters repeats exactly these steps of a sandbox, and refuses what it does not know") {
  // A new step that takes something away from the program belongs into gives_something_up() and here.
  const std::set<std::string> repeated{
      "set_limit",         "set_nice",           "set_io_priority", "set_affinity", "set_personality",
      "set_timer_slack",   "deny_write_execute", "schedule_core",   "set_umask",    "change_dir",
      "drop_capabilities", "no_new_privs",       "load_filter",     "make_ruleset", "allow_path",
      "allow_port",        "restrict_self"};
  const std::set<std::string> looked_at{"clone",      "join_namespace", "unshare_time",  "become_ids",
                                        "attach",     "new_session",    "take_terminal", "new_group",
                                        "start_init", "connect_stream", "reset_signals", "close_descriptors",
                                        "exec"};
  const std::size_t usual_session = count(*entered(walls({})), "new_session");
  for (const Op& op : one_of_each(std::make_index_sequence<std::variant_size_v<Op>>())) {
    const std::string kind = kind_of(op);
    CAPTURE(kind);
    std::vector<Op> more{op};
    if (kind == "allow_path" || kind == "allow_port" || kind == "restrict_self")
      more.insert(more.begin(), MakeRuleset{});
    const Plan given = walls(more, phase_of(op) == Phase::exec ? Phase::exec : Phase::privileges);
    const auto plan = entered(given);
    if (repeated.contains(kind)) {
      REQUIRE(plan);
      CHECK(count(*plan, kind) == count(given, kind));
    } else if (looked_at.contains(kind)) {
      REQUIRE(plan);
      CHECK(count(*plan, "new_session") == usual_session);
    } else {
      REQUIRE_FALSE(plan);
      CHECK(plan.error().front().code == "E0428");
      CHECK(plan.error().front().what ==
            "who enters a sandbox does not do what its launcher asks for: " + kind);
    }
  }
}

TEST_CASE("a step that gives something up does so in its own phase only") {
  for (const Phase phase : {Phase::before_clone, Phase::parent, Phase::setup, Phase::exec}) {
    const auto plan = entered(walls({SetUmask{}}, phase));
    REQUIRE_FALSE(plan);
    CHECK(plan.error().front().code == "E0428");
  }
}

TEST_CASE("walls without a filter, without a drop of capabilities, or without a program are refused") {
  for (const char* missing : {"load_filter", "drop_capabilities", "exec"}) {
    CAPTURE(missing);
    Plan plan = walls({});
    std::erase_if(plan.steps, [&](const Step& step) { return kind_of(step.op) == missing; });
    const auto made = entered(plan);
    REQUIRE_FALSE(made);
    CHECK(made.error().front().code == "E0428");
  }
}

TEST_CASE("a rule that belongs to no ruleset is refused: its slot would be nobody's") {
  for (const Op& op : {Op(AllowPath{}), Op(AllowPort{}), Op(RestrictSelf{})}) {
    const auto plan = entered(walls({op, MakeRuleset{}}));
    REQUIRE_FALSE(plan);
    CHECK(plan.error().front().what == "a rule of the sandbox belongs to no ruleset");
  }
}

TEST_CASE("descriptors are closed and signals reset whatever the walls say, before anything is repeated") {
  const auto plan = entered(walls({SetUmask{}}));
  REQUIRE(plan);
  std::vector<std::string> kinds;
  for (const Step& step : plan->steps) kinds.push_back(kind_of(step.op));
  const auto closed = std::ranges::find(kinds, "close_descriptors");
  CHECK(std::find(closed, kinds.end(), "set_umask") != kinds.end());
  CHECK(count(*plan, "reset_signals") == 1);
  const Step& step = plan->steps[static_cast<std::size_t>(closed - kinds.begin())];
  CHECK(std::get<CloseDescriptors>(step.op).keep.size == 0);
}

TEST_CASE("a compiled plan's walls are all taken") {
  FakeHost host;
  host.dir("/usr/bin").file("/usr/bin/env", 0755).dir("/tmp", 01777);
  const auto compiled = plan_of(
      "process.command = [\"/usr/bin/env\"]\nlimits.nofile = 100\nprocess.nice = 3\n"
      "[mounts]\n\"/usr\" = \"ro\"\n",
      host);
  REQUIRE(compiled.errors() == "");
  const auto plan = entered(walls_of(*compiled.plan));
  REQUIRE(plan);
  for (const char* kind : {"set_limit", "set_nice", "drop_capabilities", "no_new_privs", "load_filter"})
    CHECK(count(*plan, kind) == count(*compiled.plan, kind));
}
