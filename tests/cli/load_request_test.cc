#include "cli/load_request.h"

#include <catch2/catch.hpp>

#include "cli/print_diagnostics.h"
#include "support/fake_host.h"

using namespace hutch;

namespace {

/// The TOML of each option, or the first complaint.
std::vector<std::string> toml_of(std::vector<std::string> options, const Host& host = test::FakeHost()) {
  options.insert(options.begin(), "run");
  options.push_back("app");
  Sources sources;
  Words words;
  REQUIRE(sort_words(options, sources, words).has_value());
  const auto request = load_request(words, "app", host);
  if (!request) return {request.error()[0].code + ": " + request.error()[0].what};
  CHECK(request->profile == "app");
  std::vector<std::string> out;
  for (const Override& each : request->overrides) out.push_back(each.option + " " + each.toml);
  for (const auto& [name, value] : request->parameters) out.push_back(name + " -> " + value);
  return out;
}

class NowhereHost : public test::FakeHost {
 public:
  NowhereHost() { caller_.directory.clear(); }
  [[nodiscard]] const Caller& caller() const override { return caller_; }

 private:
  Caller caller_;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("short options become TOML in the order given") {
  CHECK(toml_of({"--rw", "/data", "--set", "limits.nofile = 64", "--tmpfs", "/tmp", "--ro=/usr"}) ==
        Texts{R"(--rw mounts."/data" = "rw")", "--set limits.nofile = 64",
              R"(--tmpfs mounts."/tmp" = "tmpfs")", R"(--ro mounts."/usr" = "ro")"});
  CHECK(toml_of({"--hostname", "box", "--cwd", "/work", "--net", "host"}) ==
        Texts{R"(--hostname hostname = "box")", R"(--cwd process.cwd = "/work")",
              R"(--net namespaces.net = "host")"});
}

TEST_CASE("a relative path starts at the caller's directory") {
  CHECK(toml_of({"--rw", "src/../data"}) == Texts{R"(--rw mounts."/home/ada/data" = "rw")"});
  CHECK(toml_of({"--ro", "."}) == Texts{R"(--ro mounts."/home/ada" = "ro")"});
  CHECK(toml_of({"--ro", "x"}, NowhereHost()) ==
        Texts{"E0906: `x` is relative, and the current directory cannot be named"});
  CHECK(toml_of({"--ro", "/x"}, NowhereHost()) == Texts{R"(--ro mounts."/x" = "ro")"});
}

TEST_CASE("what is typed is taken literally: no variables, no patterns, no way out of the quotes") {
  CHECK(toml_of({"--ro", "/a$HOME/${X}"}) == Texts{R"(--ro mounts."/a$$HOME/$${X}" = "ro")"});
  CHECK(toml_of({"--ro", "/we*ird[1]?"}) == Texts{R"(--ro mounts."/we\\*ird\\[1]\\?" = "ro")"});
  CHECK(toml_of({"--ro", "/a\" = \"rw\"\n\"/b"}) == Texts{R"(--ro mounts."/a\" = \"rw\"\n\"/b" = "ro")"});
  CHECK(toml_of({"--hostname", "a\"b"}) == Texts{R"(--hostname hostname = "a\"b")"});
}

TEST_CASE("a variable is set or let through") {
  CHECK(toml_of({"--env", "A=1=2", "--env", "B", "--env", "C=", "--env", "D.E=$x"}) ==
        Texts{R"(--env environment.set."A" = "1=2")", R"(--env environment.inherit = ["B"])",
              R"(--env environment.set."C" = "")", R"(--env environment.set."D.E" = "$$x")"});
  CHECK(toml_of({"--env", "=x"}) == Texts{"E0905: --env needs a name first"});
  CHECK(toml_of({"--env", ""}) == Texts{"E0905: --env needs a name first"});
  CHECK(toml_of({"--env", "!PATH"}) == Texts{"E0905: --env needs a name first"});
}

TEST_CASE("parameters are names with values, the last one counts") {
  CHECK(toml_of({"--param", "a=1", "--param", "b=x=y", "--param", "a=2"}) == Texts{"a -> 2", "b -> x=y"});
  CHECK(toml_of({"--param", "a"}) == Texts{"E0905: `a` gives no parameter a value"});
  CHECK(toml_of({"--param", "=1"}) == Texts{"E0905: `=1` gives no parameter a value"});
}

TEST_CASE("an empty path is an error, not the current directory") {
  CHECK(toml_of({"--rw", ""}) == Texts{"E0905: --rw needs a path, not an empty text"});
}
