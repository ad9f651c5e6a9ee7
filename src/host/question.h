#pragma once

#include <cstdint>

namespace hutch {

/// What a Host and its Files are asked, by the names of their functions. A header without any library, for
/// those who ask before there is one.
enum class HostQuestion : std::uint8_t {
  caller,
  environment,
  kernel,
  look,
  follow,
  read_link,
  list,
  real_path,
  is_read_only,
  may,
  read,
  mounts_below,
  subids,
  limit,
  nice,
  oom_score_adj,
  processors,
  may_have_personality,
  file_text,
  file_names,
  file_is_directory,
  file_is_regular,
  file_is_there,
  file_is_of_others,
  file_real_directory,
  own_path
};

}  // namespace hutch
