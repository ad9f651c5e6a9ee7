#include "profile/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "base/text.h"
#include "profile/checker.h"
#include "profile/words.h"

namespace hutch {
namespace {

/// How a table is called in messages.
Checker::Place place_of(std::string_view path) {
  if (path == "when") return {.before = " in `when`"};
  if (path.empty()) return {};
  return {.before = " in [", .name = path, .after = "]"};
}

std::string range_of(const Key& key) {
  if (key.high == INT64_MAX) return key.low == 0 ? "" : fmt::format(", at least {}", key.low);
  return key.low == key.high ? fmt::format(", and that is {}", key.low)
                             : fmt::format(" from {} to {}", key.low, key.high);
}

/// What the table of keys may hold at this path; for did-you-mean.
std::vector<std::string_view> names_in(std::string_view path) {
  std::vector<std::string_view> names;
  for (const Key& key : all_keys()) {
    if (key.table == path && key.name != "*") names.push_back(key.name);
  }
  return names;
}

}  // namespace

void sort_by_place(Diagnostics& diagnostics) {
  std::ranges::stable_sort(diagnostics, {}, [](const Diagnostic& each) {
    return std::tuple(each.at.source, each.at.line, each.at.column);
  });
}

Diagnostics check_shape(const Value& profile, const Sources& sources) {
  Checker checker(sources, Checker::Stage::written);
  checker.table(*profile.table(), "", {});
  return checker.take();
}

Diagnostics check_expanded(const Value& profile, const Sources& sources) {
  Checker checker(sources, Checker::Stage::expanded);
  checker.table(*profile.table(), "", {});
  return checker.take();
}

Diagnostics check_merged(const Value& profile, const Sources& sources) {
  Checker checker(sources, Checker::Stage::merged);
  if (const Entry* mounts = profile.table()->find("mounts")) {
    for (const Entry& mount : mounts->value.table()->entries)
      checker.mount(mount.key, mount.key_at, mount.value);
  }
  return checker.take();
}

std::string Checker::Place::text() const {
  const std::string said = is_quoted ? quoted(name) : printable(name);
  return fmt::format("{}{}{}{}", before, said, after, outer != nullptr ? outer->text() : "");
}

Diagnostics Checker::take() {
  sort_by_place(found_);
  return std::move(found_);
}

void Checker::problem(std::string code, std::string what, Origin at, std::string label, std::string help) {
  found_.push_back({.code = std::move(code),
                    .what = std::move(what),
                    .at = at,
                    .label = std::move(label),
                    .help = std::move(help)});
}

bool Checker::waits(std::string_view text) const { return stage_ == Stage::written && has_variable(text); }

void Checker::wrong_type(const std::string& name, std::string_view expected, const Value& value) {
  problem("E0103", fmt::format("`{}` must be {}, not {}", name, expected, type_name(value)), value.at);
}

void Checker::unknown_key(const Entry& entry, std::string_view path, const Place& place) {
  const std::vector<std::string_view> names = names_in(path);
  std::string label, help;
  if (const auto near = closest(entry.key, names)) {
    label = fmt::format("did you mean `{}`?", *near);
  } else {
    for (const Key& key : all_keys()) {
      if (key.name != entry.key || key.table == path || key.table.find_first_of("*.") != key.table.npos)
        continue;
      label = key.table.empty() ? "it belongs at the top of the file"
                                : fmt::format("it belongs in [{}]", key.table);
      break;
    }
    if (label.empty()) help = fmt::format("known here: {}", fmt::join(names, ", "));
  }
  problem("E0102", fmt::format("unknown key `{}`{}", printable(entry.key), place.text()), entry.key_at, label,
          help);
}

void Checker::table(const Table& table, std::string_view path, const Place& place) {
  for (const Entry& each : table.entries) {
    if (const Key* key = find_key(path, each.key)) {
      entry(each, *key, place);
    } else {
      unknown_key(each, path, place);
    }
  }
}

void Checker::entry(const Entry& entry, const Key& key, const Place& place) {
  if (key.later) {
    const bool is_section = key.table.empty();
    problem("E0107",
            is_section ? fmt::format("[{}] is not supported yet", entry.key)
                       : fmt::format("`{}`{} is not supported yet", entry.key, place.text()),
            entry.key_at, "", "remove it: nothing of it would take effect");
    return;
  }
  if (key.words.starts_with("build_")) return build_entry(entry, key);
  if (key.words == "mount") return mount(entry.key, entry.key_at, entry.value);
  if (key.words == "env" && !is_environment_name(entry.key)) {
    return problem("E0105", fmt::format("{} cannot be the name of a variable", quoted(entry.key)),
                   entry.key_at, "a name is not empty and has no \"=\"");
  }
  if (key.shape == Shape::table) return table_of(entry.key, entry.value, key, place);
  value(entry.key, entry.value, key);
}

void Checker::table_of(const std::string& name, const Value& value, const Key& key, const Place& place) {
  const Table* inner = value.table();
  if (!inner) return wrong_type(name, "a table", value);
  if (name == "when" && key.table != "params")
    return table(*inner, "when", {.before = " in `when`", .outer = &place});
  if (key.table == "params") {
    table(*inner, "params.*", {.before = " in [params.", .name = name, .after = "]"});
    return param_of(name, *inner);
  }
  const std::string path = key.table.empty() ? name : fmt::format("{}.{}", key.table, name);
  table(*inner, path, place_of(path));
}

void Checker::tables_of(const std::string& name, const Value& value, const Key& key) {
  const Array* rows = value.array();
  if (!rows) return wrong_type(name, "a list of tables", value);
  for (const Value& row : *rows) {
    if (!row.table()) {
      wrong_type(name, "a list of tables", row);
    } else if (key.table == "identity") {
      map_row(name, *row.table(), row.at);
    } else if (key.table.starts_with("seccomp")) {
      seccomp_row(key, *row.table(), row.at);
    } else if (key.name == "test") {
      test_row(*row.table(), row.at);
    }
  }
}

void Checker::value(const std::string& name, const Value& value, const Key& key) {
  switch (key.shape) {
    case Shape::text:
    case Shape::name:
    case Shape::path:
      return text(name, value, key);
    case Shape::boolean:
      if (!value.boolean()) wrong_type(name, "true or false", value);
      return;
    case Shape::integer:
      return integer(name, value, key);
    case Shape::size:
      return size(name, value, key);
    case Shape::duration:
      return duration(name, value, key);
    case Shape::mode:
      return mode(name, value, key);
    case Shape::word:
      return word(name, value, key.words);
    case Shape::texts:
    case Shape::integers:
    case Shape::words:
      return list(name, value, key);
    case Shape::tables:
      return tables_of(name, value, key);
    case Shape::table:
      return;
    case Shape::special:
      return special(name, value, key);
  }
}

void Checker::no_nul(const std::string& name, const Value& value) {
  if (value.string()->find('\0') != std::string::npos) {
    problem("E0105", fmt::format("`{}` contains a NUL byte", printable(name)), value.at,
            "no path or argument can");
  }
}

void Checker::text(const std::string& name, const Value& value, const Key& key) {
  const std::string* said = value.string();
  if (!said) return wrong_type(name, "a string", value);
  if (key.words != "bytes") no_nul(name, value);
  if (key.shape == Shape::text || waits(*said)) return;
  if (said->empty()) return problem("E0105", fmt::format("`{}` cannot be empty", name), value.at);
  if (key.shape == Shape::name && said->find('/') != said->npos) {
    problem("E0105", fmt::format("`{}` cannot have a \"/\" in it", name), value.at);
  }
}

void Checker::integer(const std::string& name, const Value& value, const Key& key) {
  const std::int64_t* number = value.integer();
  if (!number) return wrong_type(name, fmt::format("an integer{}", range_of(key)), value);
  if (*number >= key.low && *number <= key.high) return;
  if (name == "schema") {
    return problem(
        "E0111",
        fmt::format("this profile is written in schema {}, and this program reads schema 1", *number),
        value.at, "", *number > 1 ? "a newer version of hutch may read it" : "");
  }
  problem("E0105", fmt::format("`{}` must be an integer{}, not {}", name, range_of(key), *number), value.at);
}

void Checker::size(const std::string& name, const Value& value, const Key& key) {
  constexpr std::string_view kExpected = "a size such as \"64M\" or a number of bytes";
  if (const std::int64_t* number = value.integer()) {
    if (*number < key.low)
      problem("E0105", fmt::format("`{}` must be at least {}, not {}", name, key.low, *number), value.at);
    return;
  }
  const std::string* said = value.string();
  if (!said) return wrong_type(name, kExpected, value);
  if (waits(*said)) return;
  const auto bytes = bytes_from(*said);
  if (!bytes) {
    const bool digits = !said->empty() && said->front() >= '0' && said->front() <= '9';
    return problem("E0105", fmt::format("`{}` is {}, not {}", name, quoted(*said), kExpected), value.at,
                   digits ? "whole numbers below 16 exbibytes, with K, M, G or T" : "");
  }
  if (static_cast<std::int64_t>(std::min<std::uint64_t>(*bytes, INT64_MAX)) < key.low) {
    problem("E0105", fmt::format("`{}` must be at least {}, not {}", name, key.low, quoted(*said)), value.at);
  }
}

void Checker::duration(const std::string& name, const Value& value, const Key& key) {
  constexpr std::string_view kExpected = "a time such as \"30s\" or a number of seconds";
  if (const std::int64_t* seconds = value.integer()) {
    if (*seconds < key.low || *seconds > key.high) {
      problem("E0105", fmt::format("`{}` must be{}, not {}", name, range_of(key), *seconds), value.at);
    }
    return;
  }
  const std::string* said = value.string();
  if (!said) return wrong_type(name, kExpected, value);
  if (waits(*said)) return;
  if (nanoseconds_from(*said) && (key.low < 0 || !said->starts_with('-'))) return;
  problem("E0105", fmt::format("`{}` is {}, not {}", name, quoted(*said), kExpected), value.at);
}

void Checker::mode(const std::string& name, const Value& value, const Key& key) {
  const std::string expected =
      fmt::format("an octal string such as \"{}\" or an integer such as 0o{}",
                  key.high == 0777 ? "022" : "755", key.high == 0777 ? "022" : "755");
  if (const std::int64_t* bits = value.integer()) {
    if (*bits < 0 || *bits > key.high) {
      return problem("E0105", fmt::format("`{}` must be from 0 to 0o{:o}, not {}", name, key.high, *bits),
                     value.at);
    }
    const std::string_view line = sources_.line(value.at.source, value.at.line);
    const bool in_decimal = *bits > 7 && value.at.column > 0 && value.at.column <= line.size() &&
                            line[value.at.column - 1] >= '1' && line[value.at.column - 1] <= '9';
    if (in_decimal && stage_ == Stage::written) {
      problem("W0101", fmt::format("`{}` is the decimal number {}, which is 0o{:o}", name, *bits, *bits),
              value.at, fmt::format("write \"{}\" if that is the mode you mean", *bits));
      found_.back().severity = Severity::warning;
    }
    return;
  }
  const std::string* said = value.string();
  if (!said) return wrong_type(name, expected, value);
  if (waits(*said) || mode_from(*said, key.high)) return;
  problem("E0105", fmt::format("`{}` is {}, not {}", name, quoted(*said), expected), value.at);
}

void Checker::word(const std::string& name, const Value& value, std::string_view words) {
  const std::string* said = value.string();
  if (said && (waits(*said) || has_word(words, *said))) return;
  std::vector<std::string_view> known, all;
  std::string_view later;
  for (std::string_view each : split(words, ' ')) {
    const bool is_later = each.starts_with('~');
    if (is_later) each.remove_prefix(1);
    if (is_later && said && *said == each) later = each;
    if (!is_later) known.push_back(each);
    all.push_back(each);
  }
  if (!said) return wrong_type(name, one_of(known), value);
  if (!later.empty()) {
    return problem("E0107", fmt::format("`{}` = \"{}\" is not supported yet", name, later), value.at, "",
                   fmt::format("for now it can be {}", one_of(known)));
  }
  const auto near = closest(*said, all);
  problem("E0104", fmt::format("`{}` is {}, not {}", name, quoted(*said), one_of(known)), value.at,
          near ? fmt::format("did you mean \"{}\"?", *near) : "");
}

void Checker::list(const std::string& name, const Value& value, const Key& key) {
  const Array* items = value.array();
  const std::string_view of = key.shape == Shape::integers ? "a list of integers" : "a list of strings";
  if (!items) return wrong_type(name, of, value);
  for (const Value& each : *items) {
    if (key.shape == Shape::integers) {
      integer(name, each, key);
    } else if (!each.string()) {
      problem("E0103", fmt::format("`{}` must be {}, and this is {}", name, of, type_name(each)), each.at);
    } else {
      item(name, each, key);
    }
  }
}

void Checker::item(const std::string& name, const Value& value, const Key& key) {
  no_nul(name, value);
  if (waits(*value.string())) return;
  std::string_view said = *value.string();
  if (key.words != "command" && said.starts_with('!')) said.remove_prefix(1);
  if (key.shape == Shape::words) {
    const Value plain{std::string(said), value.at};
    return word(name, plain, key.words);
  }
  if (key.words == "command") return;
  if (said.empty()) return problem("E0105", fmt::format("`{}` has an empty string in it", name), value.at);
  if (key.words == "env_glob" && said.find('=') != said.npos) {
    problem("E0105",
            fmt::format("`{}` holds names of variables, and {} has a \"=\" in it", name, quoted(said)),
            value.at, name == "inherit" ? "a value is given in [environment.set]" : "");
  }
  if (key.words == "syscall" && !is_syscall_name(said)) {
    problem("E0105",
            fmt::format("`{}` holds names of system calls and @groups, and {} is none", name, quoted(said)),
            value.at);
  }
  if (key.words == "inside_paths" && !said.starts_with('/') && said != "~" && !said.starts_with("~/")) {
    problem("E0106",
            fmt::format("`{}` holds absolute paths inside the sandbox, and {} is none", name, quoted(said)),
            value.at);
  }
  if (key.words == "device_node") {
    const auto parts = split(said, '/');
    const bool below =
        std::ranges::none_of(parts, [](auto part) { return part.empty() || part == "." || part == ".."; });
    if (!below) {
      problem("E0106", fmt::format("`{}` holds names below /dev, and {} is not one", name, quoted(said)),
              value.at, said.starts_with("/dev/") ? fmt::format("write {}", quoted(said.substr(5))) : "");
    }
  }
}

}  // namespace hutch
