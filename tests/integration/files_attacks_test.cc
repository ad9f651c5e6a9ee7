// `process.files`, attacked: by whoever packed the files that a command line names, with links, and with
// other names for what the profile hides.

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "support/file_arguments.h"
#include "support/sandbox.h"

using namespace hutch::test;
namespace fs = std::filesystem;

namespace {

/// Nothing runs, the error names the word's line and that which hides, and nothing of the secret is told.
void check_refused(const Answer& answer, const std::string& hiding_line) {
  INFO(answer.err);
  CHECK(answer.status == 125);
  CHECK(contains(answer.err, "E0347"));
  CHECK(contains(answer.err, "files = \""));
  CHECK(contains(answer.err, hiding_line));
  CHECK_FALSE(contains(answer.out, "PRIVATE"));
}

/// Prints every file below the folder that is its argument.
const std::vector<std::string> kReadAll{"sh", "-c", "find \"$0\" -type f -exec cat {} +"};

Answer read_all(const Workspace& here, const std::string& box, const std::string& folder) {
  std::vector<std::string> all{"run", box};
  all.insert(all.end(), kReadAll.begin(), kReadAll.end());
  all.push_back(folder);
  return run_hutch(all, in(here));
}

}  // namespace

TEST_CASE("files: with \"rw\", what a link leads to is not written to, and -v says what to name") {
  const Workspace here;
  here.write("home/.bashrc", "mine");
  here.write("home/folder/file", "mine");
  fs::create_symlink(here / "home/.bashrc", here / "photo.png");
  fs::create_directory_symlink(here / "home/folder", here / "album");
  const std::string box = box_of(here, "rw");
  const Answer file =
      run_hutch({"run", "-v", box, "sh", "-c", "cat \"$0\"; echo evil >\"$0\"", "photo.png"}, in(here));
  INFO(file.err);
  CHECK(file.out == "mine");
  CHECK(file.status != 0);
  CHECK(contains(file.err, "it is a link: name \"" + here / "home/.bashrc" + "\" to have that written"));
  for (const char* folder : {"album", "album/", "album/.", "./album"}) {
    INFO(folder);
    const Answer answer = run_hutch(
        {"run", box, "sh", "-c", "echo evil >\"$0/file\"; echo evil >\"$0/new\"", folder}, in(here));
    CHECK(answer.status != 0);
  }
  CHECK(read_file(here / "home/.bashrc") == "mine");
  CHECK(read_file(here / "home/folder/file") == "mine");
  CHECK_FALSE(exists(here / "home/folder/new"));
  // Named by its own name, it is what the caller means.
  CHECK(run_hutch({"run", box, "sh", "-c", "echo new >\"$0\"", "photo.png", here / "home/.bashrc"}, in(here))
            .status != 0);
  CHECK(run_hutch({"run", box, "sh", "-c", "echo new >\"$1\"", "photo.png", here / "home/.bashrc"}, in(here))
            .status == 0);
  CHECK(read_file(here / "home/.bashrc") == "new\n");
}

TEST_CASE("files: a link to the root folder shows nothing of the host") {
  const Workspace here;
  here.write("secret", "PRIVATE");
  fs::create_directory_symlink("/", here / "album");
  for (const char* word : {"album", "album/", "album/../.", "album/."}) {
    INFO(word);
    const Answer answer = run_hutch(
        {"run", "-v", box_of(here, "ro"), "sh", "-c", "cat \"$0$1\"", word, here / "secret"}, in(here));
    CHECK(answer.status != 0);
    CHECK_FALSE(contains(answer.out, "PRIVATE"));
  }
  const Answer told = run_hutch({"run", "-v", box_of(here, "ro"), "ls", "album"}, in(here));
  CHECK(contains(told.err, "\"album\" of the command line: it leads to the root folder"));
}

TEST_CASE("files: /dev/stdin is what the program has, and opens no file by its name") {
  const Workspace here;
  const std::string file = here.write("input", "content");
  const std::string box = box_of(here, "rw", "\"/proc\" = \"proc\"");
  const std::string script = "exec \"$@\" <input";
  const Answer answer = run_program({"sh", "-c", script, "sh", hutch_binary(), "run", "-v", box, "sh", "-c",
                                     "cat \"$0\"; ls -A; echo >\"$1\"", "/dev/stdin", "/dev/null"},
                                    in(here));
  INFO(answer.err);
  CHECK(answer.status == 0);
  CHECK(answer.out == "content");
  CHECK_FALSE(contains(answer.err, "\"/dev/null\" of the command line"));
}

TEST_CASE("files: a folder that holds hidden things under another name is refused") {
  const Workspace here;
  here.write("real/token", "PRIVATE");
  here.write("real/harmless", "harmless");
  SECTION("by the source of a bind") {
    const std::string box = box_of(
        here, "ro",
        "\"/data\" = { type = \"bind\", source = \"" + here / "real" + "\" }\n\"/data/token\" = \"hidden\"");
    check_refused(read_all(here, box, "real"), "\"/data/token\" = \"hidden\"");
    CHECK(read_all(here, box, "real/harmless").out == "harmless");
  }
  SECTION("by a pattern over a bind") {
    const std::string box = box_of(here, "ro",
                                   "\"/data\" = { type = \"bind\", source = \"" + here / "real" +
                                       "\" }\n\"/data/**/tok*\" = \"hidden\"");
    check_refused(read_all(here, box, "real"), "\"/data/**/tok*\" = \"hidden\"");
    check_refused(run_hutch({"run", box, "cat", "real/token"}, in(here)), "\"/data/**/tok*\" = \"hidden\"");
  }
  SECTION("by a layer of an overlay") {
    const std::string box = box_of(here, "ro",
                                   "\"/data\" = { type = \"overlay\", lower = [\"" + here / "real" +
                                       "\"], upper = \"tmpfs\" }\n\"/data/token\" = \"hidden\"");
    check_refused(read_all(here, box, "real"), "\"/data/token\" = \"hidden\"");
    check_refused(run_hutch({"run", box, "cat", "real/token"}, in(here)), "\"/data/token\" = \"hidden\"");
  }
  SECTION("by a hidden link that leads into it") {
    fs::create_directory(here / "home");
    fs::create_symlink(here / "real/token", here / "home/cloud");
    const std::string box = box_of(here, "ro", "\"${HOME}/cloud\" = \"hidden\"");
    check_refused(read_all(here, box, "real"), "\"${HOME}/cloud\" = \"hidden\"");
    check_refused(run_hutch({"run", box, "cat", "real/token"}, in(here)), "\"${HOME}/cloud\" = \"hidden\"");
  }
  SECTION("by a hidden link that is shown, too, and so covers it") {
    fs::create_symlink("token", here / "real/link");
    const std::string box = box_of(here, "ro", "\"" + here / "real/link" + "\" = \"hidden\"");
    CHECK(read_all(here, box, "real").out == "harmless");
  }
}

TEST_CASE("files: where the home is a link, what is hidden in it stays so by its real name") {
  const Workspace here;
  here.write("disk/ada/.ssh/key.pem", "PRIVATE");
  here.write("disk/ada/photos/one", "photo");
  fs::create_directory_symlink(here / "disk/ada", here / "home");
  for (const std::string& line :
       {std::string("\"${HOME}/.ssh\" = \"hidden\""),
        std::string("\"${HOME}/**/*.pem\" = { type = \"hidden\", optional = true }")}) {
    const std::string box = box_of(here, "ro", line);
    for (const char* word : {"disk/ada", "disk", "home/photos/.."}) {
      INFO(word);
      check_refused(read_all(here, box, word), line);
    }
    check_refused(run_hutch({"run", box, "cat", "disk/ada/.ssh/key.pem"}, in(here)), line);
    // By the name that is hidden, it can be covered.
    CHECK(read_all(here, box, "home").out == "photo");
    CHECK(read_all(here, box, "disk/ada/photos").out == "photo");
    CHECK(read_all(here, box, "home/photos").out == "photo");
  }
}

TEST_CASE("files: a file that is to be made is judged by where its folder leads") {
  const Workspace here;
  fs::create_directories(here / "home/.ssh");
  fs::create_directories(here / "results");
  fs::create_directory_symlink(here / "home/.ssh", here / "out");
  fs::create_directory_symlink(here / "results", here / "there");
  const std::string line = "\"${HOME}/.ssh\" = \"hidden\"";
  const std::string box = box_of(here, "rw", line);
  for (const std::string& word : {std::string("out/authorized_keys"), here / "home/.ssh/rc",
                                  std::string("out/../.ssh/rc"), std::string("--to=out/rc")}) {
    INFO(word);
    check_refused(run_hutch({"run", box, "true", word}, in(here)), line);
  }
  CHECK(fs::is_empty(here / "home/.ssh"));
  CHECK(run_hutch({"run", box, "sh", "-c", "echo made >\"$0\"", "there/file.txt"}, in(here)).status == 0);
  CHECK(read_file(here / "results/file.txt") == "made\n");
}

TEST_CASE("files: names that are too long, and folders that are none, come to nothing") {
  const Workspace here;
  here.write("file", "content");
  const std::string box = box_of(here, "rw");
  const std::string long_name = std::string(300, 'a') + ".png";
  std::string long_path = "./";
  while (long_path.size() < 5000) long_path += "folder/";
  for (const std::string& word :
       {long_name, long_path + "x.png", std::string("file/x.png"), std::string("file/"),
        std::string("none/x.png"), std::string("file/../x.png")}) {
    INFO(word);
    const Answer answer = run_hutch({"run", box, "sh", "-c", "echo x >\"$0\"", word}, in(here));
    CHECK(answer.status != 0);
    CHECK(read_file(here / "file") == "content");
    CHECK_FALSE(exists(here / "x.png"));
  }
}

TEST_CASE("files: on a mount that is read-only outside, \"rw\" is read-only inside, and nothing is made") {
  const Workspace here;
  here.write("disk/old.txt", "old");
  fs::create_directory(here / "mounted");
  const std::string box = box_of(here, "rw");
  const std::string script = "mount --bind disk mounted && mount -o remount,bind,ro mounted && exec \"$@\"";
  const Answer answer =
      run_program({"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh",
                   hutch_binary(), "run", "-v", box, "sh", "-c",
                   "cat \"$0\"; echo new >\"$0\"; echo new >\"$1\"", "mounted/old.txt", "mounted/new.txt"},
                  in(here));
  INFO(answer.err);
  CHECK(answer.out == "old");
  CHECK(contains(answer.err,
                 "writing to \"mounted/old.txt\" of the command line: the host has it mounted read-only"));
  CHECK(contains(answer.err, "Read-only file system"));
  CHECK(read_file(here / "disk/old.txt") == "old");
  CHECK_FALSE(exists(here / "disk/new.txt"));
}

TEST_CASE("files: what the profile puts at a place itself stays, whatever the host has there") {
  const Workspace here;
  here.write("config", "PRIVATE");
  here.write("cache/entry", "PRIVATE");
  const std::string box = box_of(here, "rw",
                                 "\"" + here / "config" + "\" = { type = \"file\", content = \"own\" }\n\"" +
                                     here / "cache" + "\" = \"tmpfs\"");
  const Answer answer =
      run_hutch({"run", "-v", box, "sh", "-c", "cat \"$0\"; ls \"$1\"", "config", "cache"}, in(here));
  INFO(answer.err);
  CHECK(answer.out == "own");
  for (const char* word : {"config", "cache"})
    CHECK(contains(answer.err, "\"" + std::string(word) + "\" of the command line: the profile says itself"));
}

TEST_CASE("files: in the host's own mount namespace the key is an error, as it would hold nothing back") {
  const Workspace here;
  const std::string box = here.profile("box", "[namespaces]\nmount = \"host\"\n[process]\nfiles = \"ro\"\n");
  const Answer answer = run_hutch({"run", box, "true", "box.toml"}, in(here));
  CHECK(answer.status == 125);
  CHECK(contains(answer.err, "error[E0301]: `process.files` shows files in a tree"));
  CHECK(contains(answer.err, "files = \"ro\""));
}
