// What the program finds around it: limits, session, streams, scheduling. getrlimit(2), setsid(2), sched(7).
#include <fmt/format.h>
#include <sys/personality.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/path.h"
#include "base/text.h"
#include "plan/caller_bounds.h"
#include "plan/draft.h"

namespace hutch {
namespace {

constexpr const char* kStreamNames[] = {"stdin", "stdout", "stderr"};

void connect_streams(Draft& draft) {
  for (int stream = 0; stream < 3; ++stream) {
    const Said<Stream>& wanted = draft.profile.process.streams[static_cast<std::size_t>(stream)];
    if (wanted->kind == Stream::Kind::inherit) continue;
    // Opened on the host before clone: nothing inside can put a link in the way.
    const std::string path = wanted->kind == Stream::Kind::null ? "/dev/null" : wanted->path;
    if (stream == 0 && draft.host.follow(path).kind == FileKind::missing) {
      draft.problem({.code = "E0340",
                     .what = fmt::format("{}: the host has no {}", kStreamNames[stream], quoted(path)),
                     .at = wanted.at});
      continue;
    }
    if (draft.host.follow(path).kind == FileKind::directory) {
      draft.problem({.code = "E0340",
                     .what = fmt::format("{}: {} is a directory", kStreamNames[stream], quoted(path)),
                     .at = wanted.at});
      continue;
    }
    const Slot slot = draft.new_slot();
    draft.add(draft.before_clone, OpenStream{.path = draft.keep(path), .stream = stream, .slot = slot},
              wanted.at, Phase::before_clone);
    draft.add(draft.privileges, ConnectStream{.slot = slot, .stream = stream}, wanted.at, Phase::privileges);
  }
}

void set_personality(Draft& draft) {
  constexpr struct {
    std::string_view word;
    std::uint64_t persona;
  } kPersonalities[] = {{"no_randomize", ADDR_NO_RANDOMIZE}, {"linux32", PER_LINUX32}, {"uname26", UNAME26}};
  std::uint64_t persona = 0;
  for (const Said<std::string>& word : draft.profile.process.personality) {
    for (const auto& each : kPersonalities) {
      if (each.word == *word) persona |= each.persona;
    }
  }
  // Always, since the caller's would be inherited: one without address randomisation, for example.
  const auto& said = draft.profile.process.personality;
  const Origin at = said.empty() ? Origin{} : said.front().at;
  draft.add(draft.privileges, SetPersonality{personality_within_bounds(draft, persona, at)}, at,
            Phase::privileges);
}

/// The caller's directory if that very directory is visible inside, or one of ours in its place from which
/// the caller names files; else home, else "/".
std::string default_directory(const Draft& draft) {
  const std::string& outside = draft.host.caller().directory;
  if (!outside.empty()) {
    const View::Walk walk = draft.view.walk(outside);
    const bool names_files = *draft.profile.process.files != Process::Files::none;
    if (walk.seen.kind == FileKind::directory && names_files && walk.seen.on_host.empty()) return walk.path;
    if (walk.seen.kind == FileKind::directory && !walk.seen.on_host.empty() &&
        draft.host.real_path(walk.seen.on_host) == draft.host.real_path(outside)) {
      return walk.path;
    }
  }
  const View::Walk home = draft.view.walk(draft.home);
  return home.seen.kind == FileKind::directory ? home.path : "/";
}

void choose_directory(Draft& draft) {
  const MaybeSaid<std::string>& wanted = draft.profile.process.cwd;
  std::string directory;
  if (draft.is_joined(Ns::mount)) {
    directory = wanted ? **wanted : "/";
  } else if (wanted) {
    if (!(*wanted)->starts_with('/')) {
      draft.problem({.code = "E0341",
                     .what = fmt::format("`cwd` is {}, which is not absolute", quoted(**wanted)),
                     .at = wanted->at,
                     .help = "write where it is inside the sandbox: \"/build\""});
      return;
    }
    const View::Walk walk = draft.view.walk(normalise(**wanted));
    if (walk.seen.kind != FileKind::directory && walk.seen.kind != FileKind::unknown) {
      draft.problem({.code = "E0342",
                     .what = fmt::format("`cwd`: there is no directory {} inside", quoted(**wanted)),
                     .at = wanted->at,
                     .help = fmt::format("mount something there, or make it: [mounts] {} = \"dir\"",
                                         quoted(**wanted))});
      return;
    }
    directory = walk.path;
  } else {
    directory = default_directory(draft);
  }
  draft.add(draft.privileges, ChangeDir{draft.keep(directory)}, wanted ? wanted->at : Origin{},
            Phase::privileges);
  draft.directory = directory;
}

void set_scheduling(Draft& draft) {
  const Process& process = draft.profile.process;
  const auto add = [&draft](Op op, Origin at) {
    draft.add(draft.privileges, std::move(op), at, Phase::privileges);
  };
  if (process.nice) {
    if (const auto nice = nice_within_bounds(draft, *process.nice)) add(SetNice{*nice}, process.nice->at);
  }
  if (process.io_class) {
    add(SetIoPriority{.io_class = (*process.io_class)->which, .level = (*process.io_class)->level},
        process.io_class->at);
  }
  if (process.cpu_affinity) {
    const auto processors = processors_within_bounds(draft, *process.cpu_affinity);
    add(SetAffinity{draft.plan.strings.keep(processors)}, process.cpu_affinity->at);
  }
  if (process.timer_slack) {
    // To the kernel, 0 is the default of whoever started it; nothing is as exact as 1.
    const auto slack = static_cast<std::uint64_t>(std::max<std::int64_t>(1, **process.timer_slack));
    add(SetTimerSlack{slack}, process.timer_slack->at);
  }
  if (*process.core_scheduling) add(ScheduleCore{}, process.core_scheduling.at);
}

}  // namespace

void prepare_process(Draft& draft) {
  const Process& process = draft.profile.process;
  const auto add = [&draft](Op op, Origin at) {
    draft.add(draft.privileges, std::move(op), at, Phase::privileges);
  };

  if (process.umask) {
    add(SetUmask{static_cast<mode_t>(**process.umask)}, process.umask->at);
  } else {
    add(SetUmask{022}, {});
  }
  set_personality(draft);
  set_scheduling(draft);
  connect_streams(draft);
  choose_directory(draft);
  for (const Limit& wanted : draft.profile.limits) {
    const Limit limit = limit_within_bounds(draft, wanted);
    add(SetLimit{.resource = limit.resource,
                 .name = draft.keep(limit.name),
                 .soft = limit.soft,
                 .hard = limit.hard},
        limit.at);
  }
  add(ResetSignals{}, {});
  std::vector<std::uint32_t> keep;
  for (const Said<std::uint32_t>& fd : process.keep_fds) {
    if (*fd > 2) keep.push_back(*fd);
  }
  std::ranges::sort(keep);
  keep.erase(std::unique(keep.begin(), keep.end()), keep.end());
  add(CloseDescriptors{draft.plan.strings.keep(keep)},
      process.keep_fds.empty() ? Origin{} : process.keep_fds.front().at);
}

}  // namespace hutch
