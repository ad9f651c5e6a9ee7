#include "launch/process_facts.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "base/text.h"
#include "launch/tell_failure.h"

namespace hutch {

std::optional<ProcessFacts> process_facts(pid_t pid) {
  const auto status = read_from_machine(fmt::format("/proc/{}/status", pid));
  if (!status) return std::nullopt;
  ProcessFacts facts;
  int found = 0;
  const auto take = [&found](std::string_view line, std::string_view key, auto& value) {
    if (!line.starts_with(key)) return;
    const std::string_view text = line.substr(key.size());
    found += std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc() ? 1 : 0;
  };
  // The name of the process comes first and may hold anything, but no line of its own: the kernel escapes it.
  for (const std::string_view line : split(*status, '\n')) {
    take(line, "PPid:\t", facts.parent);
    take(line, "Uid:\t", facts.uid);
    take(line, "Gid:\t", facts.gid);
  }
  return found == 3 ? std::optional(facts) : std::nullopt;
}

}  // namespace hutch
