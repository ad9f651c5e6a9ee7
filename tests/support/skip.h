#pragma once

#include <cstdio>
#include <string>

/// Leaves the test case: this machine cannot show the thing. CTest sees the word and counts the test as
/// skipped, so a reason is always printed and a skip is never a pass.
#define SKIP_TEST(why)                                      \
  do {                                                      \
    std::printf("SKIPPED: %s\n", std::string(why).c_str()); \
    std::fflush(stdout);                                    \
    SUCCEED();                                              \
    return;                                                 \
  } while (false)
