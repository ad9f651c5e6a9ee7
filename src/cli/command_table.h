#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// THE table of the command line: parsing, --help, did-you-mean and shell completion are made from it.

namespace hutch {

/// What a command takes, so that options can say with which commands they go.
using Groups = std::uint32_t;
inline constexpr Groups kProfileOptions = 1U << 0;  ///< changes to the profile
inline constexpr Groups kTalkOptions = 1U << 1;     ///< -v, --log-file, --color
inline constexpr Groups kJsonOption = 1U << 2;
inline constexpr Groups kRunOptions = 1U << 3;
inline constexpr Groups kPlanOptions = 1U << 4;
inline constexpr Groups kCheckOptions = 1U << 5;
inline constexpr Groups kListOptions = 1U << 6;
inline constexpr Groups kHelpOption = 1U << 7;
inline constexpr Groups kKillOptions = 1U << 8;
inline constexpr Groups kBuildOptions = 1U << 9;
inline constexpr Groups kInstallOptions = 1U << 10;
inline constexpr Groups kTestOptions = 1U << 11;
inline constexpr Groups kNewOptions = 1U << 12;

/// What the words after the options are, for completion and for messages.
enum class Operand : std::uint8_t {
  none,
  profile,
  profiles,
  profile_and_paths,
  choice,
  command,
  topic,
  sandbox,
  program
};

struct Option {
  std::string_view name;   ///< "--set"
  char letter = 0;         ///< 'v' for "-v"
  std::string_view value;  ///< "TOML"; empty: it takes none
  std::string_view help;
  Groups groups = 0;
  std::string_view choices;  ///< "auto always never": the only values
  bool takes_file = false;   ///< the value is a path of the host, for completion
};

struct Command {
  std::string_view name;
  std::string_view usage;  ///< what stands after the name: "[OPTIONS] PROFILE [COMMAND [ARG...]]"
  std::string_view summary;
  Groups groups = 0;
  Operand operand = Operand::none;
  int least = 0, most = 0;        ///< how many operands; kMany
  std::string_view operand_name;  ///< "PROFILE", for messages
  std::string_view choices;       ///< for Operand::choice
  bool takes_program = false;     ///< everything after the profile belongs to the program
  bool later = false;             ///< known, but refused with "not supported yet"
  int usage_exit = 2;             ///< the exit status of a command line that makes no sense
};
inline constexpr int kMany = 1 << 20;

std::span<const Command> all_commands();
std::span<const Option> all_options();

const Command* find_command(std::string_view name);
/// The option of this name ("--set") or letter ("-v") that the command knows; null if there is none.
const Option* find_option(const Command& command, std::string_view name);

}  // namespace hutch
