#include "host/find_program.h"

#include <unistd.h>

#include "base/path.h"
#include "base/text.h"

namespace hutch {

std::string find_program(const Host& host, std::string_view name) {
  const auto& environment = host.caller().environment;
  const auto path = environment.find("PATH");
  const std::string_view all = path == environment.end() ? std::string_view("/usr/local/bin:/usr/bin:/bin")
                                                         : std::string_view(path->second);
  for (const std::string_view folder : split(all, ':')) {
    if (!folder.starts_with('/')) continue;
    std::string place = join_path(normalise(folder), name);
    if (host.follow(place).kind == FileKind::file && host.may(place, X_OK)) return place;
  }
  return {};
}

}  // namespace hutch
