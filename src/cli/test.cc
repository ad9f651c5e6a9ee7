#include <errno.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/load_request.h"
#include "cli/play_test.h"
#include "cli/print_diagnostics.h"
#include "cli/test_text.h"
#include "launch/own_image.h"
#include "profile/load.h"

namespace hutch {
namespace {

namespace fs = std::filesystem;

/// A folder for the tests of one profile, in which each has an empty one of its own. Gone at the end.
class TestFolder {
 public:
  TestFolder() = default;
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    if (path_.empty()) return;
    std::error_code failed;
    fs::remove_all(path_, failed);
    if (!failed) return;
    // A test may have left folders that nobody may enter.
    for (auto each = fs::recursive_directory_iterator(path_, failed);
         each != fs::recursive_directory_iterator(); each.increment(failed)) {
      std::error_code ignored;
      if (each->is_directory(ignored) && !each->is_symlink(ignored))
        fs::permissions(each->path(), fs::perms::owner_all,
                        fs::perm_options::add | fs::perm_options::nofollow, ignored);
    }
    fs::remove_all(path_, failed);
  }

  Result<std::string> folder_for(std::size_t test, const Host& host) {
    if (path_.empty()) TRY_DO(make(host));
    std::string folder = fmt::format("{}/{}", path_, test + 1);
    if (::mkdir(folder.c_str(), 0700) < 0) return fail(refused(folder, "mkdir"));
    return folder;
  }

 private:
  static Diagnostic refused(const std::string& path, const char* call) {
    return {.code = "E0923",
            .what = fmt::format("cannot make a folder for a test: {}: {}", call, ::strerror(errno)),
            .cause = path,
            .help = "set TMPDIR to a folder that you may write to"};
  }

  Result<void> make(const Host& host) {
    const auto& environment = host.caller().environment;
    const auto said = environment.find("TMPDIR");
    const bool is_said = said != environment.end() && said->second.starts_with('/');
    std::string path = host.real_path(is_said ? said->second : "/tmp") + "/hutch-test-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return fail(refused(path, "mkdtemp"));
    path_ = std::move(path);
    return {};
  }

  std::string path_;
};

/// Tests profiles, one after the other.
class Tester {
 public:
  explicit Tester(Session& session) : session_(session) {}

  TestedProfile test(const std::string& profile) {
    TestedProfile tested{.profile = profile};
    TestFolder folder;
    std::size_t count = 1;
    for (std::size_t i = 0; i < count && interrupted_by_ == 0; ++i) {
      interrupted_by_ = signals_.take();
      if (interrupted_by_ != 0) break;
      auto here = folder.folder_for(i, session_.host);
      auto loaded = here ? load_for(i, profile, *here) : std::unexpected(here.error());
      if (!loaded) {
        give_up(tested, loaded.error());
        return tested;
      }
      if (i == 0 && !session_.wants_json()) session_.complain(loaded->warnings);
      count = loaded->tests.size();
      if (i >= count) break;
      const auto result = run(loaded->tests[i], *loaded, *here);
      if (!result) {
        give_up(tested, result.error());
        return tested;
      }
      if (interrupted_by_ != 0) break;
      tested.results.push_back(*result);
      say(test_text(*result));
    }
    if (interrupted_by_ == 0) say(summary_text(tested));
    return tested;
  }

  [[nodiscard]] int interrupted_by() const { return interrupted_by_; }
  [[nodiscard]] bool could_say() const { return could_say_; }

 private:
  /// Anew for each test: ${CWD} is another, and it may extend more.
  Result<Loaded> load_for(std::size_t test, const std::string& profile, const std::string& folder) {
    auto loaded = load(profile, folder);
    if (!loaded || test >= loaded->tests.size() || !loaded->tests[test].skipped.empty()) return loaded;
    const auto beside = loaded->tests[test].extends;
    return beside.empty() ? loaded : load(profile, folder, beside);
  }

  Result<Loaded> load(const std::string& profile, const std::string& folder,
                      std::vector<Said<std::string>> beside = {}) {
    TRY(LoadRequest request, load_request(session_.words, profile, session_.host));
    request.with_tests = true;
    request.directory = folder;
    request.beside = std::move(beside);
    session_.sources = Sources();
    return load_profile(request, session_.host, session_.sources);
  }

  Result<TestResult> run(const TestCase& test, const Loaded& loaded, const std::string& folder) {
    TestResult result{.test = test,
                      .where = session_.sources.where(test.at),
                      .file = session_.sources.name(test.at.source)};
    if (!test.skipped.empty()) return result;
    TRY(result.ending, play_test(test, loaded, folder, signals_, session_.sources));
    interrupted_by_ = result.ending.interrupted_by;
    result.failed = result.ending.differs_from(test);
    return result;
  }

  void give_up(TestedProfile& tested, const Diagnostics& wrong) {
    if (!session_.wants_json()) session_.complain(wrong);
    Json json;
    json.array([&] { diagnostics_json(json, wrong, session_.sources); });
    tested.wrong = json.text();
    say(summary_text(tested));
  }

  void say(const std::string& text) {
    if (!session_.wants_json()) could_say_ = session_.say(text) && could_say_;
  }

  Session& session_;
  const HeldSignals signals_;
  int interrupted_by_ = 0;
  bool could_say_ = true;
};

bool is_ok(const TestedProfile& tested, bool strict) {
  const bool proves_something = tested.passed() > 0 || !strict;
  return tested.wrong.empty() && tested.failed() == 0 && proves_something;
}

}  // namespace

int test_command(Session& session) {
  if (const auto safe = protect_own_image(); !safe) {
    session.complain(safe.error());
    return 1;
  }
  const bool strict = session.words.has("--strict");
  Tester tester(session);
  bool all_ok = true;
  Json json;
  const auto each = [&](const std::string& profile) {
    if (tester.interrupted_by() != 0) return;
    const TestedProfile tested = tester.test(profile);
    const bool ok = is_ok(tested, strict);
    all_ok = all_ok && ok;
    if (session.wants_json()) json.object([&] { test_json(json, tested, ok); });
  };
  if (!session.wants_json()) {
    for (const std::string& profile : session.words.operands) each(profile);
    if (tester.interrupted_by() != 0) return 128 + tester.interrupted_by();
    return tester.could_say() && all_ok ? 0 : 1;
  }
  json.object([&] {
    json.field("schema_version", 1);
    json.key("profiles");
    json.array([&] {
      for (const std::string& profile : session.words.operands) each(profile);
    });
    json.field("ok", all_ok);
  });
  if (tester.interrupted_by() != 0) return 128 + tester.interrupted_by();
  return session.say(json.text()) && all_ok ? 0 : 1;
}

}  // namespace hutch
