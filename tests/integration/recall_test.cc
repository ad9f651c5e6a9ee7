// Plans of earlier launches: used only where compiling would give the same, and believed only where nobody
// else could have written them.

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A user with a runtime folder, in which plans are kept.
class Kept {
 public:
  Kept() { std::filesystem::create_directory(here / "run"), ::chmod((here / "run").c_str(), 0700); }

  Answer run(const std::string& profile, std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"run", "--timings", profile};
    if (plain) words = {HUTCH_PROBE, "library", hutch_binary(), "run", profile};
    words.insert(words.end(), more.begin(), more.end());
    Options options{.env = env, .cwd = here.path()};
    options.env["XDG_RUNTIME_DIR"] = here / "run";
    return plain ? run_program(words, options) : run_hutch(words, options);
  }
  [[nodiscard]] std::vector<std::string> plans() const {
    std::vector<std::string> paths;
    std::error_code none;
    for (const auto& each : std::filesystem::directory_iterator(here / "run/hutch/plans", none))
      paths.push_back(each.path());
    return paths;
  }

  const Workspace here;
  std::map<std::string, std::string> env;
  bool plain = false;  ///< nothing but a launch, which is made again without the C library
};

bool was_recalled(const Answer& answer) {
  return contains(answer.err, "  recall ") || contains(answer.err, "library=no");
}

/// A launch that takes long, on a machine that is busy, is handed over to the library (relaunch.h), and looks
/// like one of it: then another try.
template <class Launch>
Answer launch_that_is_recalled(const Launch& launch) {
  Answer answer = launch();
  for (int i = 0; i < 4 && !was_recalled(answer); ++i) answer = launch();
  return answer;
}

/// A shell, a parent, two variables and a file that may be there.
std::string write_box(const Kept& user, const std::string& top = "") {
  return user.here.profile("box", top +
                                      "extends = [\"./parent.toml\"]\n[environment]\ninherit = [\"HANDED\"]\n"
                                      "set = { NAMED = \"${env:NAME_OF_IT}\" }\n[mounts]\n\"/usr\" = \"ro\"\n"
                                      "\"/bin\" = { type = \"symlink\", to = \"usr/bin\" }\n"
                                      "\"/lib\" = { type = \"symlink\", to = \"usr/lib\" }\n"
                                      "\"/lib64\" = { type = \"symlink\", to = \"usr/lib64\" }\n"
                                      "\"/maybe\" = { type = \"bind\", source = \"" +
                                      (user.here / "maybe") +
                                      "\", optional = true }\n\"/held\" = { type = \"bind\", source = \"" +
                                      (user.here / "held") + "\", optional = true }\n");
}

#ifdef HUTCH_RELAUNCHES
const std::vector<int> kWays{0, 1};
#else
const std::vector<int> kWays{0};
#endif

}  // namespace

TEST_CASE("a plan that is still right is used again, and does the same") {
  const bool plain = GENERATE(from_range(kWays)) != 0;
  Kept user;
  user.plain = plain;
  const std::string box = user.here.profile("box", bare_profile());
  const Answer first = user.run(box, {"ids", ",", "env"});
  INFO(first.err);
  CHECK(first.status == 0);
  CHECK(!was_recalled(first));
  const Answer second = launch_that_is_recalled([&] { return user.run(box, {"ids", ",", "env"}); });
  INFO(second.err);
  CHECK(was_recalled(second));
  CHECK(second.status == 0);
  CHECK(second.out == first.out);
  REQUIRE(user.plans().size() == 1);
  struct stat found = {};
  REQUIRE(::stat(user.plans().front().c_str(), &found) == 0);
  CHECK((found.st_mode & 07777) == 0600);
  CHECK(!was_recalled(user.run(box, {"ids"})));
}

#ifdef HUTCH_RELAUNCHES
TEST_CASE("signals that the caller ignores are not ignored inside, whoever launches") {
  Kept user;
  const std::string box = user.here.profile("box", bare_profile("\"/proc\" = \"proc\""));
  // The last of each kind, too: SigIgn of proc_pid_status(5) begins with them.
  const std::vector<std::string> words{"/usr/bin/env",
                                       "--ignore-signal=HUP",
                                       "--ignore-signal=USR1",
                                       "--ignore-signal=SYS",
                                       "--ignore-signal=RTMIN",
                                       "--ignore-signal=RTMAX",
                                       HUTCH_PROBE,
                                       "library",
                                       hutch_binary(),
                                       "run",
                                       box,
                                       "status"};
  Options options{.env = user.env, .cwd = user.here.path()};
  options.env["XDG_RUNTIME_DIR"] = user.here / "run";
  for (const bool again : {false, true}) {
    const Answer answer = run_program(words, options);
    INFO(again << answer.out << answer.err);
    CHECK(was_recalled(answer) == again);
    CHECK(answer["SigIgn"] == "0000000000000000");
    CHECK(answer["SigBlk"] == "0000000000000000");
  }
}
#endif

TEST_CASE("whatever a plan depends on is asked again") {
  const bool plain = GENERATE(from_range(kWays)) != 0;
  struct Row {
    const char* what;
    std::function<void(Kept&)> change;
    std::string words;  ///< that the program says then
  };
  const std::vector<Row> rows{
      {"the profile", [](Kept& user) { write_box(user, "hostname = \"other\"\n"); }, "other"},
      {"what it extends", [](Kept& user) { user.here.profile("parent", "hostname = \"grandparent\"\n"); },
       "grandparent"},
      {"a variable that it uses", [](Kept& user) { user.env["NAME_OF_IT"] = "changed"; }, "changed"},
      {"what is on the machine", [](Kept& user) { user.here.write("maybe", "there"); }, "there"},
      {"what it binds", [](Kept& user) { ::chmod((user.here / "held").c_str(), 0711); }, "mode 711"},
      {"a variable that it hands on", [](Kept& user) { user.env["HANDED"] = "anew"; }, "anew"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Kept user;
    user.plain = plain;
    user.env["NAME_OF_IT"] = "first";
    user.env["HANDED"] = "before";
    user.here.profile("parent", "domainname = \"none\"\n");
    std::filesystem::create_directory(user.here / "held");
    const std::string box = write_box(user);
    const std::vector<std::string> command{
        "/bin/sh", "-c", "uname -n; echo $HANDED $NAMED; stat -c 'mode %a' /held; cat /maybe; true"};
    const Answer before = user.run(box, command);
    INFO(before.err);
    REQUIRE(before.status == 0);
    CHECK(!contains(before.out, row.words));
    REQUIRE(was_recalled(launch_that_is_recalled([&] { return user.run(box, command); })));
    row.change(user);
    const Answer after = user.run(box, command);
    INFO(after.out << after.err);
    CHECK(!was_recalled(after));
    CHECK(after.status == 0);
    CHECK(contains(after.out, row.words));
  }
}

TEST_CASE("a drop-in that comes or goes is noticed") {
  const bool plain = GENERATE(from_range(kWays)) != 0;
  Kept user;
  user.plain = plain;
  user.env["HUTCH_PROFILE_PATH"] = user.here / "profiles";
  user.here.write("profiles/named.toml", "schema = 1\n" + bare_profile("", "hostname = \"plain\"\n"));
  const auto name = [&] { return user.run("named", {"names"}); };
  REQUIRE(name().status == 0);
  REQUIRE(was_recalled(launch_that_is_recalled(name)));
  const std::string drop_in =
      user.here.write("profiles/named.toml.d/10.toml", "schema = 1\nhostname = \"dropped\"\n");
  const Answer with = name();
  CHECK(!was_recalled(with));
  CHECK(contains(with.out, "dropped"));
  REQUIRE(was_recalled(launch_that_is_recalled(name)));
  std::filesystem::remove(drop_in);
  const Answer without = name();
  CHECK(!was_recalled(without));
  CHECK(contains(without.out, "plain"));
}

TEST_CASE("a plan that anybody else could have written is not believed") {
  const bool plain = GENERATE(from_range(kWays)) != 0;
  struct Row {
    const char* what;
    std::function<void(const Kept&)> harm;
  };
  const auto only = [](const Kept& user) { return user.plans().front(); };
  const std::vector<Row> rows{
      {"others may write to it", [&](const Kept& user) { ::chmod(only(user).c_str(), 0622); }},
      {"others may read it", [&](const Kept& user) { ::chmod(only(user).c_str(), 0644); }},
      {"others may write to the folder",
       [](const Kept& user) { ::chmod((user.here / "run/hutch/plans").c_str(), 0777); }},
      {"it has another name",
       [&](const Kept& user) { std::filesystem::create_hard_link(only(user), user.here / "another"); }},
      {"it is a link",
       [&](const Kept& user) {
         const std::string path = only(user);
         std::filesystem::rename(path, user.here / "moved");
         std::filesystem::create_symlink(user.here / "moved", path);
       }},
      {"the folder is a link",
       [&](const Kept& user) {
         std::filesystem::rename(user.here / "run/hutch/plans", user.here / "plans");
         std::filesystem::create_directory_symlink(user.here / "plans", user.here / "run/hutch/plans");
       }},
      {"it is somebody else's",
       [&](const Kept& user) {
         if (::chown(only(user).c_str(), 12345, 12345) < 0) std::filesystem::remove(only(user));
       }},
      {"it is cut off",
       [&](const Kept& user) {
         std::filesystem::resize_file(only(user), std::filesystem::file_size(only(user)) - 1);
       }},
      {"it goes on",
       [&](const Kept& user) {
         std::filesystem::resize_file(only(user), std::filesystem::file_size(only(user)) + 8);
       }},
      {"it is empty", [&](const Kept& user) { std::filesystem::resize_file(only(user), 0); }},
      {"it is a FIFO",
       [&](const Kept& user) {
         const std::string path = only(user);
         std::filesystem::remove(path);
         ::mkfifo(path.c_str(), 0600);
       }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what, plain);
    Kept user;
    user.plain = plain;
    const std::string box = user.here.profile("box", bare_profile());
    REQUIRE(user.run(box, {"ids"}).status == 0);
    REQUIRE(was_recalled(launch_that_is_recalled([&] { return user.run(box, {"ids"}); })));
    row.harm(user);
    const Answer answer = user.run(box, {"ids"});
    INFO(answer.err);
    CHECK(answer.status == 0);
    CHECK(!was_recalled(answer));
    CHECK(answer.has("uid="));
  }
}

TEST_CASE(
    "whatever bytes of a kept plan are changed, nothing crashes, and what is not the same words is not run") {
  const bool plain = GENERATE(from_range(kWays)) != 0;
  Kept user;
  user.plain = plain;
  const std::string box = user.here.profile("box", bare_profile());
  REQUIRE(user.run(box, {"ids"}).status == 0);
  const std::string path = user.plans().front();
  const std::string good = read_file(path);
  // Where what is not read before the program runs begins: relaunch/kept_file.h.
  std::uint32_t rest = 0;
  std::memcpy(&rest, good.data() + 112, sizeof rest);
  // Every part of it, in steps that are no multiple of eight; a length that is huge among them.
  for (std::size_t at = 0; at < good.size(); at += 211) {
    CAPTURE(at);
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0xff);
    user.here.write("run/hutch/plans/" + std::filesystem::path(path).filename().string(), bad, 0600);
    const Answer answer = user.run(box, {"ids"});
    INFO(answer.err);
    CHECK(answer.status < 128);
    if (plain && at < rest) CHECK(!was_recalled(answer));
  }
}

TEST_CASE("a plan that was kept under another environment is not used, whatever its name") {
  const bool plain = GENERATE(from_range(kWays)) != 0;
  Kept user;
  user.plain = plain;
  const std::string box = user.here.profile("box", bare_profile());
  const auto kept_now = [&](const std::string& value) {
    std::filesystem::remove_all(user.here / "run/hutch/plans");
    user.env["SOMETHING"] = value;
    REQUIRE(user.run(box, {"ids"}).status == 0);
    REQUIRE(user.plans().size() == 1);
    return std::filesystem::path(user.plans().front()).filename().string();
  };
  kept_now("one");
  const std::string bytes = read_file(user.plans().front());
  REQUIRE(was_recalled(launch_that_is_recalled([&] { return user.run(box, {"ids"}); })));
  const std::string second = kept_now("two");
  user.here.write("run/hutch/plans/" + second, bytes, 0600);
  CHECK(!was_recalled(user.run(box, {"ids"})));
}

TEST_CASE("values of the environment are not kept, and are handed on as they are now") {
  const bool plain = GENERATE(from_range(kWays)) != 0;
  Kept user;
  user.plain = plain;
  user.env["TOKEN"] = "hunter2-secret";
  const std::string box = user.here.profile("box", "environment.inherit = [\"TOKEN\"]\n" + bare_profile());
  REQUIRE(contains(user.run(box, {"env"}).out, "hunter2-secret"));
  const Answer again = launch_that_is_recalled([&] { return user.run(box, {"env"}); });
  CHECK(was_recalled(again));
  CHECK(contains(again.out, "hunter2-secret"));
  for (const std::string& each : user.plans()) CHECK(!contains(read_file(each), "hunter2"));
}

TEST_CASE("a recalled plan that fails says the same as when it was made") {
  const bool plain = GENERATE(from_range(kWays)) != 0;
  Kept user;
  user.plain = plain;
  user.here.write("tool", "#!/nonexistent\n", 0755);
  const std::string box = user.here.profile(
      "box", "[process]\ncommand = [\"/tool\"]\n[mounts]\n\"/tool\" = { type = \"bind\", source = \"" +
                 (user.here / "tool") + "\", exec = false }\n");
  const Answer first = user.run(box);
  const Answer second = user.run(box);
  CHECK(first.status == 126);
  CHECK(second.status == first.status);
  CHECK(second.err == first.err);
  CHECK(contains(first.err, "error[E0602]"));
}

TEST_CASE("a sandbox by a recalled plan is inspected as one by a new plan") {
  const Kept user;
  user.here.profile("parent", "domainname = \"none\"\n");
  const std::string box = write_box(user);  // one thing of it is left out: what /maybe would show
  const Options options{.env = {{"XDG_RUNTIME_DIR", user.here / "run"}, {"NAME_OF_IT", "x"}, {"HANDED", "y"}},
                        .cwd = user.here.path()};
  const std::string name = "recalled-" + std::to_string(getpid());
  const std::string script =
      "\"$1\" run --name \"$2\" --timings \"$3\" /bin/sh -c 'sleep 100' &\n"
      "until \"$1\" inspect \"$2\" 2>&-; do sleep 0.05; done\n\"$1\" kill \"$2\"\nwait";
  std::vector<std::string> plans, digests;
  for (int i = 0; i < 2; ++i) {
    const Answer answer = run_program({"/bin/sh", "-c", script, "sh", hutch_binary(), name, box}, options);
    const std::string& told = answer.out;
    INFO(told << answer.err);
    REQUIRE(contains(told, "before clone:"));
    plans.push_back(told.substr(told.find("before clone:")));
    const std::size_t digest = told.find("\nplan  ");
    REQUIRE(digest != told.npos);
    digests.push_back(told.substr(digest, told.find('\n', digest + 1) - digest));
    CHECK(was_recalled(answer) == (i == 1));
  }
  CHECK(contains(plans[0], "box.toml:"));
  CHECK(contains(plans[0], "left out:"));
  CHECK(plans[0] == plans[1]);
  CHECK(digests[0] == digests[1]);
}

TEST_CASE("what is read from a pipe is not kept") {
  const Kept user;
  const std::string profile = "schema = 1\n" + bare_profile();
  for (int i = 0; i < 2; ++i) {
    const Answer answer = run_hutch({"run", "--timings", "/dev/stdin", "ids"},
                                    {.env = {{"XDG_RUNTIME_DIR", user.here / "run"}}, .input = profile});
    INFO(answer.err);
    CHECK(answer.status == 0);
    CHECK(!was_recalled(answer));
  }
  CHECK(user.plans().empty());
}

TEST_CASE("no plan is kept where a sandbox is often let in: below /tmp") {
  if (geteuid() == 0) SKIP_TEST("root has /run");
  if (std::filesystem::exists("/run/user/" + std::to_string(geteuid())))
    SKIP_TEST("there is a runtime folder");
  const Kept user;
  const std::string box = user.here.profile("box", bare_profile());
  for (int i = 0; i < 2; ++i) CHECK(!was_recalled(run_hutch({"run", "--timings", box, "ids"})));
  CHECK(!std::filesystem::exists("/tmp/hutch-" + std::to_string(geteuid()) + "/plans"));
}

TEST_CASE("who is told more, or compares, has the profile looked at again") {
  const Kept user;
  const std::string box = user.here.profile("box", bare_profile());
  REQUIRE(user.run(box, {"ids"}).status == 0);
  const std::map<std::string, std::string> env{{"XDG_RUNTIME_DIR", user.here / "run"}};
  const Answer told = run_hutch({"run", "-vv", box, "ids"}, {.env = env});
  CHECK(contains(told.err, "before clone:"));
  CHECK(run_hutch({"run", "--verify", box, "ids"}, {.env = env}).status == 0);
}
