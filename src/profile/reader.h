#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "profile/said.h"
#include "profile/value.h"
#include "profile/words.h"

namespace hutch {

/// Reads the keys of one table, whose shape the check has made sure of.
class Reader {
 public:
  explicit Reader(const Table* table) : table_(table) {}
  Reader(const Table& parent, std::string_view name) {
    const Entry* entry = parent.find(name);
    if (entry) table_ = entry->value.table();
  }

  [[nodiscard]] const Value* find(std::string_view key) const {
    const Entry* entry = table_ ? table_->find(key) : nullptr;
    return entry ? &entry->value : nullptr;
  }
  [[nodiscard]] const Table* table() const { return table_; }

  /// Gives `into` what `convert` makes of the value of `key`, if it is said.
  template <class Into, class Convert>
  void take(std::string_view key, Into& into, const Convert& convert) const {
    if (const Value* value = find(key)) into = {{convert(*value), value->at}};
  }
  template <class T, class Convert>
  void take(std::string_view key, Said<T>& into, const Convert& convert) const {
    if (const Value* value = find(key)) into = {convert(*value), value->at};
  }
  void take(std::string_view key, Said<bool>& into) const { take(key, into, truth); }
  void take(std::string_view key, MaybeSaid<bool>& into) const { take(key, into, truth); }
  void take(std::string_view key, MaybeSaid<std::string>& into) const { take(key, into, text); }
  void take(std::string_view key, MaybeSaid<std::uint32_t>& into) const { take(key, into, number); }
  void take(std::string_view key, MaybeSaid<std::int32_t>& into) const { take(key, into, signed_number); }

  void take(std::string_view key, std::vector<Said<std::string>>& into) const {
    if (const Value* value = find(key)) {
      for (const Value& each : *value->array()) into.push_back({*each.string(), each.at});
    }
  }
  void take(std::string_view key, std::vector<Said<std::uint32_t>>& into) const {
    if (const Value* value = find(key)) {
      for (const Value& each : *value->array()) into.push_back({number(each), each.at});
    }
  }

  static bool truth(const Value& value) { return *value.boolean(); }
  static std::string text(const Value& value) { return *value.string(); }
  static std::uint32_t number(const Value& value) { return static_cast<std::uint32_t>(*value.integer()); }
  static std::int32_t signed_number(const Value& value) {
    return static_cast<std::int32_t>(*value.integer());
  }
  static std::uint32_t mode(const Value& value) {
    return value.integer() ? static_cast<std::uint32_t>(*value.integer())
                           : mode_from(*value.string(), 07777).value_or(0);
  }
  static std::uint64_t size(const Value& value) {
    return value.integer() ? static_cast<std::uint64_t>(*value.integer())
                           : bytes_from(*value.string()).value_or(0);
  }
  static std::int64_t nanoseconds(const Value& value) {
    return value.integer() ? *value.integer() * 1'000'000'000 : nanoseconds_from(*value.string()).value_or(0);
  }

 private:
  const Table* table_ = nullptr;
};

}  // namespace hutch
