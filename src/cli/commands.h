#pragma once

#include <string>
#include <string_view>

#include "cli/session.h"

/// One function for each command, in a file of its name. Each returns the exit status.

namespace hutch {

int run_command(Session& session);
int build_command(Session& session);
int plan_command(Session& session);
int show_command(Session& session);
int check_command(Session& session);
int access_command(Session& session);
int diff_command(Session& session);
int verify_command(Session& session);
int test_command(Session& session);
int list_command(Session& session);
int ps_command(Session& session);
int inspect_command(Session& session);
int enter_command(Session& session);
int kill_command(Session& session);
int install_command(Session& session);
int new_command(Session& session);
int doctor_command(Session& session);
int explain_command(Session& session);
int schema_command(Session& session);
int completion_command(Session& session);
int version_command(Session& session);
int help_command(Session& session);

/// `hutch help` and `hutch help COMMAND`.
std::string overview();
std::string help_text(const Command& command);

/// The completion script of "bash", "zsh" or "fish", made from the command table.
std::string completion_script(std::string_view shell);

}  // namespace hutch
