#include "profile/expand.h"

#include <catch2/catch.hpp>

#include "profile/profiles.h"

namespace hutch {
namespace {

using test::Folder;

/// What `text` becomes as the value of a variable in [environment.set], or the error.
std::string value_of(Folder& folder, const std::string& text) {
  folder.write("profiles/p.toml", "[environment.set]\nX = '" + text + "'");
  auto loaded = folder.load("p");
  if (!loaded) return folder.tidy(test::tell(loaded.error(), folder.sources));
  return folder.tidy(*loaded->profile.environment.set.at("X"));
}

TEST_CASE("variables have the values of the caller and of the specifications") {
  Folder folder;
  folder.host.env("LANG", "C").env("EMPTY", "").unset("XDG_CONFIG_HOME");
  const auto example = GENERATE(values<std::pair<std::string, std::string>>({
      {"${HOME}", "/home/ada"},
      {"${USER}:${UID}:${GID}", "ada:1000:1000"},
      {"${CWD}", "@"},
      {"${PROFILE_DIR}", "@/profiles"},
      {"~", "/home/ada"},
      {"~/x", "/home/ada/x"},
      {"~ada", "~ada"},
      {"a~/x", "a~/x"},
      {"${XDG_CONFIG_HOME}", "/home/ada/.config"},
      {"${XDG_DATA_HOME}", "/home/ada/.local/share"},
      {"${XDG_STATE_HOME}", "/home/ada/.local/state"},
      {"${XDG_CACHE_HOME}", "/home/ada/.cache"},
      {"${XDG_RUNTIME_DIR}", "/run/user/1000"},
      {"${XDG_DATA_DIRS}", "/usr/local/share/:/usr/share/"},
      {"${XDG_CONFIG_DIRS}", "/etc/xdg"},
      {"${XDG_DOWNLOAD_DIR}", "/home/ada/Downloads"},
      {"${env:LANG}", "C"},
      {"${env:EMPTY}", ""},
      {"${env:EMPTY:-x}", "x"},
      {"${env:NOPE:-x y}", "x y"},
      {"${env:NOPE:-}", ""},
      {"${env:NOPE:-${HOME}/x}", "/home/ada/x"},
      {"$$", "$"},
      {"$${HOME}", "${HOME}"},
      {"$HOME $1 $", "$HOME $1 $"},
      {"a$$b$", "a$b$"},
  }));
  CAPTURE(example.first);
  CHECK(value_of(folder, example.first) == example.second);
}

TEST_CASE("a variable without a value is told at its own place, with the nearest name") {
  Folder folder;
  const auto example = GENERATE(values<std::pair<std::string, std::string>>({
      {"x ${HOEM}", "E0204 @/profiles/p.toml:2:8 `${HOEM}` is not defined | did you mean `${HOME}`?"},
      {"${env:PAHT}",
       "E0204 @/profiles/p.toml:2:6 `${env:PAHT}` is not defined | did you mean `${env:PATH}`?"},
      {"${env:ZZZZZZ}",
       "E0204 @/profiles/p.toml:2:6 `${env:ZZZZZZ}` is not defined | the caller's environment has no ZZZZZZ"},
      {"${WAYLAND_DISPLAY}",
       "E0204 @/profiles/p.toml:2:6 `${WAYLAND_DISPLAY}` is not defined | a variable of the environment is "
       "`${env:WAYLAND_DISPLAY}`, and `$${` a plain `${`"},
      {"${param:x}", "E0204 @/profiles/p.toml:2:6 `${param:x}` is not defined | no [params.x] declares it"},
      {"a ${HOME", "E0206 @/profiles/p.toml:2:8 `${` has no `}` | help: write `$${` for a plain `${`"},
      {"${}", "E0206 @/profiles/p.toml:2:6 `${}` names no variable | help: write `$${` for a plain `${`"},
  }));
  CAPTURE(example.first);
  CHECK(value_of(folder, example.first) == example.second);
}

TEST_CASE("relative values of XDG variables and a relative HOME are ignored") {
  Folder folder;
  folder.host.env("XDG_DATA_HOME", "data").env("XDG_RUNTIME_DIR", "/run/me/");
  CHECK(value_of(folder, "${XDG_DATA_HOME} ${XDG_RUNTIME_DIR}") == "/home/ada/.local/share /run/me");
  folder.host.env("HOME", "x");
  CHECK(value_of(folder, "${HOME}") ==
        "E0204 @/profiles/p.toml:2:6 `${HOME}` is not defined | HOME is not set to an absolute path");
  folder.host.directory("");
  folder.host.env("HUTCH_PROFILE_PATH", folder.path() + "/profiles");
  CHECK(value_of(folder, "${CWD}") ==
        "E0204 @/profiles/p.toml:2:6 `${CWD}` is not defined | the current directory was deleted, or cannot "
        "be read");
}

TEST_CASE("user directories come from user-dirs.dirs, and one that is switched off is never the whole home") {
  Folder folder;
  folder.write("config/user-dirs.dirs",
               "# a "
               "comment\nXDG_DOWNLOAD_DIR=\"$HOME/Abl\\\"age\"\nXDG_MUSIC_DIR=\"/srv/music/"
               "\"\nXDG_DESKTOP_DIR=\"$HOME/\"\n"
               "XDG_VIDEOS_DIR=\"videos\"\n");
  CHECK(value_of(folder, "${XDG_DOWNLOAD_DIR}") == "/home/ada/Abl\"age");
  CHECK(value_of(folder, "${XDG_MUSIC_DIR}") == "/srv/music");
  CHECK(value_of(folder, "${XDG_PICTURES_DIR}") == "/home/ada/Pictures");
  CHECK(
      value_of(folder, "${XDG_DESKTOP_DIR}") ==
      "E0204 @/profiles/p.toml:2:6 `${XDG_DESKTOP_DIR}` is not defined | user-dirs.dirs has switched it off");
  CHECK(value_of(folder, "${XDG_VIDEOS_DIR}") ==
        "E0204 @/profiles/p.toml:2:6 `${XDG_VIDEOS_DIR}` is not defined | user-dirs.dirs gives no absolute "
        "path for it");
}

TEST_CASE("what is optional or conditional is left out where a variable has no value, and listed") {
  Folder folder;
  folder.write(
      "profiles/p.toml",
      "[mounts]\n'${env:NOPE}/a' = 'ro?'\n'/b' = { type = 'bind', source = '${env:NOPE}', optional = true }\n"
      "'/c' = { type = 'bind', source = '${env:NOPE}', when = { root = false } }\n'/d' = 'dir'\n"
      "[environment.set]\nX = { value = '${env:NOPE}', when = { root = false } }\n");
  CHECK(folder.effective("p") == "[mounts.\"/d\"]\ntype = \"dir\"");
  CHECK(folder.skipped ==
        "variable \"X\" (@/profiles/p.toml:7:1): `${env:NOPE}` is not defined\n"
        "mount \"${env:NOPE}/a\" (@/profiles/p.toml:2:1): `${env:NOPE}` is not defined\n"
        "mount \"/b\" (@/profiles/p.toml:3:1): `${env:NOPE}` is not defined\n"
        "mount \"/c\" (@/profiles/p.toml:4:1): `${env:NOPE}` is not defined");
  folder.write("profiles/p.toml", "[mounts]\n'${HOEM}/a' = 'ro?'");
  CHECK(folder.effective("p") ==
        "E0204 @/profiles/p.toml:2:2 `${HOEM}` is not defined | did you mean `${HOME}`?");
}

TEST_CASE("an empty variable never turns a path into another one") {
  Folder folder;
  folder.host.env("EMPTY", "");
  folder.write("profiles/p.toml", "[mounts]\n'${env:EMPTY}/etc' = 'rw'");
  CHECK(folder.effective("p") ==
        "E0204 @/profiles/p.toml:2:2 `${env:EMPTY}` is not defined | the variable is empty, and this is a "
        "path");
  folder.write("profiles/p.toml", "[mounts]\n'/x' = { type = 'bind', source = '${env:EMPTY}/etc' }");
  CHECK(folder.effective("p") ==
        "E0204 @/profiles/p.toml:2:35 `${env:EMPTY}` is not defined | the variable is empty, and this is "
        "a path");
}

TEST_CASE("values in targets are no globs, and targets are normalised") {
  Folder folder;
  folder.host.env("ODD", "/a[1]*/b").env("HOME", "/");
  folder.write("profiles/p.toml",
               "[mounts]\n'${env:ODD}/x' = 'tmpfs'\n'~/y' = 'tmpfs'\n'${HOME}/z*' = 'hidden'");
  const auto loaded = folder.load("p");
  REQUIRE(loaded);
  std::string targets;
  for (const auto& [target, mount] : loaded->profile.mounts)
    targets += fmt::format("{}{} ", target, mount.is_glob ? " (glob)" : "");
  CHECK(targets == "/ /a[1]*/b/x /y /z* (glob) ");
  folder.write("profiles/p.toml", "[mounts]\n'~/x' = 'ro'\n'${HOME}/x' = 'rw'");
  CHECK(folder.effective("p") ==
        "E0205 @/profiles/p.toml:2:1 mount \"/x\" is said twice | the same path in other words | other: "
        "@/profiles/p.toml:3:1 the "
        "first time");
  folder.write("profiles/p.toml", "[mounts]\n'${env:ODD2:-x}/y' = 'ro'");
  CHECK(folder.effective("p") ==
        "E0106 @/profiles/p.toml:2:1 mount target \"x/y\" is not absolute | write \"/x/y\"");
}

TEST_CASE("values are checked once variables have theirs") {
  Folder folder;
  folder.host.env("H", "a b");
  folder.write("profiles/p.toml", "hostname = '${env:H}'");
  CHECK(folder.effective("p") ==
        "E0105 @/profiles/p.toml:1:12 `hostname` is \"a b\", not a host name: at most 64 letters, digits, "
        "`-` and `.`, the first "
        "and last no sign");
}

TEST_CASE("when: all conditions must hold, and what does not is said") {
  Folder folder;
  folder.host.env("SET", "1").env("EMPTY", "").dir("/opt/x").linux_version(6, 1);
  const auto example = GENERATE(values<std::pair<std::string, std::string>>({
      {"env = 'SET'", ""},
      {"env = 'NOPE'", "NOPE is not set"},
      {"env = 'EMPTY'", "EMPTY is empty"},
      {"exists = '/opt/x'", ""},
      {"exists = '/opt/y'", "the host has no /opt/y"},
      {"exists = '${env:NOPE}/y'", "`${env:NOPE}` is not defined"},
      {"root = false", ""},
      {"root = true", "the caller is not root"},
      {"arch = 'x86_64'", ""},
      {"arch = 'riscv64'", "the machine is x86_64, not riscv64"},
      {"kernel = '>=6.1'", ""},
      {"kernel = '>=6.2'", "the kernel is 6.1, not >=6.2"},
      {"kernel = '>=5.19'", ""},
      {"kernel = '<6'", "the kernel is 6.1, not <6"},
      {"kernel = '=6.1'", ""},
      {"param = 'on'", ""},
      {"param = 'off'", "parameter `off` is false"},
      {"param = 'text'", "parameter `text` is empty"},
      {"env = 'SET', root = true", "the caller is not root"},
  }));
  CAPTURE(example.first);
  folder.write(
      "profiles/p.toml",
      "params.on = { type = 'bool', default = true }\nparams.off = { type = 'bool', default = false }\n"
      "params.text = { default = '' }\n[mounts]\n'/x' = { type = 'dir', when = { " +
          example.first + " } }\n");
  const std::string got = folder.effective("p");
  CHECK(got == (example.second.empty() ? "[mounts.\"/x\"]\ntype = \"dir\"" : ""));
  CHECK(folder.skipped ==
        (example.second.empty() ? "" : "mount \"/x\" (@/profiles/p.toml:5:1): " + example.second));
}

TEST_CASE("a fragment with a `when` that does not hold takes no part, nor does what only it extends") {
  Folder folder;
  folder.write("profiles/a.toml", "extends = ['b']\nhostname = 'a'")
      .write("profiles/b.toml", "extends = ['c']\nwhen = { root = true }\ndomainname = 'b'")
      .write("profiles/c.toml", "process.nice = 1");
  CHECK(folder.effective("a") == "hostname = \"a\"");
  CHECK(folder.skipped == "profile @/profiles/b.toml (@/profiles/b.toml:2:1): the caller is not root");
  folder.host.root();
  CHECK(folder.effective("a") == "domainname = \"b\"\nhostname = \"a\"\n[process]\nnice = 1");
}

TEST_CASE("parameters are declared, typed, chosen from and given") {
  Folder folder;
  folder.write("profiles/p.toml", R"([params.dir]
type = "path"
help = "where the work is"
[params.level]
type = "int"
default = 3
[params.mode]
choices = ["fast", "safe"]
default = "safe"
[environment.set]
X = "${param:dir} ${param:level} ${param:mode}"
)");
  auto& given = folder.request.parameters;
  CHECK(folder.effective("p") ==
        "E0208 @/profiles/p.toml:1:9 parameter `dir` is required | where the work is | help: give it with "
        "--param dir=VALUE");
  given = {{"dir", "src/../lib"}};
  CHECK(folder.effective("p") == "[environment.set]\nX = \"@/lib 3 safe\"");
  given = {{"dir", "~/x"}, {"level", "-7"}, {"mode", "fast"}};
  CHECK(folder.effective("p") == "[environment.set]\nX = \"/home/ada/x -7 fast\"");
  given = {{"dir", ""}, {"level", "7x"}, {"mode", "fats"}, {"levle", "1"}};
  CHECK(folder.effective("p") ==
        "E0207 --param:1:1 the profile has no parameter `levle` | did you mean `level`?\n"
        "E0209 --param:1:5 parameter `dir` must be a path, not \"\" | other: @/profiles/p.toml:1:9 declared "
        "here\n"
        "E0209 --param:1:7 parameter `level` must be an integer, not \"7x\" | other: @/profiles/p.toml:4:9 "
        "declared here\n"
        "E0209 --param:1:6 parameter `mode` must be \"fast\" or \"safe\", not \"fats\" | did you mean "
        "\"fast\"? | other: "
        "@/profiles/p.toml:7:9 declared here");
}

TEST_CASE("without a current directory a relative path of an option is an error, never one below the root") {
  Folder folder;
  folder.write("profiles/p.toml", "");
  folder.host.directory("");
  const std::string why = "the current directory was deleted, or cannot be read";
  folder.request.overrides = {{"--set", "mounts.'/x' = { type = 'bind', source = 'etc', optional = true }"}};
  CHECK(folder.effective("p") ==
        "E0212 --set:1:41 the path \"etc\" is relative, and there is no folder to start from | cause: " +
            why + " | help: write an absolute path");
  folder.request.overrides = {{"--set", "process.stdin = './etc'"}};
  CHECK(folder.effective("p") ==
        "E0212 --set:1:17 the path \"./etc\" is relative, and there is no folder to start from | cause: " +
            why + " | help: write an absolute path");
  folder.request.overrides = {{"--set", "extends = ['./etc.toml']"}};
  CHECK(folder.effective("p") ==
        "E0210 --set:1:12 cannot read ./etc.toml: " + why + " | cause: extended by --set -> ./etc.toml");
}

}  // namespace
}  // namespace hutch
