#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace hutch {

bool Words::has(std::string_view option) const { return count(option) != 0; }

int Words::count(std::string_view option) const {
  return static_cast<int>(
      std::ranges::count_if(options, [&](const Given& g) { return g.option->name == option; }));
}

std::string Words::value(std::string_view option, std::string_view fallback) const {
  for (auto given = options.rbegin(); given != options.rend(); ++given)
    if (given->option->name == option) return given->value;
  return std::string(fallback);
}

namespace {

std::uint32_t characters(std::string_view text) {
  const auto starts_one = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<std::uint32_t>(std::ranges::count_if(text, starts_one));
}

/// A word as it would be typed, on one line.
std::string typed(std::string_view word) {
  const std::string safe = printable(word);
  const bool plain = !safe.empty() && safe.find_first_of(" '\"$`\\|&;<>()*?[]#~!{}") == std::string::npos;
  return plain ? safe : "'" + safe + "'";
}

class Sorter {
 public:
  Sorter(const std::vector<std::string>& arguments, Sources& sources, Words& words)
      : arguments_(arguments), words_(words) {
    std::string line = "hutch";
    std::uint32_t column = 6;
    for (const std::string& argument : arguments) {
      const std::string shown = typed(argument);
      line.append(" ").append(shown);
      places_.push_back({0, 1, column + 1, characters(shown)});
      column += characters(shown) + 1;
    }
    const std::uint32_t source = sources.add("command line", std::move(line), "/");
    for (Origin& place : places_) place.source = source;
  }

  Result<void> sort() {
    TRY_DO(find_the_command());
    bool options_end = false;
    for (next_ = 1; next_ < arguments_.size();) {
      const std::string& word = arguments_[next_];
      if (!options_end && word == "--") {
        options_end = true;
        ++next_;
      } else if (!options_end && word.size() > 1 && word[0] == '-') {
        TRY_DO(take_option());
      } else {
        take_operand();
      }
    }
    if (words_.has("--help")) return {};
    return count_operands();
  }

 private:
  [[nodiscard]] const Command& command() const { return *words_.command; }

  Result<void> find_the_command() {
    const std::string& name = arguments_.at(0);
    words_.command = find_command(name);
    if (words_.command != nullptr && !command().later) return {};
    if (words_.command != nullptr)
      return fail(
          {.code = "E0909", .what = fmt::format("`hutch {}` is not supported yet", name), .at = places_[0]});
    if (name.starts_with('-'))
      return fail({.code = "E0901",
                   .what = fmt::format("the first word must be a command, not `{}`", name),
                   .at = places_[0],
                   .help = "options stand after the command; `hutch help` lists commands"});
    std::vector<std::string_view> names;
    for (const Command& each : all_commands()) names.push_back(each.name);
    Diagnostic diagnostic{
        .code = "E0901", .what = fmt::format("unknown command `{}`", name), .at = places_[0]};
    if (const auto near = closest(name, names)) diagnostic.label = fmt::format("did you mean `{}`?", *near);
    diagnostic.help = name.ends_with(".toml") || name.contains('/')
                          ? fmt::format("to run a profile: hutch run {}", name)
                          : "`hutch help` lists commands";
    return fail(std::move(diagnostic));
  }

  /// "--name", "--name=value", "--name" "value", "-v", "-vv".
  Result<void> take_option() {
    const std::string& word = arguments_[next_];
    const Origin at = places_[next_++];
    if (!word.starts_with("--")) return take_letters(word, at);
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const Option* const option = find_option(command(), name);
    if (option == nullptr) return unknown(name, at);
    if (option->value.empty()) {
      if (equals != std::string::npos)
        return fail({.code = "E0903", .what = fmt::format("{} takes no value", option->name), .at = at});
      words_.options.push_back({option, "", at});
      return {};
    }
    if (equals != std::string::npos) return keep(*option, word.substr(equals + 1), at);
    if (next_ == arguments_.size())
      return fail({.code = "E0903",
                   .what = fmt::format("{} needs a value", option->name),
                   .at = at,
                   .help = fmt::format("{} {}", option->name, option->value)});
    const Origin value_at = places_[next_];
    return keep(*option, arguments_[next_++], value_at);
  }

  Result<void> take_letters(const std::string& word, const Origin& at) {
    for (const char letter : word.substr(1)) {
      const Option* const option = find_option(command(), std::string{'-', letter});
      if (option == nullptr) return unknown(word, at);
      if (!option->value.empty()) return take_value(*option, word.substr(word.find(letter) + 1), at);
      words_.options.push_back({option, "", at});
    }
    return {};
  }

  /// "-sKILL", "-s" "KILL".
  Result<void> take_value(const Option& option, std::string value, const Origin& at) {
    if (!value.empty()) return keep(option, std::move(value), at);
    if (next_ == arguments_.size())
      return fail({.code = "E0903",
                   .what = fmt::format("-{} needs a value", option.letter),
                   .at = at,
                   .help = fmt::format("-{} {}", option.letter, option.value)});
    const Origin value_at = places_[next_];
    return keep(option, arguments_[next_++], value_at);
  }

  Result<void> unknown(const std::string& name, const Origin& at) const {
    std::vector<std::string_view> names;
    for (const Option& each : all_options())
      if ((each.groups & command().groups) != 0) names.push_back(each.name);
    Diagnostic diagnostic{.code = "E0902",
                          .what = fmt::format("unknown option {} of `hutch {}`", name, command().name),
                          .at = at};
    if (const auto near = closest(name, names)) diagnostic.label = fmt::format("did you mean {}?", *near);
    diagnostic.help = command().takes_program
                          ? fmt::format(
                                "options of the program stand after the profile; "
                                "`hutch help {}` lists those of hutch",
                                command().name)
                          : fmt::format("`hutch help {}` lists its options", command().name);
    return fail(std::move(diagnostic));
  }

  Result<void> keep(const Option& option, std::string value, const Origin& at) {
    // TOML is UTF-8, so what is not could only be passed on changed.
    if (!is_utf8(value))
      return fail(
          {.code = "E0907", .what = fmt::format("the value of {} is not UTF-8", option.name), .at = at});
    if (!option.choices.empty()) {
      const auto choices = split(option.choices, ' ');
      if (std::ranges::find(choices, value) == choices.end())
        return fail({.code = "E0905",
                     .what = fmt::format("{} cannot be `{}`", option.name, value),
                     .at = at,
                     .help = fmt::format("{} {}", option.name, option.value)});
    }
    words_.options.push_back({&option, std::move(value), at});
    return {};
  }

  void take_operand() {
    words_.operands.push_back(arguments_[next_]);
    words_.operands_at.push_back(places_[next_++]);
    if (!command().takes_program) return;
    if (next_ < arguments_.size() && arguments_[next_] == "--") ++next_;
    words_.arguments.assign(arguments_.begin() + static_cast<std::ptrdiff_t>(next_), arguments_.end());
    next_ = arguments_.size();
  }

  Result<void> count_operands() const {
    const auto count = static_cast<int>(words_.operands.size());
    const std::string usage = fmt::format("usage: hutch {} {}", command().name, command().usage);
    if (count < command().least)
      return fail({.code = "E0904",
                   .what = fmt::format("`hutch {}` needs a {}", command().name, command().operand_name),
                   .help = usage});
    if (count > command().most)
      return fail({.code = "E0904",
                   .what = fmt::format("one word too many for `hutch {}`", command().name),
                   .at = words_.operands_at[static_cast<std::size_t>(command().most)],
                   .help = command().usage.empty() ? fmt::format("usage: hutch {}", command().name) : usage});
    if (command().choices.empty()) return {};
    const auto choices = split(command().choices, ' ');
    for (std::size_t i = 0; i < words_.operands.size(); ++i) {
      if (std::ranges::find(choices, words_.operands[i]) != choices.end()) continue;
      Diagnostic diagnostic{
          .code = "E0905",
          .what = fmt::format("`hutch {}` does not know `{}`", command().name, words_.operands[i]),
          .at = words_.operands_at[i],
          .help = usage};
      if (const auto near = closest(words_.operands[i], choices))
        diagnostic.label = fmt::format("did you mean `{}`?", *near);
      return fail(std::move(diagnostic));
    }
    return {};
  }

  const std::vector<std::string>& arguments_;
  Words& words_;
  std::vector<Origin> places_;
  std::size_t next_ = 0;
};

}  // namespace

Result<void> sort_words(const std::vector<std::string>& arguments, Sources& sources, Words& words) {
  words.as_given = arguments;
  return Sorter(arguments, sources, words).sort();
}

}  // namespace hutch
