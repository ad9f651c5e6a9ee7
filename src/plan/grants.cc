#include "plan/grants.h"

#include <fmt/format.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>
#include <variant>

#include "base/landlock_abi.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/text.h"
#include "filter/caps.h"
#include "plan/draft.h"

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

/// One row of a uid_map or gid_map.
struct MappedRange {
  std::uint64_t inside = 0, outside = 0, count = 0;
};

std::vector<MappedRange> rows_from(std::string_view text) {
  std::vector<std::uint64_t> numbers;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    if (end > at) numbers.push_back(std::stoull(std::string(text.substr(at, end - at))));
    at = end + 1;
  }
  std::vector<MappedRange> rows;
  for (std::size_t i = 0; i + 2 < numbers.size(); i += 3)
    rows.push_back({numbers[i], numbers[i + 1], numbers[i + 2]});
  return rows;
}

/// Goes through the steps as the child will, and notes what each gives. A new kind of step that is not named
/// here does not compile: what it grants has to be thought about.
class Reader {
 public:
  Reader(const Profile& profile, const Plan& plan, const Host& host)
      : profile_(profile), plan_(plan), host_(host) {}

  Grants read() {
    start();
    for (const Step& step : plan_.steps) {
      at_ = step.origin;
      std::visit(*this, step.op);
    }
    finish();
    return std::move(grants_);
  }

  // --- namespaces and identity

  void operator()(const OpenNamespace& s) {
    joined_[s.type] =
        s.path.empty() ? fmt::format("sandbox:{}", s.sandbox.view()) : std::string(s.path.view());
  }
  void operator()(const JoinNamespace& s) {
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
  void operator()(const CloneChild& s) {
    for (const NamespaceWord& each : kNamespaceWords) {
      if ((s.namespaces & each.flag) != 0) fresh(each.which);
    }
    if ((s.namespaces & CLONE_NEWNS) != 0) grants_.tree.clear();
    new_user_ = (s.namespaces & CLONE_NEWUSER) != 0;
  }
  void operator()(const UnshareTime&) { fresh(Ns::time); }
  void operator()(const PersistNamespace& s) {
    put({.topic = "namespace",
         .name = fmt::format("{}, kept", name_of_namespace(s.type)),
         .value = std::string(s.path.view()),
         .at = at_,
         .width = 1,
         .ordered = false});
  }
  void operator()(const WriteChildFile& s) { map(s.name.view(), s.content.view()); }
  void operator()(const RunMapHelper& s) {
    map(s.program.view().ends_with("newgidmap") ? "gid_map" : "uid_map", words_of(s.rows));
  }
  void operator()(const WriteFile& s) {
    const std::string_view name = name_of(s.path.view());
    if (name == "max_user_namespaces") {
      put({.topic = "privileges", .name = "user namespaces inside", .value = "denied", .at = at_});
    } else if (name == "timens_offsets") {
      put({.topic = "namespace",
           .name = fmt::format("time offset, {}", s.content.view().substr(0, s.content.view().find(' '))),
           .value = std::string(s.content.view().substr(0, s.content.view().find('\n'))),
           .at = at_});
    } else if (name == "uid_map" || name == "gid_map" || name == "setgroups") {
      map(name, s.content.view());
    } else {
      put({.topic = "process",
           .name = std::string(name),
           .value = std::string(s.content.view().substr(0, s.content.view().find('\n'))),
           .at = at_,
           .absent = "the caller's"});
    }
  }
  void operator()(const BecomeIds& s) {
    if (!s.set_groups) return;
    groups_are_set_ = true;
    for (const gid_t group : s.groups) add_group(outside_of("gid_map", group), group_origin(group));
  }

  // --- the tree

  void operator()(const CloneTree& s) {
    Shown shown{.at = at_};
    shown.layers.push_back({on_host(s.path), rights_of(s.flags.set)});
    if (!s.recursive) not_shown_[s.slot] = host_.mounts_below(real(s.path));
    slots_[s.slot] = std::move(shown);
  }
  void operator()(const OpenLayer& s) {
    Shown shown{.at = at_};
    shown.layers.push_back({on_host(s.path), 0});
    slots_[s.slot] = std::move(shown);
  }
  void operator()(const MakeFilesystem& s) {
    const std::string type = s.type.view() == "tmpfs" ? "memory" : std::string(s.type.view());
    Shown shown{.options = words_of(s.options), .at = at_};
    shown.layers.push_back({{type, "/"}, rights_of(s.flags.set)});
    slots_[s.slot] = std::move(shown);
  }
  void operator()(const StageEntry& s) { staged_[std::string(s.name.view())] = {s.content, s.directory}; }
  void operator()(const CloneStaged& s) {
    Shown shown{.at = at_};
    // Covers have a mode without any permission: describe.cc and mount_steps.cc know them by their names.
    if (!s.name.view().starts_with("hidden-")) {
      shown.layers.push_back({{"memory", "/"}, rights_of(s.flags.set)});
      shown.content = staged_[std::string(s.name.view())].first.view();
    }
    slots_[s.slot] = std::move(shown);
  }
  void operator()(const MakeOverlay& s) {
    const Rights rights = rights_of(s.flags.set);
    Shown shown{.at = at_};
    const auto add = [&](Slot layer, Rights some) {
      shown.layers.push_back({slots_[layer].layers.front().place, some});
    };
    if (s.upper != kNone) {
      add(s.upper, rights);
    } else if (s.stage != kNone) {
      shown.layers.push_back({{"memory", "/"}, rights});
    }
    for (const Slot lower : s.lower) add(lower, rights & ~(kMayWrite | kMayUseDevices));
    slots_[s.slot] = std::move(shown);
  }
  void operator()(const EnterRoot& s) { mount(s.slot, "/"); }
  void operator()(const Attach& s) { mount(s.slot, std::string(s.path.view())); }
  void operator()(const Seal& s) {
    const auto found = grants_.tree.find(s.path.view());
    if (found == grants_.tree.end()) return;
    for (Shown::Layer& layer : found->second.layers) layer.rights &= ~kMayWrite;
    if (at_.known()) found->second.at = at_;
  }
  void operator()(const ReadOnlyView& s) {
    const std::string path(s.path.view());
    const Shown* const above = grants_.mount_of(path);
    if (above == nullptr) return;
    Shown view{.path = path, .at = at_};
    const std::string_view rest = std::string_view(path).substr(above->path == "/" ? 0 : above->path.size());
    for (const Shown::Layer& layer : above->layers) {
      view.layers.push_back(
          {{layer.place.filesystem, join_path(layer.place.path, rest)}, layer.rights & ~kMayWrite});
    }
    grants_.tree.insert_or_assign(path, std::move(view));
  }
  void operator()(const MakeSymlink& s) {
    grants_.links.insert_or_assign(std::string(s.path.view()), std::pair(std::string(s.to.view()), at_));
  }
  void operator()(const MakeFile& s) {
    if (s.content.empty()) return;  // a place for a mount
    put({.topic = "path",
         .name = std::string(s.path.view()),
         .value = fmt::format("a file of its own ({})", sha256_hex(s.content.view()).substr(0, 12)),
         .at = at_,
         .absent = "no file of its own"});
  }

  // --- Landlock

  void operator()(const MakeRuleset& s) {
    using namespace landlock;
    grants_.ruled = kinds(s.files);
    restricts_.files = s.files;
    restricts_.network = s.network;
    restricts_.scope = s.scope;
    restricts_at_ = at_;
  }
  void operator()(const AllowPath& s) { grants_.rules[std::string(s.path.view())] |= kinds(s.rights); }
  void operator()(const AllowPort& s) {
    for (const std::uint64_t right : {landlock::kBindTcp, landlock::kConnectTcp}) {
      if ((s.rights & right) != 0) ports_[right].emplace_back(s.port, s.port + 1);
    }
  }
  void operator()(const RestrictSelf&) {}

  // --- privileges and the program

  void operator()(const DropCapabilities& s) {
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
  void operator()(const NoNewPrivs&) {
    put({.topic = "privileges", .name = "no_new_privs", .value = "on", .at = at_});
  }
  void operator()(const SetMemoryDenyWriteExecute&) {
    put({.topic = "privileges", .name = "memory both writable and executable", .value = "denied", .at = at_});
  }
  void operator()(const ScheduleCore&) {
    put({.topic = "privileges", .name = "cores shared with others", .value = "no", .at = at_});
  }
  void operator()(const LoadFilter& s) {
    std::string bytes;
    for (const sock_filter& line : s.program)
      bytes += fmt::format("{},{},{},{};", line.code, line.jt, line.jf, line.k);
    // Two programs are told apart, not understood: any other one counts as wider. But the floor is part of
    // all rules.
    const bool floor = s.name.view() == "floor";
    put({.topic = "seccomp",
         .name = floor || s.name.view() == "seccomp" ? "rules" : std::string(s.name.view()),
         .value = floor ? "the floor" : "filter " + sha256_hex(bytes).substr(0, 12),
         .at = at_,
         .width = floor ? 1.0 : 0.0,
         .ordered = false,
         .absent = "no filter",
         .absent_width = 2});
    if (s.deny_write_execute)
      put({.topic = "privileges",
           .name = "memory both writable and executable",
           .value = "denied",
           .at = at_});
  }
  void operator()(const SetLimit& s) {
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
  void operator()(const CloseDescriptors& s) {
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
  void operator()(const OpenStream& s) {
    const bool null = s.path.view() == "/dev/null";
    put({.topic = "descriptor",
         .name = stream_name(s.stream),
         .value = std::string(s.path.view()),
         .at = at_,
         .width = null ? 0.0 : 1.0,
         .ordered = false});
  }
  void operator()(const OpenTerminal&) {
    put({.topic = "process", .name = "terminal", .value = "its own", .at = at_, .width = 1});
  }
  void operator()(const NewSession&) {
    if (grants_.value("process", "terminal") == "the caller's")
      put({.topic = "process", .name = "terminal", .value = "none", .at = at_, .width = 0});
  }
  void operator()(const DieWithParent&) {
    put({.topic = "process", .name = "outlives its launcher", .value = "no", .at = at_});
  }
  void operator()(const Watch& s) {
    const auto seconds = [](std::uint64_t time) {
      return fmt::format("{}s", static_cast<double>(time) / 1e9);
    };
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
  void operator()(const SetAffinity& s) {
    std::vector<Setting::Range> cpus;
    for (const std::uint32_t cpu : s.cpus) cpus.emplace_back(cpu, std::uint64_t{cpu} + 1);
    cpus = tidy(std::move(cpus));
    put({.topic = "limit",
         .name = "processors",
         .value = ranges_text(cpus),
         .at = at_,
         .set = std::move(cpus)});
  }
  void operator()(const SetHostname& s) { plain("process", "hostname", s.name.view()); }
  void operator()(const SetDomainname& s) { plain("process", "domainname", s.name.view()); }
  void operator()(const BringLoopbackUp&) {
    put({.topic = "network", .name = "loopback", .value = "up", .at = at_, .width = 1, .absent = "down"});
  }
  void operator()(const SetNice& s) { plain("process", "nice", std::to_string(s.nice)); }
  void operator()(const SetIoPriority& s) {
    plain("process", "io_class", fmt::format("{}:{}", s.io_class, s.level));
  }
  void operator()(const SetPersonality& s) {
    plain("process", "personality", fmt::format("{:#x}", s.persona));
  }
  void operator()(const SetUmask& s) { plain("process", "umask", fmt::format("{:04o}", s.mask)); }
  void operator()(const ChangeDir& s) { plain("process", "directory", s.path.view()); }
  void operator()(const StartInit&) {
    put({.topic = "process", .name = "init", .value = "yes", .at = at_, .absent = "no"});
  }
  void operator()(const Exec& s) {
    constexpr std::size_t kLongest = 80;
    std::string words = words_of(s.argv);
    if (words.size() > kLongest)
      words = fmt::format("{}… ({} bytes)", words.substr(0, kLongest), words.size());
    plain("process", "command", fmt::format("{}: {}", s.path.view(), words));
  }

  // What gives nothing by itself.
  void operator()(const PinSource&) {}
  void operator()(const LetChildGo&) {}
  void operator()(const AwaitParent&) {}
  void operator()(const KeepOpen&) {}
  void operator()(const HideFromOthers&) {}
  void operator()(const UseCallersRights&) {}
  void operator()(const KeepMountsPrivate&) {}
  void operator()(const AttachStage&) {}
  void operator()(const MakeDir&) {}
  void operator()(const TakeTerminal&) {}
  void operator()(const NewGroup&) {}
  void operator()(const ConnectStream&) {}
  void operator()(const ResetSignals&) {}

 private:
  void put(Setting setting) {
    const std::pair key(setting.topic, setting.name);
    grants_.settings.insert_or_assign(key, std::move(setting));
  }
  void plain(std::string topic, std::string name, std::string_view value) {
    put({.topic = std::move(topic), .name = std::move(name), .value = std::string(value), .at = at_});
  }

  void fresh(Ns which) {
    const auto* const word = std::ranges::find(kNamespaceWords, which, &NamespaceWord::which);
    put({.topic = "namespace", .name = word->name, .value = "new", .at = profile_.namespaces.of(which).at});
  }

  /// What holds where no step says otherwise.
  void start() {
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

  void finish() {
    finish_identity();
    finish_environment();
    finish_walls();
    if (grants_.value("privileges", "no_new_privs") != "on") return;
    // Set-user-ID bits and file capabilities do nothing then: prctl(2).
    for (auto& [path, shown] : grants_.tree) {
      for (Shown::Layer& layer : shown.layers) layer.rights &= ~kMayGainIds;
    }
  }

  // --- who the program is

  static const char* stream_name(int stream) {
    constexpr const char* kNames[] = {"stdin", "stdout", "stderr"};
    return kNames[stream];
  }

  void map(std::string_view name, std::string_view text) {
    if (name == "setgroups") return;
    rows_[std::string(name)] = rows_from(text);
    map_at_[std::string(name)] = at_;
  }

  [[nodiscard]] std::uint64_t outside_of(const std::string& which, std::uint64_t inside) const {
    const auto rows = rows_.find(which);
    if (rows == rows_.end()) return inside;
    for (const MappedRange& row : rows->second) {
      if (inside >= row.inside && inside - row.inside < row.count) return row.outside + (inside - row.inside);
    }
    return inside;
  }

  [[nodiscard]] Origin group_origin(gid_t group) const {
    for (const Said<std::uint32_t>& said : profile_.identity.groups) {
      if (*said == group) return said.at;
    }
    return at_;
  }

  void add_group(std::uint64_t outside, Origin at) {
    put({.topic = "identity",
         .name = fmt::format("group {}", outside),
         .value = "member",
         .at = at,
         .width = 1});
  }

  void finish_identity() {
    const Identity& identity = profile_.identity;
    const auto said_at = [](const auto& maybe) { return maybe ? maybe->at : Origin{}; };
    for (const char* which : {"uid", "gid"}) {
      const bool users = which == std::string_view("uid");
      const std::string name = fmt::format("{}_map", which);
      const std::uint64_t inside = users ? plan_.uid : plan_.gid;
      const Origin at = users ? said_at(identity.uid) : said_at(identity.gid);
      std::vector<Setting::Range> outside;
      if (new_user_) {
        for (const MappedRange& row : rows_[name]) outside.emplace_back(row.outside, row.outside + row.count);
      } else {
        outside.emplace_back(0, std::uint64_t{1} << 32U);
      }
      outside = tidy(std::move(outside));
      const Origin map_at = map_at_.contains(name) ? map_at_[name] : profile_.namespaces.of(Ns::user).at;
      put({.topic = "identity",
           .name = fmt::format("{}s of the host", which),
           .value = ranges_text(outside),
           .at = map_at,
           .set = std::move(outside)});
      put({.topic = "identity",
           .name = fmt::format("{} inside", which),
           .value = std::to_string(inside),
           .at = at});
      const std::uint64_t own = outside_of(name, inside);
      put({.topic = "identity",
           .name = fmt::format("{} outside", which),
           .value = std::to_string(own),
           .at = at.known() ? at : map_at,
           .width = own == 0 ? 1.0 : 0.0,
           .ordered = false});
    }
    if (groups_are_set_) return;
    for (const gid_t group : host_.caller().groups) add_group(group, {});
  }

  /// The plan holds variables only where it has a program to run.
  void finish_environment() {
    const Request request{.needs_command = false};
    Draft draft(profile_, request, host_);
    create_namespaces(draft);
    map_identity(draft);
    choose_environment(draft);
    const auto& outside = host_.caller().environment;
    for (const std::string& variable : draft.environment) {
      const std::size_t equals = variable.find('=');
      const std::string name = variable.substr(0, equals);
      const std::string value = variable.substr(equals + 1);
      const auto said = profile_.environment.set.find(name);
      Origin at = said != profile_.environment.set.end() ? said->second.at : Origin{};
      bool inherited = false;
      for (const Said<std::string>& pattern : profile_.environment.inherit) {
        if (said != profile_.environment.set.end() || !glob_matches(*pattern, name)) continue;
        inherited = outside.contains(name);
        at = pattern.at;
      }
      // What the caller's variables hold may be secret: it is not printed.
      put({.topic = "environment",
           .name = name,
           .value = inherited ? "the caller's" : fmt::format("{}", quoted(value)),
           .at = at,
           .width = inherited ? 1.0 : 0.0});
    }
  }

  // --- walls that stand beside the mounts

  static Rights kinds(std::uint64_t files) {
    using namespace landlock;
    Rights rights = 0;
    if ((files & (kReadFile | kReadDir)) != 0) rights |= kMayRead;
    if ((files & (kWriteFile | kMakeReg | kTruncate)) != 0) rights |= kMayWrite;
    if ((files & kExecute) != 0) rights |= kMayExecute;
    return rights;
  }

  void finish_walls() {
    using namespace landlock;
    for (const auto& [right, name] :
         {std::pair(kBindTcp, "TCP ports to listen on"), {kConnectTcp, "TCP ports to connect to"}}) {
      const bool restricted = (restricts_.network & right) != 0;
      std::vector<Setting::Range> ports{{0, 65536}};
      if (restricted) ports = tidy(ports_[right]);
      put({.topic = "network",
           .name = name,
           .value = restricted ? ranges_text(ports) : "all",
           .at = restricted ? restricts_at_ : Origin{},
           .set = std::move(ports)});
    }
    const bool own_network = grants_.value("namespace", "net") == "new";
    if (!own_network)
      put({.topic = "network", .name = "loopback", .value = "up", .width = 1, .absent = "down"});
    const bool own_processes = grants_.value("namespace", "pid") == "new";
    reach("abstract sockets of others", !own_network && (restricts_.scope & kScopeAbstractUnixSocket) == 0,
          profile_.namespaces.of(Ns::net).at);
    reach("signals to others", !own_processes && (restricts_.scope & kScopeSignal) == 0,
          profile_.namespaces.of(Ns::pid).at);
  }
  void reach(const char* name, bool open, Origin at) {
    put({.topic = "process",
         .name = name,
         .value = open ? "within reach" : "out of reach",
         .at = open ? at : restricts_at_,
         .width = open ? 1.0 : 0.0});
  }

  // --- the tree

  [[nodiscard]] std::string real(ZStr path) const {
    const std::string written(path.view());
    const std::string found = host_.real_path(written);
    return found.empty() ? written : found;
  }
  [[nodiscard]] Place on_host(ZStr path) const { return {"", real(path)}; }

  static Rights rights_of(std::uint64_t attributes) {
    Rights rights = kMayRead;
    if ((attributes & MOUNT_ATTR_RDONLY) == 0) rights |= kMayWrite;
    if ((attributes & MOUNT_ATTR_NOEXEC) == 0) rights |= kMayExecute;
    if ((attributes & MOUNT_ATTR_NODEV) == 0) rights |= kMayUseDevices;
    if ((attributes & MOUNT_ATTR_NOSUID) == 0) rights |= kMayGainIds;
    return rights;
  }

  void mount(Slot slot, const std::string& path) {
    Shown shown = slots_[slot];
    shown.path = path;
    if (at_.known()) shown.at = at_;
    for (Shown::Layer& layer : shown.layers) {
      if (layer.place.filesystem == "memory") layer.place.path = path;
    }
    // A mount hides what was there and below before.
    std::erase_if(grants_.tree, [&path](const auto& each) { return is_within(each.first, path); });
    std::erase_if(grants_.links, [&path](const auto& each) { return is_within(each.first, path); });
    for (const std::string& below : not_shown_[slot]) {
      const std::string rest = below.substr(shown.layers.front().place.path.size());
      std::string covered = join_path(path, rest);
      Shown hole{.path = covered, .at = shown.at};
      grants_.tree.insert_or_assign(std::move(covered), std::move(hole));
    }
    grants_.tree.insert_or_assign(path, std::move(shown));
  }

  const Profile& profile_;
  const Plan& plan_;
  const Host& host_;
  Grants grants_;
  Origin at_;

  std::map<std::uint64_t, std::string> joined_;
  std::map<std::string, std::vector<MappedRange>> rows_;
  std::map<std::string, Origin> map_at_;
  bool new_user_ = false, groups_are_set_ = false;

  std::map<Slot, Shown> slots_;
  std::map<Slot, std::vector<std::string>> not_shown_;  ///< host mounts that a bind leaves out
  std::map<std::string, std::pair<ZStr, bool>> staged_;

  struct {
    std::uint64_t files = 0, network = 0, scope = 0;
  } restricts_;
  Origin restricts_at_;
  std::map<std::uint64_t, std::vector<Setting::Range>> ports_;
};

}  // namespace

std::string rights_text(Rights rights) {
  constexpr std::pair<Rights, const char*> kWords[] = {{kMayRead, "read"},
                                                       {kMayWrite, "write"},
                                                       {kMayExecute, "execute"},
                                                       {kMayUseDevices, "use devices"},
                                                       {kMayGainIds, "gain ids"}};
  std::vector<const char*> words;
  for (const auto& [right, word] : kWords) {
    if ((rights & right) != 0) words.push_back(word);
  }
  return words.empty() ? "nothing" : fmt::format("{}", fmt::join(words, ", "));
}

const Shown* Grants::mount_of(std::string_view path) const {
  while (true) {
    if (const auto found = tree.find(path); found != tree.end()) return &found->second;
    if (path == "/") return nullptr;
    path = parent_of(path);
  }
}

Rights Grants::ruled_at(std::string_view path, Rights rights) const {
  if (ruled == 0) return rights;
  Rights allowed = 0;
  for (std::string_view above = path;; above = parent_of(above)) {
    if (const auto rule = rules.find(above); rule != rules.end()) allowed |= rule->second;
    if (above == "/") break;
  }
  return rights & (~ruled | allowed);
}

Reach Grants::reach(const Place& place) const {
  Reach reach;
  Rights most = 0;
  for (const auto& [path, shown] : tree) {
    for (const Shown::Layer& layer : shown.layers) {
      if (layer.place.filesystem != place.filesystem || !is_within(place.path, layer.place.path)) continue;
      const std::size_t skip = layer.place.path == "/" ? 0 : layer.place.path.size();
      const std::string inside = join_path(path, std::string_view(place.path).substr(skip));
      const Shown* const holder = mount_of(inside);
      if (holder != &shown) {
        if (reach.by == nullptr) reach.by = holder;
        continue;
      }
      const Rights rights = ruled_at(inside, layer.rights);
      if (rights > most || reach.path.empty()) {
        reach.by = &shown;
        reach.path = inside;
        most = rights;
      }
      reach.rights |= rights;
    }
  }
  return reach;
}

std::string Grants::value(const std::string& topic, const std::string& name) const {
  const Setting* const setting = find(topic, name);
  return setting == nullptr ? std::string() : setting->value;
}

const Setting* Grants::find(const std::string& topic, const std::string& name) const {
  const auto found = settings.find({topic, name});
  return found == settings.end() ? nullptr : &found->second;
}

Grants grants_of(const Profile& profile, const Plan& plan, const Host& host) {
  return Reader(profile, plan, host).read();
}

}  // namespace hutch
