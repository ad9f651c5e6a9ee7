#include "starter/program_chain.h"

#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/path.h"
#include "base/text.h"
#include "host/find_program.h"

namespace hutch {
namespace {

constexpr int kLongestChain = 5;          // the kernel's own bound
constexpr std::size_t kScriptHead = 256;  // BINPRM_BUF_SIZE

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; (at = line.find_first_not_of(" \t\r", at)) != line.npos;) {
    const std::size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

/// The program that env(1) is asked for.
std::optional<std::string> asked_of_env(const std::vector<std::string>& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "-u" || word == "-C" || word == "--unset" || word == "--chdir") {
      ++i;
    } else if (word.starts_with("-S") && word.size() > 2 && !word.starts_with("--")) {
      return word.substr(2);
    } else if (!word.starts_with('-') && word.find('=') == word.npos) {
      return word;
    }
  }
  return std::nullopt;
}

Result<std::string> place_of_program(const std::string& program, const Host& host) {
  if (program.find('/') == program.npos) {
    std::string found = find_program(host, program);
    if (!found.empty()) return found;
    return fail({.code = "E0941",
                 .what = fmt::format("there is no program {}", quoted(program)),
                 .cause = "no folder of PATH has an executable file of that name",
                 .help = fmt::format("for the file here, write ./{}", printable(program))});
  }
  std::string path = absolute_from(host.caller().directory, program);
  const PathFact found = host.follow(path);
  if (found.kind == FileKind::missing)
    return fail({.code = "E0941",
                 .what = fmt::format("there is no program {}", quoted(path)),
                 .cause = ::strerror(found.error),
                 .help = "name a file, or a program on PATH without a slash"});
  if (found.kind != FileKind::file || !host.may(path, X_OK))
    return fail({.code = "E0942",
                 .what = fmt::format("{} cannot be executed", quoted(path)),
                 .cause = found.kind == FileKind::file ? "its mode lets you not" : "it is no file",
                 .help = "name the file that is to run in the sandbox"});
  return path;
}

}  // namespace

Result<ProgramChain> chain_of(const std::string& program, const Host& host) {
  TRY(std::string path, place_of_program(program, host));
  ProgramChain chain;
  std::string as = "the program";
  for (int i = 0; i < kLongestChain; ++i) {
    chain.links.push_back({path, as});
    const std::string head = host.read(path, kScriptHead).value_or("");
    if (!head.starts_with("#!")) break;
    const std::vector<std::string> words = words_of(std::string_view(head).substr(2, head.find('\n') - 2));
    if (words.empty() || !words[0].starts_with('/')) break;
    as = "its interpreter";
    path = normalise(words[0]);
    if (name_of(path) == "env") {
      const auto asked = asked_of_env(words);
      if (const std::string found = asked ? find_program(host, *asked) : ""; !found.empty()) {
        chain.links.push_back({path, "which finds its interpreter"});
        path = found;
      }
    }
    if (host.follow(path).kind != FileKind::file)
      return fail({.code = "E0943",
                   .what = fmt::format("the interpreter {} of {} is not there", quoted(path),
                                       quoted(chain.links[0].path)),
                   .help = "install it, or mend the first line of the script"});
  }
  const std::string real = host.real_path(chain.links.back().path);
  const auto elf = read_elf(real);
  if (!elf) {
    const bool readable = host.may(real, R_OK);
    return fail({.code = "E0942",
                 .what = fmt::format("nothing can be found out about {}", quoted(chain.links.back().path)),
                 .cause = readable ? "it begins neither with `#!` nor as a program for this machine"
                                   : "you may execute it, but not read it",
                 .help = readable ? "name the program that opens it, with the file as its argument"
                                  : "start from another profile: extends = [\"base/system\"]"});
  }
  chain.is_static = elf->loader.empty() && elf->needed.empty();
  if (!elf->loader.empty()) chain.links.push_back({normalise(elf->loader), "its loader"});
  chain.libraries = libraries_of(real, *elf, host);
  return chain;
}

}  // namespace hutch
