// The same question, asked with the C library and without: a launch is made again only if both agree.

#include "relaunch/ask.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/gather.h"
#include "host/transcript.h"
#include "recall/kept_launch.h"

using namespace hutch;

namespace {

constexpr Digest::Key kKey{1, 2};

struct Folder {
  Folder() {
    char name[] = "/tmp/hutch-ask-XXXXXX";
    path = std::filesystem::canonical(::mkdtemp(name));
    std::filesystem::create_directory(path + "/names");
    for (const char* each : {"b", "a", ".hidden", "longer name"}) write(std::string("names/") + each, "");
    write("text", "one\ntwo\n");
    write("long", std::string(50'000, 'x'));
    write("empty", "");
    std::filesystem::create_symlink("text", path + "/link");
    std::filesystem::create_symlink("names", path + "/way");
    std::filesystem::create_symlink("nowhere", path + "/dangling");
    ::mkfifo((path + "/fifo").c_str(), 0600);
    ::chmod((path + "/text").c_str(), 0642);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path + "/" + name) << text;
  }
  std::string path;
};

/// As of a source that a launch holds. Nothing where there is none.
std::optional<Digest::Value> answer_of_open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  struct stat found = {};
  REQUIRE(::fstat(fd, &found) == 0);
  ::close(fd);
  return answer_about(found, kKey);
}

/// How many of what was asked can be asked so; each of those must have the same answer.
std::map<Transcript::Question, int> compare(const Transcript& transcript) {
  alignas(8) static char buffer[16384];
  std::map<Transcript::Question, int> agreed;
  const Surroundings around{.key = kKey, .buffer = buffer, .size = sizeof buffer};
  for_each_answer(transcript.bytes(), [&](Transcript::Question question, const std::string& subject,
                                          std::uint64_t number, std::string_view answer) {
    if (question == Transcript::Question::environment) return true;  // it is compared by itself
    const auto kept = kept_question(question, subject, number, answer, kKey);
    if (!kept) return true;
    Digest::Value now;
    INFO(static_cast<int>(question) << " " << subject);
    CHECK(ask(*kept, subject.c_str(), around, now));
    CHECK(now == kept->answer);
    if (question == Transcript::Question::follow && answer_of_open(subject)) {
      CHECK(*answer_of_open(subject) == kept->answer);
    }
    ++agreed[question];
    return true;
  });
  return agreed;
}

}  // namespace

TEST_CASE("questions have the same answers without the C library as with it") {
  const Folder here;
  const auto real = gather_host(::environ);
  const WitnessedHost host(*real);
  static_cast<void>(host.caller());
  static_cast<void>(host.kernel());
  const Files& files = host.files();
  for (const char* name : {"", "/text", "/long", "/empty", "/link", "/way", "/way/a", "/dangling", "/missing",
                           "/fifo", "/text/below", "/names/../text", "//text", "/./text", "/names/"}) {
    const std::string path = here.path + name;
    static_cast<void>(host.look(path));
    static_cast<void>(host.follow(path));
    static_cast<void>(host.read_link(path));
    static_cast<void>(host.list(path));
    static_cast<void>(host.real_path(path));
    static_cast<void>(host.is_read_only(path));
    static_cast<void>(host.may(path, R_OK));
    static_cast<void>(host.may(path, X_OK));
    static_cast<void>(host.read(path, 5));
    static_cast<void>(host.read(path, 1 << 20));
    static_cast<void>(files.names(path));
    static_cast<void>(files.is_directory(path));
    static_cast<void>(files.is_regular_file(path));
    static_cast<void>(files.is_there(path));
    static_cast<void>(files.is_of_others(path, ::getuid()));
    static_cast<void>(files.is_of_others(path, ::getuid() + 1));
    static_cast<void>(files.real_directory(path));
  }
  for (const char* name : {"/text", "/long", "/empty", "/link"})
    static_cast<void>(files.read(here.path + name, 1 << 20));
  for (const char* path :
       {"/dev/null", "/dev/tty", "/proc/self/setgroups", "/proc/self/status", "/proc", "/sys", "/"}) {
    static_cast<void>(host.look(path));
    static_cast<void>(host.follow(path));
    static_cast<void>(host.is_read_only(path));
  }
  static_cast<void>(host.read("/proc/self/setgroups", 16));
  for (const int resource : {RLIMIT_NOFILE, RLIMIT_CORE, RLIMIT_NPROC})
    static_cast<void>(host.limit(resource));
  static_cast<void>(host.nice());
  const auto agreed = compare(host.transcript());
  using Question = Transcript::Question;
  for (const Question each :
       {Question::caller, Question::kernel, Question::look, Question::follow, Question::read_link,
        Question::list, Question::real_path, Question::is_read_only, Question::may, Question::read,
        Question::limit, Question::nice, Question::file_text, Question::file_names,
        Question::file_is_directory, Question::file_is_regular, Question::file_is_there,
        Question::file_is_of_others, Question::file_real_directory}) {
    INFO(static_cast<int>(each));
    CHECK(agreed.contains(each));
  }
}

TEST_CASE("another answer is noticed without the C library") {
  const Folder here;
  alignas(8) static char buffer[16384];
  const Surroundings around{.key = kKey, .buffer = buffer, .size = sizeof buffer};
  const auto real = gather_host(::environ);
  const auto differs = [&](auto&& question, auto&& change) {
    const auto fresh = gather_host(::environ);
    const WitnessedHost host(*fresh);
    question(static_cast<const Host&>(host));
    change();
    bool same = true;
    for_each_answer(host.transcript().bytes(), [&](Transcript::Question asked, const std::string& subject,
                                                   std::uint64_t number, std::string_view answer) {
      const auto kept = kept_question(asked, subject, number, answer, kKey);
      Digest::Value now;
      if (kept) same = same && ask(*kept, subject.c_str(), around, now) && now == kept->answer;
      return true;
    });
    return !same;
  };
  const std::string text = here.path + "/text";
  CHECK(differs([&](const Host& host) { static_cast<void>(host.look(text)); },
                [&] { ::chmod(text.c_str(), 0600); }));
  CHECK(differs([&](const Host& host) { static_cast<void>(host.files().read(text, 1000)); },
                [&] { here.write("text", "one\ntwO\n"); }));
  CHECK(differs([&](const Host& host) { static_cast<void>(host.files().read(text, 1000)); },
                [&] { here.write("text", "one\ntwO\nthree\n"); }));
  CHECK(differs([&](const Host& host) { static_cast<void>(host.list(here.path + "/names")); },
                [&] { here.write("names/c", ""); }));
  CHECK(differs([&](const Host& host) { static_cast<void>(host.files().names(here.path + "/names")); },
                [&] { std::filesystem::rename(here.path + "/names/a", here.path + "/names/A"); }));
  CHECK(differs([&](const Host& host) { static_cast<void>(host.read_link(here.path + "/link")); },
                [&] {
                  std::filesystem::remove(here.path + "/link");
                  std::filesystem::create_symlink("long", here.path + "/link");
                }));
  CHECK(differs([&](const Host& host) { static_cast<void>(host.files().real_directory(here.path + "/way")); },
                [&] {
                  std::filesystem::remove(here.path + "/way");
                  std::filesystem::create_symlink(".", here.path + "/way");
                }));
  rlimit before = {};
  ::getrlimit(RLIMIT_CORE, &before);
  CHECK(differs([&](const Host& host) { static_cast<void>(host.limit(RLIMIT_CORE)); },
                [&] {
                  const rlimit other = {before.rlim_cur == 0 ? 1 : before.rlim_cur - 1, before.rlim_max};
                  ::setrlimit(RLIMIT_CORE, &other);
                }));
  ::setrlimit(RLIMIT_CORE, &before);
}
