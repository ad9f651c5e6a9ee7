#include "profile/read_toml.h"

#include <catch2/catch.hpp>

#include "profile/profiles.h"

namespace hutch {
namespace {

using test::shape_of;

struct Example {
  std::string_view toml, says;
};

TEST_CASE("a syntax error names the words to blame and says what to write") {
  const auto example = GENERATE(values<Example>({
      {"a = yes", "E0101 p.toml:1:5 `yes` is not a TOML value | write true, or quote it: \"yes\""},
      {"a = off", "E0101 p.toml:1:5 `off` is not a TOML value | write false, or quote it: \"off\""},
      {"a = [1, /x/y, 2]", "E0101 p.toml:1:9 `/x/y` is not a TOML value | text needs quotes: \"/x/y\""},
      {"a = tru\nb = 1", "E0101 p.toml:1:5 `tru` is not a TOML value | text needs quotes: \"tru\""},
      {"a = None", "E0101 p.toml:1:5 `None` is not a TOML value | text needs quotes: \"None\""},
      {"a = ~/x # home", "E0101 p.toml:1:5 `~/x` is not a TOML value | text needs quotes: \"~/x\""},
      {"a = “x”", "E0101 p.toml:1:5 `“x”` is not a TOML value | these are typographic quotes: use \" or '"},
      {"[mounts]\n/usr = 'ro'", "E0101 p.toml:2:1 the key `/usr` needs quotes | write \"/usr\""},
      {"a = 1\nb = 2\na = 3",
       "E0101 p.toml:3:1 `a` is said twice | the second time | other: p.toml:1:1 the first time"},
      {"[x]\na = 1\n[x]",
       "E0101 p.toml:3:1 `x` is said twice | the second time | other: p.toml:1:1 the first time"},
      {"a: 1",
       "E0101 p.toml:1:2 not valid TOML: expected '=', saw ':' | TOML puts `=` between key and value"},
      {"a = 09",
       "E0101 p.toml:1:7 not valid TOML: leading zeroes are prohibited | help: write an octal number as "
       "0o22, or quote it: \"022\""},
      {"a = { b = 1,\nc = 2 }",
       "E0101 p.toml:1:13 not valid TOML: expected key or closing '}', saw '\\n' | help: an inline table `{ "
       "… }` stays on one "
       "line; a table of its own, [mounts.\"/data\"], may have many"},
      {"a = 'x\n'",
       "E0101 p.toml:1:7 not valid TOML: control characters other than TAB (U+0009) are explicitly "
       "prohibited"},
      {"[`x]",
       "E0101 p.toml:1:2 not valid TOML: expected bare key starting character or string delimiter, saw '`'"},
      {"a = [1, 2",
       "E0101 p.toml:1:10 not valid TOML: encountered end-of-file | help: a quote, bracket or brace is still "
       "open here, or a value is missing"},
  }));
  CAPTURE(example.toml);
  CHECK(shape_of(example.toml) == example.says);
}

TEST_CASE("what is no text is refused before it is parsed, and never shown raw") {
  using namespace std::string_literals;
  CHECK(
      shape_of("a = 1\nb = \"\0\""s) ==
      "E0112 p.toml:2:6 the control byte 0x00 has no place in a profile | help: in a string, write \\u0000");
  CHECK(
      shape_of("# \x1b[2J\n") ==
      "E0112 p.toml:1:3 the control byte 0x1b has no place in a profile | help: in a string, write \\u001B");
  CHECK(
      shape_of("# \x7f\n") ==
      "E0112 p.toml:1:3 the control byte 0x7f has no place in a profile | help: in a string, write \\u007F");
  CHECK(shape_of("a = 'é'\nb = 'é\xff'\n") == "E0112 p.toml:2:7 this is not UTF-8 text | from here on");
  CHECK(shape_of("\xc3") == "E0112 p.toml:1:1 this is not UTF-8 text | from here on");
  CHECK(shape_of("# " + std::string(kLargestProfile, 'x')) ==
        "E0113 p.toml:1:1 this is 1048578 bytes long, and a profile may have 1048576 at most");
  CHECK(shape_of(std::string(5000, '[')).starts_with("E0101 p.toml:1:"));
}

TEST_CASE("a byte order mark, carriage returns and a first line for the shell are no errors") {
  CHECK(shape_of("\xef\xbb\xbfname = 'x'\r\ndescription = 'y'\r\n") == "");
  CHECK(shape_of("#!/usr/bin/env -S hutch run\nname = 'x'\n") == "");
  CHECK(shape_of("") == "");
}

TEST_CASE("every value and key knows its line, column and length") {
  Sources sources;
  const auto tree = read_toml(
      sources.add("p.toml", "[mounts.\"/é\"]\ntype = \"bind\"\n[a]\nb = [\n 1,\n 22]\n", "/"), sources);
  REQUIRE(tree);
  const Entry* mount = tree->table()->find("mounts")->value.table()->find("/é");
  CHECK(mount->key_at == Origin{1, 1, 9, 4});
  const Entry* type = mount->value.table()->find("type");
  CHECK(type->key_at == Origin{1, 2, 1, 4});
  CHECK(type->value.at == Origin{1, 2, 8, 6});
  const Entry* list = tree->table()->find("a")->value.table()->find("b");
  CHECK(list->value.at == Origin{1, 4, 5, 1});
  CHECK(list->value.array()->at(1).at == Origin{1, 6, 2, 2});
}

}  // namespace
}  // namespace hutch
