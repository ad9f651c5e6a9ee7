#include "base/json.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace hutch;

namespace {
std::string sample(Json::Style style) {
  Json json(style);
  json.object([&] {
    json.field("name", "x\"y");
    json.field("yes", true);
    json.key("list");
    json.array([&] {
      json.value(1);
      json.null();
      json.object([&] { json.field("deep", std::numeric_limits<std::uint64_t>::max()); });
    });
    json.key("empty");
    json.array([] {});
    json.field("real", 1.5);
  });
  return json.text();
}
}  // namespace

TEST_CASE("JSON for people is indented and ends with a line end") {
  CHECK(sample(Json::pretty) == R"({
  "name": "x\"y",
  "yes": true,
  "list": [
    1,
    null,
    {
      "deep": 18446744073709551615
    }
  ],
  "empty": [],
  "real": 1.5
}
)");
}

TEST_CASE("compact JSON is one line") {
  CHECK(sample(Json::compact) ==
        R"({"name":"x\"y","yes":true,"list":[1,null,{"deep":18446744073709551615}],"empty":[],"real":1.5})");
}

TEST_CASE("what JSON cannot say is replaced, not passed on") {
  Json json(Json::compact);
  json.array([&] {
    json.value("\xff");
    json.value(std::numeric_limits<double>::infinity());
    json.value(std::string("\x01"));
  });
  CHECK(json.text() == "[\"\xEF\xBF\xBD\",null,\"\\u0001\"]");
}

TEST_CASE("what is JSON, and what only looks like it") {
  for (const char* good :
       {"{}", "[]", " [1, -2.5e+3, 0, true, false, null] ", R"({"a": {"b": ["\u00e9\n"]}})", "\"x\"", "0.5",
        "1E9", "{\n  \"k\": \"\u00fc\"\n}\n"}) {
    CAPTURE(good);
    CHECK(hutch::is_json(good));
  }
  for (const char* bad : {"",         " ",       "{",         "}",           "[1,]",         "[1 2]",
                          "{1: 2}",   "{\"a\"}", "{\"a\": }", "\"",          "\"\\x\"",      "\"\\u12g4\"",
                          "01",       "1.",      "-",         ".5",          "1e",           "nul",
                          "truee",    "[] []",   "{}}",       "\"\x1b[2J\"", "\"\xc2\x9b\"", "\"\xff\"",
                          "\"a\nb\"", "[\x1b]"}) {
    CAPTURE(bad);
    CHECK_FALSE(hutch::is_json(bad));
  }
  CHECK(hutch::is_json(std::string(100, '[') + std::string(100, ']')));
  CHECK_FALSE(hutch::is_json(std::string(102, '[') + std::string(102, ']')));
  CHECK_FALSE(hutch::is_json(std::string(1'000'000, '[')));
}
