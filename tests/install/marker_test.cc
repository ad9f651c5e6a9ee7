#include "install/marker.h"

#include <catch2/catch.hpp>

using namespace hutch;

TEST_CASE("a marked file says for which profile it was made, and whether it still is what was made") {
  for (const std::string_view text : {"#!/bin/sh\nexec true\n", "[Desktop Entry]\nExec=x\n", "", "no end"}) {
    CAPTURE(text);
    const std::string whole = marked(text, "app \"x\"");
    REQUIRE(begins_marked(whole));
    const auto mark = read_marker(whole);
    REQUIRE(mark);
    CHECK(mark->profile == "\"app \\\"x\\\"\"");
    CHECK(mark->unchanged);
    CHECK_FALSE(read_marker(whole + "more\n")->unchanged);
  }
}

TEST_CASE("what nobody marked is not marked") {
  for (const std::string_view text : {"", "#!/bin/sh\nexec true\n", "# hutch\n", "\n# hutch install: \"x\"\n",
                                      "x # hutch install: \"x\""}) {
    CAPTURE(text);
    CHECK_FALSE(begins_marked(text));
    CHECK_FALSE(read_marker(text));
  }
}

TEST_CASE("a line that claims to be ours and has no sum of this file is of a changed file") {
  for (const std::string_view line :
       {"# hutch install: ", "# hutch install: \"x\"",
        "# hutch install: \"x\" sha256:", "# hutch install: \"x\" sha256:00\n[Desktop Entry]\n"}) {
    CAPTURE(line);
    const auto mark = read_marker(line);
    REQUIRE(mark);
    CHECK_FALSE(mark->unchanged);
  }
}
