// Says of each document on standard input (separated by NUL) whether the parser accepts its shape: "1" or "0
// CODE", a line each.
#include <cstdio>
#include <string>

#include "profile/check.h"
#include "profile/read_toml.h"

int main() {
  std::string input;
  char buffer[65536];
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, stdin)) > 0;)
    input.append(buffer, got);
  for (std::size_t at = 0; at < input.size();) {
    const std::size_t end = input.find('\0', at);
    hutch::Sources sources;
    const auto source = sources.add("box.toml", input.substr(at, end - at), "/");
    at = end + 1;
    const auto value = hutch::read_toml(source, sources);
    const hutch::Diagnostics found = value ? hutch::check_shape(*value, sources) : value.error();
    std::string code;
    for (const hutch::Diagnostic& each : found) {
      if (each.severity == hutch::Severity::error && code.empty()) code = each.code;
    }
    std::puts(code.empty() ? "1" : ("0 " + code).c_str());
  }
}
