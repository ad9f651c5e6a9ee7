#include "profile/key_examples.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/text.h"
#include "profile/read_toml.h"

namespace hutch {
namespace {

/// Is a table that stands at this path one that `table` of the key table means?
bool is_at(std::string_view table, const std::vector<std::string_view>& path) {
  if (table == "when") return !path.empty() && path.back() == "when";
  if (table == "identity.map")
    return path.size() == 2 && path[0] == "identity" && (path[1] == "uid_map" || path[1] == "gid_map");
  const auto names = table.empty() ? std::vector<std::string_view>{} : split(table, '.');
  return std::ranges::equal(
      names, path, [](std::string_view name, std::string_view at) { return name == "*" || name == at; });
}

class Finder {
 public:
  Finder(const Key& key, std::vector<Value>& found) : key_(key), found_(found) {}

  /// Rows of a list stand where the list stands.
  void look_into(const Value& value) {
    if (const Array* rows = value.array()) {
      for (const Value& row : *rows) look_into(row);
    } else if (const Table* table = value.table()) {
      const bool here = is_at(key_.table, path_);
      for (const Entry& entry : table->entries) {
        if (here && (key_.name == "*" || key_.name == entry.key)) found_.push_back(entry.value);
        path_.push_back(entry.key);
        look_into(entry.value);
        path_.pop_back();
      }
    }
  }

 private:
  const Key& key_;
  std::vector<Value>& found_;
  std::vector<std::string_view> path_;
};

}  // namespace

std::vector<Value> example_values(const Key& key) {
  Sources sources;
  const auto tree = read_toml(sources.add("example", std::string(key.example), "/"), sources);
  std::vector<Value> found;
  if (tree) Finder(key, found).look_into(*tree);
  std::ranges::sort(found, {}, &Value::at);
  return found;
}

}  // namespace hutch
