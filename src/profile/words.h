#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "profile/profile.h"
#include "profile/value.h"

/// The small languages inside strings, each with one reader that the check and the typed profile share.

namespace hutch {

/// "022", "1777", "0o755": nothing beyond `high`.
std::optional<std::uint32_t> mode_from(std::string_view text, std::int64_t high);

/// "idle", "best-effort", "realtime:3". See ioprio_set(2).
std::optional<IoClass> io_class_from(std::string_view text);

/// "0-3,8": the numbers as written, pairs of first and last. Nothing on a syntax error or beyond 8191.
struct CpuRange {
  std::uint32_t first = 0, last = 0;
};
std::optional<std::vector<CpuRange>> cpus_from(std::string_view text);

/// ">=6.2"
struct KernelCondition {
  std::string_view comparison;
  int major = 0, minor = 0;
};
std::optional<KernelCondition> kernel_condition_from(std::string_view text);

/// Letters, digits, "-" and "."; at most 64 bytes (HOST_NAME_MAX of Linux).
bool is_host_name(std::string_view text);
/// 1 to 64 letters, digits, "_", "." and "-", the first none of the last two.
bool is_sandbox_name(std::string_view text);
/// What a namespace can be joined by: a path with a slash, "pid:N", "sandbox:NAME".
bool is_join(std::string_view text);
/// What /etc/passwd can hold as a name.
bool is_account_name(std::string_view text);
/// Not empty, no "=", no NUL.
bool is_environment_name(std::string_view text);

/// What happens on a system call: "allow", "log", "trap", "kill", "errno:EPERM", "errno:1".
bool is_action(std::string_view text);
/// One that does not let the call through.
bool is_denial(std::string_view text);
/// A system call or a group of them: letters, digits and "_"; a group begins with "@" and may have "-".
bool is_syscall_name(std::string_view text);

/// What a number in [limits] counts.
enum class LimitUnit : std::uint8_t { plain, seconds, microseconds };
LimitUnit limit_unit(std::string_view hint);
/// A number, "1G", "30s", "unlimited" (RLIM_INFINITY).
std::optional<std::uint64_t> limit_from(const Value& value, LimitUnit unit);
/// RLIMIT_NOFILE for "nofile"; -1 for no limit of that name.
int limit_resource(std::string_view name);

/// "ro?" as the table it stands for; nothing if it is no word for a mount. `at` is given to each value.
std::optional<Table> mount_of_word(std::string_view word, Origin at);
std::span<const std::string_view> mount_words();

/// What a value is, as people say it: "a list".
std::string_view type_name(const Value& value);

/// "a", "b" or "c"
std::string one_of(std::span<const std::string_view> words);

/// Does the text hold a `${`, whose value the profile alone cannot tell?
inline bool has_variable(std::string_view text) { return text.find("${") != text.npos; }

}  // namespace hutch
