// Launchers that lie: what a user, or a program of that user, can put in the place of a running sandbox.

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "plan/codec.h"
#include "support/sandbox.h"
#include "support/skip.h"
#include "support/snapshot.h"

using namespace hutch::test;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string own(const std::string& name) { return name + "-" + std::to_string(getpid()) + "t"; }

/// A user whom nobody else has, so that tests of this file can run at the same time.
uid_t other_user() { return 100'000 + static_cast<uid_t>(getpid()); }

hutch::Plan harmless(uid_t uid) {
  using namespace hutch;
  Plan plan;
  plan.uid = uid;
  plan.gid = uid;
  static const std::vector<sock_filter> allow{{0x06, 0, 0, 0x7fff0000}};  // return SECCOMP_RET_ALLOW
  plan.steps = {{CloneChild{}, {}, Phase::clone},
                {NoNewPrivs{}, {}, Phase::privileges},
                {LoadFilter{.name = "floor", .program = plan.strings.keep(allow)}, {}, Phase::privileges},
                {DropCapabilities{.last_capability = -1}, {}, Phase::privileges},
                {Exec{}, {}, Phase::exec}};
  return plan;
}

/// How a false launcher answers.
struct Lie {
  std::string text = hutch::encode(harmless(geteuid()));
  bool sealed = true, memfd = true, from_another_process = false;
  /// Given the eight namespaces that this process is in.
  std::function<void(std::vector<int>&)> descriptors = [](std::vector<int>&) {};
  char letter = 'a';
};

/// The entry of a sandbox, and who holds its lock and answers at its socket.
class FalseLauncher {
 public:
  FalseLauncher(const std::string& folder, const std::string& name, uid_t user, const Lie& lie,
                const std::string& entry = "profile x\ncommand y\n") {
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (user != geteuid() &&
          (setgroups(0, nullptr) < 0 || setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0))
        _exit(1);
      mkdir(folder.c_str(), 0700);
      const std::string path = folder + "/" + name;
      std::ofstream(path + ".sandbox")
          << "hutch 1\n"
          << entry << "init " << getpid() << "\nprogram " << getpid() << "\nend\n";
      const int file = open((path + ".sandbox").c_str(), O_RDWR);
      struct flock whole = {};
      whole.l_type = F_WRLCK;
      if (fcntl(file, F_SETLK, &whole) < 0) _exit(2);
      const int at = socket(AF_UNIX, SOCK_DGRAM, 0);
      sockaddr_un address = {};
      address.sun_family = AF_UNIX;
      (path + ".sock").copy(address.sun_path, sizeof address.sun_path - 1);
      if (bind(at, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) _exit(3);
      if (write(ready[1], "!", 1) != 1) _exit(4);
      while (true) serve(at, lie);
    }
    expect_running(pid_);
    char byte = 0;
    close(ready[1]);
    REQUIRE(read(ready[0], &byte, 1) == 1);
    close(ready[0]);
  }
  ~FalseLauncher() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  FalseLauncher(const FalseLauncher&) = delete;
  FalseLauncher& operator=(const FalseLauncher&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  static void serve(int at, const Lie& lie) {
    const int answer_on = receive(at);
    if (answer_on < 0) return;
    const pid_t answering = lie.from_another_process ? fork() : 0;
    if (answering == 0) answer(answer_on, lie);
    if (lie.from_another_process && answering == 0) _exit(0);
    if (answering > 0) waitpid(answering, nullptr, 0);
    close(answer_on);
  }

  static int receive(int at) {
    char letter = 0;
    iovec piece = {&letter, 1};
    alignas(cmsghdr) char control[256] = {};
    msghdr header = {};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    if (recvmsg(at, &header, MSG_CMSG_CLOEXEC) != 1) return -1;
    int fd = -1;
    for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
      if (each->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(each), sizeof fd);
    }
    return fd;
  }

  static void answer(int on, const Lie& lie) {
    const int file = lie.memfd ? memfd_create("answer", MFD_ALLOW_SEALING | MFD_CLOEXEC)
                               : open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (write(file, lie.text.data(), lie.text.size()) < 0) _exit(5);
    if (lie.sealed) fcntl(file, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    std::vector<int> all{file}, namespaces;
    for (const char* name : {"user", "mnt", "pid", "ipc", "uts", "net", "cgroup", "time"})
      namespaces.push_back(open(("/proc/self/ns/" + std::string(name)).c_str(), O_RDONLY | O_CLOEXEC));
    lie.descriptors(namespaces);
    all.insert(all.end(), namespaces.begin(), namespaces.end());
    char letter = lie.letter;
    iovec piece = {&letter, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(64 * sizeof(int))] = {};
    msghdr header = {};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(all.size() * sizeof(int));
    cmsghdr* const rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(all.size() * sizeof(int));
    memcpy(CMSG_DATA(rights), all.data(), all.size() * sizeof(int));
    sendmsg(on, &header, MSG_NOSIGNAL);
    for (const int fd : all) close(fd);
  }

  pid_t pid_ = -1;
};

/// A user's runtime folder with a false launcher in it.
struct Desk {
  Workspace here;
  Options options{.env = {{"XDG_RUNTIME_DIR", here.path()}}};
  std::string folder = here / "hutch";

  Desk() {
    fs::create_directory(folder);
    fs::permissions(folder, fs::perms::owner_all);
  }
  [[nodiscard]] Answer hutch(const std::vector<std::string>& words) const {
    return run_hutch(words, options);
  }
};

std::string does_not_answer(const std::string& name, const std::string& cause) {
  return "error[E0919]: the sandbox \"" + name + "\" does not answer\n   = cause: " + cause + "\n";
}
std::string not_believed(const std::string& name, const std::string& why) {
  return does_not_answer(name, "what answers is not its launcher, or is one that was tampered with: " + why);
}

void keep_none(std::vector<int>& descriptors) {
  for (const int fd : descriptors) close(fd);
  descriptors.clear();
}

/// Where another user registers, gone at the end.
struct OthersFolder {
  uid_t user = other_user();
  std::string path = "/tmp/hutch-" + std::to_string(user);
  ~OthersFolder() { fs::remove_all(path); }
};

}  // namespace

TEST_CASE("an answer that no launcher gives is not read: text, descriptors, sender") {
  struct Case {
    Lie lie;
    std::string why;
  };
  const std::string no_namespaces = "its descriptors are not the namespaces of a sandbox";
  std::vector<Case> cases(9);
  cases[0] = {{.sealed = false}, "its text is no sealed memfd"};
  cases[1] = {{.memfd = false}, "its text is no sealed memfd"};
  cases[2] = {{.from_another_process = true}, "it is another process than the one that holds the lock"};
  cases[3] = {{.descriptors = [](std::vector<int>& all) { dup2(open("/etc/passwd", O_RDONLY), all[5]); }},
              no_namespaces};
  cases[4] = {{.descriptors = [](std::vector<int>& all) { std::swap(all[1], all[5]); }}, no_namespaces};
  cases[5] = {{.descriptors = [](std::vector<int>& all) { close(all.back()), all.pop_back(); }},
              no_namespaces};
  cases[6] = {{.descriptors = [](std::vector<int>& all) { all.push_back(dup(all[0])); }}, no_namespaces};
  cases[7] = {{.descriptors =
                   [](std::vector<int>& all) {
                     while (all.size() < 40) all.push_back(dup(all[0]));
                   }},
              "it does not speak as a launcher does"};
  cases[8] = {{.letter = 'x'}, "it does not speak as a launcher does"};
  const std::string name = own("liar");
  for (const Case& each : cases) {
    CAPTURE(each.why);
    const Desk desk;
    const FalseLauncher liar(desk.folder, name, geteuid(), each.lie);
    const Answer answer = desk.hutch({"enter", name, "/bin/echo", "ran"});
    CHECK(answer.status == 125);
    CHECK(answer.out.empty());
    CHECK(answer.err == not_believed(name, each.why));
  }
  // The same launcher, when it tells the truth, is one: what is refused above is refused for its lie.
  const Desk desk;
  const FalseLauncher honest(desk.folder, name, geteuid(), {});
  const Answer answer = desk.hutch({"enter", name, "/bin/echo", "ran"});
  INFO(answer.err);
  CHECK(answer.out == "ran\n");
}

TEST_CASE("text that is no plan, or one with a step that nobody repeats, runs nothing") {
  const std::string name = own("liar"), encoded = hutch::encode(harmless(geteuid()));
  const Workspace here;
  hutch::Plan writes = harmless(geteuid());
  writes.steps.insert(writes.steps.begin() + 1,
                      {hutch::WriteFile{.path = writes.strings.keep(here / "written"), .content = "x"},
                       {},
                       hutch::Phase::setup});
  hutch::Plan later = harmless(geteuid());
  later.steps.insert(
      later.steps.begin() + 1,
      {hutch::MakeDir{.path = later.strings.keep(here / "made")}, {}, hutch::Phase::privileges});
  for (const std::string& text :
       {std::string(), std::string("hutch plan 0.0\n"), encoded.substr(0, encoded.size() / 2), encoded + "x",
        hutch::encode(writes), hutch::encode(later)}) {
    const Desk desk;
    const FalseLauncher liar(desk.folder, name, geteuid(), {.text = text});
    const Answer answer = desk.hutch({"enter", name, "/bin/echo", "ran"});
    CHECK(answer.status == 125);
    CHECK(answer.out.empty());
    CHECK(answer.err.starts_with("error[E0428]: "));
  }
  CHECK(fs::is_empty(here.path()));
}

TEST_CASE("an entry that nobody holds the lock of is no sandbox, and neither is a link to one") {
  const Desk desk;
  const std::string name = own("liar"), link = own("link");
  const FalseLauncher liar(desk.folder, name, geteuid(), {});
  std::ofstream(desk.folder + "/" + own("stale") + ".sandbox") << "hutch 1\nprofile x\nend\n";
  fs::create_symlink(desk.folder + "/" + name + ".sandbox", desk.folder + "/" + link + ".sandbox");
  mkfifo((desk.folder + "/" + own("fifo") + ".sandbox").c_str(), 0600);
  fs::create_directory(desk.folder + "/" + own("folder") + ".sandbox");
  const std::string listed = desk.hutch({"ps", "--names"}).out;
  CHECK(has(listed, name));
  for (const char* none : {"link", "stale", "fifo", "folder"}) CHECK_FALSE(has(listed, own(none)));
  CHECK_FALSE(fs::exists(desk.folder + "/" + own("stale") + ".sandbox"));
  for (const char* none : {"link", "fifo", "folder"}) {
    const Answer answer = desk.hutch({"enter", own(none), "/bin/echo", "ran"});
    CHECK(answer.err.starts_with("error[E0917]: "));
    CHECK(answer.out.empty());
  }
}

TEST_CASE("a link, a file or a folder in the place of the socket is not asked") {
  const Desk desk;
  const std::string name = own("liar"), socket = desk.folder + "/" + name + ".sock";
  const FalseLauncher liar(desk.folder, name, geteuid(), {});
  fs::rename(socket, socket + ".moved");
  const auto is_not_asked = [&](const char* error) {
    const Answer answer = desk.hutch({"enter", name, "/bin/echo", "ran"});
    CHECK(answer.out.empty());
    CHECK(answer.err ==
          does_not_answer(name, "its socket beside " + desk.folder + "/" + name + ".sandbox: " + error));
  };
  is_not_asked("No such file or directory (ENOENT)");
  fs::create_symlink(socket + ".moved", socket);
  is_not_asked("Socket operation on non-socket (ENOTSOCK)");
  fs::remove(socket);
  std::ofstream(socket) << "x";
  is_not_asked("Socket operation on non-socket (ENOTSOCK)");
  fs::remove(socket);
  fs::create_directory(socket);
  is_not_asked("Socket operation on non-socket (ENOTSOCK)");
}

TEST_CASE("a registry that others could write in, or that is a link, is neither used nor read") {
  const Workspace here, elsewhere;
  const Options options{.env = {{"XDG_RUNTIME_DIR", here.path()}}};
  const std::string name = own("liar");
  const FalseLauncher liar(elsewhere / "hutch", name, geteuid(), {});
  const auto is_refused = [&] {
    CHECK_FALSE(has(run_hutch({"ps", "--names"}, options).out, name));
    const Answer answer =
        run_hutch({"run", "--name", own("mine"), here.profile("bare", bare_profile())}, options);
    CHECK(answer.status == 125);
    CHECK(answer.err ==
          "error[E0426]: the folder of running sandboxes cannot be used: " + here.path() +
              "/hutch\n   = cause: it is not yours alone: somebody else could answer in a sandbox's "
              "place\n   = help: remove it, or set XDG_RUNTIME_DIR to a folder of your own\n");
  };
  fs::create_symlink(elsewhere / "hutch", here / "hutch");
  is_refused();
  fs::remove(here / "hutch");
  fs::create_directory(here / "hutch");
  for (const fs::perms open : {fs::perms(0777), fs::perms(01777), fs::perms(0770), fs::perms(0702)}) {
    fs::permissions(here / "hutch", open);
    is_refused();
  }
  fs::remove(here / "hutch");
  std::ofstream(here / "hutch") << "x";
  is_refused();
}

TEST_CASE("what an entry says cannot speak to the terminal, and is no path") {
  const Desk desk;
  const std::string name = own("liar");
  const FalseLauncher liar(desk.folder, name, geteuid(), {},
                           "profile \x1b[2J\x9b\xc2\x9bwhite\r\ncommand \x1b]0;title\x07\ndigest \x1b[31m\n"
                           "ns ../../../etc/passwd 7\nns net 99\nns net x\nstarted 18446744073709551615\n");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"ps"}, {"ps", "--json"}, {"ps", "--names"}}) {
    const Answer answer = desk.hutch(words);
    CHECK(answer.status == 0);
    CHECK(has(answer.out, name));
    for (const char* bad : {"\x1b", "\x07", "\r", "\x9b", "passwd"}) CHECK_FALSE(has(answer.out, bad));
  }
  CHECK(has(desk.hutch({"ps"}).out, "\\x1b[2J"));
}

TEST_CASE(
    "what a launcher says of its plan cannot speak to the terminal, and is JSON where that was asked for") {
  const std::string name = own("liar");
  {
    const Desk desk;
    const FalseLauncher liar(desk.folder, name, geteuid(),
                             {.text = "one\n\x1b[2Jtwo\n", .descriptors = keep_none});
    const Answer people = desk.hutch({"inspect", name});
    CHECK(people.status == 0);
    CHECK(people.out.ends_with("\n\none\n\\x1b[2Jtwo\n"));
    const Answer json = desk.hutch({"inspect", "--json", name});
    CHECK(json.status == 1);
    CHECK(json.out.empty());
    CHECK(has(json.err, "what its launcher says of its plan is not JSON"));
  }
  const Desk desk;
  const FalseLauncher liar(desk.folder, name, geteuid(),
                           {.text = "{}, \"owner\": 0", .descriptors = keep_none});
  CHECK(desk.hutch({"inspect", "--json", name}).status == 1);
}

TEST_CASE("root that enters another user's sandbox is that user before anything of it is read") {
  if (geteuid() != 0) SKIP_TEST("needs root");
  const OthersFolder others;
  const std::string name = own("liar");
  {
    // A plan that stays outside of any namespace: whatever runs, runs on the host.
    const FalseLauncher liar(others.path, name, others.user, {.text = hutch::encode(harmless(others.user))});
    const Answer answer =
        run_hutch({"enter", name, "/bin/sh", "-c",
                   "grep -E '^(Uid|Gid|Groups|Cap...):' /proc/self/status; cat /etc/shadow; kill -0 $PPID"});
    const std::string id = std::to_string(others.user),
                      four = "\t" + id + "\t" + id + "\t" + id + "\t" + id + "\n";
    INFO(answer.err);
    CHECK(has(answer.out, "Uid:" + four));
    CHECK(has(answer.out, "Gid:" + four));
    CHECK(has(answer.out, "Groups:\t \n"));
    for (const char* set : {"Inh", "Prm", "Eff", "Amb"})
      CHECK(has(answer.out, "Cap" + std::string(set) + ":\t0000000000000000\n"));
    CHECK(has(answer.err, "/etc/shadow: Permission denied"));
  }
  {
    const FalseLauncher liar(others.path, own("second"), others.user, {.text = hutch::encode(harmless(0))});
    const Answer answer = run_hutch({"enter", own("second"), "/bin/echo", "ran"});
    CHECK(answer.status == 125);
    CHECK(answer.out.empty());
    CHECK(has(answer.err, "EPERM"));
  }
}

TEST_CASE("root that cannot become the owner of a sandbox is told so, and reads nothing of it") {
  if (geteuid() != 0) SKIP_TEST("needs root");
  if (!have_program("setpriv")) SKIP_TEST("no setpriv(1)");
  const OthersFolder others;
  const std::string name = own("liar"), id = std::to_string(others.user);
  const FalseLauncher liar(others.path, name, others.user, {.text = hutch::encode(harmless(others.user))});
  for (const auto& [capability, call] :
       {std::pair<std::string, std::string>{"setuid", "setresuid"}, {"setgid", "setgroups"}}) {
    for (const char* command : {"enter", "inspect", "kill"}) {
      const Answer answer = run_program({"setpriv", "--inh-caps=-" + capability,
                                         "--bounding-set=-" + capability, hutch_binary(), command, name});
      CHECK(answer.status == (std::string(command) == "enter" ? 125 : 1));
      CHECK(answer.out.empty());
      CHECK(answer.err ==
            "error[E0922]: cannot become the user " + id + " to look into the sandbox \"" + name +
                "\": " + call +
                ": Operation not permitted (EPERM)\n   = cause: what another user's sandbox says is "
                "read with that user's rights only\n   = help: run hutch as that user\n");
    }
  }
}

TEST_CASE("root is not made to read, write or signal what is another user's to name") {
  if (geteuid() != 0) SKIP_TEST("needs root");
  const OthersFolder others;
  const Workspace here;
  const std::string name = own("liar");
  const FalseLauncher liar(others.path, name, others.user, {.text = "x", .descriptors = keep_none});
  SECTION("it is listed, with its owner") {
    CHECK(has(run_hutch({"ps", "--json"}).out, "\"owner\": " + std::to_string(others.user)));
    // Nothing of another user's is removed by root, who could be led astray.
    std::ofstream(others.path + "/" + own("stale") + ".sandbox") << "hutch 1\nend\n";
    CHECK(lchown((others.path + "/" + own("stale") + ".sandbox").c_str(), others.user, others.user) == 0);
    CHECK_FALSE(has(run_hutch({"ps", "--names"}).out, own("stale")));
    CHECK(fs::exists(others.path + "/" + own("stale") + ".sandbox"));
  }
  SECTION("a namespace of it is not joined") {
    const std::string joined = here.profile(
        "joined", "extends = [\"base/system\"]\nnamespaces.net = { join = \"sandbox:" + name + "\" }");
    const Answer answer = run_hutch({"run", joined, "/bin/echo", "ran"});
    CHECK(answer.status == 125);
    CHECK(answer.out.empty());
    CHECK(answer.err.starts_with("error[E0422]: cannot join the net"));
    CHECK(has(answer.err, "   = cause: it is a sandbox of the user " + std::to_string(others.user) +
                              ", who chose what is in its namespaces\n"));
  }
  SECTION("a process of root that holds a lock there is not taken for the launcher") {
    const std::string path = others.path + "/" + own("deputy") + ".sandbox";
    std::ofstream(path) << "hutch 1\nend\n";
    REQUIRE(lchown(path.c_str(), others.user, others.user) == 0);
    const int held = open(path.c_str(), O_RDWR | O_CLOEXEC);
    struct flock whole = {};
    whole.l_type = F_WRLCK;
    REQUIRE(fcntl(held, F_SETLK, &whole) == 0);
    const Answer answer = run_hutch({"kill", own("deputy")});
    CHECK(answer.status == 1);
    CHECK(answer.err == "error[E0918]: the sandbox \"" + own("deputy") + "\" has ended\n");
    close(held);
  }
  SECTION("a process that it names as its program is not signalled with root's rights") {
    for (const char* signal : {"KILL", "ALRM"}) {
      const Answer answer = run_hutch({"kill", "-s", signal, name});
      CHECK(answer.status == 1);
      CHECK(has(answer.err, "error[E0918]"));
    }
  }
  SECTION("a folder of one user's by the number of another is not read") {
    const std::string path = "/tmp/hutch-" + std::to_string(others.user + 4'000'000);
    {
      const FalseLauncher second(path, own("second"), others.user, {});
      CHECK_FALSE(has(run_hutch({"ps", "--names"}).out, own("second")));
    }
    fs::remove_all(path);
  }
}

TEST_CASE("a lock is not lost to a look at the registry, nor to a join from the same launcher") {
  const Desk desk;
  const std::string name = own("mine");
  const std::string profile = desk.here.profile("shell", "extends = [\"base/system\"]\n");
  Running first({"run", "--name", name, profile, "/bin/sh", "-c", "echo ready; read x"}, desk.options);
  expect_running(first.pid());
  REQUIRE(first.wait_for("ready") == "");
  // Its own launcher reads the registry while it is registered itself.
  const std::string joining = desk.here.profile(
      "joining", "extends = [\"base/system\"]\nnamespaces.user = { join = \"sandbox:" + name +
                     "\" }\nnamespaces.net = { join = \"sandbox:" + name + "\" }");
  Running second({"run", "--name", own("second"), joining, "/bin/sh", "-c", "echo ready; read x"},
                 desk.options);
  expect_running(second.pid());
  REQUIRE(second.wait_for("ready") == "");
  const std::string listed = desk.hutch({"ps", "--names"}).out;
  CHECK(has(listed, name + "\n"));
  CHECK(has(listed, own("second") + "\n"));
  CHECK(desk.hutch({"enter", own("second"), "/bin/echo", "in"}).out == "in\n");
  first.wait();
  second.wait();
}
