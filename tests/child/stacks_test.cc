#include "child/stacks.h"

#include <catch2/catch.hpp>
#include <cstdint>

using namespace hutch;

TEST_CASE("stacks lie apart, each above a guard, and are forgotten between launches") {
  REQUIRE(make_stacks());
  auto* const first = static_cast<char*>(stack_top(0));
  auto* const second = static_cast<char*>(stack_top(1));
  first[-1] = second[-1] = 1;
  first[-100'000] = second[-100'000] = 1;
  CHECK(first - second > 128 * 1024);
  CHECK(reinterpret_cast<std::uintptr_t>(first) % 16 == 0);
  forget_stacks();
  CHECK(first[-1] == 0);
  REQUIRE(make_stacks());
  CHECK(stack_top(0) == first);
}
