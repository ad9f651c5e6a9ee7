#pragma once

#include <string>
#include <vector>

#include "host/host.h"
#include "launch/tell_failure.h"

namespace hutch {

/// What this machine and this caller have, whether or not it hurts: that is for trials to find out.
struct MachineFact {
  std::string name;   ///< "kernel"
  std::string value;  ///< "Linux 6.1, x86_64"
  std::string help;   ///< what it means for sandboxes and what to do; empty where nothing is amiss
};

/// In the order in which people ask. `read` reads small files of the kernel's.
std::vector<MachineFact> machine_facts(const Host& host, const ReadText& read = read_from_machine);

}  // namespace hutch
