#include "cli/message_codes.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

using namespace hutch;

namespace {

/// Every quoted code in the sources, but for the table of explanations itself.
std::set<std::string> codes_in_use() {
  std::set<std::string> codes;
  const std::regex code("\"([EW]0[0-9]{3})\"");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(HUTCH_SOURCE_DIR "/src")) {
    if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") continue;
    if (entry.path().stem() == "message_codes") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator found(text.begin(), text.end(), code), end; found != end; ++found)
      codes.insert((*found)[1]);
  }
  return codes;
}

}  // namespace

TEST_CASE("every code that is used has an explanation, and every explanation is of a code that is used") {
  const auto used = codes_in_use();
  REQUIRE(used.size() > 50);
  std::set<std::string> explained;
  for (const MessageCode& each : message_codes()) explained.emplace(each.code);
  std::vector<std::string> missing, stale;
  std::ranges::set_difference(used, explained, std::back_inserter(missing));
  std::ranges::set_difference(explained, used, std::back_inserter(stale));
  CHECK(missing == std::vector<std::string>{});
  CHECK(stale == std::vector<std::string>{});
}

TEST_CASE("codes stand in order, once each, with a title of one line and a text") {
  const auto codes = message_codes();
  CHECK(std::ranges::adjacent_find(codes, std::greater_equal<>{}, &MessageCode::code) == codes.end());
  for (const MessageCode& each : codes) {
    CAPTURE(each.code);
    CHECK_FALSE(each.title.empty());
    CHECK(each.title.size() <= 72);
    CHECK(each.text.ends_with('.'));
    CHECK_FALSE(each.text.contains('\n'));
  }
}
