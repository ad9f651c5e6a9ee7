#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "base/path.h"
#include "base/sources.h"
#include "base/text.h"
#include "profile/check.h"
#include "profile/load.h"
#include "profile/read_toml.h"
#include "profile/show.h"
#include "support/fake_host.h"

namespace hutch::test {

/// "E0102 p.toml:3:1 unknown key `x` | label | help: … | cause: … | other: p.toml:1:1 …": the whole message
/// in one line.
inline std::string tell(const Diagnostic& diagnostic, const Sources& sources) {
  std::string text = fmt::format("{} {} {}", diagnostic.code, sources.where(diagnostic.at), diagnostic.what);
  if (!diagnostic.label.empty()) text += " | " + diagnostic.label;
  if (!diagnostic.cause.empty()) text += " | cause: " + diagnostic.cause;
  if (!diagnostic.help.empty()) text += " | help: " + diagnostic.help;
  if (diagnostic.other.known()) {
    text += fmt::format(" | other: {} {}", sources.where(diagnostic.other), diagnostic.other_label);
  }
  return text;
}

inline std::string tell(const Diagnostics& all, const Sources& sources) {
  std::string text;
  for (const Diagnostic& each : all) text += (text.empty() ? "" : "\n") + tell(each, sources);
  return text;
}

/// What is wrong with this text as a file called p.toml; empty if nothing is.
inline std::string shape_of(std::string_view toml) {
  Sources sources;
  const auto tree = read_toml(sources.add("p.toml", std::string(toml), "/p"), sources);
  return tell(tree ? check_shape(*tree, sources) : tree.error(), sources);
}

/// A folder with profiles, and a caller who stands in it.
class Folder {
 public:
  Folder() {
    char pattern[] = "/tmp/hutch-test-XXXXXX";
    path_ = ::mkdtemp(pattern);
    host.directory(path_)
        .env("XDG_CONFIG_HOME", path_ + "/config")
        .env("HUTCH_PROFILE_PATH", path_ + "/profiles");
  }
  ~Folder() { (void)!::system(fmt::format("chmod -R u+rwX {0}; rm -rf {0}", path_).c_str()); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  Folder& write(const std::string& name, std::string_view text) {
    const std::string path = join_path(path_, name);
    (void)!::system(fmt::format("mkdir -p '{}'", parent_of(path)).c_str());
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    (void)!::write(fd, text.data(), text.size());
    ::close(fd);
    return *this;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

  Result<Loaded> load(const std::string& profile) {
    request.profile = profile;
    sources = Sources();
    return load_profile(request, host, sources);
  }
  /// The effective profile without its comments, or what was wrong; the folder's name becomes "@".
  std::string effective(const std::string& profile) {
    auto loaded = load(profile);
    if (!loaded) return tidy(tell(loaded.error(), sources));
    skipped.clear();
    for (const Skipped& each : loaded->skipped) {
      skipped += fmt::format("{}{} ({}): {}", skipped.empty() ? "" : "\n", each.what, sources.where(each.at),
                             each.why);
    }
    skipped = tidy(skipped);
    std::string text;
    const std::string shown = show_effective(*loaded, sources);
    for (const std::string_view line : split(shown, '\n')) {
      if (!line.empty()) text += (text.empty() ? "" : "\n") + std::string(line.substr(0, line.rfind("  # ")));
    }
    return tidy(text);
  }
  [[nodiscard]] std::string tidy(std::string text) const {
    for (std::size_t at = text.find(path_); at != text.npos; at = text.find(path_))
      text.replace(at, path_.size(), "@");
    return text;
  }

  FakeHost host;
  LoadRequest request;
  Sources sources;
  std::string skipped;

 private:
  std::string path_;
};

}  // namespace hutch::test
