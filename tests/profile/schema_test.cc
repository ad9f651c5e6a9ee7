#include "profile/schema.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "host/files.h"
#include "profile/key_examples.h"
#include "profile/keys.h"
#include "profile/patterns.h"
#include "profile/profiles.h"

namespace hutch {
namespace {

TEST_CASE("the schema in the repository is the one that the table of keys makes") {
  const std::string path = std::string(HUTCH_SOURCE_DIR) + "/schema/profile.schema.json";
  const std::string schema = profile_schema();
  if (std::getenv("HUTCH_ACCEPT")) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    REQUIRE(::write(fd, schema.data(), schema.size()) == static_cast<ssize_t>(schema.size()));
    ::close(fd);
  }
  const auto file = Files().read(path, std::size_t{1} << 22U);
  REQUIRE(file);
  CHECK((file->text == schema));
}

TEST_CASE("every key is in the manual and can be explained") {
  const std::string manual = keys_manual();
  for (const Key& key : all_keys()) {
    CAPTURE(key.table, key.name);
    if (key.name == "*") continue;
    CHECK(explain_key(key.name).find(key.help) != std::string::npos);
    std::string escaped(key.name);
    for (std::size_t at = escaped.find('_'); at != escaped.npos; at = escaped.find('_', at + 2))
      escaped.insert(at, "\\");
    CHECK(manual.find("*" + escaped + "* (") != manual.npos);
  }
  CHECK(explain_key("process.umask") ==
        "process.umask: octal mode\n  in [process]\n  The file mode creation mask: \"022\".\n"
        "  Example:\n    process.umask = \"077\"\n");
  CHECK(explain_key("landlock")
            .ends_with("  Keys: read, write, execute, mounts, bind_tcp, connect_tcp, scope, required, log.\n"
                       "  Example:\n    landlock = { connect_tcp = [443] }\n"));
  CHECK(explain_key("mounts.type").starts_with("mounts.type: \"bind\", \"device\""));
  CHECK(explain_key("nope").empty());
}

TEST_CASE("headings of the manual are not escaped: scdoc takes them as they are") {
  const std::string manual = keys_manual();
  CHECK(manual.find("## [[identity.uid_map]]") != manual.npos);
  for (std::size_t at = manual.find("## "); at != manual.npos; at = manual.find("## ", at + 1))
    CHECK(manual.substr(at, manual.find('\n', at) - at).find('\\') == std::string::npos);
}

TEST_CASE(
    "the manual shows every example as it is: with the backslashes doubled that scdoc takes for its own") {
  const std::string manual = keys_manual();
  CHECK(manual.find("\t```\n\tprocess.umask = \"077\"\n\t```\n") != manual.npos);
  CHECK(manual.find("content = \"127.0.0.1 localhost\\\\n\" }\n\t```\n") != manual.npos);
  std::size_t shown = 0;
  for (std::size_t at = manual.find("\t```\n"); at != manual.npos; at = manual.find("\t```\n", at + 1))
    ++shown;
  const auto keys = all_keys();
  CHECK(shown ==
        2 * std::size_t(std::ranges::count_if(keys, [](const Key& key) { return !key.example.empty(); })));
}

TEST_CASE("the values of an example are those that stand at the key, wherever it stands") {
  const auto texts = [](const Key& key) {
    std::vector<std::string> all;
    for (const Value& value : example_values(key)) all.push_back(*value.string());
    return all;
  };
  using Texts = std::vector<std::string>;
  const Key source{.table = "mounts.*",
                   .name = "source",
                   .shape = Shape::path,
                   .example = R"(mounts."/b" = { source = "1" }
mounts."/a" = { source = "2", when = { source = "no" } }
build.inputs."/c" = { source = "no" }
source = "no")"};
  CHECK(texts(source) == Texts{"1", "2"});
  const Key outside{.table = "identity.map", .name = "outside", .shape = Shape::special, .example = R"(
identity.uid_map = [{ outside = "1" }, { outside = "2" }]
identity.gid_map = [{ outside = "3" }]
identity.outside = "no")"};
  CHECK(texts(outside) == Texts{"1", "2", "3"});
  const Key when{.table = "when", .name = "env", .shape = Shape::text, .example = R"(when = { env = "1" }
environment.set.A = { value = "no", when = { env = "2" } }
env = "no")"};
  CHECK(texts(when) == Texts{"1", "2"});
  const Key any{.table = "environment.set",
                .name = "*",
                .shape = Shape::text,
                .example = "environment.set.B = \"1\"\nenvironment.inherit = []"};
  CHECK(texts(any) == Texts{"1"});
  CHECK(example_values({.table = "", .name = "later", .shape = Shape::table}).empty());
}

TEST_CASE("a number's pattern has its bound and no more") {
  CHECK(number_pattern(8191) == "0*([0-9]{1,3}|[0-7][0-9]{3}|8[0-0][0-9]{2}|81[0-8][0-9]{1}|819[0-0]|8191)");
  CHECK(number_pattern(7) == "0*([0-6]|7)");
}

}  // namespace
}  // namespace hutch
