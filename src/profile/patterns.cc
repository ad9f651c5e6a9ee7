#include "profile/patterns.h"

#include <fmt/format.h>

#include <limits>
#include <vector>

#include "base/text.h"

namespace hutch {
namespace {

constexpr std::uint64_t kMostBytes = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kMostNanoseconds = std::numeric_limits<std::int64_t>::max();

struct Suffix {
  std::string_view pattern;
  std::uint64_t factor;
};

constexpr Suffix kBytes[] = {{"[bB]?", 1},
                             {"[kK]([iI]?[bB])?", std::uint64_t{1} << 10U},
                             {"[mM]([iI]?[bB])?", std::uint64_t{1} << 20U},
                             {"[gG]([iI]?[bB])?", std::uint64_t{1} << 30U},
                             {"[tT]([iI]?[bB])?", std::uint64_t{1} << 40U}};
constexpr Suffix kTimes[] = {{"ns", 1},
                             {"us", 1'000},
                             {"ms", 1'000'000},
                             {"s?", 1'000'000'000},
                             {"m", 60'000'000'000},
                             {"h", 3'600'000'000'000},
                             {"d", 86'400'000'000'000}};

/// One alternative for each unit, each with the largest number that does not overflow.
std::string quantities(std::span<const Suffix> units, std::uint64_t most) {
  std::vector<std::string> all;
  for (const Suffix& unit : units)
    all.push_back(number_pattern(most / unit.factor) + std::string(unit.pattern));
  return fmt::format("{}", fmt::join(all, "|"));
}

/// As is_sandbox_name() has it.
constexpr std::string_view kSandboxName = "[A-Za-z0-9_][A-Za-z0-9._-]{0,63}";

/// A path component that is neither empty nor "." nor "..".
constexpr std::string_view kComponent = "(?!\\.\\.?(/|$))[^/\\u0000]+";

}  // namespace

std::string number_pattern(std::uint64_t most) {
  const std::string digits = fmt::format("{}", most);
  std::vector<std::string> all;
  if (digits.size() > 1) all.push_back(fmt::format("[0-9]{{1,{}}}", digits.size() - 1));
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] == '0') continue;
    const std::size_t rest = digits.size() - i - 1;
    all.push_back(fmt::format("{}[0-{}]{}", digits.substr(0, i), static_cast<char>(digits[i] - 1),
                              rest == 0 ? "" : fmt::format("[0-9]{{{}}}", rest)));
  }
  all.push_back(digits);
  return fmt::format("0*({})", fmt::join(all, "|"));
}

std::string size_pattern(std::int64_t low) {
  return fmt::format("^{}({})$", low > 0 ? "(?!0+([^0-9]|$))" : "", quantities(kBytes, kMostBytes));
}

std::string duration_pattern(bool may_be_negative) {
  return fmt::format("^{}({})$", may_be_negative ? "[+-]?" : "\\+?", quantities(kTimes, kMostNanoseconds));
}

std::string mode_pattern(std::int64_t high) {
  return fmt::format("^(0o)?0*[0-7]{{1,{}}}$", high == 0777 ? 3 : 4);
}

std::string text_pattern(std::string_view hint) {
  if (hint == "host_name") return "^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$";
  if (hint == "account") return "^[A-Za-z_][A-Za-z0-9_.-]{0,31}$";
  if (hint == "account_path") return "^(~|~/[^:\\n\\u0000]*|/[^:\\n\\u0000]*)$";
  if (hint == "inside_path") return "^(~|~/[^\\u0000]*|/[^\\u0000]*)$";
  if (hint == "inside_paths") return "^!?(~|~/[^\\u0000]*|/[^\\u0000]*)$";
  if (hint == "action") return "^(allow|log|trap|kill|errno:(E[A-Z0-9]*|[0-9]{1,4}))$";
  if (hint == "deny_action") return "^(trap|kill|errno:(E[A-Z0-9]*|[0-9]{1,4}))$";
  if (hint == "syscall_name") return "^([A-Za-z0-9_]+|@[A-Za-z0-9_-]+)$";
  if (hint == "syscall") return "^!?([A-Za-z0-9_]+|@[A-Za-z0-9_-]+)$";
  if (hint == "sha256") return "^[0-9a-f]{64}$";
  if (hint == "env_name") return "^[^=\\u0000]+$";
  if (hint == "kernel") return "^(>=|<=|>|<|=) ?0*[0-9]{1,4}(\\.0*[0-9]{1,4})?$";
  if (hint == "io_class") return "^(idle|(best-effort|realtime)(:[0-7])?)$";
  if (hint == "stream") return "^(inherit|null|~|[^\\u0000]*/[^\\u0000]*)$";
  if (hint == "join") {
    return fmt::format("^([^\\u0000]*/[^\\u0000]*|pid:0*[1-9][0-9]{{0,9}}|sandbox:{})$", kSandboxName);
  }
  if (hint == "cpus") return fmt::format("^({0}(-{0})?(,{0}(-{0})?)*)$", number_pattern(8191));
  if (hint == "env_glob") return "^(![^=\\u0000]+|[^=!\\u0000][^=\\u0000]*)$";
  if (hint == "device_node") return fmt::format("^(!|(?!!)){0}(/{0})*$", kComponent);
  return "";
}

std::string limit_pattern(std::string_view hint) {
  if (hint == "limit_seconds")
    return fmt::format("^(unlimited|{})$", quantities(std::span(kTimes).subspan(3), kMostNanoseconds));
  if (hint == "limit_microseconds")
    return fmt::format("^(unlimited|{})$", quantities(std::span(kTimes).subspan(1), kMostNanoseconds));
  return fmt::format("^(unlimited|{})$", quantities(kBytes, kMostBytes));
}

std::string item_pattern(std::string_view words) {
  return fmt::format("^!?({})$", fmt::join(split(words, ' '), "|"));
}

std::string target_pattern() {
  return fmt::format("^(/|(~[^/\\u0000]*|\\$\\{{[^/\\u0000]*)(/{0})*|(/{0})+)$", kComponent);
}

}  // namespace hutch
