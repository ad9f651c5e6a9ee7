// The shipped fragment `build/reproducible`: a build that puts all that it can find out about its
// surroundings into its output makes the same bytes for two callers who have nothing in common but the
// machine.

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

namespace {

constexpr const char* kCaller = HUTCH_SOURCE_DIR "/tests/leaky/caller.py";

/// A folder that everybody can read, with the leaky sources and two profiles that build them.
struct Leaky {
  Workspace here;
  Leaky() {
    std::filesystem::permissions(here.path(), std::filesystem::perms(0755));
    for (const char* name : {"probe.c", "build.sh"})
      here.write(std::string("source/") + name,
                 read_file(HUTCH_SOURCE_DIR "/tests/leaky/" + std::string(name)));
    const std::string rest =
        "[mounts]\n\"/source\" = { type = \"bind\", source = \"./source\" }\n"
        "[process]\ncommand = [\"/bin/sh\", \"-c\", \"cp /source/* . && sh build.sh >&2 && cat facts.txt "
        "leaky\"]\n";
    here.profile("pinned", "extends = [\"base/system\", \"build/reproducible\"]\n" + rest);
    here.profile(
        "loose",
        "extends = [\"base/system\", \"base/home-private\"]\n" + rest +
            "cwd = \"/work\"\n[environment]\ninherit = [\"*\"]\n[mounts.\"/work\"]\ntype = \"tmpfs\"\n"
            "mode = \"0777\"\n");
  }
  [[nodiscard]] Answer build(const std::string& profile, const std::string& caller) const {
    return run_program(
        {"/usr/bin/python3", kCaller, caller, hutch_binary(), "run", here / (profile + ".toml")},
        {.env = {{"HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles"}}, .seconds = 60});
  }
};

std::map<std::string, std::string> facts_in(const Answer& answer) {
  std::map<std::string, std::string> facts;
  std::istringstream lines(answer.out.substr(0, answer.out.find("\177ELF")));
  for (std::string line; std::getline(lines, line);) {
    if (const auto equals = line.find('='); equals != line.npos)
      facts[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return facts;
}

std::set<std::string> different(const std::map<std::string, std::string>& one,
                                const std::map<std::string, std::string>& other) {
  std::set<std::string> names;
  for (const auto& [name, value] : one) {
    const auto found = other.find(name);
    if (found == other.end() || found->second != value) names.insert(name);
  }
  return names;
}

}  // namespace

TEST_CASE(
    "a leaky build makes the same bytes for two callers who differ in everything, and others without the "
    "fragment") {
  if (!have_program("cc")) SKIP_TEST("there is no C compiler here");
  const Leaky leaky;
  const Answer one = leaky.build("pinned", "one");
  const Answer other = leaky.build("pinned", "other");
  INFO(one.err << other.err);
  REQUIRE(one.status == 0);
  REQUIRE(other.status == 0);
  CHECK(facts_in(one).size() > 70);
  CHECK(different(facts_in(one), facts_in(other)) == std::set<std::string>{});
  CHECK(one.out.size() > 10000);
  CHECK(one.out == other.out);

  // The build is as leaky as it says: without the fragment, each of these gives the caller away.
  const Answer loose = leaky.build("loose", "one");
  const Answer loose_other = leaky.build("loose", "other");
  INFO(loose.err << loose_other.err);
  REQUIRE(loose.status == 0);
  REQUIRE(loose_other.status == 0);
  CHECK(loose.out != loose_other.out);
  const std::set<std::string> leaks = different(facts_in(loose), facts_in(loose_other));
  std::set<std::string> expected{"oom_score_adj", "io_priority", "timer_slack", "stdin", "limit_nofile",
                                 "limit_stack",   "limit_nproc", "environment", "home",  "time_zone",
                                 "date",          "addresses",   "/proc/uptime"};
  if (::geteuid() == 0) expected.insert({"uname", "hostname", "domainname", "uid", "gid", "groups"});
  if (::sysconf(_SC_NPROCESSORS_ONLN) > 1) expected.insert("processors");
  for (const std::string& name : expected) {
    CAPTURE(name);
    CHECK(leaks.contains(name));
  }
}

TEST_CASE("the fragment fixes each fact to the value that it says") {
  if (!have_program("cc")) SKIP_TEST("there is no C compiler here");
  const Leaky leaky;
  const Answer answer = leaky.build("pinned", "other");
  INFO(answer.err);
  REQUIRE(answer.status == 0);
  auto facts = facts_in(answer);
  const std::map<std::string, std::string> said{
      {"uid", "1000"},
      {"gid", "1000"},
      {"groups", "0"},
      {"user_name", "build"},
      {"group_name", "build"},
      {"id", "uid=1000(build) gid=1000(build) groups=1000(build)"},
      {"hostname", "localhost"},
      {"domainname", "localdomain"},
      {"home", "/build/home /build/home"},
      {"directory", "/build"},
      {"environment",
       "HOME=/build/home|LANG=C.UTF-8|LC_ALL=C.UTF-8|LOGNAME=build|OLDPWD=/build|"
       "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin|PWD=/build|SHELL=/bin/sh|"
       "SOURCE_DATE_EPOCH=315532800|TMPDIR=/tmp|TZ=UTC|USER=build|_=/usr/bin/env"},
      {"umask", "22"},
      {"new_file_mode", "644"},
      {"nice", "0"},
      {"oom_score_adj", "500"},
      {"io_priority", "16388"},
      {"scheduler", "0"},
      {"timer_slack", "50000"},
      {"personality", "40000"},
      {"processors", "1, the first of them 1"},
      {"processors_configured", "1"},
      {"processors_online", "1"},
      {"nproc", "1 1"},
      {"stdin", "20666 103"},
      {"terminal", "0 none"},
      {"signals_ignored", std::string(64, '0')},
      {"signals_blocked", std::string(64, '0')},
      {"date", "1980-01-01 00:00:00 UTC"},
      {"time_zone", "UTC+0000"},
      {"network", "    lo"},
      {"shm", "/dev/shm:||/tmp:"},
      {"limit_core", "0 0"},
      {"limit_nofile", "400 1000"},
      {"limit_stack", "800000 4000000"},
      {"limit_nproc", "400 400"},
      {"limit_memlock", "10000 10000"},
      {"limit_cpu", "ffffffffffffffff ffffffffffffffff"},
  };
  for (const auto& [name, value] : said) {
    CAPTURE(name);
    if (name == "environment") {
      // The shell may add what it keeps track of; nothing else.
      for (const char* leak : {"EXTRA", "MAKEFLAGS", "CFLAGS", "TERM", "fr_FR", "Tokyo", "weird"})
        CHECK(facts[name].find(leak) == std::string::npos);
      continue;
    }
    CHECK(facts[name] == value);
  }
}

TEST_CASE("a hard limit below the fragment's is refused before anything runs, and can be accepted") {
  const Workspace here;
  const std::string box =
      here.profile("box",
                   "extends = [\"base/system\", \"build/reproducible\"]\n"
                   "process.command = [\"/bin/sh\", \"-c\", \"ulimit -n; ulimit -Hn\"]\n");
  const auto run = [&](const std::string& more) {
    return run_program(
        {"/bin/sh", "-c",
         "ulimit -S -n 700 && ulimit -H -n 900 && exec " + hutch_binary() + " run " + more + " " + box},
        {.env = {{"HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles"}}});
  };
  const Answer refused = run("");
  INFO(refused.err);
  CHECK(refused.status == 125);
  CHECK(refused.out == "");
  CHECK(refused.err.starts_with(
      "error[E0346]: `limits.nofile` cannot be 1024, at most 4096 for this caller\n"));
  CHECK(refused.err.find("reproducible.toml:") != std::string::npos);
  CHECK(refused.err.find("the caller's hard limit is 900") != std::string::npos);
  const Answer accepted =
      run("-v --set 'build.allow_unpinned = [\"limits\"]' --report " + (here / "report.json"));
  INFO(accepted.err);
  CHECK(accepted.status == 0);
  CHECK(accepted.out == "900\n900\n");
  CHECK(accepted.err.find("limits.nofile: 900 instead of 1024, at most 4096") != std::string::npos);
  const std::string report = read_file(here / "report.json");
  CHECK(report.find("\"name\": \"limits.nofile\"") != std::string::npos);
  CHECK(report.find("\"actual\": \"900\"") != std::string::npos);
}

TEST_CASE("a nice value above the fragment's is refused, and can be accepted") {
  const Workspace here;
  const std::string box = here.profile("box",
                                       "extends = [\"base/system\", \"build/reproducible\"]\n"
                                       "process.command = [\"/usr/bin/nice\"]\n");
  const auto run = [&](const std::string& set) {
    return run_program({"/usr/bin/nice", "-n", "7", hutch_binary(), "run", "--set", set, box},
                       {.env = {{"HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles"}}});
  };
  const Answer refused = run("build = {}");
  CHECK(refused.status == 125);
  CHECK(refused.err.starts_with("error[E0346]: `nice` cannot be 0 for this caller\n"));
  const Answer accepted = run("build.allow_unpinned = ['nice']");
  INFO(accepted.err);
  CHECK(accepted.status == 0);
  CHECK(accepted.out == "7\n");
}

TEST_CASE("the machine's own name for its kernel's major version can be hidden") {
  const Workspace here;
  const std::string box = here.profile("box",
                                       "extends = [\"base/system\", \"build/reproducible\"]\n"
                                       "process.personality = [\"uname26\"]\n"
                                       "process.command = [\"/bin/uname\", \"-r\"]\n");
  const Answer answer = run_hutch({"run", box});
  INFO(answer.err);
  CHECK(answer.out.starts_with("2.6."));
}
