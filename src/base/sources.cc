#include "base/sources.h"

#include <fmt/format.h>

#include "base/text.h"

namespace hutch {

std::string_view Sources::line(std::uint32_t id, std::uint32_t number) const {
  if (id == 0 || id > all_.size() || number == 0) return {};
  std::string_view rest = text(id);
  for (std::uint32_t i = 1; i < number; ++i) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

std::string Sources::where(const Origin& at) const {
  if (!at.known() || at.source > all_.size()) return {};
  std::string out = printable(name(at.source));
  if (at.line != 0) out += fmt::format(":{}", at.line);
  if (at.line != 0 && at.column != 0) out += fmt::format(":{}", at.column);
  return out;
}

}  // namespace hutch
