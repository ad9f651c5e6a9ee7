// The only include of nlohmann/json.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/text.h"
#include "base/unique_fd.h"
#include "build/record.h"
#include "launch/errno_text.h"

namespace hutch {
namespace {

using Document = nlohmann::json;

constexpr off_t kLargest = 64 << 20;

std::unexpected<Diagnostics> not_a_record(const std::string& path, std::string why) {
  return fail({.code = "E0709",
               .what = fmt::format("{} is no record of a build", hutch::quoted(path)),
               .cause = std::move(why),
               .help = "`hutch build` writes one: NAME.provenance.json, or where --record says"});
}

Result<std::string> read_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts = {};
  if (!file || ::fstat(file.get(), &facts) < 0) return not_a_record(path, errno_text(errno));
  if (!S_ISREG(facts.st_mode)) return not_a_record(path, "it is not a file");
  if (facts.st_size > kLargest) return not_a_record(path, "it is larger than 64 MiB");
  std::string text(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t length = 0;
  while (length < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + length, text.size() - length);
    if (got <= 0) break;
    length += static_cast<std::size_t>(got);
  }
  text.resize(length);
  return text;
}

/// Walks by names; what is missing or of another type is an empty value.
const Document& at(const Document& document, std::initializer_list<const char*> names) {
  static const Document kNothing;
  const Document* here = &document;
  for (const char* name : names) {
    if (!here->is_object()) return kNothing;
    const auto found = here->find(name);
    if (found == here->end()) return kNothing;
    here = &*found;
  }
  return *here;
}
std::string text(const Document& document, std::initializer_list<const char*> names) {
  const Document& value = at(document, names);
  return value.is_string() ? value.get<std::string>() : std::string();
}

BuildRequest request_of(const Document& parameters) {
  BuildRequest request{.profile = text(parameters, {"profile"})};
  for (const Document& word : at(parameters, {"command"}))
    if (word.is_string()) request.command.push_back(word.get<std::string>());
  for (const Document& option : at(parameters, {"options"}))
    request.overrides.emplace_back(text(option, {"option"}), text(option, {"toml"}));
  for (const auto& [name, value] : at(parameters, {"parameters"}).items())
    if (value.is_string()) request.parameters[name] = value.get<std::string>();
  return request;
}

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<ReadRecord> read_record(const std::string& path) {
  TRY(const std::string bytes, read_file(path));
  const Document document = Document::parse(bytes, nullptr, false);
  if (document.is_discarded()) return not_a_record(path, "it is not JSON");
  if (text(document, {"_type"}) != "https://in-toto.io/Statement/v1" ||
      text(document, {"predicateType"}) != "https://slsa.dev/provenance/v1")
    return not_a_record(path, "it is no in-toto statement with SLSA provenance, version 1");
  const Document& definition = at(document, {"predicate", "buildDefinition"});
  if (text(definition, {"buildType"}) != "https://hutch.invalid/build/v1")
    return not_a_record(path, "it is of a build by another program");
  ReadRecord record{.request = request_of(at(definition, {"externalParameters"}))};
  for (const Document& each : at(definition, {"resolvedDependencies"})) {
    if (text(each, {"annotations", "role"}) != "input") continue;
    record.inputs.push_back({.name = text(each, {"name"}), .sha256 = text(each, {"digest", "sha256"})});
  }
  for (const Document& each : at(document, {"subject"})) {
    const Document& executable = at(each, {"annotations", "executable"});
    record.artifacts.push_back({.name = text(each, {"name"}),
                                .sha256 = text(each, {"digest", "sha256"}),
                                .executable = executable.is_boolean() && executable.get<bool>(),
                                .link = text(each, {"annotations", "link"})});
    if (!is_digest(record.artifacts.back().sha256)) return not_a_record(path, "a subject has no sha256");
  }
  for (const Document& each : at(document, {"predicate", "runDetails", "byproducts"})) {
    record.outputs.push_back({.name = text(each, {"name"}),
                              .inside = text(each, {"annotations", "path"}),
                              .sha256 = text(each, {"digest", "sha256"})});
  }
  if (record.artifacts.empty()) return not_a_record(path, "it has no subjects");
  if (record.request.profile.empty()) return not_a_record(path, "it names no profile");
  return record;
}

}  // namespace hutch
