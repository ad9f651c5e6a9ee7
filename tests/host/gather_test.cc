#include "host/gather.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace hutch;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/hutch-host-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string at(const std::string& name) const { return path + "/" + name; }
  std::string path;
};

std::unique_ptr<Host> host_with(std::vector<std::string> environment = {}) {
  static std::vector<std::string> kept;
  static std::vector<char*> pointers;
  kept = std::move(environment);
  pointers.clear();
  for (auto& entry : kept) pointers.push_back(entry.data());
  pointers.push_back(nullptr);
  return gather_host(pointers.data());
}

}  // namespace

TEST_CASE("the caller is who the kernel says, with an environment read like getenv does") {
  const auto host = host_with({"A=1", "A=2", "=odd", "noequals", "EMPTY=", "B=x=y"});
  const Caller& caller = host->caller();
  CHECK(caller.uid == ::geteuid());
  CHECK(caller.gid == ::getegid());
  CHECK(caller.groups.size() == static_cast<std::size_t>(::getgroups(0, nullptr)));
  CHECK(caller.directory == std::filesystem::current_path().string());
  CHECK(caller.environment ==
        std::map<std::string, std::string, std::less<>>{{"A", "1"}, {"B", "x=y"}, {"EMPTY", ""}});
  if (::geteuid() == 0) CHECK(caller.user == "root");
}

TEST_CASE("the kernel's version, machine and last capability are numbers to compare") {
  const auto host = host_with();
  const Kernel& kernel = host->kernel();
  utsname name{};
  REQUIRE(::uname(&name) == 0);
  const std::string version = std::to_string(kernel.major) + "." + std::to_string(kernel.minor);
  CHECK(std::string(name.release).starts_with(version));
  CHECK(kernel.architecture == name.machine);
  std::ifstream file("/proc/sys/kernel/cap_last_cap");
  int expected = 0;
  if (file >> expected) CHECK(kernel.last_capability == expected);
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, 1);
  CHECK(kernel.landlock == (abi < 0 ? -errno : abi));
}

TEST_CASE("looking does not follow the last link, following does, and both say why something is missing") {
  const Folder folder;
  const auto host = host_with();
  std::ofstream(folder.at("file")) << "x";
  ::chmod(folder.at("file").c_str(), 0640);
  std::filesystem::create_symlink("file", folder.at("link"));
  std::filesystem::create_symlink("nowhere", folder.at("dangling"));
  std::filesystem::create_symlink("loop", folder.at("loop"));
  REQUIRE(::mkfifo(folder.at("fifo").c_str(), 0600) == 0);

  CHECK(host->look(folder.at("file")).kind == FileKind::file);
  CHECK(host->look(folder.at("file")).mode == 0640);
  CHECK(host->look(folder.at("link")).kind == FileKind::symlink);
  CHECK(host->follow(folder.at("link")).kind == FileKind::file);
  CHECK(host->look(folder.at("fifo")).kind == FileKind::fifo);
  CHECK(host->look(folder.path).kind == FileKind::directory);
  CHECK(host->look("/dev/null").kind == FileKind::char_device);
  CHECK(host->follow(folder.at("dangling")).kind == FileKind::missing);
  CHECK(host->follow(folder.at("dangling")).error == ENOENT);
  CHECK(host->follow(folder.at("loop")).error == ELOOP);
  CHECK(host->look(folder.at("file/below")).error == ENOTDIR);
  CHECK(host->read_link(folder.at("link")) == "file");
  CHECK(host->read_link(folder.at("file")).empty());
  CHECK(host->real_path(folder.at("link")) == std::filesystem::canonical(folder.at("file")).string());
  CHECK(host->real_path(folder.at("dangling")).empty());
}

TEST_CASE("an answer once given stays: one launch sees one world") {
  const Folder folder;
  const auto host = host_with();
  CHECK(host->look(folder.at("late")).kind == FileKind::missing);
  std::ofstream(folder.at("late")) << "x";
  CHECK(host->look(folder.at("late")).kind == FileKind::missing);
  CHECK(host_with()->look(folder.at("late")).kind == FileKind::file);
}

TEST_CASE("a directory lists its names in byte order, hidden ones too") {
  const Folder folder;
  for (const char* name : {"b", ".a", "Z", "a"}) std::ofstream(folder.at(name)) << "";
  CHECK(host_with()->list(folder.path) == std::vector<std::string>{".a", "Z", "a", "b"});
  CHECK_FALSE(host_with()->list(folder.at("a")).has_value());
}

TEST_CASE("a deleted current directory is an empty one") {
  const pid_t child = ::fork();
  if (child == 0) {
    const Folder folder;
    bool good = ::chdir(folder.path.c_str()) == 0;
    std::filesystem::remove_all(folder.path);
    good = good && host_with()->caller().directory.empty();
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("permission is asked for the caller's effective ids") {
  const Folder folder;
  std::ofstream(folder.at("plain")) << "x";
  ::chmod(folder.at("plain").c_str(), 0600);
  const auto host = host_with();
  CHECK(host->may(folder.at("plain"), R_OK));
  CHECK_FALSE(host->may(folder.at("plain"), X_OK));
  CHECK_FALSE(host->may(folder.at("none"), F_OK));
}

TEST_CASE("only regular files are read, and no more of them than was asked for") {
  const Folder folder;
  const auto host = host_with();
  std::ofstream(folder.at("file")) << "0123456789";
  REQUIRE(::mkfifo(folder.at("fifo").c_str(), 0600) == 0);
  CHECK(host->read(folder.at("file"), 4) == "0123");
  CHECK(host->read(folder.at("file"), 100) == "0123456789");
  CHECK_FALSE(host->read(folder.at("fifo"), 4).has_value());
  CHECK_FALSE(host->read(folder.path, 4).has_value());
  CHECK_FALSE(host->read("/dev/zero", 4).has_value());
}

TEST_CASE("mounts below a directory do not include its own") {
  const auto mounts = host_with()->mounts_below("/");
  CHECK(std::find(mounts.begin(), mounts.end(), "/proc") != mounts.end());
  CHECK(std::find(mounts.begin(), mounts.end(), "/") == mounts.end());
  CHECK(host_with()->mounts_below("/proc/self").empty());
}
