// A profile of anybody's: read, merged with an option, checked, compiled for a machine that is only told of.

#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "plan/codec.h"
#include "plan/compile.h"
#include "plan/describe.h"
#include "plan/enter.h"
#include "profile/load.h"
#include "support/fake_host.h"

using namespace hutch;
using hutch::test::always;

namespace {

/// Between the file and what an option adds to it.
constexpr std::string_view kSeparator = "\n#---\n";

test::FakeHost machine() {
  test::FakeHost host;
  host.dir("/usr/bin")
      .file("/usr/bin/env", 0755)
      .file("/usr/bin/sh", 0755)
      .link("/bin", "usr/bin")
      .link("/lib", "usr/lib")
      .dir("/tmp", 01777)
      .dir("/srv/data/deep")
      .file("/srv/data/note")
      .link("/srv/loop", "loop")
      .link("/srv/out", "../../etc")
      .text("/etc/passwd", "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n")
      .dir("/home/ada/project")
      .mounted("/srv/data/deep/mounted")
      .subid(100000, 65536)
      .env("XDG_RUNTIME_DIR", "/run/user/1000")
      .dir("/run/user/1000", 0700);
  for (const char* node : {"full", "null", "random", "tty", "urandom", "zero"})
    host.device(std::string("/dev/") + node);
  return host;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const test::FakeHost host = machine();
  static const int file = memfd_create("profile", MFD_CLOEXEC);
  static const std::string path = fmt::format("/proc/self/fd/{}", file);
  const std::string_view text = test::bytes(data, size);
  const std::string_view profile = text.substr(0, text.find(kSeparator));
  if (pwrite(file, profile.data(), profile.size(), 0) != static_cast<ssize_t>(profile.size())) return -1;
  if (ftruncate(file, static_cast<off_t>(profile.size())) < 0) return -1;

  LoadRequest request{.profile = path};
  if (profile.size() < text.size())
    request.overrides.push_back({"--set", std::string(text.substr(profile.size() + kSeparator.size()))});
  Sources sources;
  const auto loaded = load_profile(request, host, sources);
  if (!loaded) {
    always(!loaded.error().empty(), "a failure has a reason");
    return 0;
  }
  const auto plan = compile(loaded->profile, {.arguments = {"-x"}, .needs_command = false}, host);
  if (!plan) {
    always(!plan.error().empty(), "a failure has a reason");
    return 0;
  }
  always(is_json(plan_json(*plan, sources)), "a plan's JSON is JSON");
  const std::string described = describe(*plan, sources);
  for (const std::string_view line : split(described, '\n'))
    always(printable(line) == line, "a description does not steer the terminal");
  const std::string encoded = encode(*plan);
  const auto decoded = decode(encoded);
  always(decoded.has_value(), "what was encoded can be decoded");
  always(encode(*decoded) == encoded, "and is the same");
  const Plan walls = walls_of(*plan);
  if (!plan->steps.empty() && std::holds_alternative<Exec>(plan->steps.back().op))
    always(enter_plan(walls, {"/bin/true"}, host.caller()).has_value(), "a sandbox can be entered");
  return 0;
}
