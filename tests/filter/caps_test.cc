#include "filter/caps.h"

#include <cap-ng.h>
#include <linux/capability.h>

#include <catch2/catch.hpp>

using namespace hutch;

namespace {

Said<std::string> said(const char* name) { return {name, {1, 2, 3, 4}}; }

/// The one thing that is wrong with this name, as "code: what (label) cause; help".
std::string complaint(const char* name, int last = CAP_LAST_CAP) {
  const auto result = capability_mask({said(name)}, last);
  REQUIRE_FALSE(result.has_value());
  REQUIRE(result.error().size() == 1);
  const Diagnostic& one = result.error()[0];
  CHECK(one.at == Origin{1, 2, 3, 4});
  return one.code + ": " + one.what + " (" + one.label + ") " + one.cause + "; " + one.help;
}

}  // namespace

TEST_CASE("capabilities have the names and numbers that libcap-ng gives them") {
  for (int i = 0; i <= CAP_LAST_CAP; ++i) {
    CAPTURE(i);
    CHECK(capability_name(i) == capng_capability_to_name(static_cast<unsigned>(i)));
    CHECK(capability_mask({said(capability_name(i).c_str())}, CAP_LAST_CAP) == std::uint64_t{1} << i);
  }
  CHECK(capability_name(CAP_LAST_CAP + 1) == std::to_string(CAP_LAST_CAP + 1));
  CHECK(capability_name(-1) == "-1");
}

TEST_CASE("no names keep no capability, several keep their union") {
  CHECK(capability_mask({}, 40) == 0U);
  CHECK(capability_mask({said("chown"), said("kill"), said("chown")}, 40) == 0x21U);
}

TEST_CASE("a capability that does not exist is an error with a suggestion") {
  CHECK(complaint("net_admn") ==
        "E0330: unknown capability `net_admn` (did you mean `net_admin`?) ; "
        "capabilities(7) lists them; write them in lower case without `cap_`");
  CHECK(complaint("banana") ==
        "E0330: unknown capability `banana` () ; capabilities(7) lists them; write them in lower case "
        "without `cap_`");
  CHECK(complaint("NET_ADMIN") ==
        "E0330: unknown capability `NET_ADMIN` (did you mean `net_admin`?) ; "
        "capabilities(7) lists them; write them in lower case without `cap_`");
  CHECK(complaint("cap_net_admin") ==
        "E0336: capability `cap_net_admin` is written without `cap_` (write `net_admin`) ; ");
  CHECK(complaint("CAP_NET_ADMIN") ==
        "E0336: capability `CAP_NET_ADMIN` is written without `cap_` (write `net_admin`) ; ");
}

TEST_CASE("a capability newer than the kernel is refused, not dropped in silence") {
  CHECK(
      complaint("checkpoint_restore", 39) ==
      "E0421: this kernel has no capability `checkpoint_restore` () its last capability is `bpf`, number 39; "
      "remove it here, or run a newer kernel");
}

TEST_CASE("all wrong capabilities are reported together") {
  const auto result = capability_mask({said("nope"), said("chown"), said("neither")}, 40);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().size() == 2);
}
