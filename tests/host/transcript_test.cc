#include "host/transcript.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "support/fake_host.h"

using namespace hutch;
using hutch::test::FakeHost;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/hutch-transcript-XXXXXX";
    path = ::mkdtemp(name);
    std::filesystem::create_directory(path + "/names");
    write("text", "one");
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path + "/" + name) << text;
  }
  std::string path;
};

void describe(FakeHost& host) {
  host.text("/etc/text", "what it says")
      .link("/link", "etc")
      .dir("/folder")
      .file("/folder/a")
      .file("/tool", 0755);
  host.mounted("/mnt/disk").subid(100000, 65536).with_processors({0, 1});
}

/// Each question there is.
void ask_all(const Host& host, const std::string& folder) {
  static_cast<void>(host.caller());
  static_cast<void>(host.kernel());
  static_cast<void>(host.look("/link"));
  static_cast<void>(host.follow("/link"));
  static_cast<void>(host.read_link("/link"));
  static_cast<void>(host.list("/folder"));
  static_cast<void>(host.real_path("/link/text"));
  static_cast<void>(host.is_read_only("/folder"));
  static_cast<void>(host.may("/tool", X_OK));
  static_cast<void>(host.read("/etc/text", 100));
  static_cast<void>(host.mounts_below("/mnt"));
  static_cast<void>(host.subids(false));
  static_cast<void>(host.limit(RLIMIT_NOFILE));
  static_cast<void>(host.nice());
  static_cast<void>(host.oom_score_adj());
  static_cast<void>(host.processors());
  static_cast<void>(host.may_have_personality(1));
  const Files& files = host.files();
  static_cast<void>(files.read(folder + "/text", 100));
  static_cast<void>(files.names(folder + "/names"));
  static_cast<void>(files.is_directory(folder + "/later"));
  static_cast<void>(files.is_regular_file(folder + "/text"));
  static_cast<void>(files.is_there(folder + "/there"));
  static_cast<void>(files.is_of_others(folder + "/text", ::getuid()));
  static_cast<void>(files.real_directory(folder + "/link"));
  static_cast<void>(files.own_path());
}

}  // namespace

TEST_CASE("a transcript holds as long as nothing of what was asked has changed") {
  const Folder folder;
  FakeHost host;
  describe(host);
  const WitnessedHost witness(host);
  ask_all(witness, folder.path);
  ask_all(witness, folder.path);
  CHECK(witness.transcript().good());
  CHECK(still_holds(witness.transcript().bytes(), host));
  host.file("/elsewhere").env("LATER", "no");
  host.unset("LATER");
  CHECK(still_holds(witness.transcript().bytes(), host));
}

TEST_CASE("any other answer ends what a transcript proves") {
  struct Row {
    const char* what;
    std::function<void(FakeHost&, const Folder&)> change;
  };
  const std::vector<Row> rows{
      {"a variable", [](FakeHost& host, const Folder&) { host.env("HOME", "/elsewhere"); }},
      {"one more variable", [](FakeHost& host, const Folder&) { host.env("MORE", ""); }},
      {"who asks", [](FakeHost& host, const Folder&) { host.user("bob", 1001, 1000); }},
      {"a group", [](FakeHost& host, const Folder&) { host.caller().groups.push_back(7); }},
      {"a capability", [](FakeHost& host, const Folder&) { host.caller().has_admin_capability = true; }},
      {"the other capabilities",
       [](FakeHost& host, const Folder&) { host.caller().has_setid_capabilities = true; }},
      {"where", [](FakeHost& host, const Folder&) { host.directory("/tmp"); }},
      {"a terminal", [](FakeHost& host, const Folder&) { host.caller().terminals[1] = true; }},
      {"the kernel", [](FakeHost& host, const Folder&) { host.linux_version(6, 2); }},
      {"Landlock", [](FakeHost& host, const Folder&) { host.kernel().landlock = 3; }},
      {"the last capability", [](FakeHost& host, const Folder&) { host.kernel().last_capability = 41; }},
      {"the architecture", [](FakeHost& host, const Folder&) { host.kernel().architecture = "aarch64"; }},
      {"where a link leads", [](FakeHost& host, const Folder&) { host.link("/link", "folder"); }},
      {"a link that is none",
       [](FakeHost& host, const Folder&) {
         host.owned("/link", {FileKind::file, 0, 0777, 0, 0});
       }},
      {"a name in a folder", [](FakeHost& host, const Folder&) { host.file("/folder/b"); }},
      {"a read-only file system", [](FakeHost& host, const Folder&) { host.read_only("/folder"); }},
      {"rights", [](FakeHost& host, const Folder&) { host.file("/tool", 0644); }},
      {"content", [](FakeHost& host, const Folder&) { host.text("/etc/text", "what it SAYS"); }},
      {"a mount", [](FakeHost& host, const Folder&) { host.mounted("/mnt/other"); }},
      {"subordinate ids", [](FakeHost& host, const Folder&) { host.subid(300000, 10); }},
      {"a limit", [](FakeHost& host, const Folder&) { host.limited(RLIMIT_NOFILE, 10, 20); }},
      {"the nice value", [](FakeHost& host, const Folder&) { host.niced(3); }},
      {"the oom score", [](FakeHost& host, const Folder&) { host.oom_scored(7); }},
      {"processors", [](FakeHost& host, const Folder&) { host.with_processors({0}); }},
      {"a personality", [](FakeHost& host, const Folder&) { host.without_personality(); }},
      {"a profile", [](FakeHost&, const Folder& folder) { folder.write("text", "two"); }},
      {"a profile of the same text, another file",
       [](FakeHost&, const Folder& folder) {
         folder.write("new", "one");
         std::filesystem::rename(folder.path + "/new", folder.path + "/text");
       }},
      {"a profile that is a pipe now",
       [](FakeHost&, const Folder& folder) {
         std::filesystem::remove(folder.path + "/text");
         ::mkfifo((folder.path + "/text").c_str(), 0600);
       }},
      {"a drop-in", [](FakeHost&, const Folder& folder) { folder.write("names/10.toml", ""); }},
      {"a folder",
       [](FakeHost&, const Folder& folder) { std::filesystem::create_directory(folder.path + "/later"); }},
      {"a file", [](FakeHost&, const Folder& folder) { folder.write("there", ""); }},
      {"who may write",
       [](FakeHost&, const Folder& folder) { ::chmod((folder.path + "/text").c_str(), 0666); }},
      {"a real folder",
       [](FakeHost&, const Folder& folder) {
         std::filesystem::create_directory_symlink("names", folder.path + "/link");
       }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const Folder folder;
    FakeHost host;
    describe(host);
    const WitnessedHost witness(host);
    ask_all(witness, folder.path);
    REQUIRE(still_holds(witness.transcript().bytes(), host));
    row.change(host, folder);
    CHECK(!still_holds(witness.transcript().bytes(), host));
  }
}

TEST_CASE("what was read from a pipe cannot be asked again") {
  const Folder folder;
  const std::string pipe = folder.path + "/pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const std::string command = "printf x > '" + pipe + "' &";
  REQUIRE(std::system(command.c_str()) == 0);
  FakeHost host;
  const WitnessedHost witness(host);
  REQUIRE(witness.files().read(pipe, 10)->text == "x");
  CHECK(!witness.transcript().good());
  CHECK(!still_holds(witness.transcript().bytes(), host));
}

TEST_CASE("bytes that are no transcript prove nothing") {
  FakeHost host;
  const WitnessedHost witness(host);
  static_cast<void>(witness.look("/etc"));
  const std::string whole = witness.transcript().bytes();
  for (std::size_t size = 1; size < whole.size(); ++size) CHECK(!still_holds(whole.substr(0, size), host));
  std::string unknown = whole;
  unknown[0] = 100;
  CHECK(!still_holds(unknown, host));
}
