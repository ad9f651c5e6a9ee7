#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/sources.h"
#include "profile/keys.h"
#include "profile/value.h"

namespace hutch {

/// The work behind check.h: walks a tree beside the table of keys and collects what is wrong.
class Checker {
 public:
  enum class Stage : std::uint8_t { written, expanded, merged };
  Checker(const Sources& sources, Stage stage) : sources_(sources), stage_(stage) {}

  /// Where a table stands, as messages say it: " in [process]". Becomes text only if there is a message.
  struct Place {
    std::string_view before, name, after;
    bool is_quoted = false;
    const Place* outer = nullptr;
    [[nodiscard]] std::string text() const;
  };
  /// `path` names rows of the key table.
  void table(const Table& table, std::string_view path, const Place& place);
  /// A mount's table on its own, as after merging.
  void mount(const std::string& target, Origin key_at, const Value& value);

  [[nodiscard]] Diagnostics take();

 private:
  void entry(const Entry& entry, const Key& key, const Place& place);
  void value(const std::string& name, const Value& value, const Key& key);
  void table_of(const std::string& name, const Value& value, const Key& key, const Place& place);
  void tables_of(const std::string& name, const Value& value, const Key& key);
  void list(const std::string& name, const Value& value, const Key& key);
  void integer(const std::string& name, const Value& value, const Key& key);
  void size(const std::string& name, const Value& value, const Key& key);
  void duration(const std::string& name, const Value& value, const Key& key);
  void mode(const std::string& name, const Value& value, const Key& key);
  void word(const std::string& name, const Value& value, std::string_view words);
  void text(const std::string& name, const Value& value, const Key& key);
  void item(const std::string& name, const Value& value, const Key& key);
  void no_nul(const std::string& name, const Value& value);

  void special(const std::string& name, const Value& value, const Key& key);
  void special_text(const std::string& name, const Value& value, const Key& key);
  void namespace_of(const std::string& name, const Value& value);
  void environment_of(const std::string& name, const Value& value);
  void limit_of(const std::string& name, const Value& value, const Key& key);
  void limit_value(const std::string& name, const Value& value, const Key& key);
  void outside(const std::string& name, const Value& value, const Key& key);
  void map_row(const std::string& name, const Table& row, Origin at);
  void test_row(const Table& row, Origin at);
  void expectation(const std::string& name, const Value& value);
  void seccomp_row(const Key& key, const Table& row, Origin at);
  void choices(const std::string& name, const Value& value);
  void param_of(const std::string& name, const Table& param);

  void build_entry(const Entry& entry, const Key& key);
  void target(const std::string& path, Origin at, std::string_view called = "mount target");
  void mount_word(const std::string& target, const Value& value);
  void mount_keys(const std::string& target, const Table& table, std::string_view type, Origin at);
  void mount_needs(const std::string& target, const Table& table, std::string_view type, Origin at);
  void mount_place(const std::string& target, const Table& table, std::string_view type, Origin key_at);

  void unknown_key(const Entry& entry, std::string_view path, const Place& place);
  void problem(std::string code, std::string what, Origin at, std::string label = {}, std::string help = {});
  void wrong_type(const std::string& name, std::string_view expected, const Value& value);
  [[nodiscard]] bool waits(std::string_view text) const;

  const Sources& sources_;
  Stage stage_;
  Diagnostics found_;
};

}  // namespace hutch
