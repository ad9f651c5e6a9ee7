#include "cli/load_request.h"

#include <fmt/format.h>

#include "base/path.h"
#include "base/text.h"
#include "install/behind.h"

namespace hutch {
namespace {

/// TOML of a string that means itself: a dollar would begin a variable.
std::string literal(std::string_view text) {
  std::string doubled;
  for (const char c : text) {
    doubled += c;
    if (c == '$') doubled += c;
  }
  return quoted(doubled);
}

Diagnostic bad_value(const Given& given, std::string what) {
  return {.code = "E0905",
          .what = std::move(what),
          .at = given.at,
          .help = fmt::format("{} {}", given.option->name, given.option->value)};
}

Result<std::string> mount_of(const Given& given, std::string_view word, const Host& host) {
  if (given.value.empty())
    return fail(bad_value(given, fmt::format("{} needs a path, not an empty text", given.option->name)));
  const std::string& directory = host.caller().directory;
  if (!given.value.starts_with('/') && directory.empty())
    return fail(
        {.code = "E0906",
         .what = fmt::format("`{}` is relative, and the current directory cannot be named", given.value),
         .at = given.at,
         .cause = "it was deleted, or lies outside of what this process can see",
         .help = "write an absolute path"});
  if (!is_utf8(directory) && !given.value.starts_with('/'))
    return fail({.code = "E0907",
                 .what = "the name of the current directory is not UTF-8",
                 .at = given.at,
                 .help = "write an absolute path"});
  return fmt::format("mounts.{} = \"{}\"", literal(glob_escape(absolute_from(directory, given.value))), word);
}

Result<std::string> variable_of(const Given& given) {
  const std::size_t equals = given.value.find('=');
  const std::string name = given.value.substr(0, equals);
  if (name.empty() || name[0] == '!')
    return fail(bad_value(given, fmt::format("{} needs a name first", given.option->name)));
  if (equals == std::string::npos) return fmt::format("environment.inherit = [{}]", literal(name));
  return fmt::format("environment.set.{} = {}", quoted(name),
                     literal(std::string_view(given.value).substr(equals + 1)));
}

/// The TOML of one option; empty for one that does not change the profile.
Result<std::string> toml_of(const Given& given, const Host& host) {
  const std::string_view name = given.option->name;
  if (name == "--set") return given.value;
  if (name == "--ro" || name == "--rw" || name == "--tmpfs") return mount_of(given, name.substr(2), host);
  if (name == "--env") return variable_of(given);
  if (name == "--hostname") return fmt::format("hostname = {}", literal(given.value));
  if (name == "--cwd") return fmt::format("process.cwd = {}", literal(given.value));
  if (name == "--timeout") {
    // A bare number would be seconds in TOML, too, but only without quotes.
    const bool bare =
        given.value.find_first_not_of("0123456789") == std::string::npos && !given.value.empty();
    return fmt::format("process.timeout = {}", literal(bare ? given.value + "s" : given.value));
  }
  if (name == "--behind") {
    TRY(const std::string wrapped, wrapped_inside(given.value, host));
    return fmt::format("environment.set.{} = {}", kWrapped, literal(wrapped));
  }
  if (name == "--net") return fmt::format("namespaces.net = {}", literal(given.value));
  return std::string();
}

}  // namespace

Result<LoadRequest> load_request(const Words& words, const std::string& profile, const Host& host) {
  LoadRequest request{.profile = profile};
  Diagnostics wrong;
  for (const Given& given : words.options) {
    if (given.option->name == "--param") {
      const std::size_t equals = given.value.find('=');
      if (equals == 0 || equals == std::string::npos)
        wrong.push_back(bad_value(given, fmt::format("`{}` gives no parameter a value", given.value)));
      else
        request.parameters[given.value.substr(0, equals)] = given.value.substr(equals + 1);
      continue;
    }
    auto toml = toml_of(given, host);
    if (!toml)
      wrong.insert(wrong.end(), toml.error().begin(), toml.error().end());
    else if (!toml->empty())
      request.overrides.push_back({std::string(given.option->name), *std::move(toml)});
  }
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  return request;
}

}  // namespace hutch
