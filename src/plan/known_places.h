#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/host.h"

namespace hutch {

/// Places of the host that matter more than others.
struct KnownPlace {
  enum class Kind : std::uint8_t {
    secret,      ///< who reads it is somebody
    way_out,     ///< a socket, or a folder of sockets, that does things outside for whoever asks
    run_outside  ///< who writes it decides what you run next
  };
  Kind kind = Kind::secret;
  std::string path;
  std::string what;             ///< "SSH keys"
  bool of_the_project = false;  ///< of the folder the caller is in, which is there to be worked on
};

/// Those of this caller that exist, by path.
std::vector<KnownPlace> known_places(const Host& host);

}  // namespace hutch
