#include "profile/load.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "profile/profiles.h"

namespace hutch {
namespace {

using test::Folder;

TEST_CASE("the first layer that has a name wins, and drop-ins of every layer go on top") {
  Folder folder;
  folder.host.env("HUTCH_PROFILE_PATH", folder.path() + "/high:" + folder.path() + "/low");
  folder.write("high/web.toml", "hostname = 'high'\n")
      .write("low/web.toml", "hostname = 'low'\ndomainname = 'low'\n")
      .write("low/web.toml.d/20-b.toml", "domainname = 'b'\nprocess.nice = 2\n")
      .write("low/web.toml.d/10-a.toml", "domainname = 'a'\nprocess.nice = 1\n")
      .write("high/web.toml.d/20-b.toml", "process.nice = 3\n")
      .write("high/web.toml.d/ignored.txt", "nonsense");
  CHECK(folder.effective("web") == "domainname = \"a\"\nhostname = \"high\"\n[process]\nnice = 3");
  auto loaded = folder.load("web");
  REQUIRE(loaded);
  std::string files;
  for (const std::string& each : loaded->files) files += folder.tidy(each) + "\n";
  CHECK(files == "@/high/web.toml\n@/low/web.toml.d/10-a.toml\n@/high/web.toml.d/20-b.toml\n");
}

TEST_CASE(
    "without HUTCH_PROFILE_PATH the layers are the project, the user, the system and what is installed") {
  Folder folder;
  folder.host.unset("HUTCH_PROFILE_PATH");
  const auto path = profile_path(folder.host);
  REQUIRE(path.size() == 4);
  CHECK(folder.tidy(path[0]) == "@/.hutch");
  CHECK(folder.tidy(path[1]) == "@/config/hutch/profiles");
  CHECK(path[2] == "/etc/hutch/profiles");
  CHECK(path[3].ends_with("/profiles"));
  folder.host.env("XDG_CONFIG_HOME", "relative").env("HOME", "/home/x").directory("");
  CHECK(profile_path(folder.host)[0] == "/home/x/.config/hutch/profiles");
}

TEST_CASE("parents merge first, left to right, and each file once") {
  Folder folder;
  folder
      .write("profiles/base.toml",
             "hostname = 'base'\ndomainname = 'base'\nprocess.nice = 1\nname = 'base'\n")
      .write("profiles/feature/b.toml", "extends = ['base']\nhostname = 'b'\nprocess.nice = 2")
      .write("profiles/feature/c.toml", "extends = ['base']\ndomainname = 'c'")
      .write("profiles/common.toml", "process.umask = '077'")
      .write("profiles/a.toml", "extends = ['feature/b', 'feature/c', './common.toml']\nprocess.nice = 3\n");
  CHECK(folder.effective("a") ==
        "domainname = \"c\"\nhostname = \"b\"\n[process]\nnice = 3\numask = \"077\"");
}

TEST_CASE("a name and a description are not handed down") {
  Folder folder;
  folder.write("profiles/base.toml", "name = 'base'\ndescription = 'the base'\n")
      .write("profiles/a.toml", "extends = ['base']");
  const auto loaded = folder.load("a");
  REQUIRE(loaded);
  CHECK_FALSE(loaded->profile.name);
  CHECK_FALSE(loaded->profile.description);
  CHECK(folder.load("base")->profile.name->value == "base");
}

TEST_CASE("a cycle shows the circle, and a missing parent the chain") {
  Folder folder;
  folder.write("profiles/a.toml", "extends = ['b']")
      .write("profiles/b.toml", "extends = ['c']")
      .write("profiles/c.toml", "extends = ['a']");
  CHECK(folder.effective("a") ==
        "E0203 @/profiles/c.toml:1:12 @/profiles/a.toml extends itself | the circle closes here | cause: "
        "@/profiles/a.toml -> "
        "@/profiles/b.toml -> @/profiles/c.toml -> @/profiles/a.toml");
  folder.write("profiles/c.toml", "extends = ['./c.toml']");
  CHECK(folder.effective("c") ==
        "E0203 @/profiles/c.toml:1:12 @/profiles/c.toml extends itself | the circle closes here | cause: "
        "@/profiles/c.toml -> "
        "@/profiles/c.toml");
  folder.write("profiles/c.toml", "extends = ['feature/waylnd', './gone.toml']")
      .write("profiles/feature/wayland.toml", "");
  CHECK(
      folder.effective("a") ==
      "E0202 @/profiles/c.toml:1:12 there is no profile `feature/waylnd` | did you mean `feature/wayland`? | "
      "cause: extended by "
      "@/profiles/a.toml -> @/profiles/b.toml -> @/profiles/c.toml -> feature/waylnd; looked in @/profiles\n"
      "E0210 @/profiles/c.toml:1:30 cannot read @/profiles/gone.toml: No such file or directory | cause: "
      "extended by "
      "@/profiles/a.toml -> @/profiles/b.toml -> @/profiles/c.toml -> @/profiles/gone.toml");
}

TEST_CASE("a profile that cannot be found is told with the nearest name and where it was looked for") {
  Folder folder;
  folder.write("profiles/web.toml", "").write("here.toml", "");
  CHECK(folder.effective("wbe") ==
        "E0201  there is no profile `wbe` | cause: looked in @/profiles | help: did you mean `web`?");
  CHECK(folder.effective("here") ==
        "E0201  there is no profile `here` | cause: looked in @/profiles | help: for the file here, write "
        "./here.toml");
  CHECK(folder.effective("./gone.toml") == "E0210  cannot read ./gone.toml: No such file or directory");
  CHECK(folder.effective("") == "E0211  the name of a profile cannot be empty");
  const std::string rule =
      " | help: a name has letters, digits and . _ + @ - between its slashes; a path starts with ./ or / or "
      "ends in .toml";
  CHECK(folder.effective("a/../b") == "E0211  \"a/../b\" is neither the name of a profile nor a path" + rule);
  CHECK(folder.effective(".hidden") ==
        "E0211  \".hidden\" is neither the name of a profile nor a path" + rule);
  CHECK(folder.effective("a\x1b[2J") ==
        "E0211  \"a\\u001b[2J\" is neither the name of a profile nor a path" + rule);
}

TEST_CASE("a profile that is no readable text file is refused with the reason") {
  Folder folder;
  folder.write("dir.toml/x", "")
      .write("big.toml", std::string(50U << 20U, '#'))
      .write("nul.toml", std::string_view("a\0b", 3));
  CHECK(folder.effective("./dir.toml") == "E0210  cannot read ./dir.toml: it is a directory");
  CHECK(folder.effective("./big.toml") ==
        "E0210  cannot read ./big.toml: it is larger than the 1048576 bytes that a profile may have");
  CHECK(folder.effective("./nul.toml") ==
        "E0112 ./nul.toml:1:2 the control byte 0x00 has no place in a profile | help: in a string, write "
        "\\u0000");
  CHECK(folder.effective("/dev/zero") ==
        "E0210  cannot read /dev/zero: it is larger than the 1048576 bytes that a profile may have");
  CHECK(folder.effective("./here.toml/x.toml") ==
        "E0210  cannot read ./here.toml/x.toml: No such file or directory");
}

TEST_CASE("a profile that the caller may not read is refused with the reason") {
  Folder folder;
  folder.write("secret.toml", "hostname = 'x'");
  REQUIRE(::chmod((folder.path() + "/secret.toml").c_str(), 0) == 0);
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  // As root, look through the eyes of somebody else.
  const pid_t child = ::fork();
  if (child == 0) {
    if (::getuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    const std::string says = folder.effective("./secret.toml");
    ::_exit(says == "E0210  cannot read ./secret.toml: Permission denied" ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("options are the last layer, each a text of its own") {
  Folder folder;
  folder.write("profiles/a.toml", "hostname = 'a'\n[mounts]\n'/data' = 'ro'\n");
  folder.request.overrides = {{"--set", "mounts.\"/data\" = \"rw\""},
                              {"--hostname", "hostname = 'b'"},
                              {"--set", "mounts.'/x'.type = 'bind'\nmounts.'/x'.source = 'y'"}};
  CHECK(folder.effective("a") ==
        "hostname = \"b\"\n[mounts.\"/data\"]\ntype = \"bind\"\nwrite = true\n[mounts.\"/x\"]\nsource = "
        "\"@/y\"\ntype = \"bind\"");
  folder.request.overrides = {{"--set", "hostnme = 'x'"}, {"--set", "a = b"}};
  CHECK(folder.effective("a") ==
        "E0102 --set:1:1 unknown key `hostnme` | did you mean `hostname`?\n"
        "E0101 --set:1:5 `b` is not a TOML value | text needs quotes: \"b\"");
}

TEST_CASE("relative paths start at the folder of the file that says them") {
  Folder folder;
  folder
      .write("profiles/sub/base.toml",
             "[mounts]\n'/b' = { type = 'bind', source = 'b' }\n'/w' = { type = 'bind', source = "
             "'${PROFILE_DIR}/w' }")
      .write("profiles/a.toml",
             "extends = ['sub/base']\n[mounts]\n'/a' = { type = 'bind', source = '../a' }\n[process]\nstdin "
             "= './in'");
  CHECK(folder.effective("a") ==
        "[mounts.\"/a\"]\nsource = \"@/a\"\ntype = \"bind\"\n[mounts.\"/b\"]\nsource = "
        "\"@/profiles/sub/b\"\ntype = \"bind\"\n"
        "[mounts.\"/w\"]\nsource = \"@/profiles/sub/w\"\ntype = \"bind\"\n[process]\nstdin = "
        "\"@/profiles/in\"");
}

TEST_CASE("a layer of an overlay is removed by the path that brought it") {
  Folder folder;
  folder.write("profiles/base.toml", "mounts.'/o' = { type = 'overlay', lower = ['a', '/b'] }")
      .write("profiles/p.toml",
             "extends = ['base']\nmounts.'/o' = { lower = ['!./a', 'c'] }\n"
             "mounts.'/x' = { type = 'bind', source = '!odd' }");
  CHECK(folder.effective("p") ==
        "[mounts.\"/o\"]\nlower = [\n  \"/b\",\n  \"@/profiles/c\",\n]\ntype = \"overlay\"\n"
        "[mounts.\"/x\"]\nsource = \"@/profiles/!odd\"\ntype = \"bind\"");
}

TEST_CASE("the order of lines means nothing") {
  Folder folder;
  const std::vector<std::string> lines = {"mounts.'/a' = 'ro'",
                                          "mounts.'/b' = { type = 'tmpfs', size = '1M' }",
                                          "hostname = 'h'",
                                          "environment.set.X = '1'",
                                          "environment.inherit = ['A']",
                                          "limits.nofile = 3",
                                          "process.command = ['x']"};
  std::string first;
  for (std::size_t turn = 0; turn < lines.size(); ++turn) {
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string& line = lines[(i * 3 + turn) % lines.size()];
      text += line + "\n";
    }
    folder.write("profiles/a.toml", text);
    const std::string got = folder.effective("a");
    REQUIRE(got.find("E0") == got.npos);
    if (first.empty()) first = got;
    CHECK(got == first);
  }
}

TEST_CASE("profiles are listed with their layer, description and what is wrong with them") {
  Folder folder;
  folder.host.env("HUTCH_PROFILE_PATH", folder.path() + "/high:" + folder.path() + "/low");
  folder.write("high/web.toml", "description = 'the web'")
      .write("low/web.toml", "")
      .write("low/feature/x.toml", "a = b")
      .write("low/web.toml.d/z.toml", "");
  std::string text;
  for (const Found& each : list_profiles(folder.host)) {
    text += fmt::format("{} {} {} [{}] {} {}\n", each.name, each.path, each.layer, each.description,
                        each.hidden, each.problem);
  }
  CHECK(folder.tidy(text) ==
        "feature/x @/low/feature/x.toml @/low [] false `b` is not a TOML value\n"
        "web @/high/web.toml @/high [the web] false \n"
        "web @/low/web.toml @/low [] true \n");
}

TEST_CASE("a profile becomes typed data with the defaults of the language") {
  Folder folder;
  folder.write("profiles/a.toml", R"(
[namespaces]
net = "host"
time = { boottime = "-1h" }
[identity]
map = "explicit"
uid_map = [{ inside = 0, outside = "self" }, { inside = 1, outside = 100000, count = 5 }]
[mounts]
"/t" = { type = "tmpfs", size = "1M", mode = "1777" }
"/g*" = "ro?"
'/l\*' = "ro"
[process]
umask = "027"
io_class = "realtime:2"
cpu_affinity = "3,0-1"
stdout = "null"
[limits]
nofile = 10
cpu = "2m"
rttime = { soft = "1ms", hard = "unlimited" }
)");
  const auto loaded = folder.load("a");
  REQUIRE(loaded);
  const Profile& profile = loaded->profile;
  CHECK_FALSE(profile.namespaces.is_new(Ns::net));
  CHECK(profile.namespaces.is_new(Ns::time));
  CHECK(profile.namespaces.is_new(Ns::user));
  CHECK_FALSE(profile.namespaces.of(Ns::user).said());
  CHECK(profile.namespaces.boottime_offset->value == -3'600'000'000'000);
  REQUIRE(profile.identity.uid_map.size() == 2);
  CHECK(profile.identity.uid_map[0].kind == MapRow::Outside::self);
  CHECK(profile.identity.uid_map[1].outside == 100000);
  CHECK(profile.identity.uid_map[1].count == 5);
  CHECK(profile.mounts.at("/").type == MountType::tmpfs);
  CHECK_FALSE(profile.mounts.at("/").at.known());
  CHECK(profile.mounts.at("/t").size->value == 1048576);
  CHECK(profile.mounts.at("/t").mode->value == 01777);
  CHECK(profile.mounts.at("/g*").is_glob);
  CHECK(profile.mounts.at("/g*").optional);
  CHECK_FALSE(profile.mounts.at("/l*").is_glob);
  CHECK(profile.process.umask->value == 027);
  CHECK(profile.process.io_class->value.which == 1);
  CHECK(profile.process.io_class->value.level == 2);
  CHECK(profile.process.cpu_affinity->value == std::vector<std::uint32_t>{0, 1, 3});
  CHECK(profile.process.streams[1]->kind == Stream::Kind::null);
  CHECK(*profile.process.init);
  REQUIRE(profile.limits.size() == 3);
  CHECK(profile.limits[0].name == "cpu");
  CHECK(profile.limits[0].hard == 120);
  CHECK(profile.limits[1].soft == 10);
  CHECK(profile.limits[2].soft == 1000);
  CHECK(profile.limits[2].hard == ~std::uint64_t{0});
}

TEST_CASE("parts of a value that contradict each other are told") {
  Folder folder;
  folder.write("profiles/a.toml", "[limits]\nas = { soft = 2, hard = 1 }\n[process]\ncpu_affinity = '3-1'");
  CHECK(folder.effective("a") ==
        "E0105 @/profiles/a.toml:4:16 `cpu_affinity` has the range 3-1, which ends before it begins | write "
        "1-3\n"
        "E0116 @/profiles/a.toml:2:15 limit `as` has a `soft` above its `hard` | other: "
        "@/profiles/a.toml:2:25 the most it can be");
}

}  // namespace
TEST_CASE("a profile in ./.hutch that somebody else could have written does not decide what a name means") {
  Folder folder;
  folder.write(".hutch/app.toml", "hostname = \"theirs\"\n");
  ::chmod((folder.path() + "/.hutch").c_str(), 0777);
  test::FakeHost host;
  host.user("ada", ::getuid(), ::getgid()).directory(folder.path());
  Sources sources;
  const auto loaded = load_profile({.profile = "app"}, host, sources);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().front().code == "E0213");
  ::chmod((folder.path() + "/.hutch").c_str(), 0755);
  CHECK(load_profile({.profile = "app"}, host, sources));
  CHECK(load_profile({.profile = folder.path() + "/.hutch/app.toml"}, host, sources));
}

}  // namespace hutch
