// Files: what set-up made in the new root, and what was written to /proc.
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "launch/errno_text.h"
#include "verify/checks.h"

namespace hutch {
namespace {

const char* kind_name(mode_t mode) {
  return S_ISDIR(mode)   ? "a directory"
         : S_ISREG(mode) ? "a file"
         : S_ISLNK(mode) ? "a link"
                         : "something else";
}

bool is_covered(std::string_view path, const Evidence& e) { return !e.places.at(path).empty(); }

/// What is made in a file system that a step made has the mode that the step says; elsewhere it may have been
/// there before.
bool is_ours(std::string_view path, const Evidence& e) {
  const std::vector<Slot> around = e.places.at(e.places.around(path));
  return !around.empty() && e.places.filesystem(around.back()) != nullptr;
}

/// Nothing: the object is there and may be compared.
std::optional<Verdict> look(std::string_view path, const Evidence& e, ObjectId& found, std::size_t since) {
  if (!e.root) return unreadable("the root of the program cannot be opened");
  if (e.places.is_hidden_after(since, path)) return unreadable("a mount of a later step hides it");
  if (const auto object = e.object(path)) {
    found = *object;
    return std::nullopt;
  }
  if (errno == ENOENT) return differs(quoted(path), "nothing there");
  return unreadable(fmt::format("{} cannot be opened from outside: {}", quoted(path), errno_text(errno)));
}

Verdict check_mode(mode_t wanted, mode_t found) {
  constexpr mode_t kBits = 07777;
  if ((wanted & kBits) == (found & kBits)) return as_planned();
  return differs(fmt::format("mode {:04o}", wanted & kBits), fmt::format("mode {:04o}", found & kBits));
}

Verdict check_content(std::string_view path, ZStr wanted, const Evidence& e) {
  const UniqueFd file = e.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file)
    return unreadable(fmt::format("{} cannot be read from outside: {}", quoted(path), errno_text(errno)));
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t got = 1; got > 0;) {
    got = ::read(file.get(), part.data(), part.size());
    if (got < 0) return unreadable("read: " + errno_text(errno));
    text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > wanted.size()) break;
  }
  if (text == wanted.view()) return as_planned();
  return differs(fmt::format("{} bytes as planned in {}", wanted.size(), quoted(path)), "another content");
}

/// "monotonic 5 0" is a line of timens_offsets, among others.
bool has_line(const std::string& text, const std::string& wanted) {
  return std::ranges::any_of(split(text, '\n'),
                             [&](std::string_view line) { return one_line_of(line) == wanted; });
}

Verdict check_proc(const std::string& name, std::string_view content, const Evidence& e) {
  const auto text = e.program.read(name);
  if (!text) return unreadable(fmt::format("{} of the program cannot be read", name));
  const std::string wanted = one_line_of(content);
  if (name.ends_with("_map")) return compared(IdRows(content).text(), IdRows(*text).text());
  if (name == "timens_offsets" && has_line(*text, wanted)) return as_planned();
  return compared(wanted, one_line_of(*text));
}

}  // namespace

Verdict check(const MakeDir& s, const Evidence& e) {
  ObjectId found;
  if (auto verdict = look(s.path.view(), e, found, e.step)) return *verdict;
  if (!S_ISDIR(found.mode)) return differs(quoted(s.path.view()) + " is a directory", kind_name(found.mode));
  if (is_covered(s.path.view(), e) || !is_ours(s.path.view(), e)) return as_planned();
  return check_mode(s.mode, found.mode);
}

Verdict check(const MakeSymlink& s, const Evidence& e) {
  ObjectId found;
  if (auto verdict = look(s.path.view(), e, found, e.step)) return *verdict;
  if (!S_ISLNK(found.mode)) return differs(quoted(s.path.view()) + " is a link", kind_name(found.mode));
  const UniqueFd link = e.open(s.path.view(), O_PATH | O_NOFOLLOW);
  std::array<char, 4096> to{};
  const ssize_t length = ::readlinkat(link.get(), "", to.data(), to.size());
  if (length < 0) return unreadable("readlinkat: " + errno_text(errno));
  return compared(quoted(s.to.view()), quoted({to.data(), static_cast<std::size_t>(length)}));
}

Verdict check(const MakeFile& s, const Evidence& e) {
  ObjectId found;
  if (auto verdict = look(s.path.view(), e, found, e.step)) return *verdict;
  if (S_ISDIR(found.mode)) return differs(quoted(s.path.view()) + " is a file", "a directory");
  if (is_covered(s.path.view(), e) || !is_ours(s.path.view(), e)) return as_planned();
  return worse(check_mode(s.mode, found.mode), check_content(s.path.view(), s.content, e));
}

Verdict check(const StageEntry& s, const Evidence& e) {
  for (const Step& step : e.plan.steps) {
    const auto* clone = std::get_if<CloneStaged>(&step.op);
    if (clone == nullptr || clone->stage != s.stage || clone->name.view() != s.name.view()) continue;
    const MountLine* const cover = e.cover_of(clone->slot);
    const std::string* path = cover != nullptr ? &cover->point : e.places.of(clone->slot);
    if (path == nullptr || (cover == nullptr && e.places.at(*path).back() != clone->slot)) continue;
    ObjectId found;
    if (auto verdict = look(*path, e, found, e.places.step_of(clone->slot))) return *verdict;
    if (S_ISDIR(found.mode) != s.directory)
      return differs(s.directory ? "a directory" : "a file", kind_name(found.mode));
    const Verdict mode = check_mode(s.mode, found.mode);
    return s.directory || s.content.empty() ? mode : worse(mode, check_content(*path, s.content, e));
  }
  return unreadable("it is in the stage, which went with the old root");
}

Verdict check(const WriteFile& s, const Evidence& e) {
  constexpr std::string_view kSelf = "/proc/self/";
  const std::string_view path = s.path.view();
  if (path.starts_with(kSelf)) return check_proc(std::string(path.substr(kSelf.size())), s.content.view(), e);
  if (!e.inside.problem.empty()) return unreadable(e.inside.problem);
  const auto found = e.inside.files.find(path);
  if (found == e.inside.files.end()) return unreadable(fmt::format("{} cannot be read", path));
  return compared(one_line_of(s.content.view()), one_line_of(found->second));
}

Verdict check(const WriteChildFile& s, const Evidence& e) {
  return check_proc(std::string(s.name.view()), s.content.view(), e);
}

Verdict check(const RunMapHelper& s, const Evidence& e) {
  std::string rows;
  for (const ZStr word : s.rows) rows.append(word.view()).append(" ");
  return check_proc(s.program.view().ends_with("newgidmap") ? "gid_map" : "uid_map", rows, e);
}

}  // namespace hutch
