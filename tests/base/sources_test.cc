#include "base/sources.h"

#include <catch2/catch.hpp>

using namespace hutch;

TEST_CASE("any line of a source can be quoted, without its line end") {
  Sources sources;
  const auto id = sources.add("/etc/a.toml", "one\r\ntwo\n\nfour", "/etc");
  CHECK(id == 1);
  CHECK(sources.line(id, 1) == "one");
  CHECK(sources.line(id, 2) == "two");
  CHECK(sources.line(id, 3).empty());
  CHECK(sources.line(id, 4) == "four");
  CHECK(sources.line(id, 5).empty());
  CHECK(sources.line(id, 0).empty());
  CHECK(sources.line(7, 1).empty());
  CHECK(sources.directory(id) == "/etc");
}

TEST_CASE("a place is file, line and column, as far as they are known") {
  Sources sources;
  const auto id = sources.add("b\x1b.toml", "x", "/");
  CHECK(sources.where({id, 14, 3, 1}) == "b\\x1b.toml:14:3");
  CHECK(sources.where({id, 14, 0, 0}) == "b\\x1b.toml:14");
  CHECK(sources.where({id, 0, 0, 0}) == "b\\x1b.toml");
  CHECK(sources.where({}).empty());
}
