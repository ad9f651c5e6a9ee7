#pragma once

#include <string>

#include "host/host.h"
#include "profile/profile.h"

namespace hutch {

/// Why a program that is there cannot be executed: the first link of its `#!` or ELF loader chain that does
/// not exist inside, as a sentence; empty if the whole chain is there. Asked after execve(2) said ENOENT,
/// never before.
std::string missing_link(const Profile& profile, const Host& host, const std::string& program);

}  // namespace hutch
