#pragma once

#include <string_view>
#include <type_traits>
#include <variant>

#include "plan/step.h"

namespace hutch {

/// The path of a step that walks inside the sandbox; empty for the others.
inline std::string_view walked_path(const Op& op) {
  return std::visit(
      []<class T>(const T& s) -> std::string_view {
        if constexpr (std::is_same_v<T, MakeDir> || std::is_same_v<T, MakeSymlink> ||
                      std::is_same_v<T, MakeFile> || std::is_same_v<T, Attach> || std::is_same_v<T, Seal> ||
                      std::is_same_v<T, ReadOnlyView> || std::is_same_v<T, ChangeDir> ||
                      std::is_same_v<T, AllowPath>) {
          return s.path.view();
        } else {
          return {};
        }
      },
      op);
}

}  // namespace hutch
