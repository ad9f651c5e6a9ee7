#include "cli/options.h"

#include <catch2/catch.hpp>

#include "base/text.h"
#include "cli/print_diagnostics.h"

using namespace hutch;

namespace {

struct Sorted {
  Words words;
  std::string complaint;  ///< as it would be printed
};

Sorted sorted(const std::vector<std::string>& arguments) {
  Sorted out;
  Sources sources;
  const auto result = sort_words(arguments, sources, out.words);
  if (!result) out.complaint = show_diagnostics(result.error(), sources, false);
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("options stand before the profile, everything after it belongs to the program") {
  const auto run = sorted({"run", "--net", "host", "-vv", "app", "-x", "--net", "new", "--", "-v"});
  CHECK(run.complaint.empty());
  CHECK(run.words.command->name == "run");
  CHECK(run.words.operands == Texts{"app"});
  CHECK(run.words.arguments == Texts{"-x", "--net", "new", "--", "-v"});
  CHECK(run.words.value("--net") == "host");
  CHECK(run.words.count("--verbose") == 2);
}

TEST_CASE("one -- right after the profile is dropped, and no other") {
  CHECK(sorted({"run", "app", "--", "--", "ls"}).words.arguments == Texts{"--", "ls"});
  CHECK(sorted({"run", "app", "ls", "--"}).words.arguments == Texts{"ls", "--"});
  CHECK(sorted({"run", "app", "--"}).words.arguments.empty());
  CHECK(sorted({"run", "--", "-app", "--", "x"}).words.operands == Texts{"-app"});
  CHECK(sorted({"plan", "app", "--", "ls", "-l"}).words.arguments == Texts{"ls", "-l"});
}

TEST_CASE("a value follows its option or an equals sign, and may be empty or begin with a dash") {
  const auto run = sorted({"run", "--set=a = \"b=c\"", "--set", "-x", "--hostname=", "app"});
  CHECK(run.complaint.empty());
  REQUIRE(run.words.options.size() == 3);
  CHECK(run.words.options[0].value == "a = \"b=c\"");
  CHECK(run.words.options[1].value == "-x");
  CHECK(run.words.options[2].value.empty());
}

TEST_CASE("where no program follows, options may also stand after the profile") {
  const auto check = sorted({"check", "a", "--strict", "b", "--", "--c"});
  CHECK(check.complaint.empty());
  CHECK(check.words.operands == Texts{"a", "b", "--c"});
  CHECK(check.words.has("--strict"));
}

TEST_CASE("asking for help is never an error, whatever else is missing") {
  CHECK(sorted({"run", "--help"}).complaint.empty());
  CHECK(sorted({"access", "-h"}).words.has("--help"));
}

TEST_CASE("what makes no sense on the command line is pointed at") {
  struct Row {
    Texts arguments;
    const char* complaint;
  };
  const Row rows[] = {
      {{"rnu", "app"}, R"(error[E0901]: unknown command `rnu`
  --> command line:1:7
   |
 1 | hutch rnu app
   |       ^^^ did you mean `run`?
   = help: `hutch help` lists commands
)"},
      {{"./app.toml"}, R"(error[E0901]: unknown command `./app.toml`
  --> command line:1:7
   |
 1 | hutch ./app.toml
   |       ^^^^^^^^^^
   = help: to run a profile: hutch run ./app.toml
)"},
      {{"-v", "run"}, R"(error[E0901]: the first word must be a command, not `-v`
  --> command line:1:7
   |
 1 | hutch -v run
   |       ^^
   = help: options stand after the command; `hutch help` lists commands
)"},
      {{"run", "--hostnam=x", "app"}, R"(error[E0902]: unknown option --hostnam of `hutch run`
  --> command line:1:11
   |
 1 | hutch run --hostnam=x app
   |           ^^^^^^^^^^^ did you mean --hostname?
   = help: options of the program stand after the profile; `hutch help run` lists those of hutch
)"},
      {{"list", "--strict"}, R"(error[E0902]: unknown option --strict of `hutch list`
  --> command line:1:12
   |
 1 | hutch list --strict
   |            ^^^^^^^^
   = help: `hutch help list` lists its options
)"},
      {{"run", "-vx", "app"}, R"(error[E0902]: unknown option -vx of `hutch run`
  --> command line:1:11
   |
 1 | hutch run -vx app
   |           ^^^
   = help: options of the program stand after the profile; `hutch help run` lists those of hutch
)"},
      {{"run", "--set"}, R"(error[E0903]: --set needs a value
  --> command line:1:11
   |
 1 | hutch run --set
   |           ^^^^^
   = help: --set TOML
)"},
      {{"list", "--json=yes"}, R"(error[E0903]: --json takes no value
  --> command line:1:12
   |
 1 | hutch list --json=yes
   |            ^^^^^^^^^^
)"},
      {{"run", "-v"}, R"(error[E0904]: `hutch run` needs a PROFILE
   = help: usage: hutch run [OPTIONS] PROFILE [COMMAND [ARG...]]
)"},
      {{"access", "app"}, R"(error[E0904]: `hutch access` needs a PATH
   = help: usage: hutch access [OPTIONS] PROFILE PATH...
)"},
      {{"show", "a", "b c"}, R"(error[E0904]: one word too many for `hutch show`
  --> command line:1:14
   |
 1 | hutch show a 'b c'
   |              ^^^^^
   = help: usage: hutch show [OPTIONS] PROFILE
)"},
      {{"run", "--net", "hots", "app"}, R"(error[E0905]: --net cannot be `hots`
  --> command line:1:17
   |
 1 | hutch run --net hots app
   |                 ^^^^
   = help: --net host|new
)"},
      {{"completion", "bsh"}, R"(error[E0905]: `hutch completion` does not know `bsh`
  --> command line:1:18
   |
 1 | hutch completion bsh
   |                  ^^^ did you mean `bash`?
   = help: usage: hutch completion bash | zsh | fish
)"},
      {{"run", "--ro", "/\xff\x1b[31m", "app"}, R"(error[E0907]: the value of --ro is not UTF-8
  --> command line:1:16
   |
 1 | hutch run --ro '/\xff\x1b[31m' app
   |                ^^^^^^^^^^^^^^^
)"},
  };
  for (const Row& row : rows) CHECK(sorted(row.arguments).complaint == row.complaint);
}

TEST_CASE("run fails with 125 on a wrong command line, so that it is not taken for the program's status") {
  CHECK(sorted({"run", "--nope", "app"}).words.command->usage_exit == 125);
  CHECK(sorted({"check", "--nope", "app"}).words.command->usage_exit == 2);
}

TEST_CASE("the table of commands and options is complete and without doubles") {
  for (const Command& command : all_commands()) {
    CAPTURE(command.name);
    CHECK(find_command(command.name) == &command);
    CHECK_FALSE(command.summary.empty());
    CHECK((command.operand == Operand::choice) == !command.choices.empty());
  }
  for (const Option& option : all_options()) {
    CAPTURE(option.name);
    CHECK(option.name.starts_with("--"));
    CHECK_FALSE(option.help.empty());
    CHECK(option.groups != 0);
    for (const Option& other : all_options()) {
      const bool is_twin =
          &other != &option && other.name == option.name && (other.groups & option.groups) != 0;
      CHECK_FALSE(is_twin);
    }
  }
}
