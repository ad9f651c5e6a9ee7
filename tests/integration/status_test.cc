// What a launch tells programs: --status-fd and --report.

#include <signal.h>

#include <catch2/catch.hpp>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

namespace {

std::string run_line(const std::string& options, const std::string& box, const std::string& script) {
  return hutch_binary() + " run " + options + " " + box + " /bin/sh -c '" + script + "'";
}

Answer in_shell(const std::string& line) {
  return run_program({"/bin/sh", "-c", line},
                     {.env = {{"HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles"}}});
}

std::string box_in(const Workspace& here, std::string_view more = "") {
  return here.profile("box", "name = \"box\"\nextends = [\"base/system\"]\n" + std::string(more));
}

/// The number behind "key": of the last line that has it; -1 if none has.
long number_of(const std::string& text, const std::string& key) {
  const std::size_t at = text.rfind("\"" + key + "\":");
  return at == std::string::npos ? -1 : std::stol(text.substr(at + key.size() + 3));
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the status descriptor is told plan, set-up, exec and exit, one line each, when they happen") {
  const Workspace here;
  const std::string box = box_in(here, "[mounts]\n\"/no/such\" = \"ro?\"\n[limits]\nnofile = 64\n");
  const Answer answer = in_shell(run_line("--status-fd 3", box, "exit 7") + " 3>&1");
  CHECK(answer.status == 7);
  CHECK(answer.err == "");
  const std::vector<std::string> lines = answer.all("{\"event\":");
  REQUIRE(lines.size() == 4);
  const Answer digest = run_hutch({"plan", "--digest", box, "/bin/sh", "-c", "exit 7"});
  CHECK(lines[0].starts_with("\"plan\""));
  CHECK(has(lines[0], "\"digest\":\"" + words(digest.out).at(0) + "\""));
  CHECK(has(lines[0], "\"what\":\"mount \\\"/no/such\\\"\""));
  CHECK(has(lines[0], "\"filters\":[\"floor\"],\"landlock\":null,\"limits\":{\"nofile\":[64,64]}"));
  CHECK(has(lines[0], "\"no_new_privs\":true"));
  CHECK(lines[1].starts_with("\"setup\""));
  CHECK(number_of(lines[1], "pid") > number_of(lines[1], "init"));
  CHECK(lines[2].starts_with("\"exec\""));
  CHECK(lines[3].starts_with("\"exit\""));
  CHECK(has(lines[3],
            "\"status\":7,\"reason\":\"exited\",\"killed\":false,\"code\":7,\"usage\":{\"wall_seconds\":"));
  CHECK(number_of(lines[3], "max_rss_kib") > 0);
}

TEST_CASE("the pids of the set-up event are the host's") {
  const Workspace here;
  const std::string box = box_in(here);
  Running running({"run", "--status-fd", "1", box, "/bin/sh", "-c", "echo started; read line"});
  const std::string set_up = running.wait_for("{\"event\":\"setup\"");
  running.wait_for("started");
  const std::vector<pid_t> all = running.descendants();
  REQUIRE(all.size() == 2);
  CHECK(number_of(set_up, "init") == all[0]);
  CHECK(number_of(set_up, "pid") == all[1]);
  running.wait();
}

TEST_CASE("an exit status of 137 and a SIGKILL are told apart, and so is the end of the time") {
  const Workspace here;
  const std::string box = box_in(here);
  for (const char* init : {"true", "false"}) {
    const std::string options = std::string("--status-fd 3 --set process.init=") + init;
    CHECK(has(in_shell(run_line(options, box, "exit 137") + " 3>&1").out,
              "\"status\":137,\"reason\":\"exited\",\"killed\":false,\"code\":137"));
  }
  CHECK(has(
      in_shell(run_line("--status-fd 3", box, "kill -KILL $$") + " 3>&1").out,
      "\"status\":137,\"reason\":\"signal\",\"killed\":false,\"signal\":{\"number\":9,\"name\":\"KILL\"}"));
  CHECK(has(in_shell(run_line("--status-fd 3 --timeout 100ms", box, "sleep 9") + " 3>&1").out,
            "\"status\":124,\"reason\":\"timeout\",\"killed\":false,\"signal\":{\"number\":15"));
  CHECK(has(in_shell(run_line("--status-fd 3 --timeout 50ms --set process.kill_after=0", box,
                              "trap \"\" TERM; sleep 9; sleep 9") +
                     " 3>&1")
                .out,
            "\"status\":124,\"reason\":\"timeout\",\"killed\":true"));
}

TEST_CASE("a launch that fails is one event with its diagnostics") {
  const Workspace here;
  const std::string box = box_in(here);
  const Answer answer = in_shell(hutch_binary() + " run --status-fd 3 " + box + " /no/such 3>&1 2>/dev/null");
  CHECK(answer.status == 127);
  CHECK(has(answer.out, "{\"event\":\"error\",\"time\":"));
  CHECK(has(answer.out, "\"status\":127,\"diagnostics\":[{\"severity\":\"error\",\"code\":\"E0601\""));
  const Answer wrong = in_shell(hutch_binary() + " run --status-fd 3 /no/profile.toml 3>&1 2>/dev/null");
  CHECK(wrong.status == 125);
  CHECK(has(wrong.out, "\"status\":125,\"diagnostics\""));
}

TEST_CASE("a report is one document, also after a failure, and a reader that goes away ends nothing") {
  const Workspace here;
  const std::string box = box_in(here);
  const std::string file = here / "report.json";
  CHECK(in_shell(run_line("--report " + file, box, "exit 3")).status == 3);
  const std::string report = read_file(file);
  CHECK(report.starts_with("{\n  \"schema_version\": 1,\n  \"plan\": {\n"));
  CHECK(has(report, "\n  \"exit\": {\n"));
  CHECK(has(report, "\"status\": 3"));
  CHECK(in_shell(hutch_binary() + " run --report " + file + " " + box + " /no/such").status == 127);
  CHECK(has(read_file(file), "\"error\": {"));
  CHECK_FALSE(has(read_file(file), "\"exit\": {"));
  CHECK(in_shell("{ " + run_line("--status-fd 3", box, "sleep 0.2; exit 5") +
                 "; echo $? >&2; } 3>&1 >/dev/null | true")
            .err == "5\n");
}

TEST_CASE("a descriptor or file that cannot be told to is refused before anything runs") {
  const Workspace here;
  const std::string box = box_in(here);
  const auto refused = [&](const std::string& options, const std::string& redirect = "") {
    const Answer answer = in_shell(run_line(options, box, "echo ran") + redirect);
    CHECK(answer.status == 125);
    CHECK(answer.out == "");
    return answer.err;
  };
  CHECK(has(refused("--status-fd 7"), "error[E0914]: --status-fd: 7 is not open\n"));
  CHECK(has(refused("--status-fd 3", " 3</dev/null"), "error[E0914]: --status-fd: 3 cannot be written to\n"));
  CHECK(has(refused("--status-fd x3"), "error[E0914]: --status-fd: `x3` is no descriptor\n"));
  CHECK(
      has(refused("--report /no/such/file"),
          "error[E0915]: the report cannot be written: /no/such/file: No such file or directory (ENOENT)\n"));
}

TEST_CASE("the status descriptor does not reach the program") {
  const Workspace here;
  const std::string box = box_in(here);
  const Answer answer = in_shell(run_line("--status-fd 9", box, "ls /proc/self/fd") + " 9>/dev/null");
  CHECK(answer.status == 0);
  CHECK_FALSE(has(answer.out, "9"));
}

TEST_CASE(
    "run --timings tells every stage and every step of the plan, and the program's time apart from them") {
  const Workspace here;
  const std::string box = box_in(here);
  const Answer answer = in_shell(run_line("--timings", box, "echo out; sleep 0.2; exit 7"));
  CHECK(answer.status == 7);
  CHECK(answer.out == "out\n");
  const Answer plan = run_hutch({"plan", box, "/bin/sh", "-c", "echo out; sleep 0.2; exit 7"});
  std::vector<std::string> planned, told;
  const std::regex step("^ +([0-9]+)  (.*\\S) *$"), timed("^ +[0-9]+\\.[0-9] +([0-9]+)  (.*)$"),
      stage("^ +([0-9]+\\.[0-9])  ([a-z]+) +.*$");
  std::smatch found;
  for (const std::string& line : lines_of(plan.out)) {
    if (std::regex_match(line, found, step)) planned.push_back(found[1]);
  }
  double launch = 0, program = 0;
  std::string stages;
  for (const std::string& line : lines_of(answer.err)) {
    if (std::regex_match(line, found, timed)) {
      told.push_back(found[1]);
    } else if (std::regex_match(line, found, stage)) {
      stages += found[2].str() + " ";
      (found[2] == "program" ? program : launch) = std::stod(found[1]);
    }
  }
  CAPTURE(answer.err);
  CHECK(stages == "start profile plan launch program ");
  CHECK(told == planned);
  CHECK(program >= 200'000);
  CHECK(launch > 0);
}
