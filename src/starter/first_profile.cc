#include "starter/first_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"

namespace hutch {
namespace {

// --- what goes with what

struct Rule {
  std::string_view prefix;  ///< of a program's or library's file name
  std::string_view profile, why;
  bool opens = false;
};

constexpr Rule kPrograms[] = {
    {"python", "lang/python", "a program for Python"},
    {"node", "lang/node", "a program for Node.js"},
    {"npm", "lang/node", "a program for Node.js"},
    {"java", "lang/java", "a program for Java"},
    {"cargo", "lang/rust", "a tool of Rust"},
    {"rustc", "lang/rust", "a tool of Rust"},
    {"go", "lang/go", "a tool of Go"},
    {"gcc", "lang/c", "a compiler"},
    {"g++", "lang/c", "a compiler"},
    {"cc", "lang/c", "a compiler"},
    {"make", "lang/c", "it runs compilers"},
    {"cmake", "lang/c", "it runs compilers"},
};
constexpr Rule kLibraries[] = {
    {"libpython", "lang/python", "it has Python inside"},
    {"libjvm", "lang/java", "it has Java inside"},
    {"libfontconfig", "feature/fonts", "it draws text"},
    {"libgtk-", "feature/themes", "it has windows"},
    {"libQt5Gui", "feature/themes", "it has windows"},
    {"libQt6Gui", "feature/themes", "it has windows"},
    {"libwayland-client", "feature/wayland", "for windows under Wayland", true},
    {"libX11.", "feature/x11", "for windows under X11, where it then sees all keys and windows", true},
    {"libxcb.", "feature/x11", "for windows under X11, where it then sees all keys and windows", true},
    {"libGL.", "feature/gpu", "for the graphics card", true},
    {"libEGL.", "feature/gpu", "for the graphics card", true},
    {"libvulkan.", "feature/gpu", "for the graphics card", true},
    {"libOpenCL.", "feature/gpu", "for the graphics card", true},
    {"libpulse.", "feature/pulseaudio", "for sound and microphones", true},
    {"libpipewire-", "feature/pipewire", "for sound, microphones and cameras", true},
    {"libcurl", "feature/network", "for the network", true},
    {"libssl.", "feature/network", "for the network", true},
    {"libgnutls.", "feature/network", "for the network", true},
    {"libnss3.", "feature/network", "for the network", true},
};

/// A whole word, with a version perhaps: "python3.11" for "python", but not "gopher" for "go".
bool is_program_of(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  const std::string_view rest = name.substr(prefix.size());
  return rest.find_first_not_of("0123456789.-") == rest.npos;
}

void suggest(const Rule& rule, std::string_view found, std::vector<Suggestion>& all) {
  if (std::ranges::find(all, rule.profile, &Suggestion::profile) != all.end()) return;
  all.push_back({.profile = std::string(rule.profile),
                 .why = fmt::format("{} ({})", rule.why, printable(found)),
                 .opens = rule.opens});
}

// --- what the base does not show

struct Need {
  std::string path, why;
};

/// A folder that only holds such things, not one that holds a user's life.
bool is_narrow(std::string_view folder, const Host& host) {
  const auto home = host.caller().environment.find("HOME");
  const bool holds_home = home != host.caller().environment.end() && is_within(home->second, folder);
  return !holds_home && folder != "/" && folder != "/home" && folder != "/tmp";
}

class Needs {
 public:
  Needs(const FirstProfile& how, const Host& host) : how_(how), host_(host) {}

  void program(const std::string& path) {
    const std::size_t modules = path.find("/node_modules/");
    if (modules != path.npos && is_narrow(path.substr(0, modules + 13), host_))
      add(path.substr(0, modules + 13), "the program, and the packages that it was installed with");
    else
      add(path, "the program");
  }

  void link(const ProgramChain::Link& link) {
    const std::string folder(parent_of(parent_of(link.path)));
    if (host_.look(folder + "/pyvenv.cfg").kind == FileKind::file && is_narrow(folder, host_))
      add(folder, fmt::format("{} is in this virtual environment", link.as));
    else
      add(link.path, link.as);
  }

  void library(const Library& library) {
    if (library.path.empty()) return;
    const std::string folder(parent_of(library.path));
    const bool is_own = !library.folder.empty() && is_narrow(folder, host_);
    add(library.path, fmt::format("{}, a library of its own", printable(library.name)), is_own ? folder : "");
  }

  [[nodiscard]] const std::vector<Need>& all() const { return all_; }

 private:
  /// With the folder around it, where one is said.
  void add(const std::string& path, std::string why, const std::string& folder = "") {
    if (how_.is_visible(path)) return;
    const std::string& wanted = folder.empty() ? path : folder;
    if (std::ranges::any_of(all_, [&](const Need& each) { return is_within(wanted, each.path); })) return;
    std::erase_if(all_, [&](const Need& each) { return is_within(each.path, wanted); });
    all_.push_back({wanted, std::move(why)});
  }

  const FirstProfile& how_;
  const Host& host_;
  std::vector<Need> all_;
};

// --- the text

/// As TOML, with the home folder by its variable.
class Paths {
 public:
  explicit Paths(const Host& host) {
    const auto home = host.caller().environment.find("HOME");
    if (home != host.caller().environment.end() && home->second.starts_with('/') && home->second != "/")
      home_ = normalise(home->second);
  }

  [[nodiscard]] std::string value(const std::string& path) const { return quoted(said(path)); }
  [[nodiscard]] std::string key(const std::string& path) const { return quoted(said(glob_escape(path))); }

 private:
  [[nodiscard]] std::string said(std::string path) const {
    const bool at_home = !home_.empty() && is_within(path, home_) && path.starts_with(home_);
    std::string text = at_home ? path.substr(home_.size()) : std::move(path);
    for (std::size_t at = 0; (at = text.find('$', at)) != text.npos; at += 2) text.insert(at, 1, '$');
    return at_home ? "${HOME}" + text : text;
  }

  std::string home_;
};

std::string name_for(std::string_view path) {
  std::string name(name_of(path));
  std::ranges::replace_if(
      name,
      [](char c) {
        return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' &&
               c != '_' && c != '+';
      },
      '-');
  const std::size_t first = name.find_first_not_of(".-_+");
  return first == name.npos ? "program" : name.substr(first);
}

std::string head(const std::string& program, const FirstProfile& how) {
  return fmt::format(
      "#:schema {}\n"
      "# A first profile for {}, by `hutch new`. What it opens stands below, a line for each thing;\n"
      "# everything else is closed: other files of yours, the network, other processes.\n"
      "#\n"
      "#   hutch run {file}          words that follow go to the program\n"
      "#   hutch check {file}        what it reaches, and what may be a mistake\n"
      "#   hutch access {file} PATH  would the program see PATH?\n"
      "schema = 1\n",
      printable(how.schema), printable(program), fmt::arg("file", printable(how.file)));
}

/// Lines with comments behind them, all in one column.
class Lines {
 public:
  void add(std::string text, std::string comment) {
    widest_ = std::max(widest_, text.size());
    lines_.emplace_back(std::move(text), std::move(comment));
  }
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const auto& [text, comment] : lines_)
      all += comment.empty() ? text + "\n" : fmt::format("{:<{}}  # {}\n", text, widest_, comment);
    return all;
  }

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
  std::size_t widest_ = 0;
};

std::string parents(const std::vector<Suggestion>& suggestions, const FirstProfile& how) {
  Lines lines;
  const bool is_default = how.from == "base/system";
  lines.add(fmt::format("  {},", quoted(how.from)),
            is_default ? "programs and libraries of the distribution, read-only; /proc, /dev, an empty /tmp"
                       : "what you started from");
  if (is_default) {
    lines.add("  \"base/home-private\",", "an empty home folder in memory");
    lines.add("  \"seccomp/default\",", "the system calls of ordinary programs");
  }
  bool asks = false;
  for (const Suggestion& each : suggestions) {
    if (!each.opens) lines.add(fmt::format("  {},", quoted(each.profile)), each.why);
    asks = asks || each.opens;
  }
  std::string text = "extends = [\n" + lines.text();
  Lines offered;
  for (const Suggestion& each : suggestions)
    if (each.opens) offered.add(fmt::format("  # {},", quoted(each.profile)), each.why);
  if (asks)
    text += "  # It was linked for these, too. Each opens a way out: take the # off where it is needed.\n";
  return text + offered.text() + "]\n";
}

std::string mounts(const Needs& needs, const ProgramChain& chain, const Paths& paths) {
  Lines lines;
  for (const Need& each : needs.all()) lines.add(fmt::format("{} = \"ro\"", paths.key(each.path)), each.why);
  std::string text = "\n[mounts]\n" + lines.text();
  for (const Library& each : chain.libraries)
    if (each.path.empty()) text += fmt::format("# {} was not found on this machine\n", printable(each.name));
  return text +
         "# The folder you are in, for the program to change. \"ro\" is enough for one that only reads.\n"
         "# \"${CWD}\" = \"rw\"\n";
}

}  // namespace

std::vector<Suggestion> suggestions_for(const ProgramChain& chain) {
  std::vector<Suggestion> all;
  for (const ProgramChain::Link& link : chain.links) {
    for (const Rule& rule : kPrograms)
      if (is_program_of(name_of(link.path), rule.prefix)) suggest(rule, link.path, all);
  }
  for (const Rule& rule : kLibraries) {
    for (const Library& library : chain.libraries)
      if (library.name.starts_with(rule.prefix)) suggest(rule, library.name, all);
  }
  return all;
}

Result<std::string> first_profile(const ProgramChain& chain, const FirstProfile& how, const Host& host) {
  Needs needs(how, host);
  // A link that leads to what is not shown would lead nowhere inside.
  const std::string& named = chain.links.front().path;
  const std::string real = host.real_path(named);
  const std::string program = how.is_visible(named) || real.empty() ? named : real;
  needs.program(program);
  for (std::size_t i = 1; i < chain.links.size(); ++i) needs.link(chain.links[i]);
  for (const Library& each : chain.libraries) needs.library(each);
  std::vector<std::string> said{program};
  for (const Need& each : needs.all()) said.push_back(each.path);
  for (const std::string& path : said) {
    if (printable(path) != path)
      return fail({.code = "E0945",
                   .what = fmt::format("no profile can name {}", quoted(path)),
                   .cause = "control characters and bytes that are not UTF-8 cannot be written in one",
                   .help = "give it another name"});
  }

  const Paths paths(host);
  const std::string name = name_for(named);
  std::string text = head(named, how);
  text += fmt::format("name = {}\ndescription = {}\n", quoted(name),
                      quoted(fmt::format("{}, and nothing else of yours", name)));
  text += parents(suggestions_for(chain), how) + mounts(needs, chain, paths);
  text +=
      "\n[process]\n" + fmt::format("command = [{}]\n", paths.value(program)) +
      "args = \"append\"  # words after the profile follow the command; else they take its place\n"
      "# Of your files those that these words name, and no other; with \"rw\" it may change and make them.\n"
      "# files = \"ro\"\n";
  text += "\n# What `hutch test` tries. Add what the program is to do, and what it must not.\n";
  text += fmt::format("# [[test]]\n# name = \"it starts\"\n# run = [{}, \"--version\"]\n\n",
                      paths.value(program));
  text +=
      "[[test]]\nname = \"keys of the home folder cannot be read\"\n"
      "run = [\"/bin/sh\", \"-c\", \"cat ~/.ssh/id_ed25519\"]\nexpect = \"denied\"\n";
  return text;
}

}  // namespace hutch
