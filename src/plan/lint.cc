#include "plan/lint.h"

#include <unistd.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace hutch {

Diagnostic warning(const char* code, std::string what, Origin at) {
  return {.code = code, .what = std::move(what), .at = at, .severity = Severity::warning};
}

bool may_reach(const Grants& grants, const Host& host, const std::string& path, Rights rights) {
  const std::string real = host.real_path(path);
  if (real.empty()) return false;
  const Reach reach = grants.reach({"", real});
  if (reach.path.empty() || (reach.rights & rights) != rights) return false;
  return host.may(real, (rights & kMayWrite) != 0 ? W_OK : R_OK);
}

Diagnostics lint(const Profile& profile, const Plan& /*plan*/, const Grants& grants, const Host& host) {
  Diagnostics found;
  lint_mistakes(profile, grants, found);
  lint_reach(grants, host, found);
  lint_walls(profile, grants, host, found);
  lint_sources(profile, grants, host, found);
  std::ranges::stable_sort(found, {}, [](const Diagnostic& each) {
    return std::tuple(each.at.source, each.at.line, each.at.column, each.code);
  });
  return found;
}

}  // namespace hutch
