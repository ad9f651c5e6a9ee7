#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace hutch {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr Unit kSizes[] = {{"", 1},           {"b", 1},          {"k", 1ULL << 10},
                           {"m", 1ULL << 20}, {"g", 1ULL << 30}, {"t", 1ULL << 40}};

constexpr Unit kDurations[] = {{"", 1'000'000'000},
                               {"ns", 1},
                               {"us", 1'000},
                               {"ms", 1'000'000},
                               {"s", 1'000'000'000},
                               {"m", 60'000'000'000},
                               {"h", 3'600'000'000'000},
                               {"d", 86'400'000'000'000}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct Quantity {
  std::uint64_t number;
  std::string_view unit;
};

std::optional<Quantity> quantity_from(std::string_view text) {
  Quantity read{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read.number);
  if (error != std::errc{}) return std::nullopt;
  read.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return read;
}

std::optional<std::uint64_t> scaled(const Quantity& quantity, std::string_view unit,
                                    std::span<const Unit> units) {
  const auto found = std::ranges::find(units, unit, &Unit::name);
  if (found == units.end()) return std::nullopt;
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(quantity.number, found->factor, &product)) return std::nullopt;
  return product;
}

/// Damerau's distance (optimal string alignment): insert, delete, replace, swap neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = above[j - 1] + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

/// Length of the well-formed UTF-8 sequence at the start of `text` (RFC 3629), 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

std::uint32_t code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return byte(0);
  std::uint32_t point = byte(0) & (0x7FU >> sequence.size());
  for (std::size_t i = 1; i < sequence.size(); ++i) point = (point << 6) | (byte(i) & 0x3FU);
  return point;
}

/// Characters that draw nothing or change how others are drawn: controls, bidirectional marks, line
/// separators.
bool is_deceptive(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0xAD || point == 0x61C ||
         (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF || (point >= 0xFFF9 && point <= 0xFFFB) ||
         (point >= 0xE0000 && point <= 0xE0FFF);
}

void append_escaped(std::string& out, std::string_view bytes) {
  for (const char c : bytes) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
}

}  // namespace

std::optional<std::uint64_t> bytes_from(std::string_view text) {
  const auto quantity = quantity_from(text);
  if (!quantity) return std::nullopt;
  std::string unit(quantity->unit);
  std::ranges::transform(unit, unit.begin(), lower);
  if (!unit.empty() && !unit.starts_with('b') && (unit.substr(1) == "ib" || unit.substr(1) == "b"))
    unit.resize(1);
  return scaled(*quantity, unit, kSizes);
}

std::optional<std::int64_t> nanoseconds_from(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto quantity = quantity_from(text);
  if (!quantity) return std::nullopt;
  const auto size = scaled(*quantity, quantity->unit, kDurations);
  if (!size || *size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  const auto nanoseconds = static_cast<std::int64_t>(*size);
  return negative ? -nanoseconds : nanoseconds;
}

std::optional<std::string_view> closest(std::string_view wrong, std::span<const std::string_view> known) {
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(1, wrong.size() / 3) + 1;
  for (const std::string_view word : known) {
    const std::size_t apart =
        word.size() > wrong.size() ? word.size() - wrong.size() : wrong.size() - word.size();
    if (apart >= best_distance) continue;
    const std::size_t distance = edit_distance(wrong, word);
    // Two words that share nothing are not a typing mistake of each other.
    if (distance >= best_distance || distance >= std::max(wrong.size(), word.size())) continue;
    best = word;
    best_distance = distance;
  }
  return best;
}

std::string printable(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    const std::string_view sequence = bytes.substr(0, std::max<std::size_t>(1, length));
    if (sequence == "\n")
      out += "\\n";
    else if (length == 0 || is_deceptive(code_point(sequence)))
      append_escaped(out, sequence);
    else
      out += sequence;
    bytes.remove_prefix(sequence.size());
  }
  return out;
}

std::string quoted(std::string_view bytes) {
  std::string out = "\"";
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    const std::string_view sequence = bytes.substr(0, std::max<std::size_t>(1, length));
    if (length == 0)
      out += "\xEF\xBF\xBD";  // U+FFFD: neither TOML nor JSON can hold a byte that is not text
    else if (sequence == "\"" || sequence == "\\")
      out.append("\\").append(sequence);
    else if (sequence == "\n")
      out += "\\n";
    else if (const std::uint32_t point = code_point(sequence); is_deceptive(point) && point < 0x10000)
      out += fmt::format("\\u{:04x}", point);
    else
      out += sequence;
    bytes.remove_prefix(sequence.size());
  }
  return out += '"';
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

namespace {

struct SetMatch {
  bool matches = false;
  std::size_t length =
      0;  ///< of the set in the pattern; 0: the bracket is never closed and stands for itself
};

/// `pattern` starts with "[": a set as in glob(7), with ranges, and "!" or "^" to negate.
SetMatch match_set(std::string_view pattern, char c) {
  std::size_t i = 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool found = false;
  const auto value = [](char each) { return static_cast<unsigned char>(each); };
  for (bool first = true; i < pattern.size(); first = false) {
    if (pattern[i] == ']' && !first) return {found != negated, i + 1};
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    const char low = pattern[i++];
    char high = low;
    if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
      ++i;
      if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
      high = pattern[i++];
    }
    if (value(low) <= value(c) && value(c) <= value(high)) found = true;
  }
  return {};
}

/// How many characters of `pattern` match the one character `c`; 0 if they do not.
std::size_t match_one(std::string_view pattern, char c) {
  if (pattern[0] == '?') return 1;
  if (pattern[0] == '\\' && pattern.size() > 1) return pattern[1] == c ? 2 : 0;
  if (pattern[0] == '[') {
    const SetMatch set = match_set(pattern, c);
    if (set.length != 0) return set.matches ? set.length : 0;
  }
  return pattern[0] == c ? 1 : 0;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view name) {
  // One star is remembered at a time: the last one can always make up for the ones before it,
  // so that no pattern takes more than quadratic time.
  std::size_t p = 0, n = 0, after_star = std::string_view::npos, star_took = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_took = n;
      continue;
    }
    const std::size_t used = p < pattern.size() ? match_one(pattern.substr(p), name[n]) : 0;
    if (used != 0) {
      p += used;
      ++n;
      continue;
    }
    if (after_star == std::string_view::npos) return false;
    p = after_star;
    n = ++star_took;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool has_glob(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '*' || text[i] == '?' || text[i] == '[')
      return true;
  }
  return false;
}

std::string glob_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("*?[\\").contains(c)) out += '\\';
    out += c;
  }
  return out;
}

std::string glob_unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

bool has_word(std::string_view words, std::string_view word) {
  while (true) {
    const std::size_t end = words.find(' ');
    if (words.substr(0, end) == word) return true;
    if (end == std::string_view::npos) return false;
    words.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace hutch
