#pragma once

#include <string>
#include <vector>

#include "host/host.h"
#include "plan/grants.h"
#include "profile/profile.h"

namespace hutch {

/// What a sandbox can reach, in a dozen lines. No score: a number would hide which line is to blame.
struct Exposure {
  bool knows_files = true;          ///< false: it joins somebody's mount namespace; the next ones say nothing
  std::vector<std::string> writes;  ///< the host's files and folders that it can change, topmost only
  std::vector<std::string> reads;   ///< those it can read and not change
  std::string named = "none";  ///< what it may do with files that the command line names: "read", "write"
  std::string home;            ///< the caller's: "hidden", "read", "write", "parts"
  std::vector<std::string> secrets, sockets, run_outside;  ///< known places, as paths
  std::string network;                                     ///< "none", "own", "host", "joined"
  std::string processes;                                   ///< "own", "host", "joined"
  std::vector<std::string> devices;                        ///< but null and the like
  std::vector<std::string> capabilities;
  std::vector<std::string> environment;  ///< the caller's variables, by name
  std::vector<std::string> gains;        ///< ways to more rights, as sentences
};

Exposure exposure_of(const Profile& profile, const Grants& grants, const Host& host);

}  // namespace hutch
