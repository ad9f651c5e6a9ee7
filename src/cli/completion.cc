#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "cli/commands.h"

namespace hutch {
namespace {

std::string join(const std::vector<std::string>& words, std::string_view between) {
  return fmt::format("{}", fmt::join(words, between));
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const Command& each : all_commands())
    if (!each.later) names.emplace_back(each.name);
  return names;
}

std::vector<std::string> option_names(const std::function<bool(const Option&)>& wanted) {
  std::vector<std::string> names;
  for (const Option& each : all_options())
    if (wanted(each)) names.emplace_back(each.name);
  return names;
}

std::vector<std::string> options_of(const Command& command) {
  return option_names([&](const Option& each) { return (each.groups & command.groups) != 0; });
}

/// What a shell is to offer for the words after the options.
std::string_view operand_word(const Command& command) {
  switch (command.operand) {
    case Operand::none:
      return "none";
    case Operand::profile:
      return "profile";
    case Operand::profiles:
      return "profiles";
    case Operand::profile_and_paths:
      return "profile_and_paths";
    case Operand::choice:
      return "choice";
    case Operand::command:
      return "command";
    case Operand::topic:
      return "none";
    case Operand::sandbox:
      return "sandbox";
    case Operand::program:
      return "program";
  }
  return "none";
}

std::string with_values() {
  return join(option_names([](const Option& each) { return !each.value.empty(); }), "|");
}

std::string with_files() {
  return join(option_names([](const Option& each) { return each.takes_file; }), "|");
}

/// One text for all placeholders: @commands@, @with_values@ …
std::string filled(std::string text, const std::vector<std::pair<std::string_view, std::string>>& values) {
  for (const auto& [name, value] : values) {
    const std::string mark = fmt::format("@{}@", name);
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
      text.replace(at, mark.size(), value);
  }
  return text;
}

// Profile names are other people's words (./.hutch belongs to whoever wrote the repository): they are
// compared and quoted, never given to `compgen -W` or `eval`, which would run what is written in them.
constexpr std::string_view kBash = R"(# bash completion of hutch(1); made by `hutch completion bash`
_hutch_offer() {
    local word
    for word in "$@"; do
        [[ $word == "$current"* ]] && COMPREPLY+=("$word ")
    done
}
_hutch_names() {
    local name
    while IFS= read -r name; do
        [[ $name == "$current"* ]] && COMPREPLY+=("$(printf %q "$name") ")
    done < <("${COMP_WORDS[0]}" "$1" --names 2>/dev/null)
}
_hutch_profiles() {
    _hutch_names list
    _hutch_files
}
_hutch_files() {
    local path
    while IFS= read -r path; do
        if [[ -d $path ]]; then COMPREPLY+=("$(printf %q "$path")/"); else COMPREPLY+=("$(printf %q "$path") "); fi
    done < <(compgen -f -- "$current")
}
_hutch_programs() {
    local name
    while IFS= read -r name; do
        COMPREPLY+=("$(printf %q "$name") ")
    done < <(compgen -c -- "$current" | sort -u)
    _hutch_files
}
_hutch() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
    local options operand choices program= operands=0 i
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _hutch_offer @commands@
        return
    fi
    case $command in
@cases@
        *) return ;;
    esac
    # bash splits words at "=": --color=always is three of them.
    if [[ $current == = ]]; then current=; elif [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi
    for ((i = 2; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            @with_values@)
                ((i++))
                [[ ${COMP_WORDS[i]} == = ]] && ((i++))
                while [[ ${COMP_WORDS[i+1]} == = ]]; do ((i += 2)); done ;;
            -*) ;;
            *) ((operands++)) ;;
        esac
    done
    if [[ -n $program ]] && ((operands > 0)); then
        _hutch_files
        return
    fi
    case $previous in
@choices@
        @with_files@) _hutch_files; return ;;
        @with_values@) return ;;
    esac
    if [[ $current == -* ]]; then
        _hutch_offer $options
        return
    fi
    case $operand in
        profile) ((operands == 0)) && _hutch_profiles ;;
        profiles) _hutch_profiles ;;
        profile_and_paths) if ((operands == 0)); then _hutch_profiles; else _hutch_files; fi ;;
        sandbox) ((operands == 0)) && _hutch_names ps ;;
        program) ((operands == 0)) && _hutch_programs ;;
        choice) ((operands == 0)) && _hutch_offer $choices ;;
        command) ((operands == 0)) && _hutch_offer @commands@ ;;
    esac
}
complete -o nospace -F _hutch hutch
)";

std::string bash() {
  std::vector<std::string> cases, choices;
  for (const Command& each : all_commands())
    if (!each.later)
      cases.push_back(fmt::format("        {}) options='{}' operand={} choices='{}'{} ;;", each.name,
                                  join(options_of(each), " "), operand_word(each), each.choices,
                                  each.takes_program ? " program=1" : ""));
  for (const Option& each : all_options())
    if (!each.choices.empty())
      choices.push_back(fmt::format("        {}) _hutch_offer {}; return ;;", each.name, each.choices));
  return filled(std::string(kBash), {{"commands", join(command_names(), " ")},
                                     {"cases", join(cases, "\n")},
                                     {"choices", join(choices, "\n")},
                                     {"with_values", with_values()},
                                     {"with_files", with_files()}});
}

constexpr std::string_view kZsh = R"(#compdef hutch
# zsh completion of hutch(1); made by `hutch completion zsh`
_hutch_profiles() {
    local -a names
    names=("${(@f)$(${words_of_hutch} list --names 2>/dev/null)}")
    compadd -a -- names
    _files -g '*.toml'
}
_hutch_sandboxes() {
    local -a names
    names=("${(@f)$(${words_of_hutch} ps --names 2>/dev/null)}")
    compadd -a -- names
}
_hutch() {
    local words_of_hutch=$words[1] curcontext=$curcontext state line
    local -a commands
    commands=(
@commands@
    )
    if ((CURRENT == 2)); then
        _describe -t commands 'hutch command' commands
        return
    fi
    shift words
    ((CURRENT--))
    case $words[1] in
@cases@
    esac
}
_hutch "$@"
)";

/// For `_arguments` and `_describe`: colons and brackets have a meaning there.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (std::string_view(":[]\\").contains(c)) out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_option(const Option& option) {
  std::string spec =
      fmt::format("'*{}{}[{}]", option.name, option.value.empty() ? "" : "=", zsh_text(option.help));
  if (!option.choices.empty())
    spec += fmt::format(":{}:({})", zsh_text(option.value), option.choices);
  else if (!option.value.empty())
    spec += fmt::format(":{}:{}", zsh_text(option.value), option.takes_file ? "_files" : "");
  return spec + "'";
}

std::string zsh_operands(const Command& command) {
  const std::string rest = command.takes_program ? " '*:::program:_normal'" : "";
  switch (command.operand) {
    case Operand::profile:
      return "'1:profile:_hutch_profiles'" + rest;
    case Operand::profiles:
      return "'*:profile:_hutch_profiles'";
    case Operand::profile_and_paths:
      return "'1:profile:_hutch_profiles' '*:path:_files'";
    case Operand::sandbox:
      return "'1:sandbox:_hutch_sandboxes'" + rest;
    case Operand::program:
      return "'1:program:{_files; _command_names -e}'";
    case Operand::choice:
      return fmt::format("'1:word:({})'", command.choices);
    case Operand::command:
      return fmt::format("'1:command:({})'", join(command_names(), " "));
    default:
      return "";
  }
}

std::string zsh() {
  std::vector<std::string> commands, cases;
  for (const Command& each : all_commands()) {
    if (each.later) continue;
    commands.push_back(fmt::format("        '{}:{}'", each.name, zsh_text(each.summary)));
    std::vector<std::string> specs;
    for (const Option& option : all_options())
      if ((option.groups & each.groups) != 0) specs.push_back(zsh_option(option));
    if (std::string operands = zsh_operands(each); !operands.empty()) specs.push_back(std::move(operands));
    cases.push_back(fmt::format("        {}) _arguments -S \\\n            {} ;;", each.name,
                                join(specs, " \\\n            ")));
  }
  return filled(std::string(kZsh), {{"commands", join(commands, "\n")}, {"cases", join(cases, "\n")}});
}

std::string fish_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out += "'";
}

std::string fish_operands(const Command& command) {
  const std::string when = fmt::format("complete -c hutch -n '__fish_seen_subcommand_from {}'", command.name);
  switch (command.operand) {
    case Operand::profile:
    case Operand::profiles:
    case Operand::profile_and_paths:
      return when + " -F -a '(hutch list --names 2>/dev/null)'\n";
    case Operand::sandbox:
      return when + " -f -a '(hutch ps --names 2>/dev/null)'\n";
    case Operand::program:
      return when + " -F\n";
    case Operand::choice:
      return fmt::format("{} -f -a '{}'\n", when, command.choices);
    case Operand::command:
      return fmt::format("{} -f -a '{}'\n", when, join(command_names(), " "));
    default:
      return when + " -f\n";
  }
}

std::string fish() {
  std::string text = "# fish completion of hutch(1); made by `hutch completion fish`\n";
  for (const Command& each : all_commands())
    if (!each.later)
      text += fmt::format("complete -c hutch -n __fish_use_subcommand -f -a {} -d {}\n", each.name,
                          fish_text(each.summary));
  for (const Command& each : all_commands()) {
    if (each.later) continue;
    text += fish_operands(each);
    for (const Option& option : all_options()) {
      if ((option.groups & each.groups) == 0) continue;
      text += fmt::format("complete -c hutch -n '__fish_seen_subcommand_from {}' -l {}", each.name,
                          option.name.substr(2));
      if (option.letter != 0) text += fmt::format(" -s {}", option.letter);
      if (!option.choices.empty())
        text += fmt::format(" -x -a {}", fish_text(option.choices));
      else if (!option.value.empty())
        text += option.takes_file ? " -r -F" : " -x";
      text += fmt::format(" -d {}\n", fish_text(option.help));
    }
  }
  return text;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  return shell == "bash" ? bash() : shell == "zsh" ? zsh() : fish();
}

int completion_command(Session& session) {
  return session.say(completion_script(session.words.operands[0])) ? 0 : 1;
}

}  // namespace hutch
