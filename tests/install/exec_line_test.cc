#include "install/exec_line.h"

#include <catch2/catch.hpp>

using namespace hutch;

namespace {

/// The words of a value, each in [ ].
std::string read(std::string_view value) {
  const auto words = exec_words(value);
  if (!words) return "(none)";
  std::string text;
  for (const ExecWord& word : *words) text += "[" + word.text + "]";
  return text;
}

}  // namespace

TEST_CASE("a command line of a desktop file is read as the specification says") {
  const struct {
    std::string_view value, words;
  } rows[] = {
      {"firefox %u", "[firefox][%u]"},
      {"  firefox   --new-window  ", "[firefox][--new-window]"},
      {R"("/opt/My App/run" %F)", "[/opt/My App/run][%F]"},
      {R"(/opt/My\sApp/run)", "[/opt/My][App/run]"},  // \s is a blank before words are told apart
      {R"("/opt/My\sApp/run")", "[/opt/My App/run]"},
      {R"("a\\\\b" c)", R"([a\b][c])"},  // four in the file, two for the quoting, one meant
      {R"("cost \\$5" "\\`" "\\"q")", R"([cost $5][`]["q])"},
      {R"("open)", "(none)"},
      {R"('open)", "(none)"},
      {R"(x\)", R"([x\])"},
      {R"("")", "[]"},
      {"", ""},
      {"100%% %%u", "[100%%][%%u]"},
      {"a\\tb\\nc", "[a][b][c]"},
      {R"(se'v'er"a"l)", "[several]"},
      {"\xff\xfe x", "[\xff\xfe][x]"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.value);
    CHECK(read(row.value) == row.words);
  }
}

TEST_CASE("a word knows the bytes that it is written in") {
  const std::string value = R"(  "/opt/My\sApp" %u)";
  const auto words = exec_words(value);
  REQUIRE(words);
  CHECK(value.substr((*words)[0].begin, (*words)[0].end - (*words)[0].begin) == R"("/opt/My\sApp")");
  CHECK(value.substr((*words)[1].begin) == "%u");
}

TEST_CASE("the program stands behind env and its assignments") {
  const auto program = [](std::string_view value) {
    const auto words = exec_words(value);
    const auto at = program_word(*words);
    return at ? (*words)[*at].text : "(none)";
  };
  CHECK(program("vim %F") == "vim");
  CHECK(program("env A=1 B= vim %F") == "vim");
  CHECK(program("/usr/bin/env vim") == "vim");
  CHECK(program("env A=1") == "(none)");
  CHECK(program("environment A=1") == "environment");
  CHECK(program("") == "(none)");
}

TEST_CASE("a path that was written as a word is read as that path, whatever it is called") {
  for (const std::string_view path :
       {"/usr/bin/vim", "/opt/My App/run", "/a\"b", "/a\\b", "/a\\\\b", "/a$b`c`", "/a'b",
        "/a;b&c|d>e<f*g?h~i(j)#k", "/a\nb\tc", "/\xff", "/\\s"}) {
    CAPTURE(path);
    const auto words = exec_words("env " + exec_word(path, false) + " %u");
    REQUIRE(words);
    REQUIRE(words->size() == 3);
    CHECK((*words)[1].text == path);
    CHECK(unescaped_value(escaped_value(path)) == path);
  }
  CHECK(exec_word("/opt/100%/u", true) == "/opt/100%%/u");
  CHECK(exec_word("/opt/100%/u", false) == "/opt/100%/u");
  CHECK(escaped_value(" a") == "\\sa");
}
