#include "cli/command_table.h"

#include <algorithm>

namespace hutch {
namespace {

constexpr Groups kReads = kProfileOptions | kTalkOptions | kHelpOption;

constexpr Command kCommands[] = {
    {"run", "[OPTIONS] PROFILE [COMMAND [ARG...]]",
     "Run a program in the sandbox that the profile describes.", kReads | kJsonOption | kRunOptions,
     Operand::profile, 1, kMany, "PROFILE", "", true, false, 125},
    {"build", "[OPTIONS] PROFILE [COMMAND [ARG...]] | --verify RECORD [PROFILE]",
     "Run a build, take its outputs out of the sandbox, and write a record of how they came about.",
     kReads | kJsonOption | kBuildOptions, Operand::profile, 0, kMany, "PROFILE", "", true, false, 125},
    {"plan", "[OPTIONS] PROFILE [COMMAND [ARG...]]",
     "Print what `run` would do, step by step, and do nothing.", kReads | kJsonOption | kPlanOptions,
     Operand::profile, 1, kMany, "PROFILE", "", true},
    {"show", "[OPTIONS] PROFILE", "Print the effective profile; each line says where it comes from.",
     kReads | kJsonOption, Operand::profile, 1, 1, "PROFILE"},
    {"check", "[OPTIONS] PROFILE...",
     "Look for mistakes and risks in profiles, and say what they reach. Runs nothing.",
     kReads | kJsonOption | kCheckOptions, Operand::profiles, 1, kMany, "PROFILE"},
    {"access", "[OPTIONS] PROFILE PATH...",
     "Would the program see PATH, and read, write, execute it? Runs nothing.", kReads | kJsonOption,
     Operand::profile_and_paths, 2, kMany, "PATH"},
    {"diff", "[OPTIONS] A B",
     "What profile B grants that A does not, and the reverse, by meaning. Runs nothing.",
     kReads | kJsonOption, Operand::profiles, 2, 2, "second PROFILE"},
    {"verify", "[OPTIONS] PROFILE",
     "Set the sandbox up, read it back from the kernel, and compare it with the plan. Runs nothing.",
     kReads | kJsonOption, Operand::profile, 1, 1, "PROFILE"},
    {"test", "[OPTIONS] PROFILE...", "Run the tests that profiles carry, each in the sandbox it describes.",
     kReads | kJsonOption | kCheckOptions | kTestOptions, Operand::profiles, 1, kMany, "PROFILE"},
    {"list", "[OPTIONS]", "List the profiles that can be found.",
     kTalkOptions | kJsonOption | kListOptions | kHelpOption},
    {"ps", "[OPTIONS]", "List running sandboxes. Root sees everybody's.",
     kTalkOptions | kJsonOption | kListOptions | kHelpOption},
    {"inspect", "[OPTIONS] NAME", "Describe a running sandbox: its processes, namespaces and plan.",
     kTalkOptions | kJsonOption | kHelpOption, Operand::sandbox, 1, 1, "NAME"},
    {"enter", "[OPTIONS] NAME [COMMAND [ARG...]]",
     "Join a running sandbox: all its namespaces, then the same walls again.",
     kTalkOptions | kJsonOption | kHelpOption, Operand::sandbox, 1, kMany, "NAME", "", true, false, 125},
    {"kill", "[-s SIGNAL] NAME", "End a running sandbox, or send its program a signal.",
     kTalkOptions | kJsonOption | kHelpOption | kKillOptions, Operand::sandbox, 1, 1, "NAME"},
    {"install", "[OPTIONS] PROFILE | --list",
     "Make the profile the way its program is started: by a wrapper on PATH and by its menu entries.",
     kTalkOptions | kJsonOption | kHelpOption | kInstallOptions, Operand::profile, 0, 1, "PROFILE"},
    {"new", "[OPTIONS] PROGRAM",
     "Write a first profile for a program: what it is made of is found by reading its files.",
     kTalkOptions | kHelpOption | kNewOptions, Operand::program, 1, 1, "PROGRAM"},
    {"doctor", "[OPTIONS] [PROFILE]",
     "Find out what this machine can do, and what of a profile would fail here: causes and remedies.",
     kReads | kJsonOption, Operand::profile, 0, 1, "PROFILE", "", false, false, 125},
    {"explain", "CODE | KEY", "Explain a message by its code, or a key of the profile language.",
     kTalkOptions | kHelpOption, Operand::topic, 1, 1, "CODE or KEY"},
    {"schema", "profile | plan | report | diff | check | verify | test | doctor",
     "Print the JSON Schema of profiles, of `run --report`, or of what these print with --json: plan, diff, "
     "check, verify, test, doctor.",
     kTalkOptions | kHelpOption, Operand::choice, 1, 1,
     "`profile`, `plan`, `report`, `diff`, `check`, `verify`, `test` or `doctor`",
     "profile plan report diff check verify test doctor"},
    {"completion", "bash | zsh | fish", "Print the completion script of a shell.", kTalkOptions | kHelpOption,
     Operand::choice, 1, 1, "shell", "bash zsh fish"},
    {"version", "", "Print the version.", kTalkOptions | kHelpOption},
    {"help", "[COMMAND]", "Explain a command.", kTalkOptions | kHelpOption, Operand::command, 0, 1,
     "COMMAND"},
};

constexpr Option kOptions[] = {
    {"--set", 0, "TOML", "change the profile by a piece of TOML: --set 'limits.nofile = 64'",
     kProfileOptions},
    {"--param", 0, "NAME=VALUE", "give a parameter that the profile declares", kProfileOptions},
    {"--ro", 0, "PATH", "show PATH of the host, read-only", kProfileOptions, "", true},
    {"--rw", 0, "PATH", "show PATH of the host, writable", kProfileOptions, "", true},
    {"--tmpfs", 0, "PATH", "an empty writable directory at PATH", kProfileOptions},
    {"--env", 0, "NAME[=VALUE]", "set a variable, or let the caller's through", kProfileOptions},
    {"--hostname", 0, "NAME", "the host name inside", kProfileOptions},
    {"--cwd", 0, "PATH", "the directory where the program starts, inside", kProfileOptions},
    {"--net", 0, "host|new", "share the host's network, or have one of its own", kProfileOptions, "host new"},

    {"--into", 0, "FOLDER", "put all outputs there, wherever the profile puts them", kBuildOptions, "", true},
    {"--record", 0, "FILE", "write the record there", kBuildOptions, "", true},
    {"--replace", 0, "", "replace folders that are where outputs go", kBuildOptions},
    {"--keep", 0, "FOLDER", "if the build fails, copy its working folder there; with --check, what differs",
     kBuildOptions, "", true},
    {"--check", 0, "", "build twice, the second time under other circumstances, and compare", kBuildOptions},
    {"--verify", 0, "RECORD", "build again and compare with this record; nothing is put anywhere",
     kBuildOptions, "", true},

    {"--name", 0, "NAME", "call the sandbox so, for ps, inspect, enter and kill", kRunOptions},
    {"--timeout", 0, "TIME", "end the program after this time: 30s, 2h",
     kRunOptions | kBuildOptions | kTestOptions},
    {"--status-fd", 0, "FD", "tell what happens on this descriptor, as lines of JSON", kRunOptions},
    {"--report", 0, "FILE", "tell what happened in FILE, as one JSON document", kRunOptions, "", true},
    {"--verify", 0, "", "read everything back before the program starts", kRunOptions},
    {"--timings", 0, "", "say at the end how long each stage and each step took", kRunOptions},
    {"--behind", 0, "WRAPPER", "run the program that this wrapper of `hutch install` stands in front of",
     kRunOptions, "", true},

    {"--user", 0, "", "install into your own folders", kInstallOptions},
    {"--system", 0, "", "install into /usr/local, for everybody", kInstallOptions},
    {"--undo", 0, "", "remove what was installed for the profile", kInstallOptions},
    {"--list", 0, "", "print what is installed", kInstallOptions},

    {"--from", 0, "PROFILE", "what it extends: base/system unless said otherwise", kNewOptions},
    {"--output", 'o', "FILE", "write it there, where nothing may be yet; else it is printed", kNewOptions, "",
     true},

    {"--digest", 0, "", "print only the SHA-256 of the plan", kPlanOptions},
    {"--strict", 0, "", "check: warnings are errors; test: so is a profile of which no test passed",
     kCheckOptions},
    {"--names", 0, "", "print only names, one a line", kListOptions},
    {"--signal", 's', "SIGNAL", "TERM unless said otherwise; KILL ends everything at once", kKillOptions},
    {"--json", 0, "", "answer and report as JSON", kJsonOption},

    {"--verbose", 'v', "", "say what was left out and why; twice: every step too", kTalkOptions},
    {"--log-file", 0, "FILE", "add what -vv says to FILE, as JSON lines", kTalkOptions, "", true},
    {"--color", 0, "auto|always|never", "colours in messages", kTalkOptions, "auto always never"},
    {"--help", 'h', "", "explain this command", kHelpOption},
};

}  // namespace

std::span<const Command> all_commands() { return kCommands; }
std::span<const Option> all_options() { return kOptions; }

const Command* find_command(std::string_view name) {
  const auto* const found = std::ranges::find(kCommands, name, &Command::name);
  return found == std::end(kCommands) ? nullptr : found;
}

const Option* find_option(const Command& command, std::string_view name) {
  const auto matches = [&](const Option& option) {
    if ((option.groups & command.groups) == 0) return false;
    return option.name == name ||
           (name.size() == 2 && name[0] == '-' && option.letter != 0 && option.letter == name[1]);
  };
  const auto* const found = std::ranges::find_if(kOptions, matches);
  return found == std::end(kOptions) ? nullptr : found;
}

}  // namespace hutch
