// What environment the program gets: environ(7).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "base/text.h"
#include "plan/draft.h"

namespace hutch {
namespace {

constexpr std::string_view kSearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Variables that make libc load or run things: a pattern never takes them along, only their full name does.
/// (The list that glibc itself ignores for setuid programs, and the shells' start-up files.)
constexpr std::array<std::string_view, 12> kNeverByPattern{
    "LD_*",    "GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES",   "HOSTALIASES", "LOCALDOMAIN",
    "LOCPATH", "MALLOC_*",   "NLSPATH",     "RESOLV_HOST_CONF", "RES_OPTIONS", "BASH_ENV"};

bool is_dangerous(std::string_view name) {
  return std::ranges::any_of(kNeverByPattern,
                             [name](std::string_view each) { return glob_matches(each, name); });
}

using Variables = std::map<std::string, std::string, std::less<>>;

void inherit(Draft& draft, const Said<std::string>& pattern, Variables& into) {
  const Variables& outside = draft.host.caller().environment;
  if (!has_glob(*pattern)) {
    if (const auto found = outside.find(glob_unescape(*pattern)); found != outside.end())
      into.insert_or_assign(found->first, found->second);
    return;
  }
  for (const auto& [name, value] : outside) {
    if (!glob_matches(*pattern, name)) continue;
    if (is_dangerous(name)) {
      draft.skip("environment variable \"" + name + "\"",
                 "it is never inherited by pattern, only by its full name", pattern.at);
    } else {
      into.insert_or_assign(name, value);
    }
  }
}

}  // namespace

void choose_environment(Draft& draft) {
  const Caller& caller = draft.host.caller();
  const Environment& wanted = draft.profile.environment;
  Variables chosen{{"HOME", draft.home},
                   {"LOGNAME", draft.user},
                   {"PATH", std::string(kSearchPath)},
                   {"SHELL", draft.shell},
                   {"USER", draft.user}};
  if (const auto term = caller.environment.find("TERM");
      caller.has_terminal() && term != caller.environment.end()) {
    chosen.insert_or_assign("TERM", term->second);
  }
  for (const Said<std::string>& pattern : wanted.inherit) inherit(draft, pattern, chosen);
  for (const auto& [name, value] : wanted.set) chosen.insert_or_assign(name, *value);
  for (const Said<std::string>& pattern : wanted.unset) {
    std::erase_if(chosen, [&pattern](const auto& each) { return glob_matches(*pattern, each.first); });
  }
  for (const auto& [name, value] : chosen) draft.environment.push_back(fmt::format("{}={}", name, value));
  if (const auto path = chosen.find("PATH"); path != chosen.end()) draft.search_path = path->second;
}

}  // namespace hutch
