#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/origin.h"

namespace hutch {

struct Value;
struct Entry;

using Array = std::vector<Value>;

/// A TOML table: entries in byte order of their keys; the order of lines means nothing.
struct Table {
  std::vector<Entry> entries;

  [[nodiscard]] const Entry* find(std::string_view key) const;
  [[nodiscard]] Entry* find(std::string_view key);
  /// Puts the entry in its place; one of the same key is replaced.
  Entry& put(Entry entry);
  void remove(std::string_view key);
};

struct OtherType {};  ///< a TOML date or time: no key takes one

/// One TOML value that remembers where it was written. toml++ stays in read_toml.cc; everything else sees
/// this.
struct Value {
  std::variant<std::string, std::int64_t, double, bool, Array, Table, OtherType> data;
  Origin at;

  [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&data); }
  [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data); }
  [[nodiscard]] const double* real() const { return std::get_if<double>(&data); }
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&data); }
  [[nodiscard]] const Array* array() const { return std::get_if<Array>(&data); }
  [[nodiscard]] const Table* table() const { return std::get_if<Table>(&data); }
  [[nodiscard]] std::string* string() { return std::get_if<std::string>(&data); }
  [[nodiscard]] Array* array() { return std::get_if<Array>(&data); }
  [[nodiscard]] Table* table() { return std::get_if<Table>(&data); }
};

struct Entry {
  std::string key;
  Origin key_at;
  Value value;
};

}  // namespace hutch
