#include "recall/kept_launch.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "plan/codec.h"

using namespace hutch;

namespace {

/// One of each kind of field, and more texts than fit one after the other by chance.
Plan some_plan() {
  Plan plan{.slots = 3, .pins = 1};
  const auto add = [&plan](Op op, Phase phase) { plan.steps.push_back({std::move(op), {}, phase}); };
  add(PinSource{.path = plan.strings.keep("/usr"), .expect = Expect::directory, .pin = 0},
      Phase::before_clone);
  add(CloneChild{.namespaces = 0x20000000}, Phase::clone);
  add(CloneTree{.path = plan.strings.keep("/usr"), .slot = 1, .flags = {1, 2}}, Phase::setup);
  add(MakeFilesystem{.type = "tmpfs",
                     .options =
                         plan.strings.keep(std::vector<ZStr>{"mode=0755", plan.strings.keep("size=1k")}),
                     .slot = 2},
      Phase::setup);
  add(MakeSymlink{.path = "/bin", .to = ""}, Phase::setup);
  add(SetAffinity{.cpus = plan.strings.keep(std::vector<std::uint32_t>{0, 3})}, Phase::privileges);
  Exec exec{.path = plan.strings.keep("/usr/bin/true"),
            .otherwise = plan.strings.keep(std::vector<ZStr>{"/bin/true"}),
            .argv = plan.strings.keep(std::vector<ZStr>{"true", "--one"}),
            .env = plan.strings.keep(std::vector<ZStr>{"FIXED=1", "SECRET=of the caller", "TERM=mine"})};
  point_at_words(exec, plan.strings);
  add(exec, Phase::exec);
  return plan;
}

std::vector<Step> restored(LaunchImage& image, std::size_t count) {
  const auto base = reinterpret_cast<std::uint64_t>(image.bytes.data());
  for (const std::uint32_t at : image.moves) {
    std::uint64_t pointer = 0;
    REQUIRE(at % 8 == 0);
    REQUIRE(at + sizeof pointer <= image.bytes.size());
    std::memcpy(&pointer, image.bytes.data() + at, sizeof pointer);
    REQUIRE(pointer < image.bytes.size());
    pointer += base;
    std::memcpy(image.bytes.data() + at, &pointer, sizeof pointer);
  }
  std::vector<Step> steps(count);
  std::memcpy(static_cast<void*>(steps.data()), image.bytes.data(), count * sizeof(Step));
  return steps;
}

}  // namespace

TEST_CASE("an image holds the steps of a plan, wherever it lies, and no value of the caller's environment") {
  const Plan plan = some_plan();
  std::string own[] = {"TERM=other", "SECRET=of the caller"};
  char* environment[] = {own[0].data(), own[1].data(), nullptr};
  LaunchImage image = launch_image(plan, environment);
  CHECK(image.bytes.find("of the caller") == std::string::npos);
  const std::vector<Step> steps = restored(image, plan.steps.size());

  Plan again{.steps = steps, .slots = plan.slots, .pins = plan.pins};
  const Exec exec = std::get<Exec>(again.steps.back().op);
  CHECK(exec.path.view() == "/usr/bin/true");
  CHECK(exec.argv_pointers.size == 3);
  CHECK(std::string(exec.argv_pointers.data[1]) == "--one");
  CHECK(exec.argv_pointers.data[2] == nullptr);
  REQUIRE(exec.env_pointers.size == 4);
  CHECK(std::string(exec.env_pointers.data[0]) == "FIXED=1");
  CHECK(std::string(exec.env_pointers.data[2]) == "TERM=mine");
  CHECK(exec.env_pointers.data[3] == nullptr);
  REQUIRE(image.handed_on.size() == 1);
  CHECK(image.handed_on[0].entry == 1);
  CHECK(reinterpret_cast<const char*>(&exec.env_pointers.data[1]) ==
        image.bytes.data() + image.handed_on[0].at);

  // Words apart, the same bytes.
  Plan bare = plan;
  for (Plan* each : {&bare, &again}) {
    auto& last = std::get<Exec>(each->steps.back().op);
    last.argv = last.env = {};
  }
  CHECK(encode(again) == encode(bare));
}

TEST_CASE("what the launcher has to look after itself is not made again without it") {
  const auto with = [](Op op, Phase phase) {
    Plan plan = some_plan();
    std::get<CloneChild>(plan.steps[1].op).namespaces = 0x20000000;  // CLONE_NEWPID
    plan.steps.insert(plan.steps.begin() + 2, {std::move(op), {}, phase});
    return plan;
  };
  CHECK(can_be_relaunched(some_plan()));
  CHECK(can_be_relaunched(with(LetChildGo{}, Phase::parent)));
  CHECK(can_be_relaunched(with(Watch{.kill_after = 1}, Phase::parent)));
  CHECK_FALSE(can_be_relaunched(with(Watch{.timeout = 1}, Phase::parent)));
  CHECK_FALSE(can_be_relaunched(with(OpenTerminal{}, Phase::setup)));
  CHECK_FALSE(can_be_relaunched(with(RunMapHelper{}, Phase::parent)));
  CHECK_FALSE(can_be_relaunched(with(MakeOutput{}, Phase::before_clone)));
  CHECK_FALSE(can_be_relaunched(with(OpenStream{}, Phase::before_clone)));
  CHECK_FALSE(can_be_relaunched(with(PinSource{.expect = Expect::named_file}, Phase::before_clone)));
  CHECK_FALSE(can_be_relaunched(with(JoinNamespace{}, Phase::clone)));
  Plan kept = some_plan();
  kept.steps.insert(
      kept.steps.begin() + 2,
      {CloseDescriptors{.keep = kept.strings.keep(std::vector<std::uint32_t>{5})}, {}, Phase::privileges});
  CHECK_FALSE(can_be_relaunched(kept));
  Plan huge = some_plan();
  huge.pins = kMostPins + 1;
  CHECK_FALSE(can_be_relaunched(huge));
}
