// The library of profiles: what none of them may show, and what its fragments promise beyond their own lines.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;
namespace fs = std::filesystem;

namespace {

constexpr const char* kSecret = "hunter2-do-not-show";

/// Profiles that run a program, which lie at the top; the others are parts of them.
std::vector<std::string> applications() {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(HUTCH_SOURCE_DIR "/profiles")) {
    const std::string name = entry.path().stem();
    // `app` shares the current folder, but for known places of keys: below.
    if (entry.path().extension() == ".toml" && name != "littlebox" && name != "app") found.push_back(name);
  }
  return found;
}

void write_secrets(const Workspace& here, const std::string& folder) {
  for (const char* name :
       {".ssh/id_ed25519", ".gnupg/private-keys-v1.d/x.key", ".gnupg/secring.gpg", ".aws/credentials",
        ".netrc", ".npmrc", ".git-credentials", ".cargo/credentials.toml", ".mozilla/firefox/logins",
        ".config/gh/hosts.yml", ".bash_history", ".env", ".env.local", "app/.env", "app/web/.env"})
    here.write(folder + "/" + name, kSecret);
}

/// A shell script in the sandbox of a profile, whatever that would run by itself.
Answer in_sandbox(const std::string& profile, const std::string& script, const Options& options) {
  return run_hutch({"run", "--set", "process.args = \"replace\"", profile, "/bin/sh", "-c", script}, options);
}

/// A profile of `app` and a fragment, in the folder of the test.
std::string with_fragment(const Workspace& here, const std::string& fragment) {
  return here.profile("own", "extends = [\"app\", \"" + fragment + "\"]\n");
}

/// `hutch test`: strictly, so that one whose tests were all skipped is none.
void prove(const std::vector<std::string>& profiles) {
  const Workspace here;
  write_secrets(here, "home");
  for (const std::string& profile : profiles) {
    const Answer answer =
        run_hutch({"test", "--strict", profile},
                  {.env = {{"HOME", here / "home"}, {"TMPDIR", here.path()}}, .seconds = 120});
    INFO(answer.out << answer.err);
    CHECK(answer.status == 0);
  }
}

/// A socket that listens, as agents and servers of a desktop have one.
class Listener {
 public:
  explicit Listener(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    fs::create_directories(fs::path(path).parent_path());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(fd_, 1) == 0);
  }
  ~Listener() { close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  int fd_;
};

}  // namespace

TEST_CASE("no application profile shows a secret of the home folder, started from there or from a project") {
  const Workspace here;
  write_secrets(here, "home");
  for (const char* name : {".env", ".env.local", "app/.env"})
    here.write(std::string("home/project/") + name, kSecret);
  here.write("home/letter", kSecret);
  here.write("home/project/source", "visible");
  REQUIRE(applications().size() >= 20);
  for (const std::string& profile : applications()) {
    for (const char* folder : {"home", "home/project"}) {
      if (folder == std::string("home")) fs::remove(here / "home/letter");  // that one would be shared
      const Answer answer =
          in_sandbox(profile, "grep -rs hunter2 " + here.path() + " /etc /run /tmp /work; echo looked",
                     {.env = {{"HOME", here / "home"}}, .cwd = here / folder});
      INFO(profile << " in " << folder << ": " << answer.err);
      CHECK(answer.out == "looked\n");
      CHECK(answer.status == 0);
      here.write("home/letter", kSecret);
    }
  }
}

TEST_CASE("started from the home folder, app shares it without the known places of keys") {
  const Workspace here;
  write_secrets(here, "home");
  here.write("home/letter", "visible");
  const Answer answer = in_sandbox("app", "grep -rls hunter2 . | grep -v '/[.]env'; cat letter",
                                   {.env = {{"HOME", here / "home"}}, .cwd = here / "home"});
  INFO(answer.err);
  CHECK(answer.out == "visible");
}

TEST_CASE("no application reaches the plans that later launches are made by") {
  const Workspace here;
  here.write("run/hutch/plans/secret", kSecret);
  fs::permissions(here / "run", fs::perms::owner_all);
  here.write("home/.profile", "");
  here.write("project/source", "");
  std::vector<std::string> all = applications();
  all.emplace_back("app");
  for (const std::string& profile : all) {
    const Answer answer = in_sandbox(
        profile,
        "test -e '" + (here / "run/hutch") + "' && echo shown; echo made 2>&- >'" +
            (here / "run/hutch/plans/planted") + "'; echo looked",
        {.env = {{"HOME", here / "home"}, {"XDG_RUNTIME_DIR", here / "run"}}, .cwd = here / "project"});
    INFO(profile << ": " << answer.err);
    CHECK(answer.out == "looked\n");
    CHECK_FALSE(fs::exists(here / "run/hutch/plans/planted"));
  }
}

TEST_CASE("applications work on the current folder or on the files that are named, and none writes beside") {
  const Workspace here;
  const std::set<std::string> on_no_file{"untrusted", "ffmpeg", "imagemagick"};  // of those that nobody names
  here.write("project/source", "visible");
  here.write("home/.profile", "");
  for (const std::string& profile : applications()) {
    const Answer answer =
        in_sandbox(profile, "cat source; echo made >made; echo made 2>&- >" + here.path() + "/beside; exit 0",
                   {.env = {{"HOME", here / "home"}}, .cwd = here / "project"});
    INFO(profile << ": " << answer.err);
    CHECK(answer.status == 0);
    CHECK(answer.out == (on_no_file.contains(profile) ? "" : "visible"));
    CHECK(fs::exists(here / "project/made") == !on_no_file.contains(profile));
    CHECK_FALSE(fs::exists(here / "beside"));
    fs::remove(here / "project/made");
  }
}

TEST_CASE("feature/project keeps git hooks, Hutch's profiles and .env files from being read and planted") {
  const Workspace here;
  here.write("project/.git/hooks/pre-commit", "#!/bin/sh\n", 0755);
  here.write("project/.hutch/app.toml", "schema = 1\n");
  here.write("project/.env", kSecret);
  const std::string profile = with_fragment(here, "feature/project");
  const Answer answer =
      run_hutch({"run", profile, "/bin/sh", "-c",
                 "for file in .git/hooks/pre-commit .git/hooks/new .hutch/app.toml .hutch/new.toml .env; do\n"
                 "  cat $file && echo read $file; (echo x >$file) && echo written $file; rm -f $file\n"
                 "done; mv .git/hooks .git/old && echo moved; echo fine >.git/HEAD; cat .git/HEAD"},
                {.env = {{"HOME", here / "home"}}, .cwd = here / "project"});
  CHECK(answer.out == "fine\n");
  CHECK(read_file(here / "project/.git/hooks/pre-commit") == "#!/bin/sh\n");
  CHECK(read_file(here / "project/.hutch/app.toml") == "schema = 1\n");
  CHECK(read_file(here / "project/.env") == kSecret);
  CHECK_FALSE(fs::exists(here / "project/.git/hooks/new"));
  CHECK_FALSE(fs::exists(here / "project/.hutch/new.toml"));
}

TEST_CASE("agent covers .env files at any depth") {
  const Workspace here;
  here.write("project/a/b/c/d/.env.production", kSecret);
  const Answer answer = in_sandbox("agent", "cat a/b/c/d/.env.production; ls -A a/b/c/d",
                                   {.env = {{"HOME", here / "home"}}, .cwd = here / "project"});
  CHECK(answer.out == ".env.production\n");
  CHECK(answer.err.find("Permission denied") != std::string::npos);
}

TEST_CASE("feature/home-private is a home that stays, and says so where its folder is missing") {
  const Workspace here;
  here.write("home/mine", kSecret);
  here.write("work/file", "");
  const std::string profile = with_fragment(here, "feature/home-private");
  const Options options{.env = {{"HOME", here / "home"}}, .cwd = here / "work"};
  const Answer missing = run_hutch({"run", profile, "/bin/true"}, options);
  CHECK(missing.status == 125);
  CHECK(missing.err.find(here / "home/.local/share/hutch/home/default") != std::string::npos);

  fs::create_directories(here / "home/.local/share/hutch/home/other");
  const std::vector<std::string> run = {"run", "--param", "home=other", profile, "/bin/sh", "-c"};
  auto with = [&](const char* script) {
    std::vector<std::string> words = run;
    words.emplace_back(script);
    return run_hutch(words, options);
  };
  CHECK(with("ls -A ~; echo kept >~/.settings").out == "");
  CHECK(with("cat ~/.settings ~/mine").out == "kept\n");
  CHECK(read_file(here / "home/.local/share/hutch/home/other/.settings") == "kept\n");
}

TEST_CASE("feature/home-readonly shows the home folder without its secrets, and cannot change it") {
  const Workspace here;
  write_secrets(here, "home");
  for (const char* env : {".env", ".env.local", "app/.env", "app/web/.env"})
    fs::remove(here / (std::string("home/") + env));
  here.write("home/letter", "dear\n");
  here.write("work/file", "");
  const std::string profile = with_fragment(here, "feature/home-readonly");
  const Answer answer =
      run_hutch({"run", profile, "/bin/sh", "-c", "cat ~/letter; grep -rs hunter2 ~; touch ~/new; echo end"},
                {.env = {{"HOME", here / "home"}}, .cwd = here / "work"});
  CHECK(answer.out == "dear\nend\n");
  CHECK_FALSE(fs::exists(here / "home/new"));
}

TEST_CASE("sockets of a desktop come one by one: the fragment's is there, and no other") {
  struct Case {
    const char* fragment;
    const char* socket;
  };
  for (const Case& each :
       {Case{"feature/wayland", "wayland-7"}, Case{"feature/pipewire", "pipewire-0"},
        Case{"feature/pulseaudio", "pulse/native"}, Case{"feature/gpg-agent", "gnupg/S.gpg-agent"}}) {
    const Workspace here;
    const Listener wayland(here / "run/wayland-7"), pipewire(here / "run/pipewire-0");
    const Listener pulse(here / "run/pulse/native"), agent(here / "run/gnupg/S.gpg-agent");
    const Listener bus(here / "run/bus");
    here.write("work/file", "");
    const std::string profile = with_fragment(here, each.fragment);
    const Answer answer = run_hutch(
        {"run", profile, "/bin/sh", "-c",
         "cd \"$XDG_RUNTIME_DIR\" && find . ! -type d -exec test -S {} \\; -print; touch own && rm own"},
        {.env = {{"HOME", here / "home"},
                 {"XDG_RUNTIME_DIR", here / "run"},
                 {"WAYLAND_DISPLAY", "wayland-7"}},
         .cwd = here / "work"});
    INFO(each.fragment << ": " << answer.err);
    CHECK(answer.status == 0);
    CHECK(answer.out == std::string("./") + each.socket + "\n");
    // Where there is no desktop, the fragment is no obstacle.
    const Answer bare =
        run_hutch({"run", profile, "/bin/true"}, {.env = {{"HOME", here / "home"}}, .cwd = here / "work"});
    INFO(bare.err);
    CHECK(bare.status == 0);
  }
}

TEST_CASE("feature/ssh-agent shows the agent's socket and the known hosts, and no key") {
  const Workspace here;
  const Listener agent(here / "agent/socket");
  here.write("home/.ssh/id_ed25519", kSecret);
  here.write("home/.ssh/known_hosts", "known\n");
  here.write("work/file", "");
  const std::string profile = with_fragment(here, "feature/ssh-agent");
  const Answer answer = run_hutch(
      {"run", profile, "/bin/sh", "-c",
       "test -S \"$SSH_AUTH_SOCK\" && echo agent; cat ~/.ssh/*; rm $SSH_AUTH_SOCK"},
      {.env = {{"HOME", here / "home"}, {"SSH_AUTH_SOCK", here / "agent/socket"}}, .cwd = here / "work"});
  CHECK(answer.out == "agent\nknown\n");
  CHECK(fs::exists(here / "agent/socket"));
}

TEST_CASE("feature/timezone keeps the link that holds the zone's name") {
  if (!fs::is_symlink("/etc/localtime")) SKIP_TEST("/etc/localtime is no link here");
  const Workspace here;
  const std::string profile = here.profile("own", "extends = [\"base/minimal\", \"feature/timezone\"]\n");
  const Answer answer = run_hutch({"run", profile, "/usr/bin/readlink", "/etc/localtime"});
  CHECK(answer.out == fs::read_symlink("/etc/localtime").string() + "\n");
}

// Their own tests, with a home folder whose secrets are there to be denied. Larger programs wait for
// tests/nightly/profiles.
TEST_CASE("tools of everyday prove themselves") {
  prove({"base/minimal", "shell", "vim", "sqlite3", "curl"});
}

TEST_CASE("profiles for what strangers send prove themselves") {
  prove({"tmux", "imagemagick", "untrusted", "agent", "app", "littlebox"});
}

TEST_CASE("fragments prove themselves, in a system or without") {
  const Workspace here;
  write_secrets(here, "home");
  fs::create_directories(here / "home/.local/share/hutch/home/default");
  const Listener bus(here / "run/bus"), wayland(here / "run/wayland-0"), agent(here / "run/agent"),
      sound(here / "run/pulse/native"), media(here / "run/pipewire-0");
  const Options options{.env = {{"HOME", here / "home"},
                                {"TMPDIR", here.path()},
                                {"XDG_RUNTIME_DIR", here / "run"},
                                {"SSH_AUTH_SOCK", here / "run/agent"},
                                {"SLURM_JOB_ID", "7"},
                                {"LANG", "C.UTF-8"}},
                        .seconds = 120};
  for (const char* folder : {"base", "feature", "lang", "seccomp", "build"}) {
    for (const auto& entry : fs::directory_iterator(HUTCH_SOURCE_DIR "/profiles/" + std::string(folder))) {
      const Answer answer =
          run_hutch({"test", "--strict", folder + ("/" + entry.path().stem().string())}, options);
      INFO(answer.out << answer.err);
      CHECK(answer.status == 0);
    }
  }
}

TEST_CASE("git and gpg prove themselves") { prove({"git", "gpg"}); }

TEST_CASE("languages prove themselves") { prove({"python", "node", "make", "cargo"}); }

TEST_CASE("servers prove themselves") { prove({"postgres", "nginx", "redis"}); }

TEST_CASE("each profile has a test of its own, and one of something that it is denied") {
  for (const auto& entry : fs::recursive_directory_iterator(HUTCH_SOURCE_DIR "/profiles")) {
    if (entry.path().extension() != ".toml") continue;
    const std::string text = read_file(entry.path());
    INFO(entry.path());
    const std::size_t first = text.find("\n[[test]]\n");
    CHECK(first != std::string::npos);
    CHECK(text.find("\n[[test]]\n", first + 1) != std::string::npos);
    CHECK(text.find("expect = \"denied\"") != std::string::npos);
  }
  for (const std::string& profile : applications()) {
    const std::string text = read_file(HUTCH_SOURCE_DIR "/profiles/" + profile + ".toml");
    INFO(profile);
    const bool does_something =
        text.find("exists = \"/usr/") != std::string::npos || text.find("expect = { ") != std::string::npos;
    CHECK(does_something);
  }
}

TEST_CASE("hutch-profiles(7) has every shipped profile, with its description") {
  const std::string page = read_file(HUTCH_SOURCE_DIR "/packaging/man/hutch-profiles.7.scd");
  std::size_t described = 0;
  for (const auto& entry : fs::recursive_directory_iterator(HUTCH_SOURCE_DIR "/profiles")) {
    if (entry.path().extension() != ".toml") continue;
    const std::string name = fs::relative(entry.path(), HUTCH_SOURCE_DIR "/profiles").replace_extension("");
    std::string text = read_file(entry.path());
    text = text.substr(text.find("\ndescription = \"") + 16);
    INFO(name);
    CHECK(page.find("\n*" + name + "*\n\t" + text.substr(0, text.find("\"\n")) + "\n") != std::string::npos);
    ++described;
  }
  std::size_t listed = 0;  // and none that is gone
  for (std::size_t at = page.find("*\n\t"); at != std::string::npos; at = page.find("*\n\t", at + 1))
    ++listed;
  CHECK(listed == described);
}
