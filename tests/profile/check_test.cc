#include "profile/check.h"

#include <catch2/catch.hpp>

#include "profile/keys.h"
#include "profile/profiles.h"

namespace hutch {
namespace {

using test::shape_of;

struct Example {
  std::string_view toml, says;
};

TEST_CASE("what is wrong with a key is told at its place, with a suggestion") {
  const auto example = GENERATE(values<Example>({
      {"[mounts]\n\"/data\" = { type = \"bind\", sorce = \"/srv\" }",
       "E0102 p.toml:2:28 unknown key `sorce` in mount \"/data\" | did you mean `source`?"},
      {"hostnme = 'x'", "E0102 p.toml:1:1 unknown key `hostnme` | did you mean `hostname`?"},
      {"[procss]", "E0102 p.toml:1:2 unknown key `procss` | did you mean `process`?"},
      {"command = ['x']", "E0102 p.toml:1:1 unknown key `command` | it belongs in [process]"},
      {"[process]\nhostname = 'x'",
       "E0102 p.toml:2:1 unknown key `hostname` in [process] | it belongs at the top of the file"},
      {"[network]\nloopbak = true",
       "E0102 p.toml:2:1 unknown key `loopbak` in [network] | did you mean `loopback`?"},
      {"[capabilities]\nzzzzzz = 1",
       "E0102 p.toml:2:1 unknown key `zzzzzz` in [capabilities] | help: known here: keep"},
      {"[bild_it]",
       "E0102 p.toml:1:2 unknown key `bild_it` | help: known here: schema, name, description, extends, "
       "hostname, "
       "domainname, when, namespaces, identity, mounts, environment, process, limits, capabilities, network, "
       "params, resources, seccomp, landlock, build, test, helpers"},
      {"when = { enc = 'X' }", "E0102 p.toml:1:10 unknown key `enc` in `when` | did you mean `env`?"},
      {"[mounts]\n'/x' = { type = 'dir', when = { rot = true } }",
       "E0102 p.toml:2:33 unknown key `rot` in `when` in mount \"/x\" | did you mean `root`?"},
      {"[params.x]\ntipe = 'int'",
       "E0102 p.toml:2:1 unknown key `tipe` in [params.x] | did you mean `type`?"},
      {"[limits]\nnofle = 3", "E0102 p.toml:2:1 unknown key `nofle` in [limits] | did you mean `nofile`?"},
      {"[limits]\nas = { soft = 1, hard = 2, hrd = 3 }",
       "E0102 p.toml:2:28 unknown key `hrd` in limit `as` | did you mean `hard`?"},
      {"[namespaces]\ntime = { monotonc = 3 }",
       "E0102 p.toml:2:10 unknown key `monotonc` in [namespaces.time] | did you mean `monotonic`?"},
      {"[namespaces]\nnet = { monotonic = 3 }",
       "E0102 p.toml:2:9 unknown key `monotonic` in [namespaces.net] | help: known here: new, join, persist"},
      {"[identity]\nuid_map = [{ inside = 0, outside = 'self', cont = 1 }]",
       "E0102 p.toml:2:44 unknown key `cont` in `uid_map` | did you mean `count`?"},
      {"[environment.set]\nX = { value = 'x', wen = {} }",
       "E0102 p.toml:2:20 unknown key `wen` in variable \"X\" | did you mean `when`?"},
  }));
  CAPTURE(example.toml);
  CHECK(shape_of(example.toml) == example.says);
}

TEST_CASE("a value of the wrong type is told with what it must be and what it is") {
  const auto example = GENERATE(values<Example>({
      {"hostname = 3",
       "E0103 p.toml:1:12 `hostname` must be a host name: at most 64 letters, digits, `-` and `.`, the first "
       "and last no "
       "sign, not an integer"},
      {"description = []", "E0103 p.toml:1:15 `description` must be a string, not a list"},
      {"extends = 'x'", "E0103 p.toml:1:11 `extends` must be a list of strings, not a string"},
      {"extends = ['x', 1.5]",
       "E0103 p.toml:1:17 `extends` must be a list of strings, and this is a decimal number"},
      {"process = 3", "E0103 p.toml:1:11 `process` must be a table, not an integer"},
      {"schema = '1'", "E0103 p.toml:1:10 `schema` must be an integer, and that is 1, not a string"},
      {"[process]\numask = []",
       "E0103 p.toml:2:9 `umask` must be an octal string such as \"022\" or an integer such as 0o022, not a "
       "list"},
      {"[process]\ninit = 'yes'", "E0103 p.toml:2:8 `init` must be true or false, not a string"},
      {"[process]\nnice = '3'", "E0103 p.toml:2:8 `nice` must be an integer from -20 to 19, not a string"},
      {"[process]\nkeep_fds = 3", "E0103 p.toml:2:12 `keep_fds` must be a list of integers, not an integer"},
      {"[process]\ntty = true",
       "E0103 p.toml:2:7 `tty` must be \"auto\", \"new\", \"inherit\" or \"none\", not a boolean"},
      {"[process]\ncommand = 2020-01-01",
       "E0103 p.toml:2:11 `command` must be a list of strings, not a date or time"},
      {"[mounts]\n'/x' = true", "E0103 p.toml:2:8 mount \"/x\" must be a word or a table, not a boolean"},
      {"[mounts]\n'/x' = { type = 'tmpfs', size = [] }",
       "E0103 p.toml:2:33 `size` must be a size such as \"64M\" or a number of bytes, not a list"},
      {"[environment.set]\nX = 3", "E0103 p.toml:2:5 `X` must be a string, not an integer"},
      {"[identity]\nuid_map = 'self'", "E0103 p.toml:2:11 `uid_map` must be a list of tables, not a string"},
      {"[identity]\nuid_map = [1]", "E0103 p.toml:2:12 `uid_map` must be a list of tables, not an integer"},
      {"[namespaces]\nnet = true",
       "E0103 p.toml:2:7 `net` must be \"new\", \"host\" or a table, not a boolean"},
      {"[namespaces]\ntime = { monotonic = true }",
       "E0103 p.toml:2:22 `monotonic` must be a time such as \"30s\" or a number of seconds, not a boolean"},
      {"[params]\nx = 'y'", "E0103 p.toml:2:5 `x` must be a table, not a string"},
      {"[params.x]\ntype = 'int'\ndefault = '3'",
       "E0103 p.toml:3:11 parameter `x` is of type \"int\", and its default is a string"},
      {"[params.x]\ndefault = 3",
       "E0103 p.toml:2:11 parameter `x` is of type \"string\", and its default is an integer | say `type` if "
       "it is not to be a "
       "string"},
      {"[params.x]\nchoices = [true]",
       "E0103 p.toml:2:12 `choices` must be a list of strings or integers, and this is a boolean"},
      {"[limits]\ncpu = true",
       "E0103 p.toml:2:7 `cpu` must be a number of seconds, a time such as \"30s\", or \"unlimited\", not a "
       "boolean"},
  }));
  CAPTURE(example.toml);
  CHECK(shape_of(example.toml) == example.says);
}

TEST_CASE("a word that is none of the known ones is told with the nearest") {
  const auto example = GENERATE(values<Example>({
      {"[process]\ntty = 'nwe'",
       "E0104 p.toml:2:7 `tty` is \"nwe\", not \"auto\", \"new\", \"inherit\" or \"none\" | did you mean "
       "\"new\"?"},
      {"[namespaces]\nnet = 'hots'",
       "E0104 p.toml:2:7 `net` is \"hots\", not \"new\" or \"host\" | did you mean \"host\"?"},
      {"[identity]\nmap = 'rot'",
       "E0104 p.toml:2:7 `map` is \"rot\", not \"self\", \"root\", \"subids\" or \"explicit\" | did you mean "
       "\"root\"?"},
      {"[mounts]\n'/t' = 'tmfs'",
       "E0104 p.toml:2:8 mount \"/t\" is \"tmfs\", which is no word for a mount | did you mean \"tmpfs\"?"},
      {"[mounts]\n'/t' = '/srv/t'",
       "E0104 p.toml:2:8 mount \"/t\" is \"/srv/t\", which is no word for a mount | help: for a path of the "
       "host write { type = "
       "\"bind\", source = \"/srv/t\" }"},
      {"[mounts]\n'/t' = 'overlay'",
       "E0104 p.toml:2:8 mount \"/t\" is \"overlay\", which is no word for a mount | help: an overlay needs "
       "a table: { type = "
       "\"overlay\", … }"},
      {"[mounts]\n'/t' = { type = 'bnd' }",
       "E0104 p.toml:2:17 `type` is \"bnd\", not \"bind\", \"device\", \"tmpfs\", \"proc\", \"dev\", "
       "\"sysfs\", \"mqueue\", "
       "\"devpts\", \"cgroup\", \"mirror\", \"dir\", \"hidden\", \"overlay\", \"image\", \"file\", "
       "\"symlink\" or "
       "\"none\" | did you mean "
       "\"bind\"?"},
      {"[process]\npersonality = ['linux23']",
       "E0104 p.toml:2:16 `personality` is \"linux23\", not \"no_randomize\", \"linux32\" or \"uname26\" | "
       "did you mean "
       "\"linux32\"?"},
  }));
  CAPTURE(example.toml);
  CHECK(shape_of(example.toml) == example.says);
}

TEST_CASE("numbers, sizes, times and names have bounds") {
  const auto example = GENERATE(values<Example>({
      {"schema = 2",
       "E0111 p.toml:1:10 this profile is written in schema 2, and this program reads schema 1 | help: a "
       "newer "
       "version of hutch may read it"},
      {"[namespaces]\nnet = { join = 'pid:0' }",
       "E0105 p.toml:2:16 `join` is \"pid:0\", not a path with a slash, \"pid:N\" or \"sandbox:NAME\""},
      {"[process]\ntimeout = '-3s'",
       "E0105 p.toml:2:11 `timeout` is \"-3s\", not a time such as \"30s\" or a number of seconds"},
      {"[process]\nnice = 20", "E0105 p.toml:2:8 `nice` must be an integer from -20 to 19, not 20"},
      {"[process]\nkeep_fds = [2]",
       "E0105 p.toml:2:13 `keep_fds` must be an integer from 3 to 1048575, not 2"},
      {"[process]\numask = '0999'",
       "E0105 p.toml:2:9 `umask` is \"0999\", not an octal string such as \"022\" or an integer such as "
       "0o022"},
      {"[process]\numask = 0o1000", "E0105 p.toml:2:9 `umask` must be from 0 to 0o777, not 512"},
      {"[process]\numask = 22",
       "W0101 p.toml:2:9 `umask` is the decimal number 22, which is 0o26 | write \"22\" if that is the mode "
       "you mean"},
      {"[identity]\nuid = 4294967295",
       "E0105 p.toml:2:7 `uid` must be an integer from 0 to 4294967294, not 4294967295"},
      {"[identity]\ngid = -1", "E0105 p.toml:2:7 `gid` must be an integer from 0 to 4294967294, not -1"},
      {"[identity]\nuser = 'a:b'",
       "E0105 p.toml:2:8 `user` is \"a:b\", not an account's name: at most 32 letters, digits, `_`, `-` and "
       "`.`, the first a "
       "letter"},
      {"[identity]\nhome = 'x'",
       "E0105 p.toml:2:8 `home` is \"x\", not an absolute path inside the sandbox, without \":\""},
      {"[mounts]\n'/t' = { type = 'tmpfs', size = '16777216T' }",
       "E0105 p.toml:2:33 `size` is \"16777216T\", not a size such as \"64M\" or a number of bytes | whole "
       "numbers below 16 "
       "exbibytes, with K, M, G or T"},
      {"[mounts]\n'/t' = { type = 'tmpfs', size = '1.5G' }",
       "E0105 p.toml:2:33 `size` is \"1.5G\", not a size such as \"64M\" or a number of bytes | whole "
       "numbers below 16 exbibytes, "
       "with K, M, G or T"},
      {"[mounts]\n'/t' = { type = 'tmpfs', size = 0 }", "E0105 p.toml:2:33 `size` must be at least 1, not 0"},
      {"[limits]\nas = -1",
       "E0105 p.toml:2:6 `as` is -1, not a number, a size such as \"1G\", or \"unlimited\""},
      {"[limits]\nas = 'unlimted'",
       "E0105 p.toml:2:6 `as` is \"unlimted\", not a number, a size such as \"1G\", or \"unlimited\" | did "
       "you mean \"unlimited\"?"},
      {"[limits]\ncpu = '500ms'",
       "E0105 p.toml:2:7 `cpu` is \"500ms\", not a number of seconds, a time such as \"30s\", or "
       "\"unlimited\""},
      {"[limits]\nas = { soft = 1 }", "E0109 p.toml:2:6 limit `as` has no `hard`"},
      {"[namespaces]\ntime = { monotonic = '999999999999d' }",
       "E0105 p.toml:2:22 `monotonic` is \"999999999999d\", not a time such as \"30s\" or a number of "
       "seconds"},
      {"[process]\ncpu_affinity = '0-'",
       "E0105 p.toml:2:16 `cpu_affinity` is \"0-\", not a list of processors such as \"0-3,8\""},
      {"[process]\nstdin = 'nul'",
       "E0105 p.toml:2:9 `stdin` is \"nul\", not \"inherit\", \"null\" or a path with a slash | did you mean "
       "\"null\"?"},
      {"[process]\ncwd = 'src'",
       "E0105 p.toml:2:7 `cwd` is \"src\", not an absolute path inside the sandbox"},
      {"when = { kernel = '6.2' }",
       "E0105 p.toml:1:19 `kernel` is \"6.2\", not a condition such as \">=6.2\""},
      {"[environment]\ninherit = ['A=b']",
       "E0105 p.toml:2:12 `inherit` holds names of variables, and \"A=b\" has a \"=\" in it | a value is "
       "given in "
       "[environment.set]"},
      {"[environment]\ninherit = ['']", "E0105 p.toml:2:12 `inherit` has an empty string in it"},
      {"name = \"a\\u0000b\"", "E0105 p.toml:1:8 `name` contains a NUL byte | no path or argument can"},
      {"[process]\ncommand = [\"a\\u0000b\"]",
       "E0105 p.toml:2:12 `command` contains a NUL byte | no path or argument can"},
  }));
  CAPTURE(example.toml);
  CHECK(shape_of(example.toml) == example.says);
}

TEST_CASE("a host name has 64 bytes at most") {
  const std::string longest(64, 'h');
  CHECK(shape_of("hostname = '" + longest + "'").empty());
  CHECK(shape_of("hostname = '" + longest + "h'") ==
        "E0105 p.toml:1:12 `hostname` is \"" + longest +
            "h\", not a host name: at most 64 letters, digits, `-` and `.`, the first and last no sign");
  CHECK_FALSE(shape_of("hostname = 'a b'").empty());
  CHECK_FALSE(shape_of("hostname = ''").empty());
}

TEST_CASE("a mount target is an absolute path in its plainest form") {
  const auto example = GENERATE(values<Example>({
      {"'' = 'ro'",
       "E0106 p.toml:2:1 a mount target cannot be empty | write an absolute path, such as \"/data\""},
      {"'data' = 'ro'", "E0106 p.toml:2:1 mount target \"data\" is not absolute | write \"/data\""},
      {"'./data' = 'ro'", "E0106 p.toml:2:1 mount target \"./data\" is not absolute | write \"/data\""},
      {"'/data/' = 'ro'", "E0106 p.toml:2:1 mount target \"/data/\" ends in a slash | write \"/data\""},
      {"'/a//b' = 'ro'", "E0106 p.toml:2:1 mount target \"/a//b\" has a \"//\" in it | write \"/a/b\""},
      {"'/a/./b' = 'ro'", "E0106 p.toml:2:1 mount target \"/a/./b\" has a \".\" in it | write \"/a/b\""},
      {"'/a/../b' = 'ro'", "E0106 p.toml:2:1 mount target \"/a/../b\" has a \"..\" in it | write \"/b\""},
      {"'${HOME}/../b' = 'ro'", "E0106 p.toml:2:1 mount target \"${HOME}/../b\" has a \"..\" in it"},
      {"'/run/${UID}/' = 'ro'", "E0106 p.toml:2:1 mount target \"/run/${UID}/\" ends in a slash"},
      {"'/' = 'tmpfs'", ""},
      {"'~' = 'ro'", ""},
      {"'~/x' = 'ro'", ""},
      {"'${env:X:-/a/b}/c' = 'ro'", ""},
      {"'/...' = 'ro'", ""},
  }));
  CAPTURE(example.toml);
  CHECK(shape_of("[mounts]\n" + std::string(example.toml)) == example.says);
}

TEST_CASE("each key of a mount goes with some types only") {
  const auto example = GENERATE(values<Example>({
      {"{ type = 'bind', size = '4M' }",
       "E0108 p.toml:2:25 `size` is not a key of a bind | it goes with a tmpfs"},
      {"{ type = 'overlay', lower = ['/a'], mode = '755' }",
       "E0108 p.toml:2:44 `mode` is not a key of an overlay | it goes with a tmpfs, a dir or a file"},
      {"{ type = 'none', write = true }",
       "E0108 p.toml:2:25 `write` is not a key of a none | it goes with a bind, a device, a tmpfs, a proc, a "
       "dev, a sysfs, a "
       "mqueue, a devpts, a cgroup, an overlay or an image"},
      {"{ type = 'symlink' }",
       "E0109 p.toml:2:8 mount \"/x\" has no `to` | help: `to` says where the link leads"},
      {"{ type = 'overlay' }",
       "E0109 p.toml:2:8 mount \"/x\" has no `lower` | help: `lower` lists the directories that are seen "
       "through it"},
      {"{ type = 'overlay', lower = [] }", "E0105 p.toml:2:36 mount \"/x\" has an empty `lower`"},
      {"{ type = 'overlay', lower = ['/a'], upper = '/u' }",
       "E0109 p.toml:2:8 mount \"/x\" has no `work` | help: a host directory as `upper` needs an empty one "
       "as `work`, on the same "
       "file system"},
      {"{ type = 'overlay', lower = ['/a'], upper = 'tmpfs', work = '/w' }",
       "E0110 p.toml:2:61 mount \"/x\" has a `work`, which only goes with a host directory as `upper`"},
      {"{ type = 'file' }",
       "E0109 p.toml:2:8 mount \"/x\" has neither `content` nor `source` | help: a file has one of them"},
      {"{ type = 'file', content = 'a', source = '/b' }",
       "E0110 p.toml:2:40 mount \"/x\" has both `content` and `source` | a file has one of them | other: "
       "p.toml:2:25 and here is "
       "the other"},
      {"{ type = 'bind', source = '' }", "E0105 p.toml:2:34 `source` cannot be empty"},
      {"{ type = 'dev', nodes = ['/dev/kvm'] }",
       "E0106 p.toml:2:33 `nodes` holds names below /dev, and \"/dev/kvm\" is not one | write \"kvm\""},
      {"{ type = 'dev', nodes = ['../mem'] }",
       "E0106 p.toml:2:33 `nodes` holds names below /dev, and \"../mem\" is not one"},
      {"{ type = 'overlay', lower = ['/a', '/b'], upper = '/u', work = '/w' }", ""},
      {"{ mode = '0700' }", ""},
  }));
  CAPTURE(example.toml);
  CHECK(shape_of("[mounts]\n'/x' = " + std::string(example.toml)) == example.says);
}

TEST_CASE("rows of an id map are complete") {
  CHECK(shape_of("[identity]\nuid_map = [{ inside = 0 }]") ==
        "E0109 p.toml:2:12 a row of `uid_map` has no `outside`");
  CHECK(shape_of("[identity]\ngid_map = [{ inside = 1, outside = 'subids' }]") ==
        "E0109 p.toml:2:12 a row of `gid_map` with `outside = \"subids\"` has no `count`");
  CHECK(shape_of("[identity]\nuid_map = [{ inside = 0, outside = 4294967295 }]") ==
        "E0105 p.toml:2:36 `outside` must be an integer from 0 to 4294967294, not 4294967295");
  CHECK(shape_of("[identity]\nuid_map = [{ inside = 0, outside = 'self' }, { inside = 1, outside = 100000, "
                 "count = 9 }]") == "");
}

TEST_CASE("rules for system calls have their keys, and names and actions of the right form") {
  CHECK(
      shape_of("[seccomp]\ndefault = 'errno:EPERM'\nallow = ['read', '@mount', '!write']\ndeny_action = "
               "'kill'\narchitectures = ['x86']\nlog = true\nfile = 'x.bpf'\n[[seccomp.rule]]\nsyscall = "
               "'clone'\naction = 'allow'\nargs = [{ index = 0, op = 'masked_eq', mask = 1, value = -1 }]") ==
      "");
  const auto example = GENERATE(values<Example>({
      {"[seccomp]\ndefault = 'deny'",
       "E0105 p.toml:2:11 `default` is \"deny\", not \"allow\", \"log\", \"errno:NAME\", \"trap\" or "
       "\"kill\""},
      {"[seccomp]\ndefault = 'alow'",
       "E0105 p.toml:2:11 `default` is \"alow\", not \"allow\", \"log\", \"errno:NAME\", \"trap\" or "
       "\"kill\" | did "
       "you mean \"allow\"?"},
      {"[seccomp]\ndeny_action = 'allow'",
       "E0105 p.toml:2:15 `deny_action` is \"allow\", not \"errno:NAME\", \"trap\" or \"kill\""},
      {"[seccomp]\ndeny = ['open at']",
       "E0105 p.toml:2:9 `deny` holds names of system calls and @groups, and \"open at\" is none"},
      {"[seccomp]\narchitectures = ['i386']",
       "E0104 p.toml:2:18 `architectures` is \"i386\", not \"x86_64\", \"x32\", \"x86\", \"aarch64\" or "
       "\"arm\""},
      {"[[seccomp.rule]]\nsyscall = 'read'", "E0109 p.toml:1:1 a [[seccomp.rule]] has no `action`"},
      {"[[seccomp.rule]]\nsyscall = 'read'\naction = 'kill'\nargs = [{ index = 6, value = 1 }]",
       "E0105 p.toml:4:19 `index` must be an integer from 0 to 5, not 6"},
      {"[[seccomp.rule]]\nsyscall = 'read'\naction = 'kill'\nargs = [{ index = 1 }]",
       "E0109 p.toml:4:9 one of `args` has no `value`"},
      {"[[seccomp.rule]]\nsyscall = 'read'\naction = 'kill'\nargs = [{ index = 1, value = 1, op = "
       "'masked_eq' }]",
       "E0109 p.toml:4:9 one of `args` has no `mask`"},
      {"[[seccomp.rule]]\nsyscall = 'read'\naction = 'kill'\nargs = [{ index = 1, value = 1, ops = 'eq' }]",
       "E0102 p.toml:4:33 unknown key `ops` in `args` of [[seccomp.rule]] | did you mean `op`?"},
      {"[seccomp]\nrule = ['x']", "E0103 p.toml:2:9 `rule` must be a list of tables, not a string"},
  }));
  CAPTURE(example.toml);
  CHECK(shape_of(example.toml) == example.says);
}

TEST_CASE("all errors of a file are reported together, in the order of its lines") {
  CHECK(
      shape_of("zzz = 1\nhostname = 3\n[process]\nnice = 99\numsk = 1\n[mounts]\n'b' = 'ro'\n'/a' = 'rx'") ==
      "E0102 p.toml:1:1 unknown key `zzz` | help: known here: schema, name, description, extends, hostname, "
      "domainname, when, "
      "namespaces, identity, mounts, environment, process, limits, capabilities, network, params, resources, "
      "seccomp, "
      "landlock, build, test, helpers\n"
      "E0103 p.toml:2:12 `hostname` must be a host name: at most 64 letters, digits, `-` and `.`, the first "
      "and last no sign, "
      "not an integer\n"
      "E0105 p.toml:4:8 `nice` must be an integer from -20 to 19, not 99\n"
      "E0102 p.toml:5:1 unknown key `umsk` in [process] | did you mean `umask`?\n"
      "E0106 p.toml:7:1 mount target \"b\" is not absolute | write \"/b\"\n"
      "E0104 p.toml:8:8 mount \"/a\" is \"rx\", which is no word for a mount | did you mean \"ro\"?");
}

TEST_CASE("every key that is not supported yet is refused and never ignored") {
  int refused = 0;
  for (const Key& key : all_keys()) {
    if (!key.later || key.table.find('*') != key.table.npos) continue;
    // A key of a section that is refused as a whole is told once, at the section.
    const Key* section = find_key("", key.table);
    const std::string name(section && section->later ? section->name : key.name);
    const std::string toml = key.table.empty() ? fmt::format("{} = 1", key.name)
                             : key.table == "test" || key.table == "helpers"
                                 ? fmt::format("[[{}]]\n{} = 1", key.table, key.name)
                                 : fmt::format("[{}]\n{} = 1", key.table, key.name);
    CAPTURE(toml);
    const std::string says = shape_of(toml);
    CHECK(says.starts_with("E0107 "));
    CHECK(says.find(name) != says.npos);
    CHECK(says.find("is not supported yet") != says.npos);
    CHECK(says.find('\n') == says.npos);
    ++refused;
  }
  CHECK(refused > 15);
}

TEST_CASE("words that are not supported yet are refused with the ones that are") {
  const auto example = GENERATE(values<Example>({
      {"[resources]\nmemory = '1G'",
       "E0107 p.toml:1:2 [resources] is not supported yet | help: remove it: nothing of it would take "
       "effect"},
      {"[mounts]\n'/i' = 'image'",
       "E0104 p.toml:2:8 mount \"/i\" is \"image\", which is no word for a mount | help: an image needs a "
       "table: { "
       "type = \"image\", … }"},
  }));
  CAPTURE(example.toml);
  CHECK(shape_of(example.toml) == example.says);
}

TEST_CASE("a string with a variable is looked at when its value is known") {
  CHECK(shape_of("hostname = '${param:h}'\n[process]\numask = '${param:u}'\n[mounts]\n'/a' = '${param:m}'") ==
        "");
}

}  // namespace
}  // namespace hutch
