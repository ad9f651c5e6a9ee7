#include "plan/describe.h"

#include <fmt/format.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/landlock_abi.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/text.h"
#include "filter/caps.h"
#include "filter/landlock.h"

namespace hutch {
namespace {

struct FlagName {
  std::uint64_t flag;
  const char* name;
};

std::string join(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

std::string namespaces(std::uint64_t flags) {
  constexpr FlagName kNames[] = {{CLONE_NEWUSER, "user"},     {CLONE_NEWNS, "mount"}, {CLONE_NEWPID, "pid"},
                                 {CLONE_NEWIPC, "ipc"},       {CLONE_NEWUTS, "uts"},  {CLONE_NEWNET, "net"},
                                 {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"}};
  std::vector<std::string> words;
  for (const auto& [flag, name] : kNames) {
    if ((flags & flag) != 0) words.emplace_back(name);
  }
  return words.empty() ? "no" : join(words, ", ");
}

std::string with_flags(MountFlags flags) {
  constexpr FlagName kNames[] = {{MOUNT_ATTR_RDONLY, "read-only"},
                                 {MOUNT_ATTR_NOSUID, "nosuid"},
                                 {MOUNT_ATTR_NODEV, "nodev"},
                                 {MOUNT_ATTR_NOEXEC, "noexec"}};
  std::string text;
  for (const auto& [flag, name] : kNames) {
    if ((flags.set & flag) != 0) text += fmt::format(", {}", name);
  }
  for (const auto& [flag, name] : kNames) {
    if ((flags.clear & flag) != 0) text += fmt::format(", {} lifted", name);
  }
  return text;
}

std::string list(Borrowed<ZStr> texts, std::string_view between) {
  std::vector<std::string> words;
  for (const ZStr& text : texts) words.push_back(printable(text.view()));
  return join(words, between);
}

/// "/a/b", "/a/c" -> `"/a": b, c`; in full where they are not in one directory.
std::string siblings(Borrowed<ZStr> paths) {
  if (paths.size == 0) return {};
  const std::string_view parent = parent_of(paths.data[0].view());
  std::vector<std::string> names;
  for (const ZStr& path : paths) {
    if (parent_of(path.view()) != parent) return list(paths, ", ");
    names.push_back(printable(path.view().substr(path.view().rfind('/') + 1)));
  }
  return fmt::format("{}: {}", quoted(parent), join(names, ", "));
}

std::string seconds(std::uint64_t nanoseconds) {
  return fmt::format("{} s", static_cast<double>(nanoseconds) / 1e9);
}

template <class Numbers>
std::string numbers(const Numbers& all) {
  std::vector<std::string> words;
  for (const auto number : all) words.push_back(std::to_string(number));
  return join(words, ", ");
}

std::string one_line(ZStr content) {
  std::string_view text = content.view();
  while (text.ends_with('\n')) text.remove_suffix(1);
  return quoted(text);
}

std::string limit(std::uint64_t value) {
  return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
}

std::string capabilities(std::uint64_t mask) {
  std::vector<std::string> names;
  for (int each = 0; each < 64; ++each) {
    if ((mask >> each & 1) != 0) names.push_back(capability_name(each));
  }
  return join(names, ", ");
}

std::string persona(std::uint64_t value) {
  std::vector<std::string> words;
  if ((value & ADDR_NO_RANDOMIZE) != 0) words.emplace_back("no address randomisation");
  if ((value & PER_MASK) == PER_LINUX32) words.emplace_back("linux32");
  if ((value & UNAME26) != 0) words.emplace_back("uname 2.6");
  return words.empty() ? "the usual one" : join(words, ", ");
}

const char* stream_name(int stream) {
  constexpr const char* kNames[] = {"standard input", "standard output", "standard error"};
  return kNames[stream];
}

/// One sentence part for each kind of step: no step without one, or this does not compile.
struct Describe {
  std::string operator()(const PinSource& s) const {
    return fmt::format("open {} as source {}", quoted(s.path.view()), s.pin);
  }
  std::string operator()(const MakeOutput& s) const {
    return fmt::format("make {} on the host, as source {}, until the end if it stays empty",
                       quoted(s.path.view()), s.pin);
  }
  std::string operator()(const OpenStream& s) const {
    return fmt::format("open {} for {}", quoted(s.path.view()), stream_name(s.stream));
  }
  std::string operator()(const MountImage& s) const {
    return fmt::format("mount the {} in source {} by a loop device{}{} as tree {}", s.type.view(), s.pin,
                       s.writable ? ", writable" : "", with_flags(s.flags), s.slot);
  }
  std::string operator()(const RunMounter& s) const {
    return fmt::format("serve the {} in source {} with {}, in a sandbox of its own", s.type.view(), s.pin,
                       printable(s.program.view()));
  }
  std::string operator()(const MountServed& s) const {
    return fmt::format("mount the {} that is served{} as tree {}", s.type.view(), with_flags(s.flags),
                       s.slot);
  }
  std::string operator()(const CloneChild& s) const {
    return fmt::format("clone a process with new namespaces: {}", namespaces(s.namespaces));
  }
  std::string operator()(const WriteChildFile& s) const {
    return fmt::format("write {} to the child's {}", one_line(s.content), s.name.view());
  }
  std::string operator()(const RunMapHelper& s) const {
    return fmt::format("run {} PID {}", s.program.view(), list(s.rows, " "));
  }
  std::string operator()(const LetChildGo&) const { return "let the child go on"; }
  std::string operator()(const OpenNamespace& s) const {
    const std::string where =
        s.path.size() > 0 ? quoted(s.path.view()) : fmt::format("sandbox {}", printable(s.sandbox.view()));
    return fmt::format("open the {} namespace of {}", namespaces(s.type), where);
  }
  std::string operator()(const JoinNamespace& s) const {
    return fmt::format("join the {} namespace", namespaces(s.type));
  }
  std::string operator()(const PersistNamespace& s) const {
    return fmt::format("keep the {} namespace at {}", namespaces(s.type), quoted(s.path.view()));
  }
  std::string operator()(const Watch& s) const {
    if (s.timeout == 0)
      return fmt::format("kill it {} after the second request to end", seconds(s.kill_after));
    return fmt::format("end it after {}, kill it {} later", seconds(s.timeout), seconds(s.kill_after));
  }
  std::string operator()(const KeepOpen& s) const {
    return fmt::format("keep {} open for the init", quoted(s.path.view()));
  }
  std::string operator()(const HideFromOthers&) const {
    return "let nobody look into this process until exec";
  }
  std::string operator()(const AwaitParent&) const { return "wait until the parent has written the id maps"; }
  std::string operator()(const DieWithParent&) const { return "die with the parent"; }
  std::string operator()(const WriteFile& s) const {
    return fmt::format("write {} to {}", one_line(s.content), s.path.view());
  }
  std::string operator()(const UnshareTime&) const { return "make a time namespace for the next process"; }
  std::string operator()(const BecomeIds& s) const {
    std::string text = fmt::format("become uid {}, gid {}", s.uid, s.gid);
    if (s.set_groups)
      text += s.groups.size == 0 ? ", without groups" : fmt::format(", groups {}", numbers(s.groups));
    return text;
  }
  std::string operator()(const UseCallersRights& s) const {
    return s.on ? "use the caller's file rights only" : "use all file rights again";
  }
  std::string operator()(const CloneTree& s) const {
    const char* spreads = s.propagation == MS_SLAVE    ? ", slave"
                          : s.propagation == MS_SHARED ? ", shared"
                                                       : "";
    return fmt::format("clone {}{}{}{} as tree {}", quoted(s.path.view()),
                       s.recursive ? " with submounts" : "", with_flags(s.flags), spreads, s.slot);
  }
  std::string operator()(const OpenLayer& s) const {
    return fmt::format("open {} as layer {}", quoted(s.path.view()), s.slot);
  }
  std::string operator()(const KeepMountsPrivate&) const { return "keep mounts private from here on"; }
  std::string operator()(const MakeFilesystem& s) const {
    const std::string options = s.options.size == 0 ? "" : fmt::format(" ({})", list(s.options, ","));
    return fmt::format("make a {}{}{} as tree {}", s.type.view(), options, with_flags(s.flags), s.slot);
  }
  std::string operator()(const AttachStage& s) const {
    return fmt::format("use tree {} as stage, on {} of the old root", s.slot, s.path.view());
  }
  std::string operator()(const StageEntry& s) const {
    return fmt::format("stage the {} {}, mode {:04o}{}", s.directory ? "directory" : "file", s.name.view(),
                       s.mode, s.content.empty() ? "" : fmt::format(", {} bytes", s.content.size()));
  }
  std::string operator()(const CloneStaged& s) const {
    return fmt::format("clone {} of the stage{} as tree {}", s.name.view(), with_flags(s.flags), s.slot);
  }
  std::string operator()(const MakeOverlay& s) const {
    std::string layers = fmt::format("lower {}", numbers(s.lower));
    if (s.upper != kNone) layers += fmt::format(", upper {}", s.upper);
    if (s.stage != kNone) layers += fmt::format(", upper {} of the stage", s.upper_name.view());
    return fmt::format("make an overlay ({}){} as tree {}", layers, with_flags(s.flags), s.slot);
  }
  std::string operator()(const EnterRoot& s) const {
    return fmt::format("enter tree {} as the new root; the old one is gone", s.slot);
  }
  std::string operator()(const MakeDir& s) const {
    return fmt::format("make directory {}, mode {:04o}", quoted(s.path.view()), s.mode);
  }
  std::string operator()(const MakeSymlink& s) const {
    return fmt::format("make link {} to {}", quoted(s.path.view()), quoted(s.to.view()));
  }
  std::string operator()(const MakeFile& s) const {
    return fmt::format("make file {}, mode {:04o}{}", quoted(s.path.view()), s.mode,
                       s.content.empty() ? "" : fmt::format(", {} bytes", s.content.size()));
  }
  std::string operator()(const Attach& s) const {
    return fmt::format("attach tree {} at {}", s.slot, quoted(s.path.view()));
  }
  std::string operator()(const Seal& s) const {
    return fmt::format("make {} read-only", quoted(s.path.view()));
  }
  std::string operator()(const ReadOnlyView& s) const {
    return fmt::format("cover {} with a read-only view of itself", quoted(s.path.view()));
  }
  std::string operator()(const Hide& s) const {
    const std::string cover = s.slot != kNone
                                  ? fmt::format("tree {}", s.slot)
                                  : fmt::format("an empty {}, mode 0000{}",
                                                s.directories ? "directory" : "file", with_flags(s.flags));
    return fmt::format("hide behind {} what there is in {}", cover, siblings(s.paths));
  }
  std::string operator()(const SetHostname& s) const {
    return fmt::format("set hostname {}", quoted(s.name.view()));
  }
  std::string operator()(const SetDomainname& s) const {
    return fmt::format("set domainname {}", quoted(s.name.view()));
  }
  std::string operator()(const BringLoopbackUp&) const { return "bring the loopback interface up"; }
  std::string operator()(const OpenTerminal& s) const {
    return fmt::format("open a pseudo-terminal{}", s.devpts == kNone ? " of the host" : "");
  }
  std::string operator()(const StartInit& s) const {
    if (s.processes != kNone) return "stay as init; the program is its child, and what is left ends with it";
    return "stay as init (pid 1); the program is its child";
  }
  std::string operator()(const SetLimit& s) const {
    return s.soft == s.hard
               ? fmt::format("limit {} to {}", s.name.view(), limit(s.soft))
               : fmt::format("limit {} to {}, at most {}", s.name.view(), limit(s.soft), limit(s.hard));
  }
  std::string operator()(const SetNice& s) const { return fmt::format("set nice {}", s.nice); }
  std::string operator()(const SetIoPriority& s) const {
    constexpr const char* kClasses[] = {"none", "realtime", "best-effort", "idle"};
    return fmt::format("set io class {}, level {}", kClasses[s.io_class & 3], s.level);
  }
  std::string operator()(const SetAffinity& s) const {
    return fmt::format("run on CPUs {}", numbers(s.cpus));
  }
  std::string operator()(const SetPersonality& s) const {
    return fmt::format("set personality: {}", persona(s.persona));
  }
  std::string operator()(const SetTimerSlack& s) const {
    return fmt::format("set timer slack {} ns", s.slack);
  }
  std::string operator()(const SetMemoryDenyWriteExecute&) const {
    return "allow no memory to be writable and executable";
  }
  std::string operator()(const ScheduleCore&) const {
    return "share no CPU core with others at the same time";
  }
  std::string operator()(const SetUmask& s) const { return fmt::format("set umask {:04o}", s.mask); }
  std::string operator()(const NewSession&) const { return "start a new session without a terminal"; }
  std::string operator()(const TakeTerminal&) const {
    return "take the pseudo-terminal as controlling terminal";
  }
  std::string operator()(const NewGroup& s) const {
    return fmt::format("start a process group of its own{}",
                       s.terminal == kNone ? "" : ", in the foreground");
  }
  std::string operator()(const ConnectStream& s) const {
    return fmt::format("connect {}", stream_name(s.stream));
  }
  std::string operator()(const ChangeDir& s) const {
    return fmt::format("change directory to {}", quoted(s.path.view()));
  }
  std::string operator()(const ResetSignals&) const { return "reset signal mask and dispositions"; }
  std::string operator()(const DropCapabilities& s) const {
    if (s.keep == 0) return "drop all capabilities";
    return fmt::format("drop all capabilities but {}{}", capabilities(s.keep),
                       s.ambient ? ", made ambient" : "");
  }
  std::string operator()(const NoNewPrivs&) const { return "allow no new privileges"; }
  std::string operator()(const LoadFilter& s) const {
    const std::string size = fmt::format("{} instructions", s.program.size);
    const std::string tail =
        fmt::format("{}{}", s.deny_write_execute ? ", no writable and executable memory" : "",
                    s.log ? ", denials are logged" : "");
    if (s.name.view() == "floor") return fmt::format("load the floor filter ({}{})", size, tail);
    const std::string digest =
        sha256_hex({reinterpret_cast<const char*>(s.program.data), s.program.size * sizeof(sock_filter)})
            .substr(0, 12);
    if (s.name.view() != "seccomp")
      return fmt::format("load the filter {} ({}, {}{})", quoted(s.name.view()), size, digest, tail);
    return fmt::format("load the seccomp filter ({} rules, {}, {}{})", s.rules, size, digest, tail);
  }
  std::string operator()(const MakeRuleset& s) const {
    std::vector<std::string> parts;
    if (s.files != 0) parts.emplace_back("files");
    if (s.network != 0) parts.push_back(landlock_network_text(s.network));
    if (s.scope != 0) parts.push_back(fmt::format("{} beyond the sandbox", landlock_scope_text(s.scope)));
    return fmt::format("prepare Landlock rules for {}", join(parts, ", "));
  }
  std::string operator()(const AllowPath& s) const {
    return fmt::format("allow in {}: {}", quoted(s.path.view()), landlock_files_text(s.rights));
  }
  std::string operator()(const AllowPort& s) const {
    return fmt::format("allow for port {}: {}", s.port, landlock_network_text(s.rights));
  }
  std::string operator()(const RestrictSelf& s) const {
    return fmt::format("obey the Landlock rules{}",
                       (s.flags & landlock::kLogNewExecOn) != 0 ? ", and log what they deny" : "");
  }
  std::string operator()(const CloseDescriptors& s) const {
    return s.keep.size == 0 ? "close every descriptor but 0, 1, 2"
                            : fmt::format("close every descriptor but 0, 1, 2, {}", numbers(s.keep));
  }
  std::string operator()(const Exec& s) const {
    std::vector<std::string> words;
    for (const ZStr& word : s.argv) words.push_back(quoted(word.view()));
    return fmt::format("execute {}: {}", quoted(s.path.view()), join(words, " "));
  }
};

std::string_view place_of(const Sources& sources, const Origin& at, std::string& room) {
  if (!at.known()) return "(always)";
  room = fmt::format("{}:{}", printable(sources.name(at.source)), at.line);
  return room;
}

}  // namespace

const char* phase_name(Phase phase) {
  switch (phase) {
    case Phase::before_clone:
      return "before clone";
    case Phase::clone:
      return "clone";
    case Phase::parent:
      return "parent, after clone";
    case Phase::setup:
      return "child, set-up";
    case Phase::privileges:
      return "child, giving up privileges";
    case Phase::exec:
      return "exec";
  }
  return "";
}

std::string describe(const Op& op) { return std::visit(Describe{}, op); }

std::string describe(const Unpinned& difference) {
  return fmt::format("{}: {} instead of {}", difference.name, difference.actual, difference.wanted);
}

std::string describe(const Plan& plan, const Sources& sources) {
  constexpr std::size_t kWidest = 72;
  std::vector<std::string> sentences;
  std::size_t width = 0;
  for (const Step& step : plan.steps) {
    sentences.push_back(describe(step.op));
    width = std::max(width, std::min(sentences.back().size(), kWidest));
  }
  std::string text;
  std::string room;
  const Phase* phase = nullptr;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    if (phase == nullptr || *phase != step.phase) text += fmt::format("{}:\n", phase_name(step.phase));
    phase = &step.phase;
    text +=
        fmt::format("{:>4}  {:<{}}  {}\n", i + 1, sentences[i], width, place_of(sources, step.origin, room));
  }
  if (!plan.skipped.empty()) text += "left out:\n";
  for (const Skipped& each : plan.skipped) {
    text +=
        fmt::format("      {:<{}}  {}\n", fmt::format("{}: {}", printable(each.what), printable(each.why)),
                    width, place_of(sources, each.at, room));
  }
  if (!plan.unpinned.empty()) text += "not as the profile says:\n";
  for (const Unpinned& each : plan.unpinned) {
    text += fmt::format("      {:<{}}  {}\n", describe(each), width, place_of(sources, each.at, room));
  }
  if (!plan.remarks.empty()) text += "remarks:\n";
  for (const Said<std::string>& each : plan.remarks) {
    text += fmt::format("      {:<{}}  {}\n", printable(*each), width, place_of(sources, each.at, room));
  }
  return text;
}

std::string describe_filters(const Plan& plan) {
  std::string text;
  for (const Step& step : plan.steps) {
    const auto* filter = std::get_if<LoadFilter>(&step.op);
    if (filter == nullptr || filter->summary.size == 0) continue;
    text += fmt::format("the {} filter:\n", filter->name.view());
    for (const ZStr line : filter->summary) text += fmt::format("      {}\n", line.view());
  }
  return text;
}

}  // namespace hutch
