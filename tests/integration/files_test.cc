// `process.files`: what the command line names, and only that, is seen inside; and whatever tries to have
// more seen.

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "support/file_arguments.h"
#include "support/sandbox.h"

using namespace hutch::test;
namespace fs = std::filesystem;

namespace {

/// Opens a FIFO for writing once somebody reads it: hutch has then planned, and not begun to set up.
void let_on(const std::string& fifo) {
  const int fd = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd >= 0) ::close(fd);
}

/// Until the process has slept for a second: then hutch has planned and pinned, and waits at a FIFO.
void wait_until_asleep(pid_t pid) {
  int asleep = 0;
  for (int tries = 0; tries < 300 && asleep < 10; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t name_end = stat.rfind(')');
    asleep = name_end != std::string::npos && stat.substr(name_end, 3) == ") S" ? asleep + 1 : 0;
  }
  REQUIRE(asleep == 10);
}

}  // namespace

TEST_CASE("files: a named file is read under its name, and its neighbours are not there") {
  const Workspace here;
  here.write("photo.png", "picture");
  here.write("diary.txt", "secret");
  const std::string box = box_of(here, "ro");
  const Answer seen = run_hutch({"run", box, "cat", "photo.png"}, in(here));
  CHECK(seen.status == 0);
  CHECK(seen.out == "picture");
  const Answer all = run_hutch({"run", box, "sh", "-c", "pwd; ls -A; cat diary.txt", "photo.png"}, in(here));
  // The script of sh -c names no file, so that "photo.png" is the only one.
  CHECK(all.out == here.path() + "\nphoto.png\n");
  CHECK(all.status != 0);
}

TEST_CASE("files: without the key nothing is seen, whatever is named") {
  const Workspace here;
  here.write("photo.png", "picture");
  const Answer seen = run_hutch({"run", box_of(here, "none"), "cat", here / "photo.png"}, in(here));
  CHECK(seen.status != 0);
  CHECK(seen.out.empty());
}

TEST_CASE("files: \"ro\" cannot be written to, \"rw\" can, and nothing can be made beside") {
  const Workspace here;
  const std::string file = here.write("text.txt", "old");
  const Answer refused =
      run_hutch({"run", box_of(here, "ro"), "sh", "-c", "echo new >\"$0\"", "text.txt"}, in(here));
  CHECK(refused.status != 0);
  CHECK(read_file(file) == "old");
  const std::string box = box_of(here, "rw");
  const Answer written = run_hutch({"run", box, "sh", "-c", "echo new >\"$0\"", "text.txt"}, in(here));
  INFO(written.err);
  CHECK(written.status == 0);
  CHECK(read_file(file) == "new\n");
  const Answer beside = run_hutch({"run", box, "sh", "-c", "echo lost >other", "text.txt"}, in(here));
  CHECK(contains(beside.err, "Read-only file system"));
  CHECK_FALSE(exists(here / "other"));
}

TEST_CASE("files: --name=FILE is a file, other options are none, and behind -- every word may be") {
  const Workspace here;
  here.write("-dash", "dash");
  here.write("in.txt", "in");
  const std::string box = box_of(here, "ro");
  const auto list = [&](std::vector<std::string> more) {
    std::vector<std::string> all{"run", box, "sh", "-c", "ls -A"};
    all.insert(all.end(), more.begin(), more.end());
    return run_hutch(all, in(here)).out;
  };
  CHECK(list({"x", "--from=in.txt"}) == "in.txt\n");
  CHECK(list({"x", "-oin.txt"}).empty());
  CHECK(list({"x", "-dash", "in.txt"}) == "in.txt\n");
  CHECK(list({"x", "--", "-dash", "in.txt"}) == "-dash\nin.txt\n");
}

TEST_CASE("files: where the program starts elsewhere, and with .., it is told the whole path") {
  const Workspace here;
  here.write("in.txt", "in");
  here.write("sub/other.txt", "other");
  const std::string box = box_of(here, "ro");
  const Answer elsewhere = run_hutch({"run", "--cwd", "/tmp", box, "sh", "-c", "pwd; echo \"$@\"; cat \"$1\"",
                                      "x", "in.txt", "--from=sub/other.txt", "plain"},
                                     in(here));
  CHECK(elsewhere.out ==
        "/tmp\n" + here.path() + "/in.txt --from=" + here.path() + "/sub/other.txt plain\nin");
  fs::create_directory_symlink(here / "sub", here / "link");
  Options below = in(here);
  below.cwd = here / "sub";
  const Answer up = run_hutch({"run", box, "cat", "../in.txt"}, below);
  CHECK(up.out == "in");
  // The kernel takes .. from where the link leads.
  const Answer round =
      run_hutch({"run", box, "sh", "-c", "echo \"$0\"; cat \"$0\"", "link/../in.txt"}, in(here));
  CHECK(round.out == here.path() + "/in.txt\nin");
}

TEST_CASE("files: with \"rw\" a missing file can be made, and is gone again if nobody wrote to it") {
  const Workspace here;
  const std::string box = box_of(here, "rw");
  const Answer made = run_hutch({"run", box, "sh", "-c", "echo new >\"$0\"", "out.txt"}, in(here));
  INFO(made.err);
  CHECK(made.status == 0);
  CHECK(read_file(here / "out.txt") == "new\n");
  const Answer touched = run_hutch({"run", box, "sh", "-c", ": >\"$0\"", "./empty"}, in(here));
  CHECK(touched.status == 0);
  CHECK(exists(here / "empty"));
  CHECK(run_hutch({"run", box, "true", "never.txt", "--to=also.txt"}, in(here)).status == 0);
  CHECK_FALSE(exists(here / "never.txt"));
  CHECK_FALSE(exists(here / "also.txt"));
  const Answer read_only =
      run_hutch({"run", box_of(here, "ro"), "sh", "-c", "echo x >\"$0\"", "no.txt"}, in(here));
  CHECK(read_only.status != 0);
  CHECK_FALSE(exists(here / "no.txt"));
}

TEST_CASE(
    "files: a file that was made is gone again where the launch fails, and where a signal ends the program") {
  const Workspace here;
  const std::string box = box_of(here, "rw");
  here.write("no-program", "text", 0755);
  const Answer failed = run_hutch({"run", box, "./no-program", "out.png"}, in(here));
  INFO(failed.err);
  CHECK(failed.status != 0);
  CHECK_FALSE(exists(here / "out.png"));
  Running running({"run", box, "sh", "-c", "echo begun; sleep 60", "x", "out.png"}, in(here));
  running.wait_for("begun");
  CHECK(exists(here / "out.png"));
  running.signal(SIGTERM);
  CHECK(running.wait().status == 143);
  CHECK_FALSE(exists(here / "out.png"));
}

TEST_CASE("files: where the profile names the program, every word may be a file, before and behind --") {
  const Workspace here;
  here.write("photo.png", "picture");
  const std::string box = here.profile("box",
                                       "extends = [\"base/minimal\"]\n[process]\ncommand = [\"cp\"]\nargs = "
                                       "\"append\"\nfiles = \"rw\"\n");
  const Answer answer = run_hutch({"run", box, "--", "photo.png", "out.png"}, in(here));
  INFO(answer.err);
  CHECK(answer.status == 0);
  CHECK(read_file(here / "out.png") == "picture");
  CHECK(run_hutch({"run", box, "./photo.png", "--", "second.png"}, in(here)).status == 0);
  CHECK(read_file(here / "second.png") == "picture");
}

TEST_CASE("files: words that are no file names make none, not even for a moment") {
  const Workspace here;
  const std::string box = box_of(here, "rw");
  for (const char* word :
       {"hello", "50%", "1.5", "a b.txt", "s/one/two/", "http://x.org/a.png", "x=y.png", ".hidden", "new/"}) {
    INFO(word);
    const Answer plan = run_hutch({"plan", box, "true", word}, in(here));
    CHECK(plan.status == 0);
    CHECK_FALSE(contains(plan.out, "until the end if it stays empty"));
  }
  const Answer plan = run_hutch({"plan", box, "true", "made.png"}, in(here));
  CHECK(contains(plan.out, "make \"" + here.path() + "/made.png\" on the host"));
  CHECK(contains(plan.out, "\"made.png\" of the command line is shown at"));
  CHECK_FALSE(exists(here / "made.png"));
}

TEST_CASE("files: a link to what the profile hides is refused, and both lines are named") {
  const Workspace here;
  here.write("home/.ssh/id_rsa", "PRIVATE");
  fs::create_symlink(here / "home/.ssh/id_rsa", here / "photo.png");
  fs::create_directory_symlink(here / "home/.ssh", here / "album");
  fs::create_directory_symlink(here / "home", here / "people");
  for (const char* files : {"ro", "rw"}) {
    const std::string box = box_of(here, files, "\"${HOME}/.ssh\" = \"hidden\"");
    for (const std::string& word : {std::string("photo.png"), std::string("album/id_rsa"),
                                    std::string("album"), std::string("people"), here / "home/.ssh/id_rsa",
                                    std::string("album/../.ssh/id_rsa"), std::string("home/.ssh/./id_rsa")}) {
      INFO(word);
      const Answer answer = run_hutch({"run", box, "cat", word}, in(here));
      CHECK(answer.status == 125);
      CHECK(contains(answer.err, "E0347"));
      CHECK(contains(answer.err, "files = \""));
      CHECK(contains(answer.err, ".ssh\" = \"hidden\""));
      CHECK_FALSE(contains(answer.out, "PRIVATE"));
    }
    // The folder above may be named: what is hidden in it stays so.
    const Answer above = run_hutch({"run", box, "sh", "-c", "cat \"$0/.ssh/id_rsa\"", "home"}, in(here));
    CHECK(above.status != 0);
    CHECK_FALSE(contains(above.out, "PRIVATE"));
  }
}

TEST_CASE("files: patterns of hidden, hidden links and other names of the same file count, too") {
  const Workspace here;
  here.write("home/vault/key.pem", "PRIVATE");
  here.write("real/token", "PRIVATE");
  fs::create_directory_symlink(here / "real", here / "home/cloud");
  fs::create_symlink(here / "home/vault/key.pem", here / "a.png");
  fs::create_symlink(here / "real/token", here / "b.png");
  const std::string box =
      box_of(here, "ro",
             "\"${HOME}/**/*.pem\" = { type = \"hidden\", optional = true }\n\"${HOME}/cloud\" = \"hidden\"");
  CHECK(contains(run_hutch({"run", box, "cat", "a.png"}, in(here)).err, "E0347"));
  CHECK(contains(run_hutch({"run", box, "cat", "b.png"}, in(here)).err, "E0347"));
  // /data shows what is hidden there by its inner name.
  const std::string other = box_of(
      here, "ro",
      "\"/data\" = { type = \"bind\", source = \"" + (here / "real") + "\" }\n\"/data/token\" = \"hidden\"");
  const Answer answer = run_hutch({"run", other, "cat", here / "real/token"}, in(here));
  CHECK(contains(answer.err, "E0347"));
}

TEST_CASE("files: FIFOs, sockets, devices and what the kernel shows are left out, and that is said") {
  const Workspace here;
  REQUIRE(::mkfifo((here / "fifo").c_str(), 0666) == 0);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = here / "socket";
  name.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(fd);
  fs::create_symlink("/proc/self/environ", here / "environ");
  fs::create_symlink("/dev/null", here / "null");
  const std::string box = box_of(here, "rw");
  for (const char* word : {"fifo", "socket", "environ", "null", "/proc/1/environ", "/sys/kernel", "/sys"}) {
    INFO(word);
    const Answer answer = run_hutch({"run", "-v", box, "ls", word}, in(here));
    CHECK(answer.status != 0);
    CHECK(answer.status != 125);
    CHECK(contains(answer.err, "of the command line"));
  }
}

TEST_CASE("files: dangling links, circles, and the root folder come to nothing") {
  const Workspace here;
  fs::create_symlink("nowhere.txt", here / "dangling.txt");
  fs::create_symlink("circle.txt", here / "circle.txt");
  const std::string box = box_of(here, "rw");
  for (const char* word : {"dangling.txt", "circle.txt"}) {
    INFO(word);
    const Answer answer = run_hutch({"run", box, "sh", "-c", "echo x >\"$0\"", word}, in(here));
    CHECK(answer.status != 0);
    CHECK_FALSE(exists(here / "nowhere.txt"));
  }
  const Answer root = run_hutch({"run", box, "ls", "/"}, in(here));
  CHECK(root.status == 0);
  CHECK_FALSE(contains(root.out, "boot"));
  CHECK_FALSE(contains(root.out, "home"));
}

TEST_CASE("files: names with newlines, blanks, letters of all scripts, and bytes that are no text") {
  const Workspace here;
  const std::string box = box_of(here, "ro");
  for (const std::string& name :
       {std::string("two\nlines"), std::string("with blank"), std::string("straße-写真.png"),
        std::string("\xff\xfe.png"), std::string("'q\"u`o$t\\e"), std::string("*?[a]"),
        std::string("a:b.png")}) {
    here.write(name, "seen");
    const Answer answer = run_hutch({"run", box, "cat", name}, in(here));
    INFO(answer.err);
    CHECK(answer.out == "seen");
    CHECK(run_hutch({"plan", "--json", box, "cat", name}, in(here)).status == 0);
  }
}

TEST_CASE("files: the same word twice, a file by two names, and a folder with a file of its own") {
  const Workspace here;
  here.write("folder/a", "a");
  fs::create_symlink("folder/a", here / "link");
  const std::string box = box_of(here, "rw");
  CHECK(run_hutch({"run", box, "cat", "folder/a", "folder/a"}, in(here)).out == "aa");
  CHECK(run_hutch({"run", box, "cat", "folder/a", "./folder//a", "link"}, in(here)).out == "aaa");
  const Answer told =
      run_hutch({"run", "--cwd", "/tmp", box, "echo", "folder/a", "--to=folder/../folder/a"}, in(here));
  CHECK(told.out == (here / "folder/a") + " --to=" + (here / "folder/a") + "\n");
  // The file comes with its folder, and can be replaced by renaming as nothing is mounted on it.
  const Answer moved = run_hutch(
      {"run", box, "sh", "-c", "echo b >folder/b && mv folder/b folder/a", "folder/a", "folder"}, in(here));
  INFO(moved.err);
  CHECK(moved.status == 0);
  CHECK(read_file(here / "folder/a") == "b\n");
}

TEST_CASE("files: what the profile shows read-only stays so, whatever is named, and nothing is made in it") {
  const Workspace here;
  here.write("data/old.txt", "old");
  const std::string box = box_of(here, "rw", "\"" + (here / "data") + "\" = \"ro\"");
  const Answer answer = run_hutch(
      {"run", "-v", box, "sh", "-c", "cat data/old.txt; echo new >data/old.txt; echo made >data/made.txt",
       "x", "data/old.txt", "data/made.txt"},
      in(here));
  CHECK(answer.out == "old");
  CHECK(read_file(here / "data/old.txt") == "old");
  CHECK_FALSE(exists(here / "data/made.txt"));
  CHECK(contains(answer.err, "Read-only file system"));
  CHECK(contains(answer.err, "\"data/old.txt\" of the command line: the profile shows it read-only"));
  CHECK(contains(answer.err, "\"data/made.txt\" of the command line: the profile shows it read-only"));
}

TEST_CASE("files: in a folder that is writable already nothing is mounted, so renaming works") {
  const Workspace here;
  here.write("data/old.txt", "old");
  const std::string box = box_of(here, "rw", "\"" + (here / "data") + "\" = \"rw\"");
  const Answer answer = run_hutch(
      {"run", box, "sh", "-c", "echo new >data/tmp && mv data/tmp \"$0\"", "data/old.txt"}, in(here));
  CHECK(answer.status == 0);
  CHECK(read_file(here / "data/old.txt") == "new\n");
  CHECK_FALSE(contains(run_hutch({"plan", box, "true", "data/new.txt"}, in(here)).out, "stays empty"));
}

TEST_CASE("files: renaming over a named file is refused by the kernel, and loses nothing") {
  const Workspace here;
  here.write("text.txt", "old");
  const std::string box = box_of(here, "rw", "\"" + here.path() + "\" = \"tmpfs\"");
  const Answer answer =
      run_hutch({"run", box, "sh", "-c", "echo new >tmp && mv -f tmp \"$0\"", "text.txt"}, in(here));
  CHECK(answer.status != 0);
  CHECK(contains(answer.err, "busy"));
  CHECK(read_file(here / "text.txt") == "old");
}

TEST_CASE("files: a place that a mount of the host lacks is an error that names the word and the line") {
  const Workspace here;
  here.write("data/photo.png", "x");
  fs::create_directory(here / "empty");
  const std::string box = box_of(
      here, "ro", "\"" + (here / "data") + "\" = { type = \"bind\", source = \"" + (here / "empty") + "\" }");
  const Answer answer = run_hutch({"run", box, "cat", "data/photo.png"}, in(here));
  CHECK(answer.status == 125);
  CHECK(contains(answer.err, "E0348"));
  CHECK(contains(answer.err, "\"data/photo.png\" of the command line"));
  CHECK(contains(answer.err, "files = \"ro\""));
  CHECK_FALSE(exists(here / "empty/photo.png"));
}

TEST_CASE("files: set-id bits and device nodes mean nothing on what is shown") {
  const Workspace here;
  here.write("tool", "#!/bin/sh\necho ran\n", 0755);
  ::chmod((here / "tool").c_str(), 04755);
  const std::string box = box_of(here, "rw", "\"/proc\" = \"proc\"");
  // A program that is named by its path is a file, too, and never writable.
  const Answer ran = run_hutch({"run", box, "./tool"}, in(here));
  INFO(ran.err);
  CHECK(ran.out == "ran\n");
  const Answer mounts = run_hutch({"run", box, "grep", "tool", "/proc/self/mountinfo", "tool"}, in(here));
  CHECK(contains(mounts.out, "nosuid,nodev"));
}

TEST_CASE("files: what took a file's place since the plan was made is not shown") {
  const Workspace here;
  here.write("in.txt", "public");
  here.write("secret", "PRIVATE");
  REQUIRE(::mkfifo((here / "gate").c_str(), 0600) == 0);
  const std::string box =
      here.profile("box", "extends = [\"base/minimal\"]\n[process]\nfiles = \"rw\"\nstdin = \"" +
                              (here / "gate") + "\"\n");
  SECTION("a link over a file that exists") {
    Running running({"run", box, "cat", "in.txt"}, in(here));
    wait_until_asleep(running.pid());
    fs::remove(here / "in.txt");
    fs::create_symlink(here / "secret", here / "in.txt");
    let_on(here / "gate");
    const Answer answer = running.wait();
    CHECK(answer.status == 125);
    CHECK_FALSE(contains(answer.out, "PRIVATE"));
    CHECK(contains(answer.err, "box.toml:"));
    CHECK(contains(answer.err, "something else took its place"));
  }
  SECTION("a link where a file was to be made") {
    Running running({"run", box, "sh", "-c", "echo overwritten >\"$0\"", "out.txt"}, in(here));
    wait_until_asleep(running.pid());
    fs::create_symlink(here / "secret", here / "out.txt");
    let_on(here / "gate");
    const Answer answer = running.wait();
    CHECK(answer.status == 125);
    CHECK(read_file(here / "secret") == "PRIVATE");
    CHECK(contains(answer.err, "box.toml:"));
    CHECK(contains(answer.err, "something took its place since the command line was judged"));
    CHECK(fs::is_symlink(here / "out.txt"));
  }
}
