#include "build/tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "build/differences.h"
#include "build/record.h"
#include "build/tree_copy.h"

namespace hutch {
namespace {

class Folder {
 public:
  Folder() { path = ::mkdtemp(pattern_.data()); }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path + "/" + name).parent_path());
    std::ofstream(path + "/" + name) << text;
  }
  std::string path;

 private:
  std::string pattern_ = "/tmp/hutch-test-XXXXXX";
};

std::vector<std::string> visited(const std::string& path, const WalkOptions& options = {}) {
  std::vector<std::string> all;
  const auto add = [&all](const TreeItem& item) -> Result<void> {
    all.push_back(item.path);
    return {};
  };
  const auto walked = walk_tree(AT_FDCWD, path, path, add, options);
  if (!walked) all.push_back(walked.error().front().code + " " + walked.error().front().what);
  return all;
}

TEST_CASE("a tree is walked in byte order, a folder before what it holds, and no link is followed") {
  const Folder folder;
  folder.write("b/x", "");
  folder.write("b-", "");
  folder.write("a", "");
  REQUIRE(::symlink("/", (folder.path + "/link").c_str()) == 0);
  CHECK(visited(folder.path) == std::vector<std::string>{"", "a", "b", "b/x", "b-", "link"});
}

TEST_CASE("what is no file, folder or link is refused, or left out where that is asked for") {
  const Folder folder;
  folder.write("a", "");
  REQUIRE(::mkfifo((folder.path + "/pipe").c_str(), 0600) == 0);
  CHECK(visited(folder.path).back() == fmt::format("E0706 \"{}/pipe\" cannot be taken", folder.path));
  CHECK(visited(folder.path, {.special = Special::leave_out}) == std::vector<std::string>{"", "a"});
}

TEST_CASE("a digest changes with contents, names, links and the right to execute, and with nothing else") {
  const Folder folder;
  folder.write("t/a", "1");
  const std::string tree = folder.path + "/t", file = tree + "/a";
  const std::string first = digest_of(tree).value();
  ::chmod(file.c_str(), 0600);
  const std::array<timespec, 2> times{{{1, 0}, {1, 0}}};
  ::utimensat(AT_FDCWD, file.c_str(), times.data(), 0);
  CHECK(digest_of(tree).value() == first);
  ::chmod(file.c_str(), 0755);
  CHECK(digest_of(tree).value() != first);
  ::chmod(file.c_str(), 0644);
  REQUIRE(::symlink("a", (tree + "/l").c_str()) == 0);
  CHECK(digest_of(tree).value() != first);
  std::filesystem::remove(tree + "/l");
  std::filesystem::create_directory(tree + "/empty");
  CHECK(digest_of(tree).value() != first);
  std::filesystem::remove(tree + "/empty");
  CHECK(digest_of(tree).value() == first);
  folder.write("t/a", "2");
  CHECK(digest_of(tree).value() != first);
  CHECK(digest_of(folder.path + "/none").error().front().code == "E0702");
}

TEST_CASE("a copy is as the tree was, but for set-id bits, and never on top of another") {
  const Folder folder;
  folder.write("t/d/a", "text");
  ::chmod((folder.path + "/t/d/a").c_str(), 04751);
  ::chmod((folder.path + "/t/d").c_str(), 0701);
  REQUIRE(copy_tree(folder.path + "/t", folder.path + "/same"));
  struct stat facts = {};
  ::stat((folder.path + "/same/d/a").c_str(), &facts);
  CHECK((facts.st_mode & 07777) == 0751);
  ::stat((folder.path + "/same/d").c_str(), &facts);
  CHECK((facts.st_mode & 07777) == 0701);
  CHECK(digest_of(folder.path + "/same").value() == digest_of(folder.path + "/t").value());
  const auto twice = copy_tree(folder.path + "/t", folder.path + "/same");
  REQUIRE_FALSE(twice);
  CHECK(twice.error().front().code == "E0707");
}

TEST_CASE("where two files differ is told by the first byte that does") {
  const Folder folder;
  const std::string long_text(100'000, 'x');
  folder.write("a", long_text + "1");
  folder.write("b", long_text + "2");
  folder.write("c", long_text);
  const auto told = [&](const std::string& one, const std::string& two) {
    return where_they_differ(folder.path + "/" + one, folder.path + "/" + two);
  };
  CHECK(told("a", "b") == "byte 100001 is the first that differs, of 100001 and 100001");
  CHECK(told("a", "c") == "byte 100001 is the first that differs, of 100001 and 100000");
  CHECK(told("a", "a") == "their bytes are the same");
  CHECK(told("a", "none") == "it is there only once");
}

TEST_CASE("outputs are compared by name: what is missing, other, or executable only once") {
  const Artifact a{.name = "a", .sha256 = "1"}, b{.name = "b", .sha256 = "2"};
  CHECK(compare_outputs({a, b}, {b, a}).empty());
  const auto missing = compare_outputs({a, b}, {b});
  REQUIRE(missing.size() == 1);
  CHECK(missing.front().name == "a");
  CHECK(missing.front().what == "only the first build made it");
  Artifact program = a;
  program.executable = true;
  CHECK(compare_outputs({a}, {program}).front().what == "it is executable only once");
  Artifact link = a;
  link.link = "b";
  CHECK(compare_outputs({a}, {link}).front().what ==
        "it leads to another place, or is not a link both times");
}

}  // namespace
}  // namespace hutch
