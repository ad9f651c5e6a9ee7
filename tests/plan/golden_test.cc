#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "plan/compile.h"
#include "plan/describe.h"
#include "profile/load.h"
#include "support/debian_host.h"

// A change of a profile, or of the compiler, shows its consequence here. HUTCH_ACCEPT=1 rewrites the golden
// plans; the diff is what gets reviewed.

using namespace hutch;
namespace fs = std::filesystem;

namespace {

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string without(std::string text, const std::string& prefix) {
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at))
    text.erase(at, prefix.size());
  return text;
}

std::vector<fs::path> shipped_profiles() {
  std::vector<fs::path> found;
  for (const auto& each : fs::recursive_directory_iterator(fs::path(HUTCH_SOURCE_DIR) / "profiles")) {
    if (each.path().extension() == ".toml") found.push_back(each.path());
  }
  std::ranges::sort(found);
  return found;
}

std::string plan_text(const fs::path& profile, const Host& host) {
  Sources sources;
  const Result<Loaded> loaded = load_profile({.profile = profile.string()}, host, sources);
  if (!loaded) return "NOT LOADED: " + loaded.error().front().what + "\n";
  const Result<Plan> plan = compile(loaded->profile, {.needs_command = false}, host);
  if (!plan) return "NOT COMPILED: " + plan.error().front().what + "\n";
  return without(describe(*plan, sources), std::string(HUTCH_SOURCE_DIR) + "/");
}

void compare(const std::string& name, const std::string& text) {
  const fs::path golden = fs::path(HUTCH_GOLDEN_DIR) / "plans" / name;
  if (std::getenv("HUTCH_ACCEPT") != nullptr) {
    fs::create_directories(golden.parent_path());
    std::ofstream(golden) << text;
    return;
  }
  INFO("HUTCH_ACCEPT=1 rewrites " << golden);
  CHECK(text == read(golden));
}

}  // namespace

TEST_CASE("every shipped profile compiles to its golden plan, for a user and for root") {
  const std::vector<fs::path> profiles = shipped_profiles();
  REQUIRE(profiles.size() >= 5);
  const test::FakeHost user = test::debian_host();
  test::FakeHost root = test::debian_host();
  root.root();
  for (const fs::path& profile : profiles) {
    const std::string name =
        fs::relative(profile, fs::path(HUTCH_SOURCE_DIR) / "profiles").replace_extension().string();
    INFO(name);
    const std::string text = plan_text(profile, user);
    CHECK(text.find("NOT ") != 0);
    compare(name + ".user.txt", text);
    compare(name + ".root.txt", plan_text(profile, root));
  }
}

TEST_CASE("no golden plan is left of a profile that is gone") {
  for (const auto& each : fs::recursive_directory_iterator(fs::path(HUTCH_GOLDEN_DIR) / "plans")) {
    if (!each.is_regular_file()) continue;
    fs::path profile = fs::path(HUTCH_SOURCE_DIR) / "profiles" /
                       fs::relative(each.path(), fs::path(HUTCH_GOLDEN_DIR) / "plans");
    profile = profile.replace_extension().replace_extension(".toml");
    INFO(each.path());
    CHECK(fs::exists(profile));
  }
}
