#include <catch2/catch.hpp>

#include "support/fake_host.h"
#include "support/plan_of.h"

using hutch::test::FakeHost;
using hutch::test::plan_of;
using Lines = std::vector<std::string>;

namespace {

FakeHost with_helpers() {
  FakeHost host;
  host.file("/usr/bin/newuidmap", 04755).file("/usr/bin/newgidmap", 04755).subid(100000, 65536).dir("/tmp");
  return host;
}

Lines maps(const hutch::test::Compiled& compiled) {
  Lines lines = compiled.steps_with("_map");
  for (std::string& line : compiled.steps_with("setgroups")) lines.push_back(std::move(line));
  for (std::string& line : compiled.steps_with("idmap PID")) lines.push_back(std::move(line));
  for (std::string& line : compiled.steps_with("become")) lines.push_back(std::move(line));
  return lines;
}

}  // namespace

TEST_CASE("by default the caller maps only itself, and gives up setgroups first") {
  const auto compiled = plan_of("", with_helpers());
  CHECK(maps(compiled) == Lines{"write \"1000 1000 1\" to /proc/self/gid_map",
                                "write \"1000 1000 1\" to /proc/self/uid_map",
                                "write \"deny\" to /proc/self/setgroups"});
}

TEST_CASE("map root makes the caller uid 0 inside") {
  const auto compiled = plan_of("[identity]\nmap = \"root\"\n", with_helpers());
  CHECK(compiled.steps_with("uid_map") == Lines{"write \"0 1000 1\" to /proc/self/uid_map"});
  CHECK(plan_of("[identity]\nmap = \"root\"\nuid = 5\n", with_helpers()).errors() ==
        "E0310 box.toml:3: `uid` is 5, but `map = \"root\"` makes it 0 | box.toml:2: the map is chosen here"
        " | help: drop `uid`, or use `map = \"self\"`\n");
}

TEST_CASE("subids fill the numbers around the caller's own, through the helpers") {
  const auto compiled = plan_of("[identity]\nmap = \"subids\"\n", with_helpers());
  REQUIRE(compiled.errors() == "");
  CHECK(compiled.steps_with("newuidmap") ==
        Lines{"run /usr/bin/newuidmap PID 0 100000 1000 1000 1000 1 1001 101000 64536"});
  CHECK(compiled.steps_with("become") == Lines{"become uid 1000, gid 1000, without groups"});
  const auto as_root =
      plan_of("[identity]\nmap = \"subids\"\nuid = 0\ngid = 0\ngroups = [5]\n", with_helpers());
  CHECK(as_root.steps_with("newuidmap") == Lines{"run /usr/bin/newuidmap PID 0 1000 1 1 100000 65536"});
  CHECK(as_root.steps_with("become") == Lines{"become uid 0, gid 0, groups 5"});
}

TEST_CASE("a caller who may write any map does so itself") {
  FakeHost host = with_helpers();
  host.root();
  const auto compiled = plan_of(R"([identity]
map = "explicit"
uid_map = [{ inside = 0, outside = 100000, count = 10 }]
gid_map = [{ inside = 0, outside = 100000, count = 10 }]
)",
                                host);
  REQUIRE(compiled.errors() == "");
  CHECK(compiled.steps_with("child's") == Lines{"write \"0 100000 10\" to the child's gid_map",
                                                "write \"0 100000 10\" to the child's uid_map"});
  CHECK(compiled.steps_with("become") == Lines{"become uid 0, gid 0, without groups"});
}

TEST_CASE("what the maps cannot do is told before anything is cloned") {
  struct Row {
    const char* toml;
    const char* errors;
  };
  const Row rows[] = {
      {"[identity]\nmap = \"explicit\"\nuid_map = [{ inside = 0, outside = \"self\" }]\n",
       "E0313 box.toml:2: `map = \"explicit\"` needs `gid_map` | help: gid_map = [{ inside = 0, outside = "
       "\"self\" }]\n"},
      {"[identity]\nmap = \"explicit\"\nuid_map = [{ inside = 0, outside = \"self\" }]\ngid_map = [{ inside "
       "= 0, outside = "
       "\"self\" },\n{ inside = 0, outside = 100000, count = 5 }]\n",
       "E0312 box.toml:5: two rows of `gid_map` overlap inside the namespace | box.toml:4: with this one\n"},
      {"[identity]\nmap = \"explicit\"\nuid_map = [{ inside = 0, outside = 7, count = 5 }]\ngid_map = [{ "
       "inside = 0, outside = "
       "\"self\" }]\n",
       "E0405 box.toml:3: 7 to 11 outside are not yours to map | cause: /etc/subuid gives you 100000 to "
       "165535"
       " | help: use `outside = \"subids\"`, or run as root\n"},
      {"[identity]\nmap = \"explicit\"\nuid = 9\nuid_map = [{ inside = 0, outside = \"self\" }]\ngid_map = "
       "[{ inside = 0, outside = "
       "\"self\" }]\n",
       "E0314 box.toml:3: `uid` is 9, which no row of `uid_map` maps | box.toml:4: the map begins here\n"},
      {"[identity]\ngroups = [5]\n",
       "E0316 box.toml:2: supplementary groups cannot be chosen here"
       " | cause: who maps only itself must give up setgroups(2) first: user_namespaces(7)"
       " | help: use `map = \"subids\"`, or run as root\n"},
      {"[identity]\nsetgroups = \"allow\"\n",
       "E0315 box.toml:2: `setgroups = \"allow\"` needs a map that somebody privileged writes"
       " | cause: who maps only itself must give up setgroups(2) first: user_namespaces(7)"
       " | help: use `map = \"subids\"`, or run as root\n"},
      {"[namespaces]\nuser = \"host\"\n",
       "E0302 box.toml:2: a new mount namespace needs a new user namespace, or root"
       " | help: leave `namespaces.user` out (it is \"new\" by default), or run as root\n"},
      {"hostname = \"x\"\n[namespaces]\nuts = \"host\"\n",
       "E0301 box.toml:1: `hostname` would rename the host | box.toml:3: `uts` is the host's here"
       " | help: leave `namespaces.uts` out (it is \"new\" by default), or drop this\n"},
      {"[namespaces]\nnested = \"deny\"\n[capabilities]\nkeep = [\"sys_resource\"]\n",
       "E0331 box.toml:4: `sys_resource` could lift the limit that `nested = \"deny\"` sets | box.toml:2: "
       "user namespaces are "
       "denied here | help: drop one of the two\n"},
  };
  for (const Row& row : rows) {
    INFO(row.toml);
    CHECK(plan_of(row.toml, with_helpers()).errors() == row.errors);
  }
}

TEST_CASE("missing helpers and missing ranges are told with their remedy") {
  FakeHost none;
  none.dir("/tmp");
  CHECK(plan_of("[identity]\nmap = \"subids\"\n", none)
            .errors()
            .starts_with("E0403 box.toml:2: /etc/subuid has no range for ada | help: as root: usermod "
                         "--add-subuids 100000-165535 ada\n"));
  FakeHost no_helper;
  no_helper.dir("/tmp").subid(100000, 65536);
  CHECK(plan_of("[identity]\nmap = \"subids\"\n", no_helper)
            .errors()
            .starts_with("E0406 box.toml:2: this id map needs /usr/bin/newgidmap, which is not installed"));
}
