#include "base/path.h"

#include <catch2/catch.hpp>

using namespace hutch;

TEST_CASE("a normalised path has no dots, no double slashes, and never leaves the root") {
  CHECK(normalise("/a/./b//c/../d/") == "/a/b/d");
  CHECK(normalise("/") == "/");
  CHECK(normalise("//") == "/");
  CHECK(normalise("/..") == "/");
  CHECK(normalise("/a/../../..//b") == "/b");
  CHECK(normalise("/...") == "/...");
}

TEST_CASE("a relative path starts at the directory, an absolute one does not") {
  CHECK(absolute_from("/home/ada", "x/../y") == "/home/ada/y");
  CHECK(absolute_from("/home/ada", "/x") == "/x");
  CHECK(absolute_from("/", "x") == "/x");
  CHECK(absolute_from("/home/ada", ".") == "/home/ada");
}

TEST_CASE("parents and names of paths") {
  CHECK(parent_of("/a/b") == "/a");
  CHECK(parent_of("/a") == "/");
  CHECK(parent_of("/") == "/");
  CHECK(name_of("/a/b") == "b");
  CHECK(name_of("/").empty());
}

TEST_CASE("below a directory means a whole component deeper") {
  CHECK(is_within("/a", "/a"));
  CHECK(is_within("/a/b", "/a"));
  CHECK(is_within("/a", "/"));
  CHECK(is_within("/", "/"));
  CHECK_FALSE(is_within("/ab", "/a"));
  CHECK_FALSE(is_within("/", "/a"));
}

TEST_CASE("joining makes exactly one slash") {
  CHECK(join_path("/a", "b/c") == "/a/b/c");
  CHECK(join_path("/", "b") == "/b");
  CHECK(join_path("/a", "/b") == "/a/b");
  CHECK(join_path("/a", "") == "/a");
}

TEST_CASE("components are the names between slashes") {
  CHECK(components("/a//b/") == std::vector<std::string_view>{"a", "b"});
  CHECK(components("/").empty());
}
