// A root folder that somebody filled with everything a file system can hold: none of it leads out, blocks, or
// speaks to the terminal.

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const char* const kEvilName = "a\x1b[2J\nb\x9b\xc2\x9b\r";

bool steers_a_terminal(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f || byte == 0x9b) return true;
  }
  return false;
}

/// Where `kind` of thing comes to lie at `path`, with `outside` as what it would lead to.
void place(const std::string& kind, const std::string& path, const std::string& outside) {
  if (kind == "absolute link") fs::create_symlink(outside, path);
  if (kind == "relative link") fs::create_symlink("../../../../../../../.." + outside, path);
  if (kind == "link to itself") fs::create_symlink(fs::path(path).filename(), path);
  if (kind == "link to a link") {
    fs::create_symlink(outside, path + ".next");
    fs::create_symlink(fs::path(path).filename().string() + ".next", path);
  }
  if (kind == "magic link") fs::create_symlink("/proc/self/root" + outside, path);
  if (kind == "descriptor") fs::create_symlink("/proc/self/fd/3", path);
  if (kind == "long link") fs::create_symlink(std::string(4000, '/') + outside, path);
  if (kind == "fifo") REQUIRE(mkfifo(path.c_str(), 0666) == 0);
  if (kind == "file") REQUIRE(mknod(path.c_str(), S_IFREG | 0644, 0) == 0);
  if (kind == "shut folder") REQUIRE(mkdir(path.c_str(), 0) == 0);
  if (kind == "passable folder") REQUIRE(mkdir(path.c_str(), 0711) == 0);
  if (kind == "device") REQUIRE(mknod(path.c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0);
  if (kind == "socket") {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    close(fd);
  }
}

std::vector<std::string> kinds() {
  std::vector<std::string> all{"absolute link", "relative link", "link to itself",  "link to a link",
                               "magic link",    "descriptor",    "long link",       "fifo",
                               "file",          "shut folder",   "passable folder", "socket"};
  if (geteuid() == 0) all.emplace_back("device");
  return all;
}

/// A profile of which every kind of mount lies below /x, in a root folder that can be written to.
std::string box_around(const Workspace& here) {
  fs::create_directories(here / "root/proc");
  fs::copy_file(HUTCH_PROBE, here / "root/probe");
  return here.profile("box",
                      "[process]\ncommand = [\"/probe\"]\nargs = \"append\"\n[mounts]\n"
                      "\"/\" = { type = \"bind\", source = \"./root\", write = true }\n\"/proc\" = \"proc\"\n"
                      "\"/x/tmpfs\" = \"tmpfs\"\n\"/x/dir\" = \"dir\"\n\"/x/file\" = { type = \"file\", "
                      "content = \"theirs\" }\n"
                      "\"/x/link\" = { type = \"symlink\", to = \"/etc\" }\n\"/x/deep/bind\" = { type = "
                      "\"bind\", source = \"./bound\" "
                      "}\n\"/x/null\" = { type = \"device\", source = \"/dev/null\" }\n");
}

}  // namespace

TEST_CASE("whatever stands where a mount shall land, nothing outside of the root is touched", "[slow]") {
  const Workspace here;
  here.write("outside/kept", "the host's");
  here.write("bound/name", "bound");
  const std::string box = box_around(here);
  const std::string x = here / "root/x";
  for (const std::string& kind : kinds()) {
    for (const char* at : {"", "/tmpfs", "/dir", "/file", "/link", "/deep", "/deep/bind", "/null"}) {
      INFO(kind << " at /x" << at);
      fs::create_directories(std::string(at).empty() ? fs::path(here / "root")
                                                     : fs::path(x + at).parent_path());
      place(kind, x + at, here / "outside");
      const Answer answer = run_hutch({"run", box, "exit", "0"},
                                      {.watched = {here / "outside", here / "bound"}, .seconds = 20});
      CHECK((answer.status == 0 || answer.status == 125));
      if (answer.status == 125) CHECK(has(answer.err, "error[E0"));
      CHECK_FALSE(steers_a_terminal(answer.err));
      CHECK(read_file(here / "outside/kept") == "the host's");
      fs::remove(x + at + ".next");
      if (fs::is_directory(fs::symlink_status(x + at))) chmod((x + at).c_str(), 0700);
      if (fs::is_directory(fs::symlink_status(x))) chmod(x.c_str(), 0700);
      fs::remove_all(x);
    }
  }
}

TEST_CASE("folders that change places with links while the sandbox is set up lead nothing out", "[slow]") {
  const Workspace here;
  here.write("outside/kept", "the host's");
  here.write("bound/name", "bound");
  fs::create_directories(here / "outside/deep");
  const std::string box = box_around(here);
  const std::string x = here / "root/x";
  for (const char* at : {"", "/deep"}) {
    fs::create_directories(x + "/deep");
    const std::string place = x + at, other = place + ".other";
    fs::create_symlink(here / "outside", other);
    std::atomic<bool> stop = false;
    std::thread exchange([&] {
      while (!stop) renameat2(AT_FDCWD, place.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
    });
    for (int i = 0; i < 60; ++i) {
      const Answer answer =
          run_hutch({"run", box, "exit", "0"}, {.watched = {here / "outside", here / "bound"}});
      CHECK((answer.status == 0 || answer.status == 125));
    }
    stop = true;
    exchange.join();
    CHECK(read_file(here / "outside/kept") == "the host's");
    fs::remove_all(here / "root/x.other");
    fs::remove_all(x);
  }
}

TEST_CASE("sources that change places with other kinds of files are bound as what they were, or not at all",
          "[slow]") {
  const Workspace here;
  here.write("good/name", "good");
  here.write("secret/name", "secret");
  const std::string box =
      here.profile("box", bare_profile("\"/src\" = { type = \"bind\", source = \"./good\" }"));
  for (const std::string& kind :
       {std::string("fifo"), std::string("file"), std::string("socket"), std::string("link to itself")}) {
    CAPTURE(kind);
    const std::string good = here / "good", other = here / "other";
    place(kind, other, here / "secret");
    std::atomic<bool> stop = false;
    std::thread exchange([&] {
      while (!stop) renameat2(AT_FDCWD, good.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
    });
    for (int i = 0; i < 25; ++i) {
      const Answer answer = run_hutch({"run", box, "read", "/src/name"}, {.seconds = 20});
      CHECK((answer.status == 0 || answer.status == 125));
      CHECK_FALSE(has(answer.out, "secret"));
    }
    stop = true;
    exchange.join();
    if (!fs::is_directory(fs::symlink_status(good)))
      fs::rename(other, here / "kept"), fs::rename(good, other), fs::rename(here / "kept", good);
    fs::remove(other);
  }
}

TEST_CASE("names of files that would steer the terminal are bound by their bytes and told escaped") {
  const Workspace here;
  const std::string folder = here / "names/" + kEvilName;
  fs::create_directories(folder);
  here.write(std::string("names/") + kEvilName + "/inner", "seen");
  const std::string box =
      here.profile("box", bare_profile("\"/names\" = { type = \"bind\", source = \"./names\" }\n"
                                       "\"/all\" = \"dir\""));
  const Answer list = run_hutch({"run", box, "list", "/names"});
  CHECK(list.status == 0);
  // Names that are not UTF-8 cannot be mounted by a glob: said, and escaped.
  const std::string globbing =
      here.profile("globbing", bare_profile("\"/names/*\" = { type = \"bind\", source = \"./names/*\" }"));
  const std::string hiding = here.profile(
      "hiding",
      bare_profile("\"/names\" = { type = \"bind\", source = \"./names\" }\n\"/names/*\" = \"hidden\""));
  for (const std::string& profile : {globbing, hiding}) {
    for (const char* command : {"run", "plan", "check"}) {
      const Answer answer = run_hutch({command, profile});
      CHECK_FALSE(steers_a_terminal(answer.err));
      if (std::string(command) == "plan") CHECK_FALSE(steers_a_terminal(answer.out));
    }
  }
  // As a working directory, where `base/cwd` shows it.
  const Answer there = run_hutch({"run", "app", "/bin/true"}, {.cwd = folder});
  CHECK_FALSE(steers_a_terminal(there.err));
}

TEST_CASE("paths of every length are refused or walked, and none is cut off") {
  const Workspace here;
  const std::string box = here.profile("box", bare_profile());
  for (const std::size_t length : {255U, 256U, 4095U, 4096U, 70'000U}) {
    std::string path;
    while (path.size() < length)
      path += "/" + std::string(std::min<std::size_t>(100, length - path.size()), 'd');
    for (const std::string& name : {path, "/" + std::string(length, 'n')}) {
      const Answer answer = run_hutch({"run", "--set", "mounts.'" + name + "' = 'tmpfs'", box, "exit", "0"});
      CHECK((answer.status == 0 || answer.status == 125));
      if (answer.status == 125) CHECK(answer.err.starts_with("error[E0"));
    }
  }
  CHECK(run_hutch({"run", "--set", "mounts.'/" + std::string(255, 'n') + "' = 'tmpfs'", box, "exit", "0"})
            .status == 0);
}

TEST_CASE("a folder that can be passed and not read is mounted in, one that is shut is not") {
  const Workspace here;
  here.write("passable/inner/file", "seen");
  here.write("shut/inner/file", "x");
  chmod((here / "passable").c_str(), 0111);
  chmod((here / "shut").c_str(), 0);
  const auto box = [&here](const std::string& name) {
    return here.profile(name,
                        bare_profile("\"/f\" = { type = \"bind\", source = \"./" + name + "/inner\" }"));
  };
  CHECK(run_hutch({"run", box("passable"), "read", "/f/file"})["read:/f/file"] == "seen");
  const Answer shut = run_hutch({"run", box("shut"), "read", "/f/file"});
  chmod((here / "passable").c_str(), 0755);
  chmod((here / "shut").c_str(), 0755);
  // Root, too: in its new user namespace it has no right to pass by.
  CHECK(shut.status == 125);
  CHECK(has(shut.err, "(EACCES)"));
}
