// What holds for merging whatever is merged.
#include <fmt/format.h>

#include <rapidcheck/catch.h>

#include <string>
#include <utility>
#include <vector>

#include "profile/merge.h"
#include "profile/read_toml.h"

using namespace hutch;

namespace {

std::string text_of(const Value& value) {
  if (const Table* table = value.table()) {
    std::string text = "{";
    for (const Entry& each : table->entries) text += fmt::format(" {} = {}", each.key, text_of(each.value));
    return text + " }";
  }
  if (const Array* array = value.array()) {
    std::string text = "[";
    for (const Value& each : *array) text += " " + text_of(each);
    return text + " ]";
  }
  if (value.string()) return '"' + *value.string() + '"';
  if (value.integer()) return std::to_string(*value.integer());
  return value.boolean() && *value.boolean() ? "true" : "false";
}

/// A layer as the loader has it: merged onto nothing.
Value layer_of(const std::string& toml) {
  Sources sources;
  auto tree = read_toml(sources.add("box.toml", toml, "/"), sources);
  RC_ASSERT(tree.has_value());
  Value whole{Table{}, {}};
  merge(whole, *std::move(tree));
  return whole;
}

Value on_top(Value below, const Value& layer) {
  merge(below, layer);
  return below;
}

/// Lines that only ever add or replace: "!x", "none" and another type of mount speak of everything below.
rc::Gen<std::string> layers() {
  const std::vector<std::string> pool{
      "hostname = 'a'\n",
      "hostname = 'b'\n",
      "process.nice = 1\n",
      "process.nice = 2\n",
      "process.umask = '022'\n",
      "process.command = ['a', 'a']\n",
      "process.command = ['b']\n",
      "environment.inherit = ['A', 'B']\n",
      "environment.inherit = ['B', 'C', 'B']\n",
      "environment.set.A = 'x'\n",
      "environment.set.A = 'y'\n",
      "mounts.'/a' = { type = 'bind', write = true }\n",
      "mounts.'/a' = { type = 'bind', source = '/s', exec = false }\n",
      "mounts.'/b' = { type = 'tmpfs', size = '1M' }\n",
      "mounts.'/b' = { type = 'tmpfs', size = '2M', mode = '0700' }\n",
      "limits.nofile = 64\n",
      "limits.nofile = { soft = 1, hard = 2 }\n",
      "capabilities.keep = ['chown']\n",
      "namespaces.net = 'host'\n",
      "namespaces.net = 'new'\n",
      "namespaces.nested = 'deny'\n",
      "namespaces.propagation = 'slave'\n",
  };
  const auto key_of = [](const std::string& line) { return line.substr(0, line.find(" = ")); };
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pool)),
                      [key_of](const std::vector<std::string>& lines) {
                        std::vector<std::string> keys;
                        std::string text;
                        for (const std::string& line : lines) {
                          if (std::ranges::find(keys, key_of(line)) != keys.end()) continue;
                          keys.push_back(key_of(line));
                          text += line;
                        }
                        return text;
                      });
}

}  // namespace

TEST_CASE("merging has laws") {
  rc::prop("layers that add and replace can be merged in any grouping", [] {
    const Value a = layer_of(*layers());
    const Value b = layer_of(*layers());
    const Value c = layer_of(*layers());
    RC_ASSERT(text_of(on_top(on_top(a, b), c)) == text_of(on_top(a, on_top(b, c))));
  });
  rc::prop("a layer merged twice is merged once", [] {
    const Value a = layer_of(*layers());
    const Value b = layer_of(*layers());
    RC_ASSERT(text_of(on_top(on_top(a, b), b)) == text_of(on_top(a, b)));
  });
  rc::prop("an empty layer changes nothing, above or below", [] {
    const Value a = layer_of(*layers());
    RC_ASSERT(text_of(on_top(a, layer_of(""))) == text_of(a));
    RC_ASSERT(text_of(on_top(layer_of(""), a)) == text_of(a));
  });
}
