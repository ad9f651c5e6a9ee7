#include "profile/merge.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "profile/words.h"

namespace hutch {
namespace {

bool same(const Value& a, const Value& b);

bool same(const Table& a, const Table& b) {
  return std::ranges::equal(a.entries, b.entries, [](const Entry& one, const Entry& other) {
    return one.key == other.key && same(one.value, other.value);
  });
}

/// Equal, wherever they were written.
bool same(const Value& a, const Value& b) {
  if (a.data.index() != b.data.index()) return false;
  if (a.table()) return same(*a.table(), *b.table());
  if (a.array())
    return std::ranges::equal(*a.array(), *b.array(),
                              [](const Value& one, const Value& other) { return same(one, other); });
  if (a.string()) return *a.string() == *b.string();
  if (a.integer()) return *a.integer() == *b.integer();
  if (a.boolean()) return *a.boolean() == *b.boolean();
  return a.real() && *a.real() == *b.real();
}

bool removes(const Value& item, std::string_view& what) {
  const std::string* text = item.string();
  if (!text || !text->starts_with('!')) return false;
  what = std::string_view(*text).substr(1);
  return true;
}

/// Says "no" at once where a text is not in a list: lists of system calls have hundreds.
class Texts {
 public:
  explicit Texts(const Array& list) {
    for (const Value& each : list) add(each);
  }
  void add(const Value& value) {
    if (const std::string* text = value.string()) hashes_.insert(std::hash<std::string_view>()(*text));
  }
  [[nodiscard]] bool may_have(const Value& value) const {
    const std::string* text = value.string();
    return !text || hashes_.contains(std::hash<std::string_view>()(*text));
  }

 private:
  std::unordered_set<std::size_t> hashes_;
};

void join(Array& below, Array layer) {
  Texts texts(below);
  const auto has = [&](const Value& item) {
    return texts.may_have(item) &&
           std::ranges::any_of(below, [&](const Value& each) { return same(each, item); });
  };
  for (Value& item : layer) {
    std::string_view gone;
    if (removes(item, gone)) {
      std::erase_if(below, [&](const Value& each) { return each.string() && *each.string() == gone; });
    } else if (!has(item)) {
      texts.add(item);
      below.push_back(std::move(item));
    }
  }
}

/// A list joined with nothing: duplicates and removals within it still count.
void settle(Value& value) {
  if (Array* list = value.array()) {
    Array given = std::exchange(*list, {});
    join(*list, std::move(given));
  } else if (Table* table = value.table()) {
    for (Entry& each : table->entries) {
      if (each.key != "command") settle(each.value);
    }
  }
}

void merge_value(Entry& below, Entry layer);

void merge_table(Table& below, Table layer) {
  for (Entry& each : layer.entries) {
    if (Entry* there = below.find(each.key)) {
      merge_value(*there, std::move(each));
    } else {
      if (each.key != "command") settle(each.value);
      below.put(std::move(each));
    }
  }
}

void replace(Entry& below, Entry layer) {
  if (layer.key != "command") settle(layer.value);
  below = std::move(layer);
}

void merge_value(Entry& below, Entry layer) {
  if (below.value.table() && layer.value.table()) {
    merge_table(*below.value.table(), std::move(*layer.value.table()));
  } else if (below.value.array() && layer.value.array() && layer.key != "command") {
    below.key_at = layer.key_at;
    below.value.at = layer.value.at;
    join(*below.value.array(), std::move(*layer.value.array()));
  } else {
    replace(below, std::move(layer));
  }
}

std::string_view type_of(const Value& mount) {
  const Entry* type = mount.table() ? mount.table()->find("type") : nullptr;
  return type && type->value.string() ? std::string_view(*type->value.string()) : std::string_view();
}

/// A mount that says another type is another mount. The same type adds to what is inherited.
void merge_mount(Table& mounts, Entry layer) {
  bool is_word = false;
  if (const std::string* word = layer.value.string()) {
    if (auto table = mount_of_word(*word, layer.value.at)) {
      is_word = true;
      layer.value.data = *std::move(table);
    }
  }
  Entry* below = mounts.find(layer.key);
  const std::string_view type = type_of(layer.value);
  const std::string_view inherited_type = below ? type_of(below->value) : "none";
  if (inherited_type == "none" || !layer.value.table() || (!type.empty() && type != inherited_type)) {
    settle(layer.value);
    mounts.put(std::move(layer));
    return;
  }
  Table& inherited = *below->value.table();
  const Table& given = *layer.value.table();
  // "ro" is not "ro?": the word without a question mark makes it required again.
  if (is_word && !given.find("optional")) inherited.remove("optional");
  // A file has its content or its source.
  if (given.find("content")) inherited.remove("source");
  if (type_of(below->value) == "file" && given.find("source")) inherited.remove("content");
  if (!type.empty()) {
    below->key_at = layer.key_at;
    below->value.at = layer.value.at;
  }
  merge_table(inherited, std::move(*layer.value.table()));
}

/// A word says all there is to say; a table adds to an inherited one.
void merge_namespace(Table& namespaces, Entry layer) {
  if (const std::string* word = layer.value.string(); word && (*word == "new" || *word == "host")) {
    Table table;
    table.put({"new", layer.value.at, {*word == "new", layer.value.at}});
    layer.value.data = std::move(table);
    namespaces.put(std::move(layer));
    return;
  }
  Table* given = layer.value.table();
  // A table without `new` asks for one: { monotonic = "+1d" }; to join is to have none.
  if (given && !given->find("new")) {
    const Entry* join = given->find("join");
    given->put({"new", layer.key_at, {join == nullptr, join != nullptr ? join->key_at : layer.key_at}});
  }
  if (Entry* below = namespaces.find(layer.key)) {
    // The other one of the two is not inherited.
    if (given && below->value.table()) below->value.table()->remove(given->find("join") ? "persist" : "join");
    merge_value(*below, std::move(layer));
  } else {
    namespaces.put(std::move(layer));
  }
}

bool is_namespace(std::string_view key) { return key != "propagation" && key != "nested"; }

void merge_section(Table& profile, Entry layer) {
  const bool mounts = layer.key == "mounts";
  if (!layer.value.table() || (!mounts && layer.key != "namespaces")) {
    Table one;
    one.put(std::move(layer));
    return merge_table(profile, std::move(one));
  }
  Entry* below = profile.find(layer.key);
  if (!below) below = &profile.put({layer.key, layer.key_at, {Table{}, layer.value.at}});
  Table& section = *below->value.table();
  for (Entry& each : layer.value.table()->entries) {
    if (mounts) {
      merge_mount(section, std::move(each));
    } else if (is_namespace(each.key)) {
      merge_namespace(section, std::move(each));
    } else {
      section.put(std::move(each));
    }
  }
}

/// In [environment.set] a table value is one value, not a place to merge into.
void plain_environment(Table& layer) {
  Entry* environment = layer.find("environment");
  Entry* set = environment && environment->value.table() ? environment->value.table()->find("set") : nullptr;
  if (!set || !set->value.table()) return;
  for (Entry& variable : set->value.table()->entries) {
    if (!variable.value.table()) continue;
    if (const Entry* value = variable.value.table()->find("value")) {
      Value inner = value->value;
      variable.value = std::move(inner);
    }
  }
}

/// A path alone is a table with one key, so that layers can add to it.
void plain_build(Table& layer) {
  Entry* build = layer.find("build");
  if (!build || !build->value.table()) return;
  for (const auto& [section, key] : {std::pair{"inputs", "source"}, std::pair{"outputs", "to"}}) {
    Entry* paths = build->value.table()->find(section);
    if (!paths || !paths->value.table()) continue;
    for (Entry& each : paths->value.table()->entries) {
      if (!each.value.string()) continue;
      Table table;
      table.put({key, each.value.at, each.value});
      each.value.data = std::move(table);
    }
  }
}

/// What was left out may leave a heading without lines. [landlock] means something without any.
void drop_empty_tables(Table& table) {
  for (Entry& each : table.entries) {
    if (each.value.table()) drop_empty_tables(*each.value.table());
  }
  std::erase_if(table.entries, [](const Entry& each) {
    return each.key != "landlock" && each.value.table() && each.value.table()->entries.empty();
  });
}

}  // namespace

void merge(Value& below, Value layer) {
  plain_environment(*layer.table());
  plain_build(*layer.table());
  for (Entry& each : layer.table()->entries) merge_section(*below.table(), std::move(each));
}

void finish_merge(Value& merged) {
  Entry* mounts = merged.table()->find("mounts");
  if (mounts && mounts->value.table()) {
    std::erase_if(mounts->value.table()->entries,
                  [](const Entry& each) { return type_of(each.value) == "none"; });
  }
  drop_empty_tables(*merged.table());
}

}  // namespace hutch
