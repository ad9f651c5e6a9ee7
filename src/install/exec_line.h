#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The command line in an `Exec` of a .desktop file (Desktop Entry Specification, "The Exec key") or of a
/// D-Bus service file. There are two layers of escapes: `\s \n \t \r \\` of every value, and the quoting of
/// words below.

namespace hutch {

/// A word of the command line, and which bytes of the value it is written in.
struct ExecWord {
  std::string text;
  std::size_t begin = 0, end = 0;
};

/// The words; nothing where a quote is not closed. Quoting is read as GLib and D-Bus do, which take
/// everything that the specification allows.
std::optional<std::vector<ExecWord>> exec_words(std::string_view value);

/// Which of the words is the program: behind `env` and its assignments, too. Nothing if there is none.
std::optional<std::size_t> program_word(const std::vector<ExecWord>& words);

/// A value of one string, with its escapes undone.
std::string unescaped_value(std::string_view value);
/// The reverse, for a value that is a string and not a command line.
std::string escaped_value(std::string_view text);

/// `path` as a word of a command line. With field codes (%u …) a percent sign is doubled.
std::string exec_word(std::string_view path, bool field_codes);

}  // namespace hutch
