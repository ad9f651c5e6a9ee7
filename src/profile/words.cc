#include "profile/words.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace hutch {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// A whole decimal number up to `high`, which the text begins with; the text is left after it.
std::optional<std::uint32_t> take_number(std::string_view& text, std::uint32_t high) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number > high) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, std::string_view words) {
  if (!text.starts_with(words)) return false;
  text.remove_prefix(words.size());
  return true;
}

constexpr std::string_view kMountWords[] = {"ro",     "rw",     "ro?", "rw?",    "device", "device?",
                                            "tmpfs",  "proc",   "dev", "sysfs",  "mqueue", "devpts",
                                            "cgroup", "mirror", "dir", "hidden", "none"};

struct LimitName {
  std::string_view name;
  int resource;
};
constexpr LimitName kLimits[] = {
    {"as", RLIMIT_AS},           {"core", RLIMIT_CORE},         {"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},       {"fsize", RLIMIT_FSIZE},       {"locks", RLIMIT_LOCKS},
    {"memlock", RLIMIT_MEMLOCK}, {"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE},
    {"nofile", RLIMIT_NOFILE},   {"nproc", RLIMIT_NPROC},       {"rss", RLIMIT_RSS},
    {"rtprio", RLIMIT_RTPRIO},   {"rttime", RLIMIT_RTTIME},     {"sigpending", RLIMIT_SIGPENDING},
    {"stack", RLIMIT_STACK}};

std::optional<std::uint64_t> limit_from_text(std::string_view text, LimitUnit unit) {
  if (text == "unlimited") return RLIM_INFINITY;
  if (unit == LimitUnit::plain) return bytes_from(text);
  if (text.starts_with('-') || text.starts_with('+')) return std::nullopt;
  const auto nanoseconds = nanoseconds_from(text);
  if (!nanoseconds || text.ends_with("ns")) return std::nullopt;
  if (unit == LimitUnit::microseconds) return static_cast<std::uint64_t>(*nanoseconds) / 1'000;
  if (text.ends_with("us") || text.ends_with("ms")) return std::nullopt;
  return static_cast<std::uint64_t>(*nanoseconds) / 1'000'000'000;
}

}  // namespace

std::optional<std::uint32_t> mode_from(std::string_view text, std::int64_t high) {
  take(text, "0o");
  std::uint32_t bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits, 8);
  if (error != std::errc{} || end != text.data() + text.size() || bits > high) return std::nullopt;
  return bits;
}

std::optional<IoClass> io_class_from(std::string_view text) {
  if (text == "idle") return IoClass{3, 0};
  IoClass io{take(text, "best-effort") ? 2 : take(text, "realtime") ? 1 : 0, 4};
  if (io.which == 0) return std::nullopt;
  if (text.empty()) return io;
  if (text.size() != 2 || text[0] != ':' || text[1] < '0' || text[1] > '7') return std::nullopt;
  io.level = text[1] - '0';
  return io;
}

std::optional<std::vector<CpuRange>> cpus_from(std::string_view text) {
  constexpr std::uint32_t kLastCpu = 8191;  // CONFIG_NR_CPUS is at most 8192
  std::vector<CpuRange> ranges;
  do {
    const auto first = take_number(text, kLastCpu);
    if (!first) return std::nullopt;
    ranges.push_back({*first, *first});
    if (take(text, "-")) {
      const auto last = take_number(text, kLastCpu);
      if (!last) return std::nullopt;
      ranges.back().last = *last;
    }
  } while (take(text, ","));
  if (!text.empty()) return std::nullopt;
  return ranges;
}

std::optional<KernelCondition> kernel_condition_from(std::string_view text) {
  KernelCondition condition;
  for (const std::string_view comparison : {">=", "<=", ">", "<", "="}) {
    if (!take(text, comparison)) continue;
    condition.comparison = comparison;
    break;
  }
  if (condition.comparison.empty()) return std::nullopt;
  take(text, " ");
  const auto major = take_number(text, 9999);
  if (!major) return std::nullopt;
  condition.major = static_cast<int>(*major);
  if (take(text, ".")) {
    const auto minor = take_number(text, 9999);
    if (!minor) return std::nullopt;
    condition.minor = static_cast<int>(*minor);
  }
  if (!text.empty()) return std::nullopt;
  return condition;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  if (!is_letter(text.front()) && !is_digit(text.front())) return false;
  if (!is_letter(text.back()) && !is_digit(text.back())) return false;
  return std::ranges::all_of(text,
                             [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.'; });
}

bool is_sandbox_name(std::string_view text) {
  if (text.empty() || text.size() > 64 || text.front() == '.' || text.front() == '-') return false;
  return std::ranges::all_of(
      text, [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; });
}

bool is_join(std::string_view text) {
  constexpr std::string_view kPid = "pid:", kSandbox = "sandbox:";
  if (text.find('/') != text.npos) return true;
  if (text.starts_with(kSandbox)) return is_sandbox_name(text.substr(kSandbox.size()));
  if (!text.starts_with(kPid)) return false;
  text.remove_prefix(kPid.size());
  const std::size_t zeros = std::min(text.find_first_not_of('0'), text.size());
  const std::string_view number = text.substr(zeros);
  return !number.empty() && number.size() <= 10 && std::ranges::all_of(number, is_digit);
}

bool is_account_name(std::string_view text) {
  if (text.empty() || text.size() > 32) return false;
  if (!is_letter(text.front()) && text.front() != '_') return false;
  return std::ranges::all_of(
      text, [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; });
}

bool is_environment_name(std::string_view text) {
  return !text.empty() && text.find('=') == text.npos && text.find('\0') == text.npos;
}

bool is_action(std::string_view text) { return text == "allow" || text == "log" || is_denial(text); }

bool is_denial(std::string_view text) {
  if (text == "trap" || text == "kill") return true;
  if (!take(text, "errno:") || text.empty()) return false;
  if (std::ranges::all_of(text, is_digit)) return text.size() <= 4;
  return text.front() == 'E' &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'A' && c <= 'Z'); });
}

bool is_syscall_name(std::string_view text) {
  const bool group = take(text, "@");
  return !text.empty() && std::ranges::all_of(text, [group](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || (group && c == '-');
  });
}

LimitUnit limit_unit(std::string_view hint) {
  if (hint == "limit_seconds") return LimitUnit::seconds;
  return hint == "limit_microseconds" ? LimitUnit::microseconds : LimitUnit::plain;
}

std::optional<std::uint64_t> limit_from(const Value& value, LimitUnit unit) {
  if (const auto* number = value.integer()) {
    if (*number < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
  }
  if (const auto* text = value.string()) return limit_from_text(*text, unit);
  return std::nullopt;
}

int limit_resource(std::string_view name) {
  const auto* const found = std::ranges::find(kLimits, name, &LimitName::name);
  return found == std::end(kLimits) ? -1 : found->resource;
}

std::span<const std::string_view> mount_words() { return kMountWords; }

std::optional<Table> mount_of_word(std::string_view word, Origin at) {
  if (std::ranges::find(kMountWords, word) == std::end(kMountWords)) return std::nullopt;
  Table table;
  const auto put = [&](std::string key, auto value) {
    table.put({std::move(key), at, {std::move(value), at}});
  };
  if (word.ends_with('?')) {
    put("optional", true);
    word.remove_suffix(1);
  }
  if (word == "ro" || word == "rw") {
    put("type", std::string("bind"));
    put("write", word == "rw");
  } else {
    put("type", std::string(word));
  }
  return table;
}

std::string_view type_name(const Value& value) {
  if (value.string()) return "a string";
  if (value.integer()) return "an integer";
  if (value.real()) return "a decimal number";
  if (value.boolean()) return "a boolean";
  if (value.array()) return "a list";
  if (value.table()) return "a table";
  return "a date or time";
}

std::string one_of(std::span<const std::string_view> words) {
  std::string all;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) all += i + 1 == words.size() ? " or " : ", ";
    all += fmt::format("\"{}\"", words[i]);
  }
  return all;
}

}  // namespace hutch
