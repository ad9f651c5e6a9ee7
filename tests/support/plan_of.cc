#include "support/plan_of.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "plan/compile.h"
#include "plan/describe.h"
#include "profile/load.h"

namespace hutch::test {
namespace {

/// A folder for one profile, gone afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/hutch-plan-XXXXXX";
    if (::mkdtemp(name) == nullptr) std::abort();
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string place(const Sources& sources, const Origin& at) {
  if (!at.known()) return "-";
  return fmt::format("{}:{}", std::filesystem::path(sources.name(at.source)).filename().string(), at.line);
}

}  // namespace

Compiled plan_of(const std::string& toml, const Host& host, std::vector<std::string> arguments) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/box.toml";
  std::FILE* file = std::fopen(path.c_str(), "w");
  std::fwrite(toml.data(), 1, toml.size(), file);
  std::fclose(file);
  Compiled compiled;
  Result<Loaded> loaded = load_profile({.profile = path}, host, compiled.sources);
  if (!loaded) {
    compiled.plan = std::unexpected(loaded.error());
    return compiled;
  }
  const Request request{.arguments = std::move(arguments), .needs_command = false};
  compiled.profile = std::move(loaded->profile);
  compiled.plan = compile(compiled.profile, request, host);
  return compiled;
}

std::string Compiled::steps() const {
  std::string text;
  if (!plan) return "NOT COMPILED:\n" + errors();
  for (const Step& step : plan->steps) text += describe(step.op) + "\n";
  return text;
}

std::vector<std::string> Compiled::steps_with(const std::string& word) const {
  std::vector<std::string> found;
  if (!plan) return {"NOT COMPILED: " + errors()};
  for (const Step& step : plan->steps) {
    std::string sentence = describe(step.op);
    if (sentence.find(word) != std::string::npos) found.push_back(std::move(sentence));
  }
  return found;
}

std::string Compiled::errors() const {
  std::string text;
  if (plan) return text;
  for (const Diagnostic& each : plan.error()) {
    text += fmt::format("{} {}: {}", each.code, place(sources, each.at), each.what);
    if (!each.other_label.empty())
      text += fmt::format(" | {}: {}", place(sources, each.other), each.other_label);
    if (!each.cause.empty()) text += " | cause: " + each.cause;
    if (!each.help.empty()) text += " | help: " + each.help;
    text += '\n';
  }
  return text;
}

}  // namespace hutch::test
