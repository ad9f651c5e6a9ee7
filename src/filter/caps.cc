#include "filter/caps.h"

#include <fmt/format.h>
#include <linux/capability.h>

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace hutch {
namespace {

// By number. libcap-ng has the same table, but linking it brings a constructor that asks the kernel eight
// questions at every start and the name service into a static binary; a test compares the two.
constexpr std::string_view kNames[] = {"chown",
                                       "dac_override",
                                       "dac_read_search",
                                       "fowner",
                                       "fsetid",
                                       "kill",
                                       "setgid",
                                       "setuid",
                                       "setpcap",
                                       "linux_immutable",
                                       "net_bind_service",
                                       "net_broadcast",
                                       "net_admin",
                                       "net_raw",
                                       "ipc_lock",
                                       "ipc_owner",
                                       "sys_module",
                                       "sys_rawio",
                                       "sys_chroot",
                                       "sys_ptrace",
                                       "sys_pacct",
                                       "sys_admin",
                                       "sys_boot",
                                       "sys_nice",
                                       "sys_resource",
                                       "sys_time",
                                       "sys_tty_config",
                                       "mknod",
                                       "lease",
                                       "audit_write",
                                       "audit_control",
                                       "setfcap",
                                       "mac_override",
                                       "mac_admin",
                                       "syslog",
                                       "wake_alarm",
                                       "block_suspend",
                                       "audit_read",
                                       "perfmon",
                                       "bpf",
                                       "checkpoint_restore"};
static_assert(std::size(kNames) == CAP_LAST_CAP + 1);

Diagnostic unknown(const Said<std::string>& name) {
  std::string bare = *name;
  std::ranges::transform(bare, bare.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const bool prefixed = bare.starts_with("cap_");
  if (prefixed) bare.erase(0, 4);
  if (prefixed && std::ranges::find(kNames, bare) != std::end(kNames))
    return {.code = "E0336",
            .what = fmt::format("capability `{}` is written without `cap_`", *name),
            .at = name.at,
            .label = fmt::format("write `{}`", bare)};
  Diagnostic diagnostic{
      .code = "E0330", .what = fmt::format("unknown capability `{}`", *name), .at = name.at};
  if (const auto near = closest(bare, kNames)) diagnostic.label = fmt::format("did you mean `{}`?", *near);
  diagnostic.help = "capabilities(7) lists them; write them in lower case without `cap_`";
  return diagnostic;
}

}  // namespace

Result<std::uint64_t> capability_mask(const std::vector<Said<std::string>>& names, int last_capability) {
  std::uint64_t mask = 0;
  Diagnostics wrong;
  for (const Said<std::string>& name : names) {
    const auto* const found = std::ranges::find(kNames, std::string_view(*name));
    const auto number = static_cast<int>(found - std::begin(kNames));
    if (found == std::end(kNames))
      wrong.push_back(unknown(name));
    else if (number > last_capability)
      wrong.push_back({.code = "E0421",
                       .what = fmt::format("this kernel has no capability `{}`", *name),
                       .at = name.at,
                       .cause = fmt::format("its last capability is `{}`, number {}",
                                            capability_name(last_capability), last_capability),
                       .help = "remove it here, or run a newer kernel"});
    else
      mask |= std::uint64_t{1} << number;
  }
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  return mask;
}

std::string capability_name(int capability) {
  if (capability < 0 || static_cast<std::size_t>(capability) >= std::size(kNames))
    return fmt::format("{}", capability);
  return std::string(kNames[capability]);
}

}  // namespace hutch
