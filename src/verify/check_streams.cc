// Descriptors, session and terminal. proc(5), credentials(7), pts(4).
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "verify/checks.h"

namespace hutch {
namespace {

constexpr int kGroup = 5, kSession = 6, kTerminal = 7;  // fields of stat: proc(5)
constexpr unsigned kFirstPts = 136, kLastPts = 143;     // major numbers: devices.txt

bool is_pts(std::uint64_t device) { return major(device) >= kFirstPts && major(device) <= kLastPts; }

std::string descriptor(int stream) { return fmt::format("fd/{}", stream); }

bool is_terminals(Slot slot, const Evidence& e) {
  return std::ranges::any_of(e.plan.steps, [slot](const Step& step) {
    const auto* terminal = std::get_if<OpenTerminal>(&step.op);
    return terminal != nullptr && terminal->slot == slot;
  });
}

/// Closed by execve: fdinfo tells O_CLOEXEC.
bool survives_exec(const std::string& number, const Evidence& e) {
  constexpr int kOctal = 8;
  constexpr unsigned long kCloseOnExec = 02000000;
  const std::string text = e.program.read("fdinfo/" + number).value_or("");
  const std::vector<std::string> all = words_of(text);
  const auto flags = std::ranges::find(all, "flags:");
  if (flags == all.end() || flags + 1 == all.end()) return true;
  if ((std::strtoul(flags[1].c_str(), nullptr, kOctal) & kCloseOnExec) == 0) return true;
  // A terminal that was opened with O_CLOEXEC by TIOCGPTPEER is shown so wherever it was copied to. Set-up
  // itself keeps a pipe and a socket at most.
  const auto object = e.program.object("fd/" + number);
  return object && S_ISCHR(object->mode);
}

}  // namespace

Verdict check(const OpenStream& s, const Evidence& e) {
  const bool opened = s.slot < e.standing.slots.size() && e.standing.slots[s.slot] >= 0;
  return opened ? as_planned() : differs(fmt::format("{} open", quoted(s.path.view())), "it is not");
}

Verdict check(const ConnectStream& s, const Evidence& e) {
  const auto found = e.program.object(descriptor(s.stream));
  if (!found) return unreadable("the descriptors of the program are not shown to this user");
  const std::string there = quoted(e.program.link(descriptor(s.stream)));
  if (is_terminals(s.slot, e))
    return S_ISCHR(found->mode) && is_pts(found->special) ? as_planned()
                                                          : differs("a pseudo-terminal", there);
  struct stat opened = {};
  if (s.slot >= e.standing.slots.size() || ::fstat(e.standing.slots[s.slot], &opened) < 0)
    return unreadable("the launcher does not hold the file any more");
  if (*found == ObjectId{.device = opened.st_dev, .inode = opened.st_ino}) return as_planned();
  return differs(fmt::format("descriptor {} is the file that was opened for it", s.stream), there);
}

Verdict check(const OpenTerminal& s, const Evidence& e) {
  for (const Step& step : e.plan.steps) {
    const auto* stream = std::get_if<ConnectStream>(&step.op);
    if (stream != nullptr && stream->slot == s.slot) return check(*stream, e);
  }
  return unreadable("no stream of the program is connected to it");
}

Verdict check(const NewSession&, const Evidence& e) {
  const long session = e.program.stat_field(kSession);
  const bool own = session == e.standing.init || session == e.standing.program;
  return own ? as_planned() : differs("a session of its own", fmt::format("session {}", session));
}

Verdict check(const TakeTerminal&, const Evidence& e) {
  const long terminal = e.program.stat_field(kTerminal);
  return terminal != 0 ? as_planned() : differs("a controlling terminal", "none");
}

Verdict check(const NewGroup&, const Evidence& e) {
  return compared(fmt::format("process group {}", e.standing.program),
                  fmt::format("process group {}", e.program.stat_field(kGroup)));
}

Verdict check(const CloseDescriptors& s, const Evidence& e) {
  constexpr int kStreams = 3;
  const std::vector<std::string> open = e.program.list("fdinfo");
  if (open.empty()) return unreadable("the descriptors of the program are not shown to this user");
  std::vector<std::string> wanted, found;
  for (int stream = 0; stream < kStreams; ++stream) wanted.push_back(std::to_string(stream));
  for (const std::uint32_t kept : s.keep) wanted.push_back(std::to_string(kept));
  for (const std::string& number : open) {
    if (survives_exec(number, e)) found.push_back(number);
  }
  std::ranges::sort(wanted);
  return compared(fmt::format("descriptors {}", fmt::join(wanted, ", ")),
                  fmt::format("descriptors {}", fmt::join(found, ", ")));
}

}  // namespace hutch
