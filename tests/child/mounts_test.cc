#include "child/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "child/run_in_child.h"
#include "support/skip.h"

namespace hutch::test {
namespace {

constexpr std::uint64_t kReadOnly = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr std::uint64_t kPrivate = 1 << 18;  // MS_PRIVATE; <linux/mount.h> and <sys/mount.h> do not mix

/// /usr in slot 1, a tmpfs in slot 0 that becomes the root: enough for a shell.
std::vector<Step> small_root() {
  return {setup(CloneTree{
              .path = "/usr", .pin = 0, .slot = 1, .flags = {.set = kReadOnly}, .propagation = kPrivate}),
          setup(KeepMountsPrivate{}),
          setup(MakeFilesystem{
              .type = "tmpfs", .slot = 0, .flags = {.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV}}),
          setup(EnterRoot{0}),
          setup(MakeDir{"/usr"}),
          setup(Attach{1, "/usr"}),
          setup(MakeSymlink{"/bin", "usr/bin"}),
          setup(MakeSymlink{"/lib", "usr/lib"}),
          setup(MakeSymlink{"/lib64", "usr/lib64"})};
}

Ending run_in_small_root(const std::vector<Step>& before, const std::vector<Step>& after,
                         const std::string& script, std::uint64_t namespaces = 0) {
  std::vector<Step> steps = before;
  for (const auto& part : {small_root(), after}) steps.insert(steps.end(), part.begin(), part.end());
  steps.push_back(exec_shell(script));
  Setting setting{.pins = {pin("/usr"), pin("/etc")}, .slots = 8};
  setting.namespaces |= namespaces;
  return run_in_child(steps, setting);
}

#define NEEDS_NAMESPACES(flags) \
  if (const std::string why = cannot_make(flags); !why.empty()) SKIP_TEST(why)

TEST_CASE("in the new root there is what was put there, and the old one is gone") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  const Ending ending = run_in_small_root({}, {}, "echo /*; cd /..; pwd");
  CHECK_FALSE(ending.report);
  CHECK(ending.out == "/bin /lib /lib64 /usr\n/\n");
}

TEST_CASE("a tree is read-only, nosuid and nodev before it is attached") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  const Ending ending = run_in_small_root({}, {}, "(: >/usr/new) 2>&- || echo refused");
  CHECK(ending.out == "refused\n");
}

TEST_CASE("being root in the namespace opens no door that the caller's own rights leave closed") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  char folder[] = "/tmp/hutch-locked-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  const std::string locked = std::string(folder) + "/locked";
  const std::string inside = locked + "/inside";
  REQUIRE(::mkdir(locked.c_str(), 0700) == 0);
  REQUIRE(::mkdir(inside.c_str(), 0700) == 0);
  const Setting setting{.pins = {pin(inside)}, .slots = 1};
  REQUIRE(::chmod(locked.c_str(), 0) == 0);
  const Step clone = setup(CloneTree{.path = kept(inside), .pin = 0, .slot = 0});
  const Ending narrowed = run_in_child({setup(UseCallersRights{.on = true}), clone}, setting);
  const Ending wide = run_in_child({clone}, setting);
  ::chmod(locked.c_str(), 0700);
  ::rmdir(inside.c_str());
  ::rmdir(locked.c_str());
  ::rmdir(folder);
  CHECK_FALSE(wide.report);  // CAP_DAC_OVERRIDE reaches everything that belongs to a mapped id
  REQUIRE(narrowed.report);
  CHECK(narrowed.report->call == Call::open_tree);
  CHECK(narrowed.report->error == EACCES);
}

TEST_CASE("a source that is no longer what was pinned stops the launch") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  const Ending ending = run_in_child({setup(CloneTree{.path = "/usr", .pin = 0, .slot = 0})},
                                     {.pins = {pin("/etc")}, .slots = 1});
  REQUIRE(ending.report);
  CHECK(ending.report->call == Call::open_tree);
  CHECK(ending.report->error == ESTALE);
  const Ending layer = run_in_child({setup(OpenLayer{.path = "/usr", .pin = 0, .slot = 0})},
                                    {.pins = {pin("/etc")}, .slots = 1});
  REQUIRE(layer.report);
  CHECK(layer.report->call == Call::open);
  CHECK(layer.report->error == ESTALE);
}

TEST_CASE(
    "directories, files and links get exactly the mode and content that was asked for, whatever the umask "
    "is") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  const mode_t before = ::umask(077);
  std::vector<Step> make{setup(MakeDir{"/etc", 0751}),
                         setup(MakeDir{"/tmp", 01777}),
                         setup(MakeDir{"/shared", 02770}),
                         setup(MakeFile{"/etc/motd", 0664, "hello\n"}),
                         setup(MakeSymlink{"/etc/link", "motd"}),
                         setup(SetUmask{027})};
  const Ending ending =
      run_in_small_root({}, make, "stat -c '%a %n' /etc /tmp /shared /etc/motd; cat /etc/link; umask");
  ::umask(before);
  CHECK_FALSE(ending.report);
  CHECK(ending.out == "751 /etc\n1777 /tmp\n2770 /shared\n664 /etc/motd\nhello\n0027\n");
}

TEST_CASE("what is there already in the right kind is kept, and the wrong kind is an error") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  const std::vector<Step> kept_things{setup(MakeDir{"/usr"}), setup(MakeDir{"/bin"}),
                                      setup(MakeSymlink{"/lib", "usr/lib"}), setup(MakeFile{"/usr/bin/env"})};
  CHECK_FALSE(run_in_small_root({}, kept_things, ":").report);

  const auto fails_with = [](Op op) {
    const Ending ending =
        run_in_small_root({}, {setup(MakeFile{"/file", 0644, "x"}), setup(std::move(op))}, ":");
    return ending.report
               ? std::string(call_name(ending.report->call)) + " " + ::strerrorname_np(ending.report->error)
               : "nothing";
  };
  CHECK(fails_with(MakeDir{"/file"}) == "mkdirat ENOTDIR");
  CHECK(fails_with(MakeFile{"/usr"}) == "open EISDIR");
  CHECK(fails_with(MakeFile{"/file", 0644, "again"}) == "open EEXIST");
  CHECK(fails_with(MakeSymlink{"/bin", "elsewhere"}) == "symlinkat EEXIST");
  CHECK(fails_with(MakeDir{"/no/such"}) == "openat2 ENOENT");
  CHECK(fails_with(MakeDir{"/file/x"}) == "mkdirat ENOTDIR");
}

TEST_CASE("a directory is not attached to a file, nor a file to a directory") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  const Step tree = setup(CloneTree{.path = "/etc", .pin = 1, .slot = 2});
  const Ending ending = run_in_small_root({tree}, {setup(MakeFile{"/file"}), setup(Attach{2, "/file"})}, ":");
  REQUIRE(ending.report);
  CHECK(ending.report->call == Call::move_mount);
  CHECK(ending.report->error == ENOTDIR);
}

TEST_CASE("a link that stands where a mount shall land leads it nowhere: nothing runs") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  const Step tree = setup(CloneTree{.path = "/etc", .pin = 1, .slot = 2});
  const std::vector<Step> after{setup(MakeDir{"/real"}), setup(MakeSymlink{"/place", "../../../../real"}),
                                setup(Attach{2, "/place"})};
  const Ending ending = run_in_small_root({tree}, after, "echo ran");
  CHECK(ending.out.empty());
  REQUIRE(ending.report);
  CHECK(ending.report->error == ESTALE);
}

TEST_CASE("things are made in directories with paths of any length that the kernel takes") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  StringPool strings;
  std::vector<Step> make;
  for (const std::size_t length : {126U, 255U, 256U, 257U, 4080U}) {
    std::string path;
    while (path.size() < length) {
      const std::size_t left = length - path.size();
      path += "/" + std::string((left > 250 ? 200 : left) - 1, 'd');
      make.push_back(setup(MakeDir{strings.keep(path)}));
    }
    make.push_back(setup(MakeFile{strings.keep(path + "/" + std::to_string(length))}));
  }
  const Ending ending = run_in_small_root(
      {}, make, "for each in 126 255 256 257 4080; do find / -xdev -name $each -type f | wc -c; done");
  CHECK_FALSE(ending.report);
  CHECK(ending.out == "131\n260\n261\n262\n4086\n");
  const Ending failed =
      run_in_small_root({}, {setup(MakeDir{strings.keep("/" + std::string(4096, 'd') + "/x")})}, ":");
  REQUIRE(failed.report);
  CHECK(failed.report->error == ENAMETOOLONG);
}

TEST_CASE("what is mounted on a parent, or above it, is where the next things are made") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  const std::vector<Step> after{setup(MakeFilesystem{.type = "tmpfs", .slot = 3}),
                                setup(MakeFilesystem{.type = "tmpfs", .slot = 4}),
                                setup(MakeDir{"/a"}),
                                setup(MakeFile{"/a/under"}),  // walks to /a
                                setup(Attach{3, "/a"}),       // on that very directory
                                setup(MakeFile{"/a/over"}),
                                setup(MakeDir{"/b"}),
                                setup(MakeDir{"/b/c"}),
                                setup(MakeFile{"/b/c/under"}),  // walks to /b/c
                                setup(Attach{4, "/b"}),         // above it
                                setup(MakeDir{"/b/c"}),
                                setup(MakeFile{"/b/c/over"}),
                                setup(MakeDir{"/bc"}),
                                setup(MakeFile{"/bc/beside"})};
  const Ending ending = run_in_small_root({}, after, "echo /a/* /b/c/* /bc/*");
  CHECK_FALSE(ending.report);
  CHECK(ending.out == "/a/over /b/c/over /bc/beside\n");
}

TEST_CASE("a sealed mount takes nothing new, and a read-only view covers only its part") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  const std::vector<Step> after{setup(MakeDir{"/part"}), setup(MakeDir{"/whole"}),
                                setup(ReadOnlyView{"/part"}), setup(ReadOnlyView{"/no-such"})};
  const Ending part =
      run_in_small_root({}, after, "(: >/part/x) 2>&- || echo refused; (: >/whole/x) && echo taken");
  CHECK(part.out == "refused\ntaken\n");
  const Ending sealed =
      run_in_small_root({}, {setup(Seal{.path = "/", .slot = 0})}, "(: >/x) 2>&- || echo refused");
  CHECK(sealed.out == "refused\n");
}

/// Files with something in them, and a directory with something in it.
std::vector<Step> secrets() {
  return {setup(MakeFile{.path = "/a", .content = "one"}), setup(MakeFile{.path = "/b", .content = "two"}),
          setup(MakeFile{.path = "/c", .content = "three"}), setup(MakeDir{"/d"}),
          setup(MakeFile{.path = "/d/e", .content = "four"})};
}

TEST_CASE("what is hidden is empty and open to nobody, and what does not exist is left alone") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  static const ZStr files[] = {"/gone", "/a", "/no/such", "/b", "/usr/share/no-such", "/c", "/lost"};
  static const ZStr directories[] = {"/missing", "/d"};
  constexpr const char* kScript =
      "stat -c '%n %a %s' /a /b /c /d; ls -A /; cat /a /b /c; ls -A /d; (: >/a) 2>&- || echo refused; "
      "grep -c ' ro,nosuid,nodev.* - tmpfs' /proc/self/mountinfo";
  const auto check = [&](std::vector<Step> before, const std::vector<Step>& hide) {
    before.push_back(setup(MakeFilesystem{.type = "proc", .slot = 3}));
    std::vector<Step> after = secrets();
    after.push_back(setup(MakeDir{"/proc"}));
    after.push_back(setup(Attach{3, "/proc"}));
    after.insert(after.end(), hide.begin(), hide.end());
    const Ending ending = run_in_small_root(before, after, kScript, CLONE_NEWPID);
    INFO(ending.out);
    CHECK_FALSE(ending.report);
    CHECK(ending.out ==
          "/a 0 0\n/b 0 0\n/c 0 0\n/d 0 40\na\nb\nbin\nc\nd\nlib\nlib64\nproc\nusr\nrefused\n4\n");
  };
  SECTION("behind what is made in the new root, of which nothing stays") {
    check({}, {setup(Hide{.flags = {.set = kReadOnly}, .paths = {files, std::size(files)}}),
               setup(Hide{.directories = true,
                          .flags = {.set = kReadOnly},
                          .paths = {directories, std::size(directories)}})});
  }
  SECTION("behind a tree") {
    std::vector<Step> before{setup(KeepMountsPrivate{}), setup(MakeFilesystem{.type = "tmpfs", .slot = 4}),
                             setup(AttachStage{4, "/tmp"}), setup(StageEntry{.stage = 4, .name = "file"}),
                             setup(StageEntry{.stage = 4, .name = "directory", .directory = true})};
    before.push_back(setup(CloneStaged{.stage = 4, .name = "file", .slot = 5, .flags = {.set = kReadOnly}}));
    before.push_back(
        setup(CloneStaged{.stage = 4, .name = "directory", .slot = 6, .flags = {.set = kReadOnly}}));
    check(before,
          {setup(Hide{.slot = 5, .paths = {files, std::size(files)}}),
           setup(Hide{.slot = 6, .directories = true, .paths = {directories, std::size(directories)}})});
  }
}

TEST_CASE("what is there and cannot be hidden stops the launch, and is counted") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  static const ZStr paths[] = {"/gone", "/a", "/d"};
  std::vector<Step> after = secrets();
  after.push_back(setup(Hide{.flags = {.set = kReadOnly}, .paths = {paths, std::size(paths)}}));
  const Ending ending = run_in_small_root({}, after, "echo ran");
  REQUIRE(ending.report);
  CHECK(ending.report->call == Call::move_mount);
  CHECK(ending.report->detail == 3);
  CHECK(ending.out.empty());

  // Nor is a link followed.
  static const ZStr link[] = {"/bin"};
  after.back() = setup(Hide{.flags = {.set = kReadOnly}, .paths = {link, 1}});
  CHECK(run_in_small_root({}, after, "echo ran").report);
}

TEST_CASE("a file system is made with its options, and the one that is refused is counted") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  static const ZStr good[] = {"mode=0700", "size=65536"};
  const std::vector<Step> after{setup(MakeFilesystem{.type = "tmpfs", .options = {good, 2}, .slot = 3}),
                                setup(MakeDir{"/tmp"}), setup(Attach{3, "/tmp"})};
  const Ending ending = run_in_small_root(
      {}, after, "stat -c %a /tmp; (head -c 100000 /usr/bin/env >/tmp/f) 2>&-; stat -fc %b /tmp");
  CHECK(ending.out == "700\n16\n");

  static const ZStr bad[] = {"mode=0700", "nonsense=1"};
  const Ending refused =
      run_in_small_root({}, {setup(MakeFilesystem{.type = "tmpfs", .options = {bad, 2}, .slot = 3})}, ":");
  REQUIRE(refused.report);
  CHECK(refused.report->call == Call::fsconfig);
  CHECK(refused.report->error == EINVAL);
  CHECK(refused.report->detail == 2);
}

/// A stage in slot 4, at a directory of the old root.
std::vector<Step> stage() {
  return {setup(KeepMountsPrivate{}), setup(MakeFilesystem{.type = "tmpfs", .slot = 4}),
          setup(AttachStage{4, "/tmp"})};
}

TEST_CASE("covers come from the stage: an empty directory that nobody can read, a private file") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  std::vector<Step> before = stage();
  before.push_back(setup(StageEntry{.stage = 4, .name = "cover", .directory = true, .mode = 0}));
  before.push_back(setup(StageEntry{.stage = 4, .name = "motd", .mode = 0444, .content = "mine\n"}));
  before.push_back(setup(CloneStaged{.stage = 4, .name = "cover", .slot = 5, .flags = {.set = kReadOnly}}));
  before.push_back(setup(CloneStaged{.stage = 4, .name = "motd", .slot = 6, .flags = {.set = kReadOnly}}));
  const std::vector<Step> after{setup(Attach{5, "/usr/share"}), setup(MakeFile{"/motd"}),
                                setup(Attach{6, "/motd"})};
  const Ending ending =
      run_in_small_root(before, after, "stat -c %a /usr/share; cat /motd; (: >>/motd) 2>&- || echo refused");
  CHECK_FALSE(ending.report);
  CHECK(ending.out == "0\nmine\nrefused\n");
}

TEST_CASE("an overlay shows its layer, takes changes in the stage, and leaves the layer as it is") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  std::vector<Step> before{setup(OpenLayer{.path = "/etc", .pin = 1, .slot = 5})};
  for (const Step& step : stage()) before.push_back(step);
  before.push_back(setup(StageEntry{.stage = 4, .name = "upper", .directory = true, .mode = 0755}));
  before.push_back(setup(StageEntry{.stage = 4, .name = "work", .directory = true, .mode = 0755}));
  static const Slot lower[] = {5};
  before.push_back(setup(MakeOverlay{.lower = {lower, 1},
                                     .stage = 4,
                                     .upper_name = "upper",
                                     .work_name = "work",
                                     .user_xattr = true,
                                     .slot = 6}));
  const std::string mark = "hutch-mark-" + std::to_string(::getpid());
  const Ending ending = run_in_small_root(
      before, {setup(MakeDir{"/etc"}), setup(Attach{6, "/etc"})},
      "test -e /etc/passwd && : >/etc/" + mark + " && test -e /etc/" + mark + " && echo both");
  CHECK_FALSE(ending.report);
  CHECK(ending.out == "both\n");
  CHECK(::access(("/etc/" + mark).c_str(), F_OK) != 0);
}

TEST_CASE("forty layers are taken, or refused aloud") {
  NEEDS_NAMESPACES(CLONE_NEWUSER | CLONE_NEWNS);
  std::vector<Step> steps;
  static Slot lower[40];
  Setting setting{.pins = {}, .slots = 41};
  const std::string base = "/tmp/hutch-layers." + std::to_string(::getpid());
  ::mkdir(base.c_str(), 0755);
  for (Slot i = 0; i < 40; ++i) {
    const std::string path = base + "/" + std::to_string(i);
    ::mkdir(path.c_str(), 0755);
    lower[i] = i;
    setting.pins.push_back(pin(path));
    steps.push_back(setup(OpenLayer{.path = kept(path), .pin = i, .slot = i}));
  }
  steps.push_back(setup(MakeOverlay{.lower = {lower, 40}, .user_xattr = true, .slot = 40}));
  const Ending ending = run_in_child(steps, setting);
  for (Slot i = 0; i < 40; ++i) ::rmdir((base + "/" + std::to_string(i)).c_str());
  ::rmdir(base.c_str());
  if (ending.report) {
    CHECK(ending.report->error == E2BIG);
  } else {
    CHECK(ending.exit_code == 0);
  }
}

}  // namespace
}  // namespace hutch::test
