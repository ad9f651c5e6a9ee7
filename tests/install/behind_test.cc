#include "install/behind.h"

#include <catch2/catch.hpp>

#include "support/fake_host.h"

using namespace hutch;
using namespace hutch::test;

namespace {

const std::string kWrapper = "/home/ada/.local/bin/vim";
constexpr const char* kWrapperText = "#!/bin/sh\n# hutch install: \"vim\" sha256:00\nexec\n";

Profile profile_of(std::vector<std::string> command) {
  Profile profile;
  for (std::string& word : command) profile.process.command.push_back({std::move(word), {}});
  return profile;
}

/// A machine with a wrapper, first on PATH.
FakeHost wrapped() {
  FakeHost host;
  host.env("PATH", "/home/ada/.local/bin:/usr/local/bin:/usr/bin");
  host.text(kWrapper, kWrapperText, 0755);
  return host;
}

std::string where(const Host& host, const std::string& command = "vim") {
  const auto found = real_program(profile_of({command}), kWrapper, host);
  return found ? *found : found.error().front().code;
}

}  // namespace

TEST_CASE("the real program is the next one on PATH behind the wrapper") {
  FakeHost host = wrapped();
  CHECK(where(host) == "E0932");
  host.file("/usr/bin/vim", 0755);
  CHECK(where(host) == "/usr/bin/vim");
  host.file("/usr/local/bin/vim", 0755);
  CHECK(where(host) == "/usr/local/bin/vim");
}

TEST_CASE("another wrapper is passed over, by whatever link it is reached") {
  FakeHost host = wrapped();
  host.file("/usr/bin/vim", 0755);
  host.text("/usr/local/bin/vim", kWrapperText, 0755);
  CHECK(where(host) == "/usr/bin/vim");
  host.text("/opt/vim/wrap", kWrapperText, 0755).link("/usr/bin/vim", "/opt/vim/wrap");
  CHECK(where(host) == "E0932");
  CHECK(where(host, "/usr/bin/vim") == "E0932");
}

TEST_CASE("a program before the wrapper on PATH is found last, and what cannot be executed is not found") {
  FakeHost host = wrapped();
  host.env("PATH", "/home/ada/bin:/home/ada/.local/bin:/usr/bin");
  host.file("/home/ada/bin/vim", 0755);
  CHECK(where(host) == "/home/ada/bin/vim");
  host.file("/usr/bin/vim", 0644);
  CHECK(where(host) == "/home/ada/bin/vim");
  host.file("/usr/bin/vim", 0755);
  CHECK(where(host) == "/usr/bin/vim");
}

TEST_CASE("a program that the profile names by path is that one, until it moves") {
  FakeHost host = wrapped();
  host.file("/opt/vim/bin/vim", 0755).file("/usr/bin/vim", 0755);
  CHECK(where(host, "/opt/vim/bin/vim") == "/opt/vim/bin/vim");
  CHECK(where(host, "/srv/gone/vim") == "/usr/bin/vim");
}

TEST_CASE("without a PATH the folders of the system are looked through") {
  FakeHost host = wrapped();
  host.unset("PATH").file("/usr/games/vim", 0755);
  CHECK(where(host) == "/usr/games/vim");
}

TEST_CASE("a profile with a root of its own means a file of that root") {
  FakeHost host = wrapped();
  host.file("/usr/bin/vim", 0755);
  Profile profile = profile_of({"vim"});
  profile.mounts["/"] = {
      .target = "/", .type = MountType::bind, .source = Said<std::string>{"/srv/root", {}}};
  CHECK(*real_program(profile, kWrapper, host) == "vim");
}

TEST_CASE("arguments go where process.args says") {
  FakeHost host = wrapped();
  host.file("/usr/bin/vim", 0755);
  using Words = std::vector<std::string>;
  Profile replacing = profile_of({"vim", "-R"});
  CHECK(*stand_before(replacing, kWrapper, {"a", "b"}, host) == Words{"/usr/bin/vim", "a", "b"});
  CHECK(stand_before(replacing, kWrapper, {}, host)->empty());
  CHECK(*replacing.process.command[0] == "/usr/bin/vim");
  Profile appending = profile_of({"vim", "-R"});
  appending.process.args = {ArgsMode::append, {}};
  CHECK(*stand_before(appending, "../ada/.local/bin/vim", {"a"}, host) == Words{"a"});
  CHECK(*appending.process.command[0] == "/usr/bin/vim");
}

TEST_CASE("a profile without a program, or for a name that everybody needs, has no wrapper") {
  const auto refusal = [](std::vector<std::string> command) {
    const auto name = program_name(profile_of(std::move(command)));
    return name ? *name : name.error().front().code;
  };
  CHECK(refusal({}) == "E0930");
  CHECK(refusal({""}) == "E0930");
  for (const char* const name : {"sh", "/bin/bash", "hutch", "a=b", "-x", ".", "..", "x\ny", "/usr/bin/"}) {
    CAPTURE(name);
    CHECK(refusal({name}) == "E0938");
  }
  CHECK(refusal({"/usr/bin/vim"}) == "vim");
}

TEST_CASE("a wrapper that is reached from inside of its own sandbox again and again is an error") {
  FakeHost host = wrapped();
  CHECK(*wrapped_inside(kWrapper, host) == "vim");
  host.env("HUTCH_WRAPPED", "vim:git:vim");
  CHECK(*wrapped_inside(kWrapper, host) == "vim:git:vim:vim");
  host.env("HUTCH_WRAPPED", "vim:vim:vim");
  const auto refused = wrapped_inside(kWrapper, host);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().front().what == "the wrapper \"/home/ada/.local/bin/vim\" leads back to itself");
  CHECK(*wrapped_inside("/home/ada/.local/bin/git", host) == "vim:vim:vim:git");
}
