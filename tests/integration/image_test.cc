// Images: mounted for real, by the kernel where the caller is root, by Debian's FUSE mounters where not.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "support/sandbox.h"
#include "support/skip.h"
#include "support/snapshot.h"

namespace hutch::test {
namespace {

bool is_root() { return ::geteuid() == 0; }

/// Why images of this kind cannot be had here; empty if they can.
std::string lacks(const std::string& format) {
  const std::string maker = format == "squashfs" ? "mksquashfs" : format == "erofs" ? "mkfs.erofs" : "mke2fs";
  if (!have_program(maker) && !have_program("/usr/sbin/" + maker) &&
      ::access(("/sbin/" + maker).c_str(), X_OK) < 0)
    return "no " + maker;
  if (::access("/bin/busybox", X_OK) < 0) return "no busybox";
  if (is_root()) return ::access("/dev/loop-control", R_OK | W_OK) < 0 ? "no loop devices" : "";
  if (::access("/dev/fuse", R_OK | W_OK) < 0) return "/dev/fuse is not open to ordinary users";
  const std::string mounter = format == "squashfs" ? "squashfuse"
                              : format == "erofs"  ? "erofsfuse"
                                                   : "fuse2fs";
  return ::access(("/usr/bin/" + mounter).c_str(), X_OK) < 0 ? "no " + mounter : "";
}

/// A small system with a shell, and with files of several owners where root makes it.
std::string make_tree(const Workspace& here) {
  const std::string tree = here / "tree";
  for (const char* folder : {"bin", "dev", "proc", "tmp", "etc", "srv"})
    std::filesystem::create_directories(tree + "/" + folder);
  std::filesystem::copy_file("/bin/busybox", tree + "/bin/busybox");
  for (const char* name : {"sh", "cat", "id", "stat", "touch", "sleep", "ls", "dd", "sync"})
    std::filesystem::create_symlink("busybox", tree + "/bin/" + name);
  here.write("tree/etc/said", "from the image\n");
  here.write("tree/etc/key", "secret\n", 0600);
  here.write("tree/bin/become", "#!/bin/sh\nid -u\n", 04755);
  if (is_root()) {
    REQUIRE(::chown((tree + "/srv").c_str(), 33, 33) == 0);
    REQUIRE(::mknod((tree + "/dev/hole").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0);
  }
  return tree;
}

std::string make_image(const Workspace& here, const std::string& format) {
  const std::string tree = make_tree(here);
  // A name that says something else: only the content counts.
  const std::string image = here / "image.txt";
  const Answer made = format == "squashfs" ? run_program({"mksquashfs", tree, image, "-noappend", "-quiet",
                                                          "-no-progress", "-processors", "1", "-no-xattrs"})
                      : format == "erofs"
                          ? run_program({"mkfs.erofs", image, tree})
                          : run_program({"/sbin/mke2fs", "-q", "-t", "ext4", "-d", tree, image, "16M"});
  INFO(made.out << made.err);
  REQUIRE(made.status == 0);
  return image;
}

std::string box_with(const Workspace& here, const std::string& image, const std::string& more = "",
                     const std::string& rest = "") {
  return here.profile(
      "box",
      "[identity]\nmap = \"root\"\nuid = 0\ngid = 0\n[mounts]\n\"/\" = { type = \"image\", source = \"" +
          image + "\"" + more + " }\n\"/proc\" = \"proc\"\n\"/tmp\" = \"tmpfs\"\n" + rest);
}

/// The loop devices that have this file behind them.
std::string loops_of(const std::string& image) {
  std::string found;
  for (const auto& each : std::filesystem::directory_iterator("/sys/block")) {
    std::ifstream file(each.path() / "loop/backing_file");
    std::string behind;
    if (std::getline(file, behind) && behind == image) found += each.path().filename().string() + " ";
  }
  return found;
}

/// A moment later than the sandbox: the kernel lets a device go in a task of its own.
bool is_let_go(const std::string& image) {
  for (int wait = 0; wait < 100 && !loops_of(image).empty(); ++wait)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  return loops_of(image).empty();
}

TEST_CASE("an image is the root of a sandbox, read-only, without set-user-id and devices", "[hostmounts]") {
  for (const std::string format : {"squashfs", "erofs", "ext4"}) {
    DYNAMIC_SECTION(format) {
      // erofsfuse is no package of Debian 12, where ordinary users do without.
      if (const std::string why = lacks(format); !why.empty()) SKIP_TEST(why);
      const Workspace here;
      const std::string image = make_image(here, format);
      const Answer answer = run_hutch({"run", box_with(here, image), "sh", "-c",
                                       "cat /etc/said; touch /etc/new; touch /tmp/new && echo tmp is "
                                       "writable; cat /proc/self/mountinfo"});
      INFO(answer.out << answer.err);
      CHECK(answer.status == 0);
      CHECK(answer.out.find("from the image\n") != std::string::npos);
      CHECK(answer.out.find("tmp is writable\n") != std::string::npos);
      CHECK(answer.err.find("Read-only file system") != std::string::npos);
      const std::string type = (is_root() ? "" : "fuse.") + format;
      CHECK(answer.out.find(" / / ro,nosuid,nodev,relatime - " + type + " ") != std::string::npos);
      CHECK(is_let_go(image));
    }
  }
}

TEST_CASE("an image is mounted below a folder, as what it holds says, and its ids are judged by",
          "[hostmounts]") {
  if (const std::string why = lacks("squashfs"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string image = make_image(here, "squashfs");
  const std::string box = here.profile(
      "box", "[mounts]\n\"/bin\" = { type = \"bind\", source = \"" + here / "tree/bin" +
                 "\" }\n\"/data\" = { type = \"image\", source = \"image.txt\", exec = false }\n");
  const Answer answer =
      run_hutch({"run", box, "sh", "-c", "cat /data/etc/said; /data/bin/busybox id; touch /data/x"});
  INFO(answer.out << answer.err);
  CHECK(answer.out == "from the image\n");
  CHECK(answer.err.find("/data/bin/busybox: Permission denied") != std::string::npos);
  CHECK(answer.err.find("Read-only file system") != std::string::npos);
}

TEST_CASE("a device node in an image opens nothing", "[hostmounts]") {
  if (!is_root()) SKIP_TEST("only root can put one there");
  if (const std::string why = lacks("squashfs"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string box = box_with(here, make_image(here, "squashfs"));
  const Answer answer = run_hutch({"run", box, "sh", "-c", "ls /dev/hole; cat /dev/hole"});
  INFO(answer.out << answer.err);
  CHECK(answer.out == "/dev/hole\n");
  CHECK(answer.err.find("can't open '/dev/hole': Permission denied") != std::string::npos);
}

TEST_CASE("verify reads an image back, and a running sandbox with one is entered", "[hostmounts]") {
  if (const std::string why = lacks("squashfs"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string box = box_with(here, make_image(here, "squashfs"), "", "[process]\ncommand = [\"sh\"]\n");
  const Answer verified = run_hutch({"verify", box});
  INFO(verified.out << verified.err);
  CHECK(verified.status == 0);
  CHECK(verified.out.find("differs") == std::string::npos);
  const std::string name = "image-" + std::to_string(::getpid());
  Running running({"run", "--name", name, box, "sh", "-c", "echo up; exec cat"});
  expect_running(running.pid());
  REQUIRE(running.wait_for("up") != "(end)");
  const Answer inside =
      run_program({hutch_binary(), "enter", name, "cat", "/etc/said"}, {.env = {{"XDG_RUNTIME_DIR", ""}}});
  INFO(inside.err);
  CHECK(inside.out == "from the image\n");
  CHECK(running.wait().status == 0);
}

TEST_CASE("nothing stays of an image, whatever ends the launcher", "[hostmounts]") {
  if (const std::string why = lacks("squashfs"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string image = make_image(here, "squashfs");
  const std::string box = box_with(here, image);
  for (const int number : {SIGKILL, SIGTERM}) {
    Running running({"run", box, "sh", "-c", "echo up; exec sleep 100"});
    REQUIRE(running.wait_for("up") != "(end)");
    if (is_root()) CHECK(!loops_of(image).empty());
    const std::vector<pid_t> all = running.descendants();
    CHECK(all.size() >= (is_root() ? 2U : 4U));
    running.signal(number);
    running.wait();
    for (int wait = 0; wait < 100 && !std::ranges::all_of(all, has_ended); ++wait)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    for (const pid_t each : all) CHECK(has_ended(each));
    CHECK(is_let_go(image));
  }
  // Set-up that fails after the image was mounted, too.
  const Answer failed = run_hutch({"run", "--set", "mounts.\"/nowhere\" = \"tmpfs\"", box, "sh"});
  CHECK(failed.status == 125);
  CHECK(failed.err.find("there is no \"/nowhere\" in the sandbox") != std::string::npos);
  CHECK(is_let_go(image));
}

TEST_CASE("a launcher that is killed at any moment leaves no loop device", "[hostmounts]") {
  if (!is_root()) SKIP_TEST("ordinary users have no loop devices");
  if (const std::string why = lacks("squashfs"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string image = make_image(here, "squashfs");
  const std::string box = box_with(here, image);
  for (int delay = 0; delay < 40; ++delay) {
    const pid_t launcher = ::fork();
    if (launcher == 0) {
      const int null = ::open("/dev/null", O_RDWR);
      for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
      ::execl(hutch_binary().c_str(), "hutch", "run", box.c_str(), "sleep", "100", nullptr);
      ::_exit(1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(delay * 400));
    ::kill(launcher, SIGKILL);
    ::waitpid(launcher, nullptr, 0);
  }
  CHECK(is_let_go(image));
}

TEST_CASE("an ext4 is written to by root if the profile says so", "[hostmounts]") {
  if (const std::string why = lacks("ext4"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string image = make_image(here, "ext4");
  const std::string box = box_with(here, image, ", write = true");
  const Answer answer = run_hutch({"run", box, "sh", "-c", "echo more >> /etc/said"});
  INFO(answer.err);
  if (!is_root()) {
    CHECK(answer.status == 125);
    CHECK(answer.err.find("error[E0364]: \"" + image + "\" can only be written to by root") !=
          std::string::npos);
    return;
  }
  CHECK(answer.status == 0);
  CHECK(is_let_go(image));
  CHECK(run_hutch({"run", box, "cat", "/etc/said"}).out == "from the image\nmore\n");
}

TEST_CASE("an ext4 that is written to is nobody else's meanwhile", "[hostmounts]") {
  if (!is_root()) SKIP_TEST("ordinary users write to none");
  if (const std::string why = lacks("ext4"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string image = make_image(here, "ext4");
  const std::string reads = box_with(here, image);
  const std::string writes = here.profile(
      "writes", "[mounts]\n\"/\" = { type = \"image\", source = \"" + image + "\", write = true }\n");
  for (const std::string& first : {reads, writes}) {
    Running running({"run", first, "sh", "-c", "echo up; exec cat"});
    expect_running(running.pid());
    REQUIRE(running.wait_for("up") != "(end)");
    for (const std::string& second : {reads, writes}) {
      const Answer answer = run_hutch({"run", second, "sh", "-c", "exit 0"});
      INFO(answer.err);
      const bool may = first == reads && second == reads;
      CHECK(answer.status == (may ? 0 : 125));
      // Before it is locked, the head of the image says that somebody writes to it, to who only reads.
      const char* const told = first == writes && second == reads ? "unless somebody has it mounted now"
                                                                  : "somebody has the image mounted";
      INFO(told);
      if (!may) CHECK(answer.err.find(told) != std::string::npos);
    }
    CHECK(running.wait().status == 0);
    CHECK(is_let_go(image));
  }
}

TEST_CASE("an ext4 that asks the kernel to panic at errors is mounted with another answer", "[hostmounts]") {
  if (!is_root()) SKIP_TEST("the kernel mounts images for root only");
  if (const std::string why = lacks("ext4"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string image = make_image(here, "ext4");
  REQUIRE(run_program({"/sbin/tune2fs", "-e", "panic", image}).status == 0);
  const Answer answer = run_hutch({"run", box_with(here, image), "cat", "/proc/self/mountinfo"});
  INFO(answer.out << answer.err);
  CHECK(answer.out.find(" - ext4 /dev/loop") != std::string::npos);
  CHECK(answer.out.find("errors=panic") == std::string::npos);
}

TEST_CASE("a damaged image is told as such, with the words of who reads it", "[hostmounts]") {
  if (const std::string why = lacks("squashfs"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string image = make_image(here, "squashfs");
  std::fstream file(image, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(20);  // which compression
  file.write("\x63\0", 2);
  file.close();
  const Answer answer = run_hutch({"run", box_with(here, image), "sh"});
  INFO(answer.err);
  CHECK(answer.status == 125);
  CHECK(answer.err.find("error[E0512]: cannot set up \"/\": ") != std::string::npos);
  CHECK(answer.err.find(is_root() ? "the file system is damaged, or has features that this kernel lacks"
                                  : "the FUSE mounter has given up") != std::string::npos);
  if (!is_root()) CHECK(answer.err.find("Squashfs image uses") != std::string::npos);
  CHECK(is_let_go(image));
}

TEST_CASE("an image that is cut off is refused before anything is done") {
  if (!have_program("mksquashfs") || ::access("/bin/busybox", X_OK) < 0)
    SKIP_TEST("no mksquashfs or busybox");
  const Workspace here;
  const std::string image = make_image(here, "squashfs");
  REQUIRE(::truncate(image.c_str(), 100'000) == 0);
  const Answer answer = run_hutch({"run", box_with(here, image), "sh"});
  CHECK(answer.status == 125);
  CHECK(answer.err.find("error[E0361]: \"" + image + "\" is cut off") != std::string::npos);
  CHECK(answer.err.find("the file has 100000") != std::string::npos);
}

TEST_CASE("without loop devices the message says what lacks", "[hostmounts]") {
  if (!is_root()) SKIP_TEST("ordinary users need none");
  if (const std::string why = lacks("squashfs"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string box = box_with(here, make_image(here, "squashfs"));
  const Answer answer =
      run_program({"unshare", "--mount", "/bin/sh", "-c", "mount -t tmpfs none /dev && exec \"$@\"", "sh",
                   hutch_binary(), "run", "--set", "process.tty = \"none\"", box, "sh"});
  INFO(answer.err);
  CHECK(answer.status == 125);
  CHECK(answer.err.find("error[E0512]: cannot set up \"/\": open: No such file or directory (ENOENT)") !=
        std::string::npos);
  CHECK(answer.err.find("the loop devices of this machine are out of reach (of a container?)") !=
        std::string::npos);
}

/// Lines of /proc/PID/FILE that begin with a word.
std::string line_of(pid_t pid, const std::string& file, const std::string& word) {
  std::ifstream text("/proc/" + std::to_string(pid) + "/" + file);
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with(word)) return line;
  }
  return "(none)";
}

TEST_CASE("a mounter runs without network, rights and files, and nobody else can use what it serves",
          "[hostmounts]") {
  if (is_root()) SKIP_TEST("for root the kernel reads images");
  if (const std::string why = lacks("squashfs"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string box = box_with(here, make_image(here, "squashfs"));
  Running running({"run", box, "sh", "-c", "echo up; exec cat"});
  REQUIRE(running.wait_for("up") != "(end)");
  pid_t mounter = -1;
  for (const pid_t each : running.descendants()) {
    if (line_of(each, "comm", "squashfuse") != "(none)") mounter = each;
  }
  REQUIRE(mounter > 0);
  CHECK(line_of(mounter, "status", "NoNewPrivs:") == "NoNewPrivs:\t1");
  CHECK(line_of(mounter, "status", "Seccomp:") == "Seccomp:\t2");
  CHECK(line_of(mounter, "status", "CapBnd:") == "CapBnd:\t0000000000000000");
  const auto link = [](pid_t pid, const std::string& name) {
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/ns/" + name).string();
  };
  for (const char* name : {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"})
    CHECK(link(mounter, name) != link(::getpid(), name));
  std::ifstream mounts("/proc/" + std::to_string(mounter) + "/mountinfo");
  std::vector<std::string> of_host;
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(here.path()) != std::string::npos) of_host.push_back(line);
  }
  REQUIRE(of_host.size() == 1);
  CHECK(of_host[0].find("/image.txt /image ro,nosuid,nodev,") != std::string::npos);
  // What it has open of the image, it has through that mount.
  for (const auto& each : std::filesystem::directory_iterator("/proc/" + std::to_string(mounter) + "/fd"))
    CHECK(std::filesystem::read_symlink(each.path()).string().find(here.path()) == std::string::npos);
  CHECK(!std::filesystem::exists("/proc/" + std::to_string(mounter) + "/root/home"));
  CHECK(running.wait().status == 0);
}

TEST_CASE("a sandbox whose mounter has died goes on and ends", "[hostmounts]") {
  if (is_root()) SKIP_TEST("for root the kernel reads images");
  if (const std::string why = lacks("squashfs"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string box = box_with(here, make_image(here, "squashfs"));
  Running running({"run", box, "sh", "-c", "echo up; read line; ls /srv && echo over"});
  REQUIRE(running.wait_for("up") != "(end)");
  for (const pid_t each : running.descendants()) {
    if (line_of(each, "comm", "squashfuse") != "(none)") ::kill(each, SIGKILL);
  }
  const Answer answer = running.wait();
  CHECK(answer.status != 0);
}

TEST_CASE("a mounter that hangs cannot keep the launcher from ending the sandbox", "[hostmounts]") {
  if (is_root()) SKIP_TEST("for root the kernel reads images");
  if (const std::string why = lacks("squashfs"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string box =
      box_with(here, make_image(here, "squashfs"), "", "[process]\nkill_after = \"200ms\"\n");
  Running running({"run", box, "sh", "-c", "echo up; read line; cat /bin/busybox > /dev/null; sleep 100"});
  REQUIRE(running.wait_for("up") != "(end)");
  for (const pid_t each : running.descendants()) {
    if (line_of(each, "comm", "squashfuse") != "(none)") ::kill(each, SIGSTOP);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  running.signal(SIGTERM);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  running.signal(SIGTERM);
  CHECK(running.wait().status != 0);
}

TEST_CASE("a mounter that never answers ends set-up with a message", "[hostmounts]") {
  if (is_root()) SKIP_TEST("for root the kernel reads images");
  if (const std::string why = lacks("squashfs"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string box = box_with(here, make_image(here, "squashfs"));
  // Stopped in time only if we are quick enough.
  for (int attempt = 0; attempt < 10; ++attempt) {
    Running running({"run", box, "sh", "-c", "echo up; exec cat"});
    pid_t mounter = -1;
    while (mounter < 0 && ::kill(running.pid(), 0) == 0) {
      for (const pid_t each : running.descendants()) {
        if (line_of(each, "comm", "hutch-mounter") != "(none)") mounter = each;
      }
    }
    if (running.descendants().size() > 2) {
      running.signal(SIGKILL);
      running.wait();
      continue;
    }
    ::kill(mounter, SIGSTOP);
    const Answer answer = running.wait();
    if (answer.out == "up\n") continue;
    INFO(answer.err);
    CHECK(answer.status == 125);
    CHECK(answer.err.find("error[E0512]: cannot set up \"/\": ") != std::string::npos);
    CHECK(answer.err.find("no answer for 20 seconds") != std::string::npos);
    return;
  }
  FAIL("the mounter was always quicker than this test");
}

TEST_CASE("what is typed at the terminal does not reach a mounter", "[hostmounts]") {
  if (is_root()) SKIP_TEST("for root the kernel reads images");
  if (const std::string why = lacks("squashfs"); !why.empty()) SKIP_TEST(why);
  const Workspace here;
  const std::string box = box_with(here, make_image(here, "squashfs"));
  Running running({"run", box, "sh", "-c", "echo up; exec cat"});
  REQUIRE(running.wait_for("up") != "(end)");
  int mounters = 0;
  for (const pid_t each : running.descendants()) {
    if (line_of(each, "comm", "squashfuse") == "(none)" && line_of(each, "comm", "hutch-mounter") == "(none)")
      continue;
    ++mounters;
    CHECK(::getsid(each) != ::getsid(running.pid()));
    CHECK(::getpgid(each) != ::getpgid(running.pid()));
  }
  CHECK(mounters == 2);
  CHECK(running.wait().status == 0);
}

}  // namespace
}  // namespace hutch::test
