#include "profile/show.h"

#include <catch2/catch.hpp>

#include "profile/profiles.h"

namespace hutch {
namespace {

using test::Folder;

TEST_CASE("each line of the effective profile ends with where its value came from") {
  Folder folder;
  folder.write("profiles/base.toml", "hostname = 'h'\n[environment]\ninherit = ['A']\n")
      .write("profiles/p.toml",
             "extends = ['base']\n[environment]\ninherit = ['B']\n[mounts]\n'/d' = 'ro'\n");
  folder.request.overrides = {{"--set", "process.umask = 0o27"}};
  auto loaded = folder.load("p");
  REQUIRE(loaded);
  CHECK(folder.tidy(show_effective(*loaded, folder.sources)) ==
        "hostname = \"h\"  # @/profiles/base.toml:1\n"
        "\n"
        "[environment]  # @/profiles/base.toml:2\n"
        "inherit = [  # @/profiles/p.toml:3\n"
        "  \"A\",  # @/profiles/base.toml:3\n"
        "  \"B\",  # @/profiles/p.toml:3\n"
        "]  # @/profiles/p.toml:3\n"
        "\n"
        "[mounts.\"/d\"]  # @/profiles/p.toml:5\n"
        "type = \"bind\"  # @/profiles/p.toml:5\n"
        "write = false  # @/profiles/p.toml:5\n"
        "\n"
        "[process]  # --set:1\n"
        "umask = 0o27  # --set:1\n");
}

TEST_CASE("what is shown is a profile again, and shows the same") {
  Folder folder;
  folder.write("profiles/p.toml",
               "hostname = 'h'\n[environment]\ninherit = ['A', 'B*']\nset.X = \"$$ $${HOME} $HOME \\\" \\\\ "
               "\\n\\u001b é\"\n[mounts]\n"
               "'/g\\*' = 'tmpfs'\n'/a b' = { type = 'file', content = \"x\\ty\" }\n'/o' = { type = "
               "'overlay', lower = ['/a', '/b'] }\n"
               "'/$${x}' = 'dir'\n[identity]\nuid_map = [{ inside = 0, outside = 'self' "
               "}]\n[namespaces]\ntime = { monotonic = 3 }\n"
               "[limits]\nas = { soft = 1, hard = 'unlimited' }\n[process]\ncommand = ['!a', '', '$x']\n");
  const std::string first = folder.effective("p");
  REQUIRE(first.find("E0") == first.npos);
  auto loaded = folder.load("p");
  folder.write("profiles/again.toml", show_effective(*loaded, folder.sources));
  CHECK(folder.effective("again") == first);
  CHECK(*folder.load("again")->profile.environment.set.at("X") == "$ ${HOME} $HOME \" \\ \n\x1b é");
}

}  // namespace
}  // namespace hutch
