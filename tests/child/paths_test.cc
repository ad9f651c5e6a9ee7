#include "child/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "child/run_in_child.h"
#include "support/skip.h"

namespace hutch::test {
namespace {

/// A root with everything in it that ever led a path astray.
class HostileRoot {
 public:
  HostileRoot() {
    std::string name = "/tmp/hutch-walk.XXXXXX";
    path_ = ::mkdtemp(name.data());
    for (const char* each : {"usr", "usr/bin", "usr/lib", "run", "run/lock", "var", "locked", "locked/inside",
                             "proc", "a", "a/b", "a/b/c"}) {
      ::mkdir(at(each).c_str(), 0755);
    }
    file("usr/bin/sh");
    file("etc-file");
    link("usr/bin", "bin");
    link("/run", "var/run");
    link("../run/lock", "var/lock");
    link("/", "slash");
    link("/usr/bin/sh", "absolute");
    link("../../../../etc-file", "escape");
    link("../../../../../../../../etc/passwd", "passwd");
    link("loop", "loop");
    link("ping", "pong");
    link("pong", "ping");
    link("missing/thing", "dangling");
    link("a/b/../b/./c//", "winding");
    link("usr/bin/", "trailing");
    link("etc-file/", "file-as-directory");
    link("..", "a/up");
    link("/a/up/usr", "a/b/around");
    std::string previous = "usr";
    for (int i = 1; i <= 45; ++i) {
      const std::string next = "chain" + std::to_string(i);
      link(previous, next);
      previous = next;
    }
    ::chmod(at("locked").c_str(), 0711);
    root_ = ::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  HostileRoot(const HostileRoot&) = delete;
  HostileRoot& operator=(const HostileRoot&) = delete;
  ~HostileRoot() {
    ::close(root_);
    const std::string command = "rm -rf '" + path_ + "'";
    if (std::system(command.c_str()) != 0) WARN("cannot remove " << path_);
  }

  [[nodiscard]] int root() const { return root_; }
  [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }

 private:
  void file(const std::string& name) const {
    ::close(::open(at(name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  }
  void link(const std::string& to, const std::string& name) const {
    CHECK(::symlink(to.c_str(), at(name).c_str()) == 0);
  }

  std::string path_;
  int root_ = -1;
};

/// What a walk came to, as text: the object, or the error.
std::string answer(const Fd& walked) {
  if (!walked.ok()) return ::strerrorname_np(walked.error());
  struct stat found = {};
  ::fstat(walked.get(), &found);
  return std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino);
}
std::string object(const std::string& path) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) < 0) return "(none)";
  return std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino);
}

TEST_CASE("both walks end at the same place, inside, whatever is in the way") {
  const HostileRoot tree;
  struct Row {
    const char* path;
    const char* ends_at;  // below the root, or the name of an error
  };
  const Row rows[] = {
      {"/", ""},
      {"/usr", "usr"},
      {"usr/bin", "usr/bin"},
      {"//usr///bin//", "usr/bin"},
      {"/./usr/./bin/.", "usr/bin"},
      {"/bin/sh", "usr/bin/sh"},
      {"/..", ""},
      {"/../../..", ""},
      {"/../usr/../usr/bin/../../usr", "usr"},
      {"/a/b/c/../../..", ""},
      {"/a/b/c/../../../../../etc-file", "etc-file"},
      {"/var/run", "run"},
      {"/var/run/lock", "run/lock"},
      {"/var/lock", "run/lock"},
      {"/var/run/..", ""},
      {"/slash/usr", "usr"},
      {"/slash/slash/slash/bin/sh", "usr/bin/sh"},
      {"/absolute", "usr/bin/sh"},
      {"/escape", "etc-file"},
      {"/passwd", "ENOENT"},
      {"/loop", "ELOOP"},
      {"/loop/x", "ELOOP"},
      {"/ping", "ELOOP"},
      {"/dangling", "ENOENT"},
      {"/missing", "ENOENT"},
      {"/missing/..", "ENOENT"},
      {"/winding", "a/b/c"},
      {"/trailing", "usr/bin"},
      {"/trailing/sh", "usr/bin/sh"},
      {"/file-as-directory", "ENOTDIR"},
      {"/etc-file/x", "ENOTDIR"},
      {"/etc-file/..", "ENOTDIR"},
      {"/etc-file/.", "ENOTDIR"},
      {"/etc-file/", "ENOTDIR"},
      {"/a/up/usr", "usr"},
      {"/a/b/around/bin", "usr/bin"},
      {"/locked/inside", "locked/inside"},
      {"/chain40/bin", "usr/bin"},
      {"/chain41", "ELOOP"},
      {"", "ENOENT"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    const std::string wanted = row.ends_at[0] == 'E' ? row.ends_at : object(tree.at(row.ends_at));
    CHECK(answer(walk_with_openat2(tree.root(), row.path)) == wanted);
    CHECK(answer(walk_by_hand(tree.root(), row.path)) == wanted);
  }
}

TEST_CASE("both walks refuse names and paths that are too long") {
  const HostileRoot tree;
  const std::string name(256, 'n');
  const std::string path(4096, '/');
  for (const std::string& each : {name, path}) {
    CHECK(answer(walk_with_openat2(tree.root(), each.c_str())) == "ENAMETOOLONG");
    CHECK(answer(walk_by_hand(tree.root(), each.c_str())) == "ENAMETOOLONG");
  }
}

TEST_CASE("both walks refuse the magic links of procfs, and follow its ordinary ones") {
  const Fd root = open_root();
  const std::string self = "/proc/" + std::to_string(::getpid());
  for (const std::string& path :
       {std::string("/proc/self/root"), std::string("/proc/self/root/etc"), std::string("/proc/self/cwd"),
        std::string("/proc/self/exe"), self + "/root/usr", self + "/fd/0", self + "/ns/mnt",
        std::string("/proc/thread-self/root")}) {
    CAPTURE(path);
    CHECK(answer(walk_with_openat2(root.get(), path.c_str())) == "ELOOP");
    CHECK(answer(walk_by_hand(root.get(), path.c_str())) == "ELOOP");
  }
  for (const std::string& path :
       {std::string("/proc/self"), std::string("/proc/mounts"), std::string("/proc/self/status")}) {
    CAPTURE(path);
    CHECK(walk_with_openat2(root.get(), path.c_str()).ok());
    CHECK(walk_by_hand(root.get(), path.c_str()).ok());
  }
}

TEST_CASE("both walks need search permission and no more") {
  if (::geteuid() == 0) SKIP_TEST("root searches everything");
  const HostileRoot tree;
  ::chmod(tree.at("locked").c_str(), 0000);
  CHECK(answer(walk_with_openat2(tree.root(), "/locked/inside")) == "EACCES");
  CHECK(answer(walk_by_hand(tree.root(), "/locked/inside")) == "EACCES");
  ::chmod(tree.at("locked").c_str(), 0100);
  CHECK(walk_with_openat2(tree.root(), "/locked/inside").ok());
  CHECK(walk_by_hand(tree.root(), "/locked/inside").ok());
  ::chmod(tree.at("locked").c_str(), 0700);
}

TEST_CASE("a path that the plan has resolved is walked without following any link that stands there now") {
  const HostileRoot tree;
  for (const char* path : {"/usr/bin/sh", "/a/b/c", "/"}) {
    CAPTURE(path);
    CHECK(answer(walk_resolved(tree.root(), path)) == object(tree.at(path + 1)));
    CHECK(answer(walk_resolved_by_hand(tree.root(), path)) == object(tree.at(path + 1)));
  }
  for (const char* path : {"/bin", "/bin/sh", "/var/run", "/var/run/lock", "/escape", "/loop", "/dangling"}) {
    CAPTURE(path);
    CHECK(answer(walk_resolved(tree.root(), path)) == "ESTALE");
    CHECK(answer(walk_resolved_by_hand(tree.root(), path)) == "ESTALE");
  }
  CHECK(answer(walk_resolved(tree.root(), "/missing")) == "ENOENT");
  CHECK(answer(walk_resolved_by_hand(tree.root(), "/missing")) == "ENOENT");
}

TEST_CASE("the part of a path that is to blame is found") {
  const HostileRoot tree;
  CHECK(failing_prefix(tree.root(), "/usr/bin/no/such") == std::string("/usr/bin/no").size());
  CHECK(failing_prefix(tree.root(), "/loop/x") == std::string("/loop").size());
  CHECK(failing_prefix(tree.root(), "/usr/bin/sh") == 0);
}

}  // namespace
}  // namespace hutch::test
