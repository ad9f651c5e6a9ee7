#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/origin.h"

namespace hutch {

/// Every text that values came from, kept so that messages can quote it.
class Sources {
 public:
  /// `name` is what the user calls it: a path, or an option like `--set`.
  /// `directory` is where relative host paths in it start (absolute, no trailing slash but for "/").
  std::uint32_t add(std::string name, std::string text, std::string directory) {
    all_.push_back({std::move(name), std::move(text), std::move(directory)});
    return static_cast<std::uint32_t>(all_.size());
  }

  [[nodiscard]] const std::string& name(std::uint32_t id) const { return all_.at(id - 1).name; }
  [[nodiscard]] const std::string& text(std::uint32_t id) const { return all_.at(id - 1).text; }
  [[nodiscard]] const std::string& directory(std::uint32_t id) const { return all_.at(id - 1).directory; }
  [[nodiscard]] std::size_t count() const { return all_.size(); }

  /// The line `number` (from 1) of a source without its line end; empty if there is none.
  [[nodiscard]] std::string_view line(std::uint32_t id, std::uint32_t number) const;

  /// "build.toml:14:1", or the option's name and column, or empty for an unknown origin.
  [[nodiscard]] std::string where(const Origin& at) const;

 private:
  struct Source {
    std::string name, text, directory;
  };
  std::deque<Source> all_;
};

}  // namespace hutch
