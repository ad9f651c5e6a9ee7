#pragma once

#include <span>
#include <string_view>

namespace hutch {

/// What `hutch explain E0104` says. Every code that is used anywhere has a row; a code never changes its
/// meaning.
struct MessageCode {
  std::string_view code;   ///< "E0104"
  std::string_view title;  ///< one line
  std::string_view text;   ///< a paragraph: why it is an error, and what to do
};

std::span<const MessageCode> message_codes();

}  // namespace hutch
