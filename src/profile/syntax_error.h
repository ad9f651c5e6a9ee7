#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace hutch {

/// What a TOML parser said ("Error while parsing value: could not determine value type") about a place in
/// `text`, as a person would like to hear it: the words to blame, and what to write instead.
Diagnostic syntax_error(std::string_view text, std::string_view said, Origin at);

/// The bytes of line `number` (from 1) without its line end.
std::string_view line_of(std::string_view text, std::uint32_t number);

/// How many code points these bytes are.
std::uint32_t code_points(std::string_view bytes);

}  // namespace hutch
