// Many launches: at once, one after the other, and ended at any moment. What is counted is what stays.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/snapshot.h"

using namespace hutch::test;
namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

/// Without the harness's looks before and after, and from any thread.
int launch(const std::vector<std::string>& words) {
  std::vector<std::string> all{hutch_binary(), "run"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t pid = vfork();
  if (pid == 0) {
    execv(arguments[0], arguments.data());
    _exit(99);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// How many of these there are on the machine: what one launch after the other could add to. The kernel frees
/// namespaces some time after their last process.
struct Held {
  long processes = 0, mounts = 0, descriptors = 0, files = 0;

  static Held now(const std::string& folder) {
    Held held;
    held.processes = static_cast<long>(living_descendants().size());
    const std::string mounts = read_file("/proc/self/mountinfo");
    held.mounts = std::count(mounts.begin(), mounts.end(), '\n');
    for ([[maybe_unused]] const auto& each : fs::directory_iterator("/proc/self/fd")) ++held.descriptors;
    for ([[maybe_unused]] const auto& each : fs::recursive_directory_iterator(folder)) ++held.files;
    return held;
  }
  bool operator==(const Held&) const = default;
};

std::string box_in(const Workspace& here) {
  here.write("data/file", "x");
  return here.profile("box", bare_profile("\"/proc\" = \"proc\"\n\"/dev\" = \"dev\"\n\"/tmp\" = \"tmpfs\"\n"
                                          "\"/data\" = { type = \"bind\", source = \"./data\" }\n"
                                          "\"/data/file\" = \"hidden\""));
}

long environment_number(const char* name, long otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? std::strtol(text, nullptr, 10) : otherwise;
}

}  // namespace

TEST_CASE("five hundred launches from eight workers at once all end as their programs do", "[slow]") {
  adopt_orphans();
  const Workspace here;
  const std::string box = box_in(here);
  const Held before = Held::now(here.path());
  std::atomic<int> next = 0, wrong = 0;
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 8; ++worker) {
    workers.emplace_back([&] {
      for (int number = next++; number < 500; number = next++) {
        // Every third has a name: those share the folder of running sandboxes.
        std::vector<std::string> words{box, "exit", std::to_string(number % 100)};
        if (number % 3 == 0)
          words.insert(words.begin(),
                       {"--name", "load-" + std::to_string(getpid()) + "-" + std::to_string(number)});
        if (launch(words) != number % 100) ++wrong;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  CHECK(wrong == 0);
  CHECK(Held::now(here.path()) == before);
}

TEST_CASE("one launch after the other leaves nothing behind: processes, mounts, files, descriptors",
          "[slow]") {
  adopt_orphans();
  // packaging/run-tests soak: ten thousand of the release binary.
  const long launches = environment_number("HUTCH_SOAK", 300);
  const Workspace here;
  const std::string box = box_in(here);
  REQUIRE(launch({box, "exit", "7"}) == 7);
  const Held before = Held::now(here.path());
  const HostSnapshot host = HostSnapshot::take({here.path()});
  long wrong = 0;
  for (long i = 0; i < launches; ++i) wrong += launch({box, "exit", "7"}) == 7 ? 0 : 1;
  CHECK(wrong == 0);
  CHECK(Held::now(here.path()) == before);
  CHECK(host.difference(HostSnapshot::take({here.path()})) == "");
}

TEST_CASE("a launcher that is killed at any microsecond of set-up or after it takes everything along",
          "[slow]") {
  adopt_orphans();
  ::signal(SIGTERM, SIG_DFL);
  const Workspace here;
  const std::string box = box_in(here);
  const std::vector<std::string> own_pids{box, "wait"};
  const std::vector<std::string> shared_pids{
      "--set", "namespaces.pid = 'host'", "--set", "mounts.'/proc' = 'none'", box, "wait"};
  const std::vector<std::string> no_init{"--set", "process.init = false", box, "wait"};
  const std::vector<std::string> words = GENERATE_COPY(own_pids, shared_pids, no_init);
  const HostSnapshot before = HostSnapshot::take({here.path()});
  std::vector<std::string> all{hutch_binary(), "run"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  // A launch takes some milliseconds here, in a debug build: 300 steps of 50 us are all of it.
  for (int moment = 0; moment < 300; ++moment) {
    const pid_t pid = fork();
    if (pid == 0) {
      freopen("/dev/null", "w", stdout);
      execv(arguments[0], arguments.data());
      _exit(99);
    }
    usleep(static_cast<useconds_t>(moment * 50));
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    INFO("after " << moment * 50 << " us");
    std::vector<std::string> left;
    for (int i = 0; i < 2000; ++i, std::this_thread::sleep_for(1ms)) {
      reap_orphans();
      left = living_descendants();
      if (left.empty()) break;
    }
    REQUIRE(left == std::vector<std::string>{});
  }
  CHECK(before.difference(HostSnapshot::take({here.path()})) == "");
}
