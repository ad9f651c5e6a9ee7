#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hutch {

/// Paths as text. Nothing here asks the machine.

/// "/a/./b//c/../d/" -> "/a/b/d". Absolute in, absolute out; never above "/".
std::string normalise(std::string_view absolute);

/// `path` if it is absolute, else below `directory`; normalised either way.
std::string absolute_from(std::string_view directory, std::string_view path);

/// "/a/b" -> "/a"; "/a" -> "/"; "/" -> "/".
std::string_view parent_of(std::string_view path);
/// "/a/b" -> "b"; "/" -> "".
std::string_view name_of(std::string_view path);

/// Is `path` the same as `directory`, or below it? ("/ab" is not below "/a".)
bool is_within(std::string_view path, std::string_view directory);

/// "/a" + "b/c" -> "/a/b/c"; "/" + "b" -> "/b"; "" leaves `directory`.
std::string join_path(std::string_view directory, std::string_view rest);

/// "/a/b" -> {"a", "b"}.
std::vector<std::string_view> components(std::string_view path);

}  // namespace hutch
