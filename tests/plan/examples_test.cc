#include <catch2/catch.hpp>
#include <regex>
#include <set>
#include <string>

#include "profile/keys.h"
#include "support/debian_host.h"
#include "support/plan_of.h"

using namespace hutch;
using hutch::test::debian_host;
using hutch::test::FakeHost;
using hutch::test::plan_of;

namespace {

/// A machine on which every key of the language means something.
FakeHost capable_host() {
  FakeHost host = debian_host();
  host.linux_version(6, 15).subid(100000, 65536);
  host.env("HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles");
  host.dir("/var/lib/box/upper").dir("/var/lib/box/work").dir("/run/netns").device("/dev/kvm");
  host.file("/usr/bin/newuidmap", 04755).file("/usr/bin/newgidmap", 04755);
  host.text("/etc/hutch/filter.bpf", std::string("\x06\0\0\0\0\0\xff\x7f", 8));
  host.kernel().landlock = 7;
  return host;
}

/// What the example says it says: the key stands there, however it is written.
bool says(std::string_view example, std::string_view name) {
  const std::regex key("(^|[ .{\n])" + std::string(name) + "( = |\\.)");
  return std::regex_search(std::string(example), key);
}

}  // namespace

TEST_CASE("every key that can be said has an example that says it, and the example compiles") {
  // A namespace that outlives its sandbox is root's to make.
  const std::set<std::string> for_root{"namespaces.*.persist"};
  for (const Key& key : all_keys()) {
    const std::string name = std::string(key.table) + "." + std::string(key.name);
    CAPTURE(name, key.example);
    if (key.later) continue;
    REQUIRE_FALSE(key.example.empty());
    CHECK((key.name == "*" || says(key.example, key.name)));
    FakeHost host = capable_host();
    if (for_root.contains(name)) host.root();
    CHECK(plan_of(std::string(key.example), host).errors() == "");
  }
}
