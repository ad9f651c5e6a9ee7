#include "child/close_rows.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

namespace hutch::test {
namespace {

constexpr int kFirst = 700;

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST_CASE("what is added is closed, and nothing beside or between") {
  for (int fd = kFirst; fd < kFirst + 10; ++fd) REQUIRE(::dup2(STDERR_FILENO, fd) == fd);
  {
    CloseRows rows;
    for (const int fd : {-1, kFirst + 1, kFirst + 2, -1, kFirst + 3, kFirst + 8, kFirst + 5, kFirst + 6})
      rows.add(fd);
    CHECK(is_open(kFirst + 6));  // a row that may go on
  }
  const std::array<bool, 10> stays{true, false, false, false, true, false, false, true, false, true};
  for (int i = 0; i < 10; ++i) {
    CAPTURE(i);
    CHECK(is_open(kFirst + i) == stays[static_cast<std::size_t>(i)]);
    ::close(kFirst + i);
  }
}

}  // namespace
}  // namespace hutch::test
