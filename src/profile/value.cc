#include "profile/value.h"

#include <algorithm>
#include <utility>

namespace hutch {
namespace {

template <class Entries>
auto place_of(Entries& entries, std::string_view key) {
  return std::ranges::lower_bound(entries, key, {},
                                  [](const Entry& entry) { return std::string_view(entry.key); });
}

template <class Entries>
auto* find_in(Entries& entries, std::string_view key) {
  const auto at = place_of(entries, key);
  return at != entries.end() && at->key == key ? &*at : nullptr;
}

}  // namespace

const Entry* Table::find(std::string_view key) const { return find_in(entries, key); }
Entry* Table::find(std::string_view key) { return find_in(entries, key); }

Entry& Table::put(Entry entry) {
  const auto at = place_of(entries, entry.key);
  if (at != entries.end() && at->key == entry.key) {
    *at = std::move(entry);
    return *at;
  }
  return *entries.insert(at, std::move(entry));
}

void Table::remove(std::string_view key) {
  const auto at = place_of(entries, key);
  if (at != entries.end() && at->key == key) entries.erase(at);
}

}  // namespace hutch
