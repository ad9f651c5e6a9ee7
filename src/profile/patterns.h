#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// The small languages of words.h as regular expressions (ECMA 262), for the JSON Schema.

namespace hutch {

/// Whole decimal numbers from 0 to `most`, with leading zeros.
std::string number_pattern(std::uint64_t most);

std::string size_pattern(std::int64_t low);
std::string duration_pattern(bool may_be_negative);
std::string mode_pattern(std::int64_t high);
/// For the `special` keys and lists: by the hint in Key::words. Empty for a hint without one.
std::string text_pattern(std::string_view hint);
std::string limit_pattern(std::string_view hint);
/// A list's item out of these words, which "!" may precede.
std::string item_pattern(std::string_view words);
std::string target_pattern();

}  // namespace hutch
