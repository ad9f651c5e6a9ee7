// The shipped profiles that build something: each on a small project, in two folders that differ in path, in
// the times of their files and in the order in which these were made. The outputs are the same bytes.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

/// Builds it in a folder of that name; gives what `output` holds then.
std::string built(const Workspace& here, const std::string& folder, const Files& files,
                  const std::string& profile, const std::string& inside, const std::string& output,
                  const std::vector<std::string>& more = {}) {
  for (const auto& [name, content] : files) {
    const std::string path = here.write(folder + "/" + name, content, name.ends_with("rules") ? 0755 : 0644);
    const timespec long_ago[2] = {{static_cast<time_t>(folder.size()) * 1000000, 0},
                                  {static_cast<time_t>(folder.size()) * 1000000, 0}};
    ::utimensat(AT_FDCWD, path.c_str(), long_ago, 0);
  }
  const std::string to = here / ("from-" + folder);
  std::vector<std::string> command{"build", "--set", "build.outputs.'" + inside + "' = '" + to + "'"};
  command.insert(command.end(), more.begin(), more.end());
  command.push_back(profile);
  const Answer answer = run_hutch(command, {.cwd = here / folder, .seconds = 120});
  INFO(answer.out << answer.err);
  CHECK(answer.status == 0);
  return read_file(output.empty() ? to : to + "/" + output);
}

/// The same from two folders, with the files made in the other order.
std::string built_twice(Files files, const std::string& profile, const std::string& inside,
                        const std::string& output = "") {
  const Workspace here;
  const std::string one = built(here, "one", files, profile, inside, output);
  std::reverse(files.begin(), files.end());
  const std::string two = built(here, "a-longer/name-of-a-folder", files, profile, inside, output);
  CHECK_FALSE(one.empty());
  CHECK(one == two);
  return one;
}

const std::string kHello =
    "#include <stdio.h>\nint main(void) { puts(\"hello from \" __FILE__ \" of \" __DATE__ \" \" __TIME__); "
    "return 0; }\n";

}  // namespace

TEST_CASE("build/make makes the same bytes from two folders") {
  if (!have_program("cc") || !have_program("make")) SKIP_TEST("there is no C compiler or no make here");
  const std::string made =
      built_twice({{"Makefile", "hello: $(wildcard *.c)\n\tcc -g -o $@ $(wildcard *.c)\n"},
                   {"hello.c", kHello},
                   {"b.c", "int b;\n"},
                   {"a.c", "int a;\n"}},
                  "build/make", "/build/hello");
  CHECK(made.find("Jan  1 1980 00:00:00") != std::string::npos);
  CHECK(made.find("/build") != std::string::npos);
}

TEST_CASE("build/cmake makes the same bytes from two folders") {
  if (!have_program("cc") || !have_program("cmake")) SKIP_TEST("there is no C compiler or no cmake here");
  built_twice({{"CMakeLists.txt",
                "cmake_minimum_required(VERSION 3.20)\nproject(hello C)\nfile(GLOB all *.c)\n"
                "add_executable(hello ${all})\ninstall(TARGETS hello)\n"},
               {"hello.c", kHello},
               {"a.c", "int a;\n"}},
              "build/cmake", "/build/installed", "usr/bin/hello");
}

TEST_CASE("build/cargo makes the same bytes from two folders, with a dependency that is vendored") {
  if (::access("/usr/bin/cargo", X_OK) != 0) SKIP_TEST("there is no /usr/bin/cargo here");
  built_twice(
      {{"Cargo.toml",
        "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\ntwice = "
        "\"1\"\n"},
       {"Cargo.lock",
        "version = 3\n\n[[package]]\nname = \"hello\"\nversion = \"0.1.0\"\ndependencies = [\n "
        "\"twice\",\n]\n\n"
        "[[package]]\nname = \"twice\"\nversion = \"1.0.0\"\n"
        "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"},
       {"src/main.rs", "fn main() { println!(\"{} {}\", twice::twice(21), file!()); }\n"},
       {".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"vendor\"\n"},
       {"vendor/twice/Cargo.toml", "[package]\nname = \"twice\"\nversion = \"1.0.0\"\nedition = \"2021\"\n"},
       {"vendor/twice/.cargo-checksum.json", "{\"files\":{}}\n"},
       {"vendor/twice/src/lib.rs", "pub fn twice(n: u32) -> u32 { n * 2 }\n"}},
      "build/cargo", "/build/target/release/hello");
}

TEST_CASE("build/npm makes the same bytes from two folders, with a module that is there") {
  if (::access("/usr/bin/node", X_OK) != 0 || ::access("/usr/bin/npm", X_OK) != 0)
    SKIP_TEST("there are no /usr/bin/node and /usr/bin/npm here");
  const std::string made = built_twice(
      {{"package.json",
        "{\"name\": \"hello\", \"version\": \"1.0.0\", \"scripts\": {\"build\": \"node build.js\"}}\n"},
       {"build.js",
        "const fs = require('fs'), os = "
        "require('os');\nfs.mkdirSync('dist');\nfs.writeFileSync('dist/bundle.js', "
        "[require('twice')(21), process.cwd(), os.hostname(), os.cpus().length, process.env.HOME, "
        "...fs.readdirSync('.')].join('\\n'));\n"},
       {"node_modules/twice/package.json", "{\"name\": \"twice\", \"version\": \"1.0.0\"}\n"},
       {"node_modules/twice/index.js", "module.exports = n => n * 2;\n"}},
      "build/npm", "/build/dist", "bundle.js");
  CHECK(made.starts_with("42\n/build\nlocalhost\n1\n/build/home\n"));
}

TEST_CASE("build/debian makes the same package from two folders") {
  if (!have_program("dpkg-buildpackage") || !have_program("cc"))
    SKIP_TEST("there is no dpkg-buildpackage or no C compiler here");
  const std::string rules =
      "#!/usr/bin/make -f\nbuild build-arch build-indep:\n\tcc -g -o hello hello.c\n"
      "binary-arch:\nbinary-indep: build\n\tmkdir -p debian/tmp/usr/bin debian/tmp/DEBIAN\n"
      "\tcp hello debian/tmp/usr/bin/\n\tdpkg-gencontrol -Pdebian/tmp\n\tdpkg-deb --root-owner-group --build "
      "debian/tmp ..\n"
      "binary: binary-indep binary-arch\nclean:\n\trm -rf hello debian/tmp\n";
  built_twice({{"debian/rules", rules},
               {"debian/control",
                "Source: small\nMaintainer: A B <a@example.org>\nRules-Requires-Root: no\nStandards-Version: "
                "4.6.2\n\n"
                "Package: small\nArchitecture: all\nDescription: small\n Small.\n"},
               {"debian/changelog",
                "small (1.0) unstable; urgency=low\n\n  * First.\n\n -- A B <a@example.org>  Thu, 02 Jan "
                "2020 10:00:00 "
                "+0000\n"},
               {"debian/source/format", "3.0 (native)\n"},
               {"hello.c", kHello}},
              "build/debian", "/build/small_1.0_all.deb");
}
