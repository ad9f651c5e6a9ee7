#include "plan/program.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/path.h"
#include "base/text.h"
#include "plan/draft.h"

namespace hutch {
namespace {

constexpr int kLongestChain = 5;                      // the kernel's: binfmt_script(5) within binfmt_script
constexpr std::size_t kHead = std::size_t{64} << 10;  // program headers and PT_INTERP come early

template <class T>
std::optional<T> read_at(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// The path in PT_INTERP; elf(5).
template <class Header, class Segment>
std::string loader_of(std::string_view bytes) {
  const auto header = read_at<Header>(bytes, 0);
  if (!header) return {};
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    const auto segment = read_at<Segment>(bytes, header->e_phoff + std::uint64_t{i} * sizeof(Segment));
    if (!segment) return {};
    if (segment->p_type != PT_INTERP || segment->p_offset >= bytes.size()) continue;
    const std::string_view path = bytes.substr(segment->p_offset, segment->p_filesz);
    return std::string(path.substr(0, path.find('\0')));
  }
  return {};
}

/// The interpreter of a `#!` line; execve(2).
std::string interpreter_of(std::string_view bytes) {
  std::string_view line = bytes.substr(2, bytes.find('\n') - 2);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return std::string(line.substr(0, line.find_first_of(" \t\r")));
}

struct Loader {
  const char* as;  // "interpreter", "loader"
  std::string path;
};

Loader needs_of(std::string_view bytes) {
  if (bytes.starts_with("#!")) return {"interpreter", interpreter_of(bytes)};
  if (!bytes.starts_with(std::string_view(ELFMAG, SELFMAG)) || bytes.size() <= EI_CLASS) return {"", {}};
  if (bytes[EI_CLASS] == ELFCLASS32) return {"loader", loader_of<Elf32_Ehdr, Elf32_Phdr>(bytes)};
  return {"loader", loader_of<Elf64_Ehdr, Elf64_Phdr>(bytes)};
}

}  // namespace

std::string missing_link(const Profile& profile, const Host& host, const std::string& program) {
  const Request request{.needs_command = false};
  Draft draft(profile, request, host);
  create_namespaces(draft);
  map_identity(draft);
  place_mounts(draft);
  std::string path = program;
  for (int link = 0; link < kLongestChain; ++link) {
    const View::Walk walk = draft.view.walk(path);
    if (walk.seen.on_host.empty()) return {};
    const std::optional<std::string> head = host.read(walk.seen.on_host, kHead);
    if (!head) return {};
    const Loader needs = needs_of(*head);
    if (needs.path.empty()) return {};
    const std::string next = absolute_from("/", needs.path);
    const View::Walk there = draft.view.walk(next);
    if (there.seen.kind == FileKind::missing) {
      const std::string at = there.missing.empty() || there.missing == next
                                 ? ""
                                 : fmt::format(" ({} is missing)", quoted(there.missing));
      return fmt::format("its {} {} does not exist inside{}", needs.as, quoted(needs.path), at);
    }
    path = next;
  }
  return {};
}

}  // namespace hutch
