#include "install/marker.h"

#include "base/sha256.h"
#include "base/text.h"

namespace hutch {
namespace {

constexpr std::string_view kBegin = "# hutch install: ", kSum = " sha256:";

/// Where the line begins, or would begin.
std::size_t place_of(std::string_view text) {
  if (!text.starts_with("#!")) return 0;
  const std::size_t end = text.find('\n');
  return end == std::string_view::npos ? text.size() : end + 1;
}

}  // namespace

std::string marked(std::string_view text, std::string_view profile) {
  std::string line(kBegin);
  line.append(quoted(profile)).append(kSum).append(sha256_hex(text)).append("\n");
  return std::string(text).insert(place_of(text), line);
}

std::optional<Marked> read_marker(std::string_view text) {
  if (!begins_marked(text)) return std::nullopt;
  const std::size_t begin = place_of(text), end = std::min(text.find('\n', begin), text.size());
  const std::string_view line = text.substr(begin, end - begin);
  const std::size_t sum = std::min(line.rfind(kSum), line.size());
  std::string rest(text);
  rest.erase(begin, end - begin + 1);
  const std::string_view said = line.substr(std::min(sum + kSum.size(), line.size()));
  return Marked{.profile = std::string(line.substr(kBegin.size(), sum - std::min(sum, kBegin.size()))),
                .unchanged = said == sha256_hex(rest)};
}

bool begins_marked(std::string_view begin) { return begin.substr(place_of(begin)).starts_with(kBegin); }

}  // namespace hutch
