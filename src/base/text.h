#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hutch {

/// "64M", "1G", "4096", "1.5G" is refused: whole numbers with an optional K, M, G, T (powers of 1024,
/// either case, optionally followed by "B" or "iB"). Nothing on a syntax error or overflow of 64 bits.
std::optional<std::uint64_t> bytes_from(std::string_view text);

/// "90", "30s", "5m", "2h", "1d", "500ms"; an optional sign. In nanoseconds. Nothing on a syntax error or
/// overflow.
std::optional<std::int64_t> nanoseconds_from(std::string_view text);

/// The word of `known` nearest to `wrong` (edit distance with transposition, at most a third of the length),
/// or nothing.
std::optional<std::string_view> closest(std::string_view wrong, std::span<const std::string_view> known);

/// Makes bytes from anywhere safe to print: control characters, escapes and invalid UTF-8 become \xNN,
/// newline \n.
std::string printable(std::string_view bytes);

/// As `printable`, in double quotes, with quotes and backslashes escaped: a TOML basic string and a JSON-safe
/// one.
std::string quoted(std::string_view bytes);

bool is_utf8(std::string_view bytes);

/// Shell-style match of one path component or name: * ? [set], backslash makes the next character literal.
bool glob_matches(std::string_view pattern, std::string_view name);
/// Does the text contain an unescaped * ? or [ ?
bool has_glob(std::string_view text);
/// Puts a backslash before * ? [ and backslash.
std::string glob_escape(std::string_view text);
/// Takes the backslashes away again.
std::string glob_unescape(std::string_view text);

std::vector<std::string_view> split(std::string_view text, char separator);
/// Is `word` one of the words of a list with blanks between them?
bool has_word(std::string_view words, std::string_view word);

}  // namespace hutch
