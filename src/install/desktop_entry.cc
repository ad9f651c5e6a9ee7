#include "install/desktop_entry.h"

#include "install/exec_line.h"

namespace hutch {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  return begin == std::string_view::npos ? ""
                                         : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// A line of a file of groups and keys, without its end.
struct Line {
  std::string_view whole, key, value;  ///< `value` is a part of `whole`
  std::string_view group;              ///< the one that it opens; else empty
};

Line read_line(std::string_view whole) {
  Line line{.whole = whole, .key = {}, .value = {}, .group = {}};
  const std::string_view text = trimmed(whole);
  if (text.starts_with('[') && text.ends_with(']')) line.group = text.substr(1, text.size() - 2);
  const auto equals = whole.find('=');
  if (!line.group.empty() || text.starts_with('#') || equals == std::string_view::npos) return line;
  line.key = trimmed(whole.substr(0, equals));
  line.value = whole.substr(equals + 1);
  line.value.remove_prefix(std::min(line.value.find_first_not_of(" \t"), line.value.size()));
  line.value = line.value.substr(0, line.value.find_last_not_of(" \t\r") + 1);
  return line;
}

std::string with_value(const Line& line, std::string_view value) {
  std::string text(line.whole);
  return text.replace(static_cast<std::size_t>(line.value.data() - line.whole.data()), line.value.size(),
                      value);
}

/// Calls `change(group, line)` for every line and joins what it gives.
template <class Change>
std::string for_each_line(std::string_view text, Change&& change) {
  std::string result, group;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const Line line = read_line(text.substr(0, end));
    if (!line.group.empty()) group = line.group;
    result += change(group, line);
    if (end < text.size()) result += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

/// The line with the wrapper for the program; empty if it starts something else.
std::string with_wrapper(const Line& line, const StandIn& stand_in, bool field_codes) {
  const auto words = exec_words(line.value);
  const auto program = words ? program_word(*words) : std::nullopt;
  if (!program || !stand_in.is_program((*words)[*program].text)) return {};
  const ExecWord& word = (*words)[*program];
  std::string value(line.value);
  value.replace(word.begin, word.end - word.begin, exec_word(stand_in.wrapper, field_codes));
  return with_value(line, value);
}

}  // namespace

Rewritten desktop_entry_for(std::string_view text, const StandIn& stand_in) {
  Rewritten result;
  result.text = for_each_line(text, [&](std::string_view group, const Line& line) -> std::string {
    const bool is_entry = group == "Desktop Entry";
    if (!is_entry && !group.starts_with("Desktop Action ")) return std::string(line.whole);
    if (line.key == "Exec") {
      std::string changed = with_wrapper(line, stand_in, true);
      if (changed.empty()) {
        result.others.emplace_back(group);
        return std::string(line.whole);
      }
      result.starts_program |= is_entry;
      return changed;
    }
    if (line.key == "TryExec" && stand_in.is_program(unescaped_value(line.value)))
      return with_value(line, escaped_value(stand_in.wrapper));
    if (line.key == "DBusActivatable") return with_value(line, "false");
    return std::string(line.whole);
  });
  return result;
}

Rewritten bus_service_for(std::string_view text, const StandIn& stand_in) {
  Rewritten result;
  result.text = for_each_line(text, [&](std::string_view group, const Line& line) -> std::string {
    if (group != "D-BUS Service") return std::string(line.whole);
    if (line.key == "SystemdService") return "#" + std::string(line.whole);
    std::string changed = line.key == "Exec" ? with_wrapper(line, stand_in, false) : "";
    if (changed.empty()) return std::string(line.whole);
    result.starts_program = true;
    return changed;
  });
  return result;
}

}  // namespace hutch
