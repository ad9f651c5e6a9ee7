#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/sources.h"
#include "host/host.h"

namespace hutch {

/// Why a text has no value: an error, and whether an optional entry may be left out because of it.
struct NoValue {
  Diagnostic diagnostic;
  bool excusable = false;  ///< the variable exists and has no value here; a misspelt one is never excused
};

/// `${HOME}`, `${XDG_…}`, `${env:NAME:-fallback}`, `${param:NAME}`, `$$` and a leading `~/` in the strings of
/// profiles. Errors: E0204 undefined variable, E0206 malformed `${`.
class Variables {
 public:
  Variables(const Host& host, const Sources& sources) : host_(host), sources_(sources) {}

  void give(std::map<std::string, std::string, std::less<>> parameters) {
    parameters_ = std::move(parameters);
  }
  /// What ${CWD} is, where that is not the caller's directory.
  void give_directory(const std::string& directory) { directory_ = directory; }
  [[nodiscard]] const std::string* parameter(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> parameter_names() const;

  /// `path`: an empty variable counts as undefined, since "${env:X}/data" must not become "/data".
  /// `target`: as `path`, and characters of values that are special in globs are escaped.
  enum class Use : std::uint8_t { text, path, target };
  [[nodiscard]] std::expected<std::string, NoValue> expand(std::string_view text, Origin at, Use use) const;

  [[nodiscard]] const Host& host() const { return host_; }
  [[nodiscard]] const Sources& sources() const { return sources_; }

 private:
  using Looked = std::expected<std::string, NoValue>;
  [[nodiscard]] Looked look_up(std::string_view name, Origin at, Use use) const;
  [[nodiscard]] Looked environment(std::string_view inner, Origin at, Use use) const;
  [[nodiscard]] NoValue undefined(std::string_view name, Origin at, bool excusable, std::string label) const;
  [[nodiscard]] std::optional<std::string> builtin(std::string_view name, Origin at, std::string& why) const;
  [[nodiscard]] std::optional<std::string> user_directory(std::string_view name, std::string& why) const;

  const Host& host_;
  const Sources& sources_;
  std::map<std::string, std::string, std::less<>> parameters_;
  std::string directory_;
};

/// $HOME if it is absolute.
std::optional<std::string> home_of(const Caller& caller);
/// XDG_CONFIG_HOME and its like: the caller's if absolute, else the default of the XDG Base Directory
/// Specification.
std::optional<std::string> xdg_base(const Caller& caller, std::string_view name);

}  // namespace hutch
