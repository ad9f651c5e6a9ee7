#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "plan/compile.h"
#include "profile/profile.h"

namespace hutch {

/// A word of the command line, or the part of it behind `=`, that may be the name of a file.
struct FileWord {
  std::size_t index = 0;    ///< in Request::arguments
  std::size_t from = 0;     ///< where the name begins: 0, or behind the `=` of `--name=`
  std::string text;         ///< the name, as written
  bool is_program = false;  ///< the first word, where the command line names the program
};

/// Which words are looked at: plain ones, the value of `--name=VALUE`, and everything behind a `--`. The
/// program's name only where it has a slash: others are looked for in PATH.
std::vector<FileWord> file_words(const Request& request, const Process& process);

/// May a word that names nothing yet be a file that the program is to make? One with a slash may, or one that
/// ends as file names do (`out.png`) and holds nothing that a shell or a language would have a meaning for:
/// not `50%`, `hello`, `SELECT a.b FROM c;`.
bool looks_like_output(const std::string& text);

}  // namespace hutch
