#include "launch/shared_memory.h"

#include <linux/capability.h>

#include <catch2/catch.hpp>
#include <functional>

#include "launch/hand_made.h"

namespace hutch::test {
namespace {

bool shares(const std::function<void(HandMade&)>& change, std::uint64_t namespaces = kNamespaces) {
  HandMade made(namespaces);
  made.map_self();
  change(made);
  return can_share_memory(made.plan);
}

TEST_CASE("the child shares the launcher's memory unless the kernel, the launcher or the init would mind") {
  CHECK(shares([](HandMade& made) { made.with_init(); }));
  CHECK(shares([](HandMade& made) { made.add(DropCapabilities{.keep = 1ULL << CAP_SYS_ADMIN}); }));
  CHECK_FALSE(shares([](HandMade& made) { made.add(DropCapabilities{.keep = 1ULL << CAP_SYS_PTRACE}); }));
  CHECK_FALSE(shares([](HandMade& made) { made.add(UnshareTime{}); }));
  CHECK_FALSE(shares([](HandMade& made) { made.add(WriteFile{"/proc/self/oom_score_adj", "500"}); }));
  CHECK_FALSE(shares([](HandMade& made) { made.add(JoinNamespace{}, Phase::clone); }));
  CHECK_FALSE(shares([](HandMade&) {}, kNamespaces & ~std::uint64_t{CLONE_NEWPID}));
}

}  // namespace
}  // namespace hutch::test
