// Later mounts of the host inside, as the profile asks: mount_namespaces(7). In a mount namespace of the
// test's own, so that the machine's mounts stay as they are.

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "support/sandbox.h"
#include "support/skip.h"

using namespace hutch::test;

TEST_CASE(
    "a mount that the host makes later is seen inside with slave and shared propagation, and not with "
    "private") {
  if (geteuid() != 0) SKIP_TEST("only root can make a shared mount to look at");
  const Workspace here;
  const std::string script = here.write("script", R"sh(set -e
cd "$1"; hutch=$2; box=$3; propagation=$4
mkdir -p s; mount -t tmpfs none s; mount --make-shared s; mkdir s/sub
mkfifo in
exec 3<>in
"$hutch" run --set "namespaces.propagation = \"$propagation\"" "$box" input , look /s/sub/seen <in >out 2>err &
sleep 1  # the program waits for its input by then
mount -t tmpfs none s/sub; touch s/sub/seen
echo go >&3
wait $! || true
cat out err
)sh");
  for (const char* propagation : {"private", "slave", "shared"}) {
    const Workspace one;
    const std::string mine =
        one.profile("box", bare_profile("\"/s\" = { type = \"bind\", source = \"" + one / "s" + "\" }\n"));
    std::filesystem::create_directories(one / "s");
    const Answer answer = run_program({"unshare", "--mount", "--propagation", "private", "sh", script,
                                       one.path(), hutch_binary(), mine, propagation});
    INFO(propagation << "\n" << answer.out << answer.err);
    CHECK(answer["input"] == "go");
    const bool seen = answer["look:/s/sub/seen"] != "ENOENT";
    CHECK(seen == (std::string(propagation) != "private"));
  }
}

TEST_CASE("a setuid hutch refuses to start") {
  if (geteuid() != 0) SKIP_TEST("only root can give a file to somebody else");
  const Workspace here;
  const std::string copy = here / "hutch";
  std::filesystem::copy_file(hutch_binary(), copy);
  REQUIRE(chown(copy.c_str(), 65534, 65534) == 0);
  REQUIRE(chmod(copy.c_str(), 06755) == 0);
  const std::string box = here.profile("box", bare_profile());
  REQUIRE(chmod(here.path().c_str(), 0755) == 0);
  const Answer answer = run_program({copy, "run", box, "ids"});
  CHECK(answer.status == 125);
  CHECK(answer.out == "");
  CHECK(answer.err.find("error[E0402]") != std::string::npos);
}
