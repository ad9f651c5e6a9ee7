// Every profile that is shipped: it is valid, it says what it is, and what it promises is so.

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "support/sandbox.h"

using namespace hutch::test;

namespace {

std::vector<std::string> shipped() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(HUTCH_SOURCE_DIR "/profiles")) {
    if (entry.path().extension() == ".toml") found.push_back(entry.path());
  }
  return found;
}

}  // namespace

TEST_CASE("every shipped profile passes hutch check, strictly") {
  const Workspace here;
  REQUIRE_FALSE(shipped().empty());
  // What feature/home-private asks for.
  std::filesystem::create_directories(here / "home/.local/share/hutch/home/default");
  for (const std::string& path : shipped()) {
    const Answer answer =
        run_hutch({"check", "--strict", path}, {.env = {{"HOME", here / "home"}}, .cwd = here.path()});
    INFO(path << "\n" << answer.err);
    CHECK(answer.status == 0);
  }
}

TEST_CASE("every shipped profile is named after its file and has a description") {
  const std::filesystem::path root = HUTCH_SOURCE_DIR "/profiles";
  for (const std::string& path : shipped()) {
    const std::string name = std::filesystem::relative(path, root).replace_extension("").string();
    const std::string text = read_file(path);
    INFO(path);
    CHECK(text.find("\nname = \"" + name + "\"\n") != std::string::npos);
    CHECK(text.find("\ndescription = \"") != std::string::npos);
    CHECK(text.substr(text.find('\n') + 1).starts_with("# "));  // behind the line for editors
  }
}

TEST_CASE("hutch list knows the shipped profiles") {
  const Answer answer = run_hutch({"list"});
  CHECK(answer.status == 0);
  for (const char* name : {"littlebox", "app", "base/system", "feature/network-host"}) {
    CHECK(answer.out.find(name) != std::string::npos);
  }
}

TEST_CASE("littlebox shows its own root, hostname, process 1 and /proc") {
  const Answer answer = run_hutch({"run", "littlebox"}, {.cwd = "/"});
  INFO(answer.err);
  CHECK(answer.status == 0);
  CHECK(answer.err == "");
  const auto line = [&](const std::string& key) {
    const std::vector<std::string> found = answer.all("  " + key + " ");
    std::string text;
    if (!found.empty()) {
      for (const std::string& word : words(found[0])) text += (text.empty() ? "" : " ") + word;
    }
    return text;
  };
  CHECK(line("hostname") == "littlebox");
  CHECK(line("process").starts_with("I am number 1, "));
  CHECK(line("network") == "lo and nothing else");
  CHECK(line("rights") == "capabilities 0000000000000000, no_new_privs 1");
  CHECK(line("usr") == "cannot be written");
  CHECK(line("tmp").starts_with("16M"));
  CHECK(line("oops") == "");
}

TEST_CASE("the same profile on the same host gives the same plan, byte for byte") {
  for (const char* name : {"littlebox", "app"}) {
    const Answer one = run_hutch({"plan", "--json", name, "/bin/true"});
    const Answer two = run_hutch({"plan", "--json", name, "/bin/true"});
    CHECK(one.status == 0);
    CHECK(one.out == two.out);
    const Answer digest = run_hutch({"plan", "--digest", name, "/bin/true"});
    CHECK(digest.out.size() == 65);
    CHECK(digest.out == run_hutch({"plan", "--digest", name, "/bin/true"}).out);
  }
}
