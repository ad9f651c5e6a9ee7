#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "cli/command_table.h"

using namespace hutch;

namespace {

using Names = std::set<std::string>;

std::string manual() {
  std::ifstream file(HUTCH_SOURCE_DIR "/packaging/man/hutch.1.scd");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The text below "# HEADING" and before the next one.
std::string section(const std::string& heading) {
  const std::string text = manual();
  const std::size_t start = text.find("\n# " + heading + "\n");
  REQUIRE(start != std::string::npos);
  const std::size_t end = text.find("\n# ", start + 1);
  return text.substr(start, end == std::string::npos ? end : end - start);
}

/// What the first group of the pattern finds in the text.
Names found(const std::string& text, const std::string& pattern) {
  Names names;
  const std::regex expression(pattern);
  for (std::sregex_iterator each(text.begin(), text.end(), expression), end; each != end; ++each)
    names.insert((*each)[1]);
  return names;
}

/// Those that work. The others answer "not supported yet", and are no business of a manual.
std::vector<Command> working_commands() {
  std::vector<Command> commands;
  std::ranges::copy_if(all_commands(), std::back_inserter(commands),
                       [](const Command& each) { return !each.later; });
  return commands;
}

Names options_of_working_commands() {
  Names names;
  for (const Option& option : all_options()) {
    for (const Command& command : working_commands()) {
      if ((option.groups & command.groups) != 0) names.emplace(option.name);
    }
  }
  return names;
}

Names without(const Names& all, const Names& some) {
  Names rest;
  std::ranges::set_difference(all, some, std::inserter(rest, rest.end()));
  return rest;
}

}  // namespace

TEST_CASE("hutch(1) describes every command, and none that is not there") {
  Names known;
  for (const Command& each : working_commands()) known.emplace(each.name);
  const Names described = found(section("COMMANDS"), "\n\\*([a-z]+)\\*(?: [^\n]*)?\n\t");
  CHECK(without(known, described) == Names{});
  CHECK(without(described, known) == Names{});
}

TEST_CASE("the synopsis of hutch(1) has every command") {
  const Names shown = found(section("SYNOPSIS"), "\n\\*hutch ([a-z]+)[ *]");
  for (const Command& each : working_commands()) {
    CAPTURE(each.name);
    CHECK(shown.contains(std::string(each.name)));
  }
}

TEST_CASE("hutch(1) describes every option of every command, and none that is not there") {
  const Names known = options_of_working_commands();
  // With the others, or with the one command that has it.
  const Names described = found(section("OPTIONS") + section("COMMANDS"), "\\*(--[a-z-]+)\\*");
  CHECK(without(known, described) == Names{});
  CHECK(without(found(manual(), "\\*(--[a-z-]+)\\*"), known) == Names{});
}
