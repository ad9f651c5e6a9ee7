#include "cli/print_diagnostics.h"

#include <catch2/catch.hpp>

#include "cli/source_line.h"

using namespace hutch;

namespace {

constexpr const char* kProfile =
    "name = \"build\"\n"
    "[mounts]\n"
    "\"/data\" = { type = \"bind\", sorce = \"/srv/data\" }\n"
    "\t\"/tab\"\t= \"or\"\n"
    "\"/\xe6\xbc\xa2\xe5\xad\x97\" = \"or\"\n"
    "\"/e\x1b[31m\" = \"or\"\n";

std::string shown(const Diagnostics& diagnostics, bool colour = false) {
  Sources sources;
  sources.add("build.toml", kProfile, "/");
  sources.add("other.toml", "first = 1\n", "/");
  return show_diagnostics(diagnostics, sources, colour);
}

}  // namespace

TEST_CASE("an error shows the line, what is wrong with it, and what to do") {
  CHECK(shown({{.code = "E0102",
                .what = "unknown key `sorce` in mount \"/data\"",
                .at = {1, 3, 28, 5},
                .label = "did you mean `source`?"}}) == R"(error[E0102]: unknown key `sorce` in mount "/data"
  --> build.toml:3:28
   |
 3 | "/data" = { type = "bind", sorce = "/srv/data" }
   |                            ^^^^^ did you mean `source`?
)");
}

TEST_CASE("a failed step names itself beside the place, and then cause and help") {
  CHECK(shown({{.code = "E0501",
                .what = "cannot set up \"/data\": mount_setattr: Operation not permitted (EPERM)",
                .at = {1, 3, 1, 7},
                .step = "step 23 of 41: make /data read-only",
                .cause = "/srv/data is mounted nosuid,nodev, and a user namespace may not clear locked flags",
                .help = "remove `suid = true`, or run as root"}}) ==
        R"(error[E0501]: cannot set up "/data": mount_setattr: Operation not permitted (EPERM)
  --> build.toml:3:1   step 23 of 41: make /data read-only
   = cause: /srv/data is mounted nosuid,nodev, and a user namespace may not clear locked flags
   = help: remove `suid = true`, or run as root
)");
}

TEST_CASE("a step that nobody asked for has no place") {
  CHECK(shown({{.code = "E0501",
                .what = "clone3: EPERM",
                .step = "step 1 of 9: new namespaces",
                .help = "ask"}}) ==
        R"(error[E0501]: clone3: EPERM
   = step 1 of 9: new namespaces
   = help: ask
)");
}

TEST_CASE("the second place is shown too, by its file if that is another one") {
  CHECK(shown({{.code = "E0328",
                .what = "same place",
                .at = {1, 3, 1, 7},
                .label = "here",
                .other = {1, 1, 1, 4},
                .other_label = "and here the other one"}}) == R"(error[E0328]: same place
  --> build.toml:3:1
   |
 3 | "/data" = { type = "bind", sorce = "/srv/data" }
   | ^^^^^^^ here
   |
 1 | name = "build"
   | ---- and here the other one
)");
  CHECK(shown({{.code = "E0328", .what = "same place", .at = {1, 1, 1, 4}, .other = {2, 1, 1, 5}}}) ==
        R"(error[E0328]: same place
  --> build.toml:1:1
   |
 1 | name = "build"
   | ^^^^
  ::: other.toml:1:1
   |
 1 | first = 1
   | -----
)");
  CHECK(shown({{.code = "E0331", .what = "only there", .other = {2, 1, 1, 5}, .other_label = "said here"}}) ==
        R"(error[E0331]: only there
  --> other.toml:1:1
   |
 1 | first = 1
   | ----- said here
)");
}

TEST_CASE("tabs and wide characters do not shift the underline") {
  CHECK(shown({{.code = "E0104", .what = "a", .at = {1, 4, 11, 4}}}) == R"(error[E0104]: a
  --> build.toml:4:11
   |
 4 |     "/tab"  = "or"
   |               ^^^^
)");
  CHECK(shown({{.code = "E0104", .what = "a", .at = {1, 5, 9, 4}}}) ==
        "error[E0104]: a\n"
        "  --> build.toml:5:9\n"
        "   |\n"
        " 5 | \"/\xe6\xbc\xa2\xe5\xad\x97\" = \"or\"\n"
        "   |           ^^^^\n");
}

TEST_CASE("nothing of a profile reaches the terminal raw") {
  const std::string text = shown({{.code = "E0104",
                                   .what = "bad \x1b]0;title\x07",
                                   .at = {1, 6, 3, 5},
                                   .label = "l\x1b[2J",
                                   .step = "",
                                   .cause = "c\r\n",
                                   .help = "h\xff"}});
  CHECK(text == R"(error[E0104]: bad \x1b]0;title\x07
  --> build.toml:6:3
   |
 6 | "/e\x1b[31m" = "or"
   |   ^^^^^^^^ l\x1b[2J
   = cause: c\x0d\n
   = help: h\xff
)");
}

TEST_CASE("several errors are counted at the end") {
  const Diagnostic warning{.code = "W0101", .what = "w", .severity = Severity::warning};
  CHECK(shown({{.code = "E0101", .what = "a"}, warning, {.code = "E0102", .what = "b"}}) ==
        "error[E0101]: a\nwarning[W0101]: w\nerror[E0102]: b\n2 errors, 1 warning\n");
  CHECK(shown({warning, warning}) == "warning[W0101]: w\nwarning[W0101]: w\n2 warnings\n");
  CHECK(shown({}).empty());
}

TEST_CASE("colours are ours alone and every one is ended") {
  CHECK(shown({{.code = "E0102", .what = "w", .at = {1, 1, 1, 4}, .label = "l", .help = "h"}}, true) ==
        "\x1b[1;31merror[E0102]\x1b[0m\x1b[1m: w\x1b[0m\n"
        "  \x1b[1;34m-->\x1b[0m build.toml:1:1\n"
        "\x1b[1;34m   |\x1b[0m\n"
        "\x1b[1;34m 1 |\x1b[0m name = \"build\"\n"
        "\x1b[1;34m   |\x1b[0m \x1b[1;31m^^^^ l\x1b[0m\n"
        "   \x1b[1;34m=\x1b[0m \x1b[1mhelp\x1b[0m: h\n");
}

TEST_CASE("a long line is cut around the place that matters") {
  const std::string line = std::string(150, 'a') + "WRONG" + std::string(150, 'b');
  const ShownLine cut = show_line(line, 151, 5);
  CHECK(cut.text == "…" + std::string(30, 'a') + "WRONG" + std::string(65, 'b') + "…");
  CHECK(cut.start == 31);
  CHECK(cut.length == 5);

  const ShownLine at_start = show_line(line, 1, 3);
  CHECK(at_start.text == std::string(100, 'a') + "…");
  CHECK(at_start.start == 0);

  const ShownLine at_end = show_line(line, 305, 1);
  CHECK(at_end.text == "…" + std::string(99, 'b').substr(0, 100) + "b");
  CHECK(at_end.start == 100);

  CHECK(show_line(line, 1, 300).length == 100);
}

TEST_CASE("an underline is never empty and never leaves its line") {
  CHECK(show_line("abc", 2, 0).length == 1);
  CHECK(show_line("abc", 2, 99).length == 2);
  CHECK(show_line("abc", 99, 1).start == 3);
  CHECK(show_line("", 1, 1).length == 1);
  CHECK(show_line("abc", 0, 0).start == 0);
  CHECK(show_line("e\xcc\x81x", 3, 1).start == 1);
}

TEST_CASE("as JSON a diagnostic is the same as data, without what is unknown") {
  Sources sources;
  sources.add("build.toml", kProfile, "/");
  Json json(Json::compact);
  json.array([&] {
    diagnostics_json(json,
                     {{.code = "E0102",
                       .what = "w\x1b",
                       .at = {1, 3, 28, 5},
                       .label = "l",
                       .other = {1, 1, 1, 4},
                       .help = "h"},
                      {.code = "W0101", .what = "v", .severity = Severity::warning}},
                     sources);
  });
  CHECK(
      json.text() ==
      R"([{"severity":"error","code":"E0102","message":"w\u001b","file":"build.toml","line":3,"column":28,"length":5,)"
      R"("label":"l","other":{"file":"build.toml","line":1,"column":1,"length":4},"help":"h"},)"
      R"({"severity":"warning","code":"W0101","message":"v"}])");
}
