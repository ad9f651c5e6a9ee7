#include "profile/variables.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/path.h"
#include "base/text.h"
#include "profile/syntax_error.h"

namespace hutch {
namespace {

constexpr std::string_view kPlain[] = {"HOME", "USER", "UID", "GID", "CWD", "PROFILE_DIR"};

struct Standard {
  std::string_view name, fallback;
};
// XDG Base Directory Specification 0.8; those that start with "/" are not below HOME.
constexpr Standard kBase[] = {
    {"XDG_CONFIG_HOME", ".config"},    {"XDG_CACHE_HOME", ".cache"},
    {"XDG_DATA_HOME", ".local/share"}, {"XDG_STATE_HOME", ".local/state"},
    {"XDG_CONFIG_DIRS", "/etc/xdg"},   {"XDG_DATA_DIRS", "/usr/local/share/:/usr/share/"},
    {"XDG_RUNTIME_DIR", "/run/user/"}};
// user-dirs.defaults(5)
constexpr Standard kUser[] = {{"XDG_DESKTOP_DIR", "Desktop"},     {"XDG_DOWNLOAD_DIR", "Downloads"},
                              {"XDG_TEMPLATES_DIR", "Templates"}, {"XDG_PUBLICSHARE_DIR", "Public"},
                              {"XDG_DOCUMENTS_DIR", "Documents"}, {"XDG_MUSIC_DIR", "Music"},
                              {"XDG_PICTURES_DIR", "Pictures"},   {"XDG_VIDEOS_DIR", "Videos"}};

std::vector<std::string_view> builtin_names() {
  std::vector<std::string_view> names(std::begin(kPlain), std::end(kPlain));
  for (const Standard& each : kBase) names.push_back(each.name);
  for (const Standard& each : kUser) names.push_back(each.name);
  return names;
}

const std::string* variable(const Caller& caller, std::string_view name) {
  const auto found = caller.environment.find(name);
  return found == caller.environment.end() ? nullptr : &found->second;
}

/// XDG_DOWNLOAD_DIR="$HOME/Downloads" -> what is between the quotes, if the line is about `name`.
std::optional<std::string> said_in(std::string_view line, std::string_view name) {
  while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  if (!line.starts_with("=\"")) return std::nullopt;
  std::string value;
  for (std::size_t i = 2; i < line.size() && line[i] != '"'; ++i) {
    if (line[i] == '\\' && i + 1 < line.size()) ++i;
    value += line[i];
  }
  return value;
}

/// The end of `${…}`, whose inside starts at `from`: the offset of its brace, or npos.
std::size_t closing_brace(std::string_view text, std::size_t from) {
  int depth = 1;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') {
      ++depth;
      ++i;
    } else if (text[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return text.npos;
}

/// The place of `words` within a string that starts at `at`, if its line shows them.
Origin within(const Sources& sources, Origin at, std::string_view words) {
  if (!at.known()) return at;
  const std::string_view line = sources.line(at.source, at.line);
  for (std::size_t found = line.find(words); found != line.npos; found = line.find(words, found + 1)) {
    const std::uint32_t column = code_points(line.substr(0, found)) + 1;
    if (column >= at.column) return {at.source, at.line, column, code_points(words)};
  }
  return at;
}

}  // namespace

std::optional<std::string> home_of(const Caller& caller) {
  const std::string* home = variable(caller, "HOME");
  if (!home || !home->starts_with('/')) return std::nullopt;
  return normalise(*home);
}

std::optional<std::string> xdg_base(const Caller& caller, std::string_view name) {
  const auto* const known = std::ranges::find(kBase, name, &Standard::name);
  if (known == std::end(kBase)) return std::nullopt;
  const std::string* said = variable(caller, name);
  // "All paths set in these environment variables must be absolute": others are ignored.
  if (said && said->starts_with('/')) return name.ends_with("_DIRS") ? *said : normalise(*said);
  if (name == "XDG_RUNTIME_DIR") return fmt::format("{}{}", known->fallback, caller.uid);
  if (known->fallback.starts_with('/')) return std::string(known->fallback);
  const auto home = home_of(caller);
  if (!home) return std::nullopt;
  return join_path(*home, known->fallback);
}

const std::string* Variables::parameter(std::string_view name) const {
  const auto found = parameters_.find(name);
  return found == parameters_.end() ? nullptr : &found->second;
}

std::vector<std::string_view> Variables::parameter_names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : parameters_) names.emplace_back(name);
  return names;
}

NoValue Variables::undefined(std::string_view name, Origin at, bool excusable, std::string label) const {
  const std::string words = fmt::format("${{{}}}", name);
  return {.diagnostic = {.code = "E0204",
                         .what = fmt::format("`{}` is not defined", printable(words)),
                         .at = within(sources_, at, words),
                         .label = std::move(label)},
          .excusable = excusable};
}

std::optional<std::string> Variables::user_directory(std::string_view name, std::string& why) const {
  const auto home = home_of(host_.caller());
  if (!home) {
    why = "HOME is not set to an absolute path";
    return std::nullopt;
  }
  constexpr std::size_t kMost = std::size_t{64} << 10U;
  std::optional<std::string> chosen;
  if (const auto config = xdg_base(host_.caller(), "XDG_CONFIG_HOME")) {
    if (const auto file = host_.files().read(join_path(*config, "user-dirs.dirs"), kMost)) {
      for (const std::string_view line : split(file->text, '\n')) {
        if (auto said = said_in(line, name)) chosen = std::move(said);
      }
    }
  }
  if (!chosen) return join_path(*home, std::ranges::find(kUser, name, &Standard::name)->fallback);
  std::string path = *chosen;
  if (path == "$HOME" || path.starts_with("$HOME/")) path = *home + path.substr(5);
  if (!path.starts_with('/')) {
    why = "user-dirs.dirs gives no absolute path for it";
    return std::nullopt;
  }
  path = normalise(path);
  // Pointing it at the home directory is how user-dirs.dirs(5) switches one off: never grant all of it
  // instead.
  if (path != *home) return path;
  why = "user-dirs.dirs has switched it off";
  return std::nullopt;
}

std::optional<std::string> Variables::builtin(std::string_view name, Origin at, std::string& why) const {
  const Caller& caller = host_.caller();
  if (name == "UID") return fmt::format("{}", caller.uid);
  if (name == "GID") return fmt::format("{}", caller.gid);
  if (name == "USER") {
    if (!caller.user.empty()) return caller.user;
    why = "nothing tells the caller's name";
  } else if (name == "CWD") {
    const std::string& here = directory_.empty() ? caller.directory : directory_;
    if (!here.empty()) return here;
    why = "the current directory was deleted, or cannot be read";
  } else if (name == "PROFILE_DIR") {
    if (at.known() && !sources_.directory(at.source).empty()) return sources_.directory(at.source);
    why = "this is not said in a file";
  } else if (std::ranges::find(kUser, name, &Standard::name) != std::end(kUser)) {
    return user_directory(name, why);
  } else {
    const auto value = name == "HOME" ? home_of(caller) : xdg_base(caller, name);
    if (value) return value;
    why = "HOME is not set to an absolute path";
  }
  return std::nullopt;
}

Variables::Looked Variables::environment(std::string_view inner, Origin at, Use use) const {
  const std::size_t dash = inner.find(":-");
  const std::string_view name = inner.substr(0, dash);
  const std::string* value = variable(host_.caller(), name);
  if (value && !value->empty()) return *value;
  if (dash != inner.npos) return expand(inner.substr(dash + 2), at, use == Use::text ? Use::text : Use::path);
  if (value && use == Use::text) return std::string();
  const std::string whole = fmt::format("env:{}", inner);
  if (value) return std::unexpected(undefined(whole, at, true, "the variable is empty, and this is a path"));
  std::vector<std::string_view> names;
  for (const auto& [each, unused] : host_.caller().environment) names.emplace_back(each);
  const auto near = closest(name, names);
  return std::unexpected(undefined(whole, at, true,
                                   near
                                       ? fmt::format("did you mean `${{env:{}}}`?", *near)
                                       : fmt::format("the caller's environment has no {}", printable(name))));
}

Variables::Looked Variables::look_up(std::string_view name, Origin at, Use use) const {
  if (name.starts_with("env:")) return environment(name.substr(4), at, use);
  if (name.starts_with("param:")) {
    if (const std::string* value = parameter(name.substr(6))) {
      if (!value->empty() || use == Use::text) return *value;
      return std::unexpected(undefined(name, at, true, "the parameter is empty, and this is a path"));
    }
    const auto near = closest(name.substr(6), parameter_names());
    return std::unexpected(
        undefined(name, at, false,
                  near ? fmt::format("did you mean `${{param:{}}}`?", *near)
                       : fmt::format("no [params.{}] declares it", printable(name.substr(6)))));
  }
  const std::vector<std::string_view> names = builtin_names();
  if (std::ranges::find(names, name) != names.end()) {
    std::string why;
    if (auto value = builtin(name, at, why)) return *std::move(value);
    return std::unexpected(undefined(name, at, true, why));
  }
  std::string label;
  if (const auto near = closest(name, names)) {
    label = fmt::format("did you mean `${{{}}}`?", *near);
  } else if (parameter(name)) {
    label = fmt::format("a parameter is `${{param:{}}}`", name);
  } else {
    label = fmt::format("a variable of the environment is `${{env:{}}}`, and `$${{` a plain `${{`",
                        printable(name));
  }
  return std::unexpected(undefined(name, at, false, label));
}

std::expected<std::string, NoValue> Variables::expand(std::string_view text, Origin at, Use use) const {
  std::string out;
  const auto add = [&](std::string_view value) {
    out += use == Use::target ? glob_escape(value) : std::string(value);
  };
  std::size_t i = 0;
  if (text == "~" || text.starts_with("~/")) {
    std::string why;
    const auto home = builtin("HOME", at, why);
    if (!home) return std::unexpected(undefined("HOME", at, true, why));
    add(*home == "/" && text.size() > 1 ? "" : *home);
    i = 1;
  }
  while (i < text.size()) {
    if (text[i] != '$' || i + 1 == text.size() || (text[i + 1] != '$' && text[i + 1] != '{')) {
      out += text[i++];
      continue;
    }
    if (text[i + 1] == '$') {
      out += '$';
      i += 2;
      continue;
    }
    const std::size_t end = closing_brace(text, i + 2);
    if (end == text.npos || end == i + 2) {
      return std::unexpected(
          NoValue{{.code = "E0206",
                   .what = end == text.npos ? "`${` has no `}`" : "`${}` names no variable",
                   .at = within(sources_, at, "${"),
                   .help = "write `$${` for a plain `${`"}});
    }
    auto value = look_up(text.substr(i + 2, end - i - 2), at, use);
    if (!value) return value;
    add(*value);
    i = end + 1;
  }
  return out;
}

}  // namespace hutch
