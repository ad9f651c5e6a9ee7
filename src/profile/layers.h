#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/host.h"

namespace hutch {

/// One of the directories that profiles are looked for in, highest first.
struct Layer {
  std::string
      label;  ///< "project", "user", "system", "installed"; the directory itself for HUTCH_PROFILE_PATH
  std::string directory;  ///< absolute
};
std::vector<Layer> profile_layers(const Host& host);

/// Components of letters, digits and ". _ + @ -" that start with a letter or digit: "feature/wayland".
bool is_profile_name(std::string_view text);

/// Said with a path, not a name: absolute, from "./", "../" or "~/", or ending in ".toml".
bool is_profile_path(std::string_view text);

/// The file of the highest layer that has this name.
std::optional<std::string> find_profile(std::string_view name, const Host& host);

/// NAME.toml.d/*.toml of all layers in byte order of file name; a name in a higher layer hides the same one
/// below.
std::vector<std::string> find_drop_ins(std::string_view name, const Host& host);

/// Every name that can be found, for did-you-mean.
std::vector<std::string> profile_names(const Host& host);

}  // namespace hutch
