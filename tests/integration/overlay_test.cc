// Overlays: what is written to one stays in its upper folder, or goes with the sandbox; what is mounted in a
// layer is never left out silently.
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"

namespace hutch::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSystem =
    "\"/usr\" = \"ro\"\n\"/bin\" = \"mirror\"\n\"/sbin\" = \"mirror\"\n\"/lib\" = \"mirror\"\n\"/lib64\" = "
    "\"mirror\"\n"
    "\"/proc\" = \"proc\"\n\"/dev\" = \"dev\"\n";
constexpr const char* kOfHost = "[namespaces]\nuser = \"host\"\n";

/// A user namespace of its own, and for root the host's as well: overlayfs keeps its marks in different
/// places.
std::vector<std::string> namespaces() {
  std::vector<std::string> all{""};
  if (::geteuid() == 0) all.emplace_back(kOfHost);
  return all;
}

/// Folders for a lower and an upper layer; overlayfs leaves one in `work` that nobody may enter.
class Layers {
 public:
  Layers() {
    for (const char* folder : {"lower/folder", "lower/emptied", "upper", "work"})
      fs::create_directories(here_ / folder);
    here_.write("lower/kept", "below\n");
    here_.write("lower/changed", "below\n");
    here_.write("lower/gone", "below\n");
    here_.write("lower/folder/below", "below\n");
    here_.write("lower/emptied/below", "below\n");
  }
  ~Layers() { ::chmod((here_ / "work/work").c_str(), 0700); }
  Layers(const Layers&) = delete;
  Layers& operator=(const Layers&) = delete;

  [[nodiscard]] std::string box(const std::string& upper, const std::string& top = "",
                                const std::string& lower = "lower") const {
    return here_.profile("box", top + "[mounts]\n" + kSystem +
                                    "\"/data\" = { type = \"overlay\", lower = [\"" + (here_ / lower) +
                                    "\"]" + upper + " }\n");
  }
  [[nodiscard]] std::string kept() const {
    return ", upper = \"" + (here_ / "upper") + "\", work = \"" + (here_ / "work") + "\"";
  }
  [[nodiscard]] const Workspace& here() const { return here_; }

 private:
  Workspace here_;
};

constexpr const char* kChange =
    "cd /data && echo above >> changed && rm gone && rm -r emptied && rm -r folder && mkdir folder && "
    "echo above > folder/own && echo above > new && find . -type f | sort";
constexpr const char* kLook = "cd /data && find . | sort && cat changed kept";
constexpr const char* kChanged = ".\n./changed\n./folder\n./folder/own\n./kept\n./new\nbelow\nabove\nbelow\n";
constexpr const char* kUnchanged =
    ".\n./changed\n./emptied\n./emptied/below\n./folder\n./folder/below\n./gone\n./kept\nbelow\nbelow\n";

std::string attribute(const std::string& path, const char* name) {
  std::array<char, 16> value{};
  const ssize_t size = ::getxattr(path.c_str(), name, value.data(), value.size());
  return size < 0 ? "(none)" : std::string(value.data(), static_cast<std::size_t>(size));
}

TEST_CASE("an upper folder keeps what was written, removed and replaced, for the next run") {
  for (const std::string& top : namespaces()) {
    const Layers layers;
    const std::string box = layers.box(layers.kept(), top);
    CAPTURE(top);
    const Answer first = run_hutch({"run", box, "sh", "-c", kChange});
    INFO(first.out << first.err);
    REQUIRE(first.status == 0);
    const Answer second = run_hutch({"run", box, "sh", "-c", kLook});
    INFO(second.err);
    CHECK(second.out == kChanged);
    // How overlayfs says "removed" and "nothing from below", where nobody needs rights of the host to say it.
    struct stat gone = {};
    REQUIRE(::lstat((layers.here() / "upper/gone").c_str(), &gone) == 0);
    CHECK(S_ISCHR(gone.st_mode));
    CHECK(gone.st_rdev == 0);
    const bool own = top.empty();
    CHECK(attribute(layers.here() / "upper/folder", "user.overlay.opaque") == (own ? "y" : "(none)"));
    if (!own) CHECK(attribute(layers.here() / "upper/folder", "trusted.overlay.opaque") == "y");
    CHECK(read_file(layers.here() / "lower/changed") == "below\n");
    CHECK(fs::exists(layers.here() / "lower/gone"));
    CHECK(fs::exists(layers.here() / "lower/folder/below"));
  }
}

TEST_CASE("an upper layer in memory is forgotten with the sandbox") {
  for (const std::string& top : namespaces()) {
    const Layers layers;
    const std::string box = layers.box(", upper = \"tmpfs\"", top);
    CAPTURE(top);
    const Answer first = run_hutch({"run", box, "sh", "-c", std::string(kChange) + " > /dev/null; " + kLook});
    INFO(first.err);
    CHECK(first.out == kChanged);
    CHECK(run_hutch({"run", box, "sh", "-c", kLook}).out == kUnchanged);
  }
}

TEST_CASE("an overlay without an upper layer cannot be written to") {
  for (const std::string& top : namespaces()) {
    const Layers layers;
    const Answer answer =
        run_hutch({"run", layers.box("", top), "sh", "-c", std::string("touch /data/new; ") + kLook});
    INFO(answer.err);
    CHECK(answer.out == kUnchanged);
    CHECK(answer.err.find("Read-only file system") != std::string::npos);
  }
}

// With an index overlayfs remembers the lower folder in the upper one, and refuses every other: a copied or
// unpacked tree would lose what was written.
TEST_CASE("an upper folder goes on with a copy of its lower folder") {
  for (const std::string& top : namespaces()) {
    const Layers layers;
    CAPTURE(top);
    REQUIRE(run_hutch({"run", layers.box(layers.kept(), top), "sh", "-c", kChange}).status == 0);
    fs::copy(layers.here() / "lower", layers.here() / "copy", fs::copy_options::recursive);
    fs::remove_all(layers.here() / "lower");
    const Answer answer = run_hutch({"run", layers.box(layers.kept(), top, "copy"), "sh", "-c", kLook});
    INFO(answer.err);
    CHECK(answer.out == kChanged);
  }
}

/// An overlay over everything that the host has.
std::string over_host(const Workspace& here, const std::string& top, const std::string& more = "") {
  return here.profile(
      "box", top + "[mounts]\n\"/\" = { type = \"overlay\", lower = [\"/\"], upper = \"tmpfs\" }\n" + more);
}

TEST_CASE("the host's root below an overlay: what is mounted in it is told, and what to write") {
  if (::geteuid() != 0) SKIP_TEST("in a user namespace of its own the kernel refuses it: the next test");
  const Workspace here;
  const Answer answer = run_hutch({"run", over_host(here, kOfHost), "sh"});
  INFO(answer.err);
  CHECK(answer.status == 125);
  CHECK(answer.err.find("error[E0337]: the overlay \"/\" would lack what is mounted below \"/\": ") !=
        std::string::npos);
  CHECK(answer.err.find("mounts.\"/dev\" = \"dev\"") != std::string::npos);
  CHECK(answer.err.find("mounts.\"/proc\" = \"proc\"") != std::string::npos);
}

TEST_CASE("with an entry for each mount the host's root is a layer, and nothing is written to it") {
  if (::geteuid() != 0) SKIP_TEST("in a user namespace of its own the kernel refuses it: the next test");
  const Workspace here;
  // Whatever this machine has mounted, and wherever.
  std::string more = "\"/proc\" = \"proc\"\n\"/dev\" = \"dev\"\n\"/sys\" = \"hidden\"\n";
  const Answer mounts = run_program({"findmnt", "--kernel", "--list", "--noheadings", "--output", "TARGET"});
  std::vector<std::string> seen;
  for (const std::string& point : words(mounts.out)) {
    bool below = point == "/" || point.find('\\') != std::string::npos;
    for (const std::string& each : seen) below = below || point == each || point.starts_with(each + "/");
    for (const char* each : {"/proc", "/dev", "/sys"})
      below = below || point == each || point.starts_with(std::string(each) + "/");
    if (below) continue;
    seen.push_back(point);
    more += "\"" + point + "\" = \"ro\"\n";
  }
  const std::string name = "hutch-test-" + std::to_string(::getpid());
  const Answer answer = run_hutch({"run", over_host(here, kOfHost, more), "sh", "-c",
                                   "cat /etc/passwd > /etc/" + name + " && cmp /etc/passwd /etc/" + name +
                                       " && rm /etc/passwd && ls -d /proc/self /dev/null /etc/" + name});
  INFO(more << answer.out << answer.err);
  CHECK(answer.out == "/dev/null\n/etc/" + name + "\n/proc/self\n");
  CHECK(!fs::exists("/etc/" + name));
  CHECK(fs::exists("/etc/passwd"));
}

TEST_CASE("in a user namespace of its own a folder with mounts in it is no layer, and that is told") {
  const Workspace here;
  const Answer answer =
      run_hutch({"run", over_host(here, "", "\"/proc\" = \"proc\"\n\"/dev\" = \"dev\"\n"), "sh"});
  INFO(answer.err);
  CHECK(answer.status == 125);
  CHECK(answer.err.find(
            "error[E0338]: \"/\" cannot be a layer of the overlay \"/\" here: mounted below it are ") !=
        std::string::npos);
  CHECK(answer.err.find("/proc") != std::string::npos);
}

TEST_CASE("folders of the host in which nothing is mounted are layers for everybody") {
  const Workspace here;
  const std::string box =
      here.profile("box", std::string("[mounts]\n") + kSystem +
                              "\"/etc\" = { type = \"overlay\", lower = [\"/etc\"], upper = \"tmpfs\" }\n");
  const Answer answer =
      run_hutch({"run", box, "sh", "-c",
                 "rm -f /etc/passwd; echo 'ada:x:7:7::/:/bin/sh' > /etc/passwd; cat /etc/passwd"});
  INFO(answer.err);
  CHECK(answer.out == "ada:x:7:7::/:/bin/sh\n");
  CHECK(read_file("/etc/passwd").find("ada:x:7:7") == std::string::npos);
}

}  // namespace
}  // namespace hutch::test
