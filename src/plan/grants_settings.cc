// Namespaces, privileges, limits, and how the program starts.
#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <variant>

#include "base/path.h"
#include "base/text.h"
#include "filter/caps.h"
#include "plan/grants_reader.h"

namespace hutch {

namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
constexpr Rights kEverything = kMayRead | kMayWrite | kMayExecute | kMayUseDevices | kMayGainIds;

struct NamespaceWord {
  Ns which;
  const char* name;
  std::uint64_t flag;
};
constexpr NamespaceWord kNamespaceWords[] = {
    {Ns::user, "user", CLONE_NEWUSER}, {Ns::mount, "mount", CLONE_NEWNS},      {Ns::pid, "pid", CLONE_NEWPID},
    {Ns::ipc, "ipc", CLONE_NEWIPC},    {Ns::uts, "uts", CLONE_NEWUTS},         {Ns::net, "net", CLONE_NEWNET},
    {Ns::time, "time", CLONE_NEWTIME}, {Ns::cgroup, "cgroup", CLONE_NEWCGROUP}};

const char* name_of_namespace(std::uint64_t flag) {
  const auto* const found = std::ranges::find(kNamespaceWords, flag, &NamespaceWord::flag);
  return found == std::end(kNamespaceWords) ? "?" : found->name;
}

}  // namespace

/// Sorted, and joined where they touch.
std::vector<Setting::Range> tidy(std::vector<Setting::Range> ranges) {
  std::ranges::sort(ranges);
  std::vector<Setting::Range> tidied;
  for (const Setting::Range& each : ranges) {
    if (!tidied.empty() && each.first <= tidied.back().second) {
      tidied.back().second = std::max(tidied.back().second, each.second);
    } else if (each.first < each.second) {
      tidied.push_back(each);
    }
  }
  return tidied;
}

std::string ranges_text(const std::vector<Setting::Range>& ranges) {
  std::string text;
  for (const auto& [first, end] : ranges) {
    if (!text.empty()) text += ", ";
    text += end - first == 1 ? fmt::format("{}", first) : fmt::format("{} to {}", first, end - 1);
  }
  return text.empty() ? "none" : text;
}

std::string words_of(Borrowed<ZStr> words) {
  std::vector<std::string_view> all;
  for (const ZStr& word : words) all.push_back(word.view());
  return fmt::format("{}", fmt::join(all, " "));
}

Grants GrantsReader::read() {
  grants_.architecture = host_.kernel().architecture;
  start();
  for (const Step& step : plan_.steps) {
    at_ = step.origin;
    std::visit(*this, step.op);
  }
  finish();
  return std::move(grants_);
}

void GrantsReader::operator()(const OpenNamespace& s) {
  joined_[s.type] = s.path.empty() ? fmt::format("sandbox:{}", s.sandbox.view()) : std::string(s.path.view());
}

void GrantsReader::operator()(const JoinNamespace& s) {
  put({.topic = "namespace",
       .name = name_of_namespace(s.type),
       .value = "joined: " + joined_[s.type],
       .at = at_,
       .width = 1,
       .ordered = false});
  if (s.type != CLONE_NEWNS) return;
  grants_.knows_tree = false;
  grants_.tree.clear();
}

void GrantsReader::operator()(const CloneChild& s) {
  for (const NamespaceWord& each : kNamespaceWords) {
    if ((s.namespaces & each.flag) != 0) fresh(each.which);
  }
  if ((s.namespaces & CLONE_NEWNS) != 0) grants_.tree.clear();
  new_user_ = (s.namespaces & CLONE_NEWUSER) != 0;
}

void GrantsReader::operator()(const PersistNamespace& s) {
  put({.topic = "namespace",
       .name = fmt::format("{}, kept", name_of_namespace(s.type)),
       .value = std::string(s.path.view()),
       .at = at_,
       .width = 1,
       .ordered = false});
}

void GrantsReader::operator()(const DropCapabilities& s) {
  for (int capability = 0; capability < 64; ++capability) {
    if ((s.keep >> capability & 1) == 0) continue;
    const std::string name = capability_name(capability);
    Origin at = at_;
    for (const Said<std::string>& said : profile_.keep_capabilities) {
      if (*said == name) at = said.at;
    }
    put({.topic = "capability", .name = name, .value = "kept", .at = at, .width = 1, .absent = "dropped"});
  }
}

void GrantsReader::operator()(const NoNewPrivs&) {
  put({.topic = "privileges", .name = "no_new_privs", .value = "on", .at = at_});
}

void GrantsReader::operator()(const SetMemoryDenyWriteExecute&) {
  put({.topic = "privileges", .name = "memory both writable and executable", .value = "denied", .at = at_});
}

void GrantsReader::operator()(const ScheduleCore&) {
  put({.topic = "privileges", .name = "cores shared with others", .value = "no", .at = at_});
}

void GrantsReader::operator()(const LoadFilter& s) {
  grants_.filters.push_back({std::string(s.name.view()), {s.program.begin(), s.program.end()}, at_});
  if (!s.deny_write_execute) return;
  put({.topic = "privileges", .name = "memory both writable and executable", .value = "denied", .at = at_});
}

void GrantsReader::operator()(const SetLimit& s) {
  const auto text = [](std::uint64_t value) {
    return value == RLIM_INFINITY ? std::string("unlimited") : std::to_string(value);
  };
  const auto number = [](std::uint64_t value) {
    return value == RLIM_INFINITY ? kNoLimit : static_cast<double>(value);
  };
  // The program may raise the soft one to the hard one itself: getrlimit(2).
  put({.topic = "limit",
       .name = std::string(s.name.view()),
       .value = s.soft == s.hard ? text(s.hard) : fmt::format("{} of {}", text(s.soft), text(s.hard)),
       .at = at_,
       .width = number(s.hard),
       .absent = "the caller's",
       .absent_width = kNoLimit});
}

void GrantsReader::operator()(const CloseDescriptors& s) {
  for (const std::uint32_t fd : s.keep) {
    Origin at = at_;
    for (const Said<std::uint32_t>& said : profile_.process.keep_fds) {
      if (*said == fd) at = said.at;
    }
    put({.topic = "descriptor",
         .name = std::to_string(fd),
         .value = "kept",
         .at = at,
         .width = 1,
         .absent = "closed"});
  }
}

void GrantsReader::operator()(const OpenStream& s) {
  const bool null = s.path.view() == "/dev/null";
  put({.topic = "descriptor",
       .name = stream_name(s.stream),
       .value = std::string(s.path.view()),
       .at = at_,
       .width = null ? 0.0 : 1.0,
       .ordered = false});
}

void GrantsReader::operator()(const OpenTerminal&) {
  put({.topic = "process", .name = "terminal", .value = "its own", .at = at_, .width = 1});
}

void GrantsReader::operator()(const NewSession&) {
  if (grants_.value("process", "terminal") == "the caller's")
    put({.topic = "process", .name = "terminal", .value = "none", .at = at_, .width = 0});
}

void GrantsReader::operator()(const DieWithParent&) {
  put({.topic = "process", .name = "outlives its launcher", .value = "no", .at = at_});
}

void GrantsReader::operator()(const Watch& s) {
  const auto seconds = [](std::uint64_t time) { return fmt::format("{}s", static_cast<double>(time) / 1e9); };
  if (s.timeout != 0) {
    put({.topic = "limit",
         .name = "timeout",
         .value = seconds(s.timeout),
         .at = at_,
         .width = static_cast<double>(s.timeout),
         .absent_width = kNoLimit});
  }
  plain("process", "kill_after", seconds(s.kill_after));
}

void GrantsReader::operator()(const SetAffinity& s) {
  std::vector<Setting::Range> cpus;
  for (const std::uint32_t cpu : s.cpus) cpus.emplace_back(cpu, std::uint64_t{cpu} + 1);
  cpus = tidy(std::move(cpus));
  put({.topic = "limit",
       .name = "processors",
       .value = ranges_text(cpus),
       .at = at_,
       .set = std::move(cpus)});
}

void GrantsReader::operator()(const BringLoopbackUp&) {
  put({.topic = "network", .name = "loopback", .value = "up", .at = at_, .width = 1, .absent = "down"});
}

void GrantsReader::operator()(const SetIoPriority& s) {
  plain("process", "io_class", fmt::format("{}:{}", s.io_class, s.level));
}

void GrantsReader::operator()(const SetPersonality& s) {
  plain("process", "personality", fmt::format("{:#x}", s.persona));
}

void GrantsReader::operator()(const StartInit&) {
  put({.topic = "process", .name = "init", .value = "yes", .at = at_, .absent = "no"});
}

void GrantsReader::operator()(const Exec& s) {
  constexpr std::size_t kLongest = 80;
  std::string words = words_of(s.argv);
  if (words.size() > kLongest) words = fmt::format("{}… ({} bytes)", words.substr(0, kLongest), words.size());
  plain("process", "command", fmt::format("{}: {}", s.path.view(), words));
}

void GrantsReader::put(Setting setting) {
  const std::pair key(setting.topic, setting.name);
  grants_.settings.insert_or_assign(key, std::move(setting));
}

void GrantsReader::plain(std::string topic, std::string name, std::string_view value) {
  put({.topic = std::move(topic), .name = std::move(name), .value = std::string(value), .at = at_});
}

void GrantsReader::fresh(Ns which) {
  const auto* const word = std::ranges::find(kNamespaceWords, which, &NamespaceWord::which);
  put({.topic = "namespace", .name = word->name, .value = "new", .at = profile_.namespaces.of(which).at});
}

void GrantsReader::start() {
  for (const NamespaceWord& each : kNamespaceWords) {
    put({.topic = "namespace",
         .name = each.name,
         .value = "the host's",
         .at = profile_.namespaces.of(each.which).at,
         .width = 1,
         .ordered = false});
  }
  Shown root{.path = "/", .at = profile_.namespaces.of(Ns::mount).at};
  root.layers.push_back({{"", "/"}, kEverything});
  grants_.tree.emplace("/", std::move(root));
  const auto open = [this](const char* topic, const char* name, const char* value, Origin at) {
    put({.topic = topic, .name = name, .value = value, .at = at, .width = 1});
  };
  open("privileges", "no_new_privs", "off", profile_.process.no_new_privs.at);
  open("privileges", "user namespaces inside", "allowed", profile_.namespaces.nested.at);
  open("privileges", "memory both writable and executable", "allowed",
       profile_.process.memory_deny_write_execute.at);
  open("privileges", "cores shared with others", "yes", profile_.process.core_scheduling.at);
  open("process", "outlives its launcher", "yes", profile_.process.die_with_parent.at);
  put({.topic = "process",
       .name = "terminal",
       .value = "the caller's",
       .at = profile_.process.tty.at,
       .width = 2});
  for (int stream = 0; stream < 3; ++stream) {
    put({.topic = "descriptor",
         .name = stream_name(stream),
         .value = "the caller's",
         .at = profile_.process.streams[static_cast<std::size_t>(stream)].at,
         .width = 1,
         .ordered = false});
  }
  std::vector<Setting::Range> every{{0, 1024}};
  put({.topic = "limit", .name = "processors", .value = "all", .set = std::move(every)});
}

void GrantsReader::finish() {
  finish_identity();
  finish_environment();
  finish_walls();
  finish_build();
  if (grants_.value("privileges", "no_new_privs") != "on") return;
  // Set-user-ID bits and file capabilities do nothing then: prctl(2).
  for (auto& [path, shown] : grants_.tree) {
    for (Shown::Layer& layer : shown.layers) layer.rights &= ~kMayGainIds;
  }
}

void GrantsReader::finish_build() {
  for (const auto& [path, output] : profile_.build.outputs) {
    put({.topic = "output",
         .name = has_glob(path) ? join_path(*output.to, "*") : *output.to,
         .value = "from " + path,
         .at = output.to.at,
         .width = 1});
  }
  for (const auto& [path, input] : profile_.build.inputs) {
    put({.topic = "input",
         .name = path,
         .value = input.sha256 ? "only sha256 " + **input.sha256 : "whatever is there",
         .at = input.sha256 ? input.sha256->at : input.at,
         .width = input.sha256 ? 0.0 : 1.0,
         .ordered = false});
  }
}

const char* GrantsReader::stream_name(int stream) {
  constexpr const char* kNames[] = {"stdin", "stdout", "stderr"};
  return kNames[stream];
}

}  // namespace hutch
