#include "starter/libraries.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <string_view>

#include "base/path.h"
#include "base/text.h"

namespace hutch {
namespace {

constexpr std::size_t kMostLibraries = 1000;
constexpr std::size_t kLargestSettings = std::size_t{64} << 10;

/// The folders of ld.so.conf and of the files that it includes one step down, and the linker's own.
std::vector<std::string> system_folders(const Host& host, int bits) {
  std::vector<std::string> all;
  const auto take = [&](std::string_view text, auto&& include) -> void {
    for (const std::string_view line : split(text, '\n')) {
      const std::string_view said = line.substr(0, line.find('#'));
      const std::size_t first = said.find_first_not_of(" \t");
      if (first == said.npos) continue;
      std::string word(said.substr(first, said.find_last_not_of(" \t") - first + 1));
      if (word.starts_with("include "))
        include(word.substr(8));
      else if (word.starts_with('/'))
        all.push_back(std::move(word));
    }
  };
  const auto nothing = [](const std::string&) {};
  const auto include = [&](const std::string& pattern) {
    const std::string folder(parent_of(absolute_from("/etc", pattern)));
    for (const std::string& name : host.list(folder).value_or(std::vector<std::string>{})) {
      if (!glob_matches(name_of(pattern), name)) continue;
      take(host.read(join_path(folder, name), kLargestSettings).value_or(""), nothing);
    }
  };
  take(host.read("/etc/ld.so.conf", kLargestSettings).value_or(""), include);
  for (const char* folder : {"/lib", "/usr/lib"}) {
    if (bits == 64) all.push_back(folder + std::string("64"));
    if (bits == 32) all.push_back(folder + std::string("32"));
    all.emplace_back(folder);
  }
  return all;
}

class Search {
 public:
  Search(const std::string& program, const ElfFile& elf, const Host& host)
      : host_(host), bits_(elf.bits), machine_(elf.machine), system_(system_folders(host, elf.bits)) {
    ask({program, elf, {}});
  }

  std::vector<Library> run() {
    while (!waiting_.empty()) {
      const User user = std::move(waiting_.front());
      waiting_.pop_front();
      for (const std::string& name : user.elf.needed) {
        if (found_.size() >= kMostLibraries) return found_;
        if (seen_.insert(name).second) find(name, user);
      }
    }
    return found_;
  }

 private:
  struct User {
    std::string path;  ///< without links: $ORIGIN is its folder
    ElfFile elf;
    std::vector<std::string> inherited;  ///< RPATHs of those who load it, with $ORIGIN replaced
  };

  void ask(User user) { waiting_.push_back(std::move(user)); }

  static std::string expanded(std::string folder, const std::string& user) {
    for (const std::string_view origin : {"$ORIGIN", "${ORIGIN}"}) {
      for (std::size_t at = folder.find(origin); at != std::string::npos; at = folder.find(origin, at)) {
        folder.replace(at, origin.size(), parent_of(user));
        at += parent_of(user).size();
      }
    }
    return folder.starts_with('/') ? normalise(folder) : "";
  }

  /// Is it a library for this program?
  std::optional<ElfFile> fits(const std::string& path) const {
    if (host_.follow(path).kind != FileKind::file) return std::nullopt;
    auto elf = read_elf(path);
    return elf && elf->bits == bits_ && elf->machine == machine_ ? elf : std::nullopt;
  }

  void find(const std::string& name, const User& user) {
    if (name.find('/') != name.npos) {
      take({.name = name, .path = name.starts_with('/') ? normalise(name) : "", .folder = ""}, user);
      return;
    }
    // RPATH counts only where there is no RUNPATH.
    const std::vector<std::string>& own = user.elf.runpath.empty() ? user.elf.rpath : user.elf.runpath;
    for (const std::string& folder : own) {
      const std::string place = expanded(folder, user.path);
      if (!place.empty() && fits(join_path(place, name)))
        return take({.name = name, .path = join_path(place, name), .folder = folder}, user);
    }
    if (user.elf.runpath.empty()) {
      for (const std::string& folder : user.inherited)
        if (fits(join_path(folder, name)))
          return take({.name = name, .path = join_path(folder, name), .folder = folder}, user);
    }
    for (const std::string& folder : system_)
      if (fits(join_path(folder, name)))
        return take({.name = name, .path = join_path(folder, name), .folder = ""}, user);
    take({.name = name, .path = "", .folder = ""}, user);
  }

  void take(Library library, const User& user) {
    if (const auto elf = library.path.empty() ? std::nullopt : fits(library.path)) {
      std::vector<std::string> inherited = user.inherited;
      for (const std::string& folder : user.elf.rpath)
        if (std::string place = expanded(folder, user.path); !place.empty())
          inherited.push_back(std::move(place));
      const std::string real = host_.real_path(library.path);
      ask({real.empty() ? library.path : real, *elf, std::move(inherited)});
    } else {
      library.path.clear();
    }
    found_.push_back(std::move(library));
  }

  const Host& host_;
  int bits_, machine_;
  std::vector<std::string> system_;
  std::deque<User> waiting_;
  std::set<std::string> seen_;
  std::vector<Library> found_;
};

}  // namespace

std::vector<Library> libraries_of(const std::string& program, const ElfFile& elf, const Host& host) {
  return Search(program, elf, host).run();
}

}  // namespace hutch
