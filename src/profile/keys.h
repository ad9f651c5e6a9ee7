#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// THE table of everything a profile may say. From it come the shape check, did-you-mean, the JSON Schema,
/// the table in the manual page and `hutch explain KEY`. A key that is not here does not exist.

namespace hutch {

enum class Shape : std::uint8_t {
  text,  ///< a string
  name,  ///< a non-empty string without "/" or NUL
  path,  ///< a non-empty string: a path, absolute or (for host paths) relative to the file's folder
  boolean,
  integer,   ///< within `low` … `high`
  size,      ///< integer, or "64M"
  duration,  ///< integer seconds, or "30s", "+1d"
  mode,      ///< integer 0 … 0o7777, or an octal string "1777"
  word,      ///< one of `words`
  texts,     ///< list of strings
  integers,  ///< list of integers within `low` … `high`
  words,     ///< list of strings out of `words` (each may be preceded by "!")
  table,     ///< a table with keys of its own: `table` of other rows is this row's path
  tables,    ///< a list of such tables
  special,   ///< has a checker of its own (a namespace, a mount, a limit, a stream …): see check.cc
};

struct Key {
  std::string_view table;  ///< path of the table it lives in: "" top level, "process", "mounts.*" a mount's
                           ///< table, "params.*"
  std::string_view name;   ///< "umask"; "*" for user-chosen keys
  Shape shape;
  std::string_view
      words;  ///< "new host": for `word` and `words`, where "~new" is known but not supported yet;
              ///< for others the name of the checker that looks closer: "limit_bytes", "env_glob"
  std::string_view fallback;  ///< the default, as shown to people; "" none
  std::string_view help;      ///< one or two sentences, for the manual page and the schema
  std::string_view needs;     ///< kernel version or feature: "Linux 6.2"; "" nothing beyond 5.14
  bool later = false;         ///< known, but refused with "not supported yet"
  std::int64_t low = 0;
  std::int64_t high = INT64_MAX;
  std::string_view types;    ///< for "mounts.*": the mount types that take it, "bind device"; "" all of them
  std::string_view example;  ///< a piece of TOML that says it, whole: `--set` takes it, and it compiles
};

std::span<const Key> all_keys();
const Key* find_key(std::string_view table, std::string_view name);

}  // namespace hutch
