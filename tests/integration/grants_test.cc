// What `hutch check` and `hutch diff` say of a profile, against what a program inside finds it can do.

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "host/gather.h"
#include "plan/compile.h"
#include "plan/grants.h"
#include "profile/load.h"
#include "support/sandbox.h"

using namespace hutch;
using namespace hutch::test;

namespace {

constexpr const char* kFolders[] = {"", "/a", "/a/b", "/a/b/c", "/a/d", "/e"};  // below the source
/// What may lie below a place, whichever of those is shown there.
constexpr const char* kBelow[] = {"", "/a", "/a/b", "/a/b/c", "/a/d", "/e", "/b", "/b/c", "/c", "/d"};
constexpr const char* kPlaces[] = {"/box", "/box/a", "/box/a/b", "/box/a/d", "/box/e", "/box/a/b/c", "/else"};

/// In each folder `f`, which says where it is, and `x`, which can be executed.
void fill(const Workspace& here) {
  for (const char* folder : kFolders) {
    const std::string name = std::string("source") + folder;
    here.write(name + "/f", here / name, 0666);
    if (*folder == '\0')
      std::filesystem::copy_file(HUTCH_PROBE, here / (name + "/x"));
    else
      std::filesystem::create_hard_link(here / "source/x", here / (name + "/x"));
  }
}

std::string any_mounts(const Workspace& here, std::mt19937& dice) {
  const auto roll = [&dice](unsigned sides) { return static_cast<unsigned>(dice() % sides); };
  std::string text;
  for (const char* place : kPlaces) {
    const std::string source = here / (std::string("source") + kFolders[roll(std::size(kFolders))]);
    const std::string key = "\"" + std::string(place) + "\" = ";
    const auto yes_or_no = [&roll] { return roll(2) == 0 ? "true" : "false"; };
    const std::string rights = std::string(", write = ") + yes_or_no() + ", exec = " + yes_or_no() + " }\n";
    switch (roll(8)) {
      case 0:
        text += key + "\"tmpfs\"\n";
        break;
      case 1:
        text += key + "\"hidden\"\n";
        break;
      case 2:
        text += key + "{ type = \"overlay\", lower = [\"" + source + "\"], upper = \"tmpfs\" }\n";
        break;
      case 3:
      case 4:
      case 5:
        text += key + "{ type = \"bind\", source = \"" + source + "\"" + rights;
        break;
      default:
        break;
    }
  }
  return text;
}

/// What a profile grants, as `hutch check` finds it; nothing where it does not compile.
std::optional<Grants> granted(const std::string& path, const Host& host) {
  Sources sources;
  const auto loaded = load_profile({.profile = path}, host, sources);
  REQUIRE(loaded.has_value());
  const auto plan = compile(loaded->profile, {.needs_command = false}, host);
  if (!plan) return std::nullopt;
  return grants_of(loaded->profile, *plan, host);
}

/// Folder of the host to what a program found it could do in it, wherever it is seen.
std::map<std::string, Rights> found_inside(const std::string& box) {
  std::vector<std::string> command{"run", box};
  std::vector<std::string> candidates;
  for (const char* place : kPlaces) {
    for (const char* below : kBelow) {
      const std::string path = std::string(place) + below;
      candidates.push_back(path);
      for (const char* act : {"read", "open-write", "execute"}) {
        if (command.size() > 2) command.emplace_back(",");
        command.emplace_back(act);
        command.push_back(path + (act == std::string("execute") ? "/x" : "/f"));
      }
    }
  }
  const Answer answer = run_hutch(command);
  INFO(answer.err);
  REQUIRE(answer.status == 0);
  std::map<std::string, Rights> found;
  for (const std::string& path : candidates) {
    const std::string folder = answer["read:" + path + "/f"];
    if (!folder.starts_with('/')) continue;
    Rights& rights = found[folder];
    rights |= kMayRead;
    if (answer["open-write:" + path + "/f"] == "ok") rights |= kMayWrite;
    if (answer["execute:" + path + "/x"] == "ok") rights |= kMayExecute;
  }
  return found;
}

/// The texts of a JSON array of texts, by its key.
std::string list_of(const std::string& json, const std::string& key) {
  const std::size_t at = json.find("\"" + key + "\": [");
  REQUIRE(at != std::string::npos);
  return json.substr(at, json.find(']', at) - at);
}

}  // namespace

TEST_CASE("what a profile is said to grant of the host's files is what a program can do with them") {
  const Workspace here;
  fill(here);
  const auto host = gather_host(environ);
  std::mt19937 dice(
      20260726);  // NOLINT(bugprone-random-generator-seed,cert-msc51-cpp): the same trees each time
  int tried = 0, with_some = 0;
  while (tried < 25) {
    const std::string mounts = any_mounts(here, dice);
    const std::string box = here.profile("box", bare_profile(mounts));
    const std::optional<Grants> grants = granted(box, *host);
    if (!grants) continue;  // no place for a mount
    ++tried;
    const std::map<std::string, Rights> found = found_inside(box);
    if (!found.empty()) ++with_some;
    for (const char* folder : kFolders) {
      const std::string path = here / (std::string("source") + folder);
      const auto there = found.find(path);
      // An overlay's upper layer takes what is written: it looks writable and is not the host's file.
      Rights said = grants->reach({"", path + "/f"}).rights & (kMayRead | kMayWrite | kMayExecute);
      Rights is = there == found.end() ? 0 : there->second;
      if (mounts.find("overlay") != std::string::npos) {
        said &= ~kMayWrite;
        is &= ~kMayWrite;
      }
      INFO(mounts << path << ": said " << rights_text(said) << ", found " << rights_text(is));
      CHECK(said == is);
    }
  }
  CHECK(with_some > 10);
}

TEST_CASE("what an overlay is written to stays in its upper layer, as diff says") {
  const Workspace here;
  fill(here);
  std::filesystem::create_directories(here / "upper");
  std::filesystem::create_directories(here / "work");
  const std::string sealed = here.profile("sealed", bare_profile());
  const std::string box = here.profile(
      "box", bare_profile("\"/o\" = { type = \"overlay\", lower = [\"" + here / "source" + "\"], upper = \"" +
                          here / "upper" + "\", work = \"" + here / "work" + "\" }\n"));
  const Answer diff = run_hutch({"diff", sealed, box});
  CHECK(diff.status == 1);
  CHECK(diff.out.find("+ file " + here / "source" + ": nothing -> read, execute (as /o)") !=
        std::string::npos);
  CHECK(diff.out.find("+ file " + here / "upper" + ": nothing -> read, write, execute (as /o)") !=
        std::string::npos);
  const Answer answer = run_hutch({"run", box, "write", "/o/f", "changed"});
  if (answer.status == 125) return;  // no overlay for ordinary users here: what is said is checked above
  CHECK(answer["write:/o/f"] == "ok");
  CHECK(read_file(here / "source/f") == here / "source");
  CHECK(read_file(here / "upper/f") == "changed");
}

TEST_CASE("the summary of a profile is what a program finds") {
  const Workspace here;
  fill(here);
  const std::string mounts = "\"/proc\" = \"proc\"\n\"/w\" = { type = \"bind\", source = \"" +
                             here / "source/a" +
                             "\", write = true }\n\"/r\" = { type = \"bind\", source = \"" +
                             here / "source/e" + "\" }\n\"/dev/null\" = \"device\"\n";
  struct Row {
    const char* name;
    const char* top;
    bool own_processes, net_raw, secret;
  };
  const Row rows[] = {
      {"sealed", "", true, false, false},
      {"net", "capabilities.keep = [\"net_raw\"]", true, true, false},
      {"open", "namespaces.pid = \"host\"\nenvironment.inherit = [\"SECRET\"]", false, false, true}};
  for (const Row& row : rows) {
    INFO(row.name);
    // A fresh /proc takes a pid namespace.
    const std::string fitting = row.own_processes ? mounts : mounts.substr(mounts.find('\n') + 1);
    const std::string box = here.profile(row.name, bare_profile(fitting, row.top));
    const Options options{.env = {{"SECRET", "x"}}};
    const Answer check = run_hutch({"check", "--json", box}, options);
    REQUIRE(check.status == 0);
    CHECK(list_of(check.out, "writes").find('"' + here / "source/a" + '"') != std::string::npos);
    CHECK(list_of(check.out, "reads").find('"' + here / "source/e" + '"') != std::string::npos);
    CHECK((check.out.find("\"processes\": \"own\"") != std::string::npos) == row.own_processes);
    CHECK((list_of(check.out, "capabilities").find("\"net_raw\"") != std::string::npos) == row.net_raw);
    CHECK((list_of(check.out, "environment").find("\"SECRET\"") != std::string::npos) == row.secret);
    CHECK(list_of(check.out, "devices").find('"', 12) == std::string::npos);

    const std::string victim = std::to_string(getpid());
    std::vector<std::string> words{"run", box,   "open-write", "/w/f", ",",    "open-write", "/r/f",
                                   ",",   "env", ",",          "kill", victim, "0"};
    if (row.own_processes) words.insert(words.end(), {",", "status"});
    const Answer inside = run_hutch(words, options);
    CHECK(inside["open-write:/w/f"] == "ok");
    CHECK(inside["open-write:/r/f"] == "EROFS");
    CHECK((inside["kill"] == "ok") == !row.own_processes);
    CHECK((inside.out.find("SECRET") != std::string::npos) == row.secret);
    if (row.own_processes) CHECK((inside["CapEff"] == "0000000000002000") == row.net_raw);
  }
}

TEST_CASE("a source that the program replaces is what the next launch mounts, as check warned") {
  const Workspace here;
  here.write("mine/plugins/list", "harmless");
  here.write("secret/list", "secret");
  const std::string box =
      here.profile("box", bare_profile("\"/mine\" = { type = \"bind\", source = \"" + here / "mine" +
                                       "\", write = true }\n\"/plugins\" = { type = \"bind\", source = \"" +
                                       here / "mine/plugins" + "\" }\n"));
  const Answer check = run_hutch({"check", box});
  CHECK(check.status == 0);
  CHECK(
      check.err.find("warning[W0320]: the program can decide what \"/plugins\" will be at the next launch") !=
      std::string::npos);
  CHECK(run_hutch({"check", "--strict", box}).status == 1);

  // What the warning says can be done, from inside: the folder goes, and somebody's link takes its place.
  CHECK(run_hutch({"run", box, "rename", "/mine/plugins", "/mine/old"})["rename:/mine/plugins"] == "ok");
  std::filesystem::create_directory_symlink(here / "secret", here / "mine/plugins");
  CHECK(run_hutch({"run", box, "read", "/plugins/list"})["read:/plugins/list"] == "secret");
}

TEST_CASE("a source that is a mount point inside cannot be replaced, and check does not warn") {
  const Workspace here;
  here.write("mine/plugins/list", "harmless");
  const std::string box = here.profile(
      "box", bare_profile("\"/mine\" = { type = \"bind\", source = \"" + here / "mine" +
                          "\", write = true }\n\"/mine/plugins\" = { type = \"bind\", source = \"" +
                          here / "mine/plugins" + "\" }\n"));
  CHECK(run_hutch({"check", "--strict", box}).status == 0);
  const Answer answer =
      run_hutch({"run", box, "rename", "/mine/plugins", "/mine/old", ",", "remove", "/mine/plugins"});
  CHECK(answer["rename:/mine/plugins"] == "EBUSY");
  CHECK(answer["remove:/mine/plugins"] != "ok");
}
