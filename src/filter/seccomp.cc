#include "filter/seccomp.h"

#include <fmt/format.h>
#include <linux/seccomp.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "base/text.h"
#include "filter/assemble.h"
#include "filter/evaluate.h"
#include "filter/syscalls.h"

namespace hutch {
namespace {

constexpr std::uint32_t kEperm = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kEnosys = SECCOMP_RET_ERRNO | ENOSYS;

bool is_errno(std::uint32_t action) { return (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO; }
/// The call is made.
bool lets_through(std::uint32_t action) { return rank(action) >= rank(SECCOMP_RET_LOG); }

// --- the machine

struct Machine {
  std::string_view name;
  std::vector<Abi> abis;  ///< its own first
};
const Machine* machine_of(std::string_view architecture) {
  static const Machine kMachines[] = {{"x86_64", {Abi::x86_64, Abi::x86, Abi::x32}},
                                      {"aarch64", {Abi::aarch64, Abi::arm}}};
  const auto* const found = std::ranges::find(kMachines, architecture, &Machine::name);
  return found == std::end(kMachines) ? nullptr : found;
}

// --- calls behind one number: socketcall(2), ipc(2) of x86

struct Multiplexed {
  std::string_view call;
  std::string_view door;
  std::uint32_t number;  ///< the first argument of `door`
};
constexpr Multiplexed kMultiplexed[] = {{"accept", "socketcall", 5},
                                        {"accept4", "socketcall", 18},
                                        {"bind", "socketcall", 2},
                                        {"connect", "socketcall", 3},
                                        {"getpeername", "socketcall", 7},
                                        {"getsockname", "socketcall", 6},
                                        {"getsockopt", "socketcall", 15},
                                        {"listen", "socketcall", 4},
                                        {"recv", "socketcall", 10},
                                        {"recvfrom", "socketcall", 12},
                                        {"recvmmsg", "socketcall", 19},
                                        {"recvmsg", "socketcall", 17},
                                        {"send", "socketcall", 9},
                                        {"sendmmsg", "socketcall", 20},
                                        {"sendmsg", "socketcall", 16},
                                        {"sendto", "socketcall", 11},
                                        {"setsockopt", "socketcall", 14},
                                        {"shutdown", "socketcall", 13},
                                        {"socket", "socketcall", 1},
                                        {"socketpair", "socketcall", 8},
                                        {"msgctl", "ipc", 14},
                                        {"msgget", "ipc", 13},
                                        {"msgrcv", "ipc", 12},
                                        {"msgsnd", "ipc", 11},
                                        {"semctl", "ipc", 3},
                                        {"semget", "ipc", 2},
                                        {"semop", "ipc", 1},
                                        {"semtimedop", "ipc", 4},
                                        {"shmat", "ipc", 21},
                                        {"shmctl", "ipc", 24},
                                        {"shmdt", "ipc", 22},
                                        {"shmget", "ipc", 23}};

const Multiplexed* door_to(std::string_view call) {
  const auto* const found = std::ranges::find(kMultiplexed, call, &Multiplexed::call);
  return found == std::end(kMultiplexed) ? nullptr : found;
}

/// The upper half of ipc's first argument is a version.
Condition through_door(const Multiplexed& door) {
  Condition condition{.argument = 0, .bits = 32, .value = door.number, .mask = 0xFFFFFFFF};
  if (door.door == "ipc") condition.mask = 0xFFFF;
  return condition;
}

/// On 32-bit architectures these take their arguments from memory, or 64-bit ones in two halves.
bool has_other_arguments(std::string_view call, Abi abi) {
  constexpr std::string_view kInMemory[] = {"mmap", "select"};
  constexpr std::string_view kInHalves[] = {"arm_fadvise64_64", "arm_sync_file_range",
                                            "fadvise64",        "fadvise64_64",
                                            "fallocate",        "fanotify_mark",
                                            "ftruncate64",      "lookup_dcookie",
                                            "pread64",          "preadv",
                                            "preadv2",          "pwrite64",
                                            "pwritev",          "pwritev2",
                                            "readahead",        "sync_file_range",
                                            "sync_file_range2", "truncate64"};
  if (!facts_of(abi).is_32_bit) return false;
  return std::ranges::find(kInMemory, call) != std::end(kInMemory) ||
         std::ranges::find(kInHalves, call) != std::end(kInHalves);
}

// --- rules by name

struct NamedRule {
  const Syscall* call = nullptr;
  std::uint32_t action = 0;
  std::vector<Condition> conditions;
  Origin at;
};

struct Twin {
  std::string_view call;
  std::string_view twin;
  std::string_view why;
};
// What does the same by another call, so that a rule for the one alone is none.
constexpr Twin kTwins[] = {
    {"clone", "clone3", "it makes the same, and its flags are in memory, where filters cannot look"},
    {"unshare", "clone", "it makes new namespaces, too"},
    {"unshare", "clone3", "it makes new namespaces, too"},
    {"fork", "clone", "it makes processes, too"},
    {"socket", "io_uring_setup", "it makes sockets, too, and filters do not see what a ring does"},
    {"connect", "io_uring_setup", "it connects sockets, too, and filters do not see what a ring does"},
    {"openat", "io_uring_setup", "it opens files, too, and filters do not see what a ring does"},
    {"open", "openat", "it opens files, too"},
    {"openat", "open", "it opens files, too"},
    {"openat", "openat2", "it opens files, too, and its flags are in memory, where filters cannot look"},
    {"mount", "move_mount", "it mounts, too"},
    {"mount", "fsmount", "it makes mounts, too"},
    {"mount", "open_tree", "it copies mounts, too"},
    {"mount", "mount_setattr", "it changes mounts, too"},
    {"open_tree", "open_tree_attr", "it does the same"},
    {"execve", "execveat", "it executes programs, too"},
    {"chmod", "fchmodat", "it changes modes, too"},
    {"chmod", "fchmodat2", "it changes modes, too"},
    {"fchmodat", "fchmodat2", "it does the same"},
    {"setxattr", "setxattrat", "it sets attributes, too"},
    {"kexec_load", "kexec_file_load", "it loads kernels, too"},
    {"init_module", "finit_module", "it loads modules, too"},
    {"ptrace", "process_vm_writev", "it writes into other processes, too"},
    {"mprotect", "pkey_mprotect", "it does the same"},
    {"mknod", "mknodat", "it makes nodes, too"},
};

class Maker {
 public:
  Maker(const Seccomp& said, const FilterRequest& request, Diagnostics& warnings)
      : said_(said), request_(request), warnings_(warnings) {}

  Result<Filter> make() {
    const Machine* machine = machine_of(request_.architecture);
    if (!machine)
      return fail({.code = "E0420",
                   .what = fmt::format("no system call filter is known for the architecture `{}`",
                                       request_.architecture),
                   .cause = "every sandbox gets a filter, and filters are made of numbers that differ by "
                            "architecture",
                   .help = "Hutch runs on x86_64 and aarch64"});
    choose_architectures(*machine);
    default_ = action_of(said_.default_action);
    list(said_.allow, SECCOMP_RET_ALLOW);
    const std::uint32_t deny = action_of(said_.deny_action);
    list(said_.deny, deny);
    for (const SeccompRule& each : said_.rules) rule(each);
    if (wrong_.empty()) look_for_idle_entries();
    std::vector<AbiRules> all;
    for (const Abi abi : abis_) all.push_back(rules_of(abi));
    if (!wrong_.empty()) return std::unexpected(std::move(wrong_));
    look_for_twins();
    Filter filter{.program = assemble(all), .rules = all.front().rules.size() + all.front().floor.size()};
    if (filter.program.empty())
      return fail({.code = "E0358",
                   .what = fmt::format("the rules make a filter of more than {} instructions, the most that "
                                       "the kernel takes",
                                       kMostInstructions),
                   .at = said_.rules.empty() ? said_.default_action.at : said_.rules.front().syscall.at,
                   .help = "use fewer rules with `args`"});
    filter.summary = summary();
    return filter;
  }

 private:
  void problem(Diagnostic diagnostic) { wrong_.push_back(std::move(diagnostic)); }

  void choose_architectures(const Machine& machine) {
    abis_ = {machine.abis.front()};
    for (const Said<std::string>& name : said_.architectures) {
      const auto abi = abi_from(*name);
      if (abi && std::ranges::find(abis_, *abi) != abis_.end()) continue;
      if (!abi || std::ranges::find(machine.abis, *abi) == machine.abis.end()) {
        std::vector<std::string_view> known;
        for (const Abi each : machine.abis) known.push_back(facts_of(each).name);
        problem({.code = "E0356",
                 .what = fmt::format("{} makes no calls of the architecture {}", machine.name, quoted(*name)),
                 .at = name.at,
                 .help = fmt::format("here it can be: {}", fmt::join(known, ", "))});
        continue;
      }
      abis_.push_back(*abi);
    }
  }

  std::uint32_t action_of(const Said<std::string>& action) {
    if (const auto known = action_from(*action)) return *known;
    Diagnostic diagnostic{
        .code = "E0353", .what = fmt::format("{} is no action", quoted(*action)), .at = action.at};
    std::vector<std::string> names{"allow", "log", "trap", "kill"};
    for (int error = 1; error < 134; ++error) {
      if (const char* name = ::strerrorname_np(error)) names.push_back(fmt::format("errno:{}", name));
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    if (const auto near = closest(*action, known))
      diagnostic.label = fmt::format("did you mean \"{}\"?", *near);
    diagnostic.help =
        "it is \"allow\", \"log\", \"trap\", \"kill\" or \"errno:NAME\" with a name of errno(3)";
    problem(std::move(diagnostic));
    return SECCOMP_RET_KILL_PROCESS;
  }

  std::vector<const Syscall*> calls(const Said<std::string>& name) {
    std::vector<const Syscall*> found = calls_of(*name);
    if (!found.empty()) return found;
    const bool group = name->starts_with('@');
    Diagnostic diagnostic{
        .code = "E0352",
        .what = fmt::format("unknown {} {}", group ? "group of system calls" : "system call", quoted(*name)),
        .at = name.at,
        .help = group ? "the groups are those of `systemd-analyze syscall-filter`, and @io-uring"
                      : "syscalls(2) lists them; `hutch explain seccomp.deny` says what else can stand here"};
    if (const auto near = closest(*name, call_names()))
      diagnostic.label = fmt::format("did you mean `{}`?", *near);
    problem(std::move(diagnostic));
    return {};
  }

  void list(const std::vector<Said<std::string>>& names, std::uint32_t action) {
    for (const Said<std::string>& name : names) {
      for (const Syscall* call : calls(name)) rules_.push_back({call, action, {}, name.at});
    }
  }

  void rule(const SeccompRule& said) {
    const std::uint32_t action = action_of(said.action);
    for (const Syscall* call : calls(said.syscall)) {
      NamedRule made{call, action, {}, said.syscall.at};
      for (const ArgumentRule& each : said.args) {
        if (const auto condition = condition_of(*call, each)) made.conditions.push_back(*condition);
      }
      rules_.push_back(std::move(made));
    }
  }

  /// A number as it stands in the profile, as wide as the argument; a negative one as the kernel would have
  /// it.
  std::optional<std::uint64_t> fitted(const Syscall& call, const ArgumentRule& said,
                                      const Said<std::int64_t>& number, int bits) {
    const std::uint64_t mask = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
    const auto value = static_cast<std::uint64_t>(*number);
    const bool fits = bits == 64 || (*number >= 0 && value <= mask) ||
                      (*number < 0 && *number >= -(std::int64_t{1} << (bits - 1)));
    if (fits) return value & mask;
    problem({.code = "E0354",
             .what = fmt::format("argument {} of {} has {} bits, and {} has more", said.index, call.name,
                                 bits, *number),
             .at = number.at});
    return std::nullopt;
  }

  std::optional<Condition> condition_of(const Syscall& call, const ArgumentRule& said) {
    const int bits = call.bits(said.index);
    Condition condition{.argument = said.index, .bits = bits, .op = said.op};
    const auto value = fitted(call, said, said.value, bits);
    const auto mask =
        said.mask ? fitted(call, said, *said.mask, bits) : fitted(call, said, {-1, said.at}, bits);
    if (!value || !mask) return std::nullopt;
    condition.value = *value;
    condition.mask = *mask;
    const bool equality = said.op == Compare::eq || said.op == Compare::ne;
    if (!equality && *said.value < 0) {
      problem({.code = "E0354",
               .what = fmt::format("arguments are compared without a sign, and {} has one", *said.value),
               .at = said.value.at,
               .help = "`eq` and `ne` take negative numbers"});
      return std::nullopt;
    }
    if (equality && (*value & ~*mask) != 0) {
      problem({.code = "E0354",
               .what = fmt::format("0x{:x} has bits that the mask 0x{:x} leaves out", *value, *mask),
               .at = said.value.at,
               .label = said.op == Compare::eq ? "this never holds" : "this always holds"});
      return std::nullopt;
    }
    return condition;
  }

  // --- one architecture

  /// What the default says of a call that no rule names. A library that gets ENOSYS uses the older call
  /// instead, which other errors keep it from.
  [[nodiscard]] std::uint32_t unnamed_default() const { return is_errno(default_) ? kEnosys : default_; }

  [[nodiscard]] bool has_rule(std::string_view call) const {
    return std::ranges::any_of(rules_, [&](const NamedRule& each) { return each.call->name == call; });
  }

  AbiRules rules_of(Abi abi) {
    AbiRules made{.abi = abi, .otherwise = default_, .unnamed_otherwise = unnamed_default()};
    if (abi == Abi::x32 && lets_through(default_)) made.unnamed_otherwise = kEnosys;
    if (is_errno(default_) && !has_rule("clone3")) {
      const std::uint32_t number = find_syscall("clone3")->number(abi).value_or(0);
      made.exception = Rule{.number = number, .action = kEnosys};
    }
    for (const NamedRule& each : rules_) {
      if (const auto number = each.call->number(abi)) direct(each, *number, abi, made.rules);
      if (abi == Abi::x86) multiplexed(each, made.rules);
    }
    lay_floor(abi, made.floor);
    return made;
  }

  void direct(const NamedRule& rule, std::uint32_t number, Abi abi, std::vector<Rule>& into) {
    if (!rule.conditions.empty() && has_other_arguments(rule.call->name, abi)) {
      if (!lets_through(rule.action) && !is_closed(rule.call->name, rule.call->name, rule.action))
        cannot_be_expressed(rule, abi,
                            fmt::format("there {} takes its arguments otherwise", rule.call->name));
      return;  // to let through what was not looked at would be a hole
    }
    into.push_back({number, rule.action, on(abi, rule.conditions)});
  }

  /// Conditions as the registers of this architecture hold arguments.
  static std::vector<Condition> on(Abi abi, std::vector<Condition> conditions) {
    if (!facts_of(abi).is_32_bit) return conditions;
    std::erase_if(conditions, [](Condition& each) {
      if (each.bits != 64) return false;
      each.bits = 32;
      const std::uint64_t high = each.value >> 32U;
      const bool always = each.op == Compare::ne || each.op == Compare::lt || each.op == Compare::le;
      each.mask &= 0xFFFFFFFF;
      if (high == 0) return false;
      if (always) return true;
      each.op = Compare::eq;  // a comparison that never holds
      each.mask = 0;
      each.value = 1;
      return false;
    });
    return conditions;
  }

  void multiplexed(const NamedRule& rule, std::vector<Rule>& into) {
    const Multiplexed* door = door_to(rule.call->name);
    if (!door) return;
    if (!rule.conditions.empty()) {
      if (!lets_through(rule.action) && !is_closed(door->door, rule.call->name, rule.action))
        cannot_be_expressed(
            rule, Abi::x86,
            fmt::format("there {} does the same, with arguments in memory, where filters cannot look",
                        door->door));
      return;
    }
    into.push_back(
        {find_syscall(door->door)->number(Abi::x86).value_or(0), rule.action, {through_door(*door)}});
  }

  /// Does nothing let `call` through, whatever its arguments, where `action` should happen? `through` is a
  /// call whose allowance opens this one, too.
  [[nodiscard]] bool is_closed(std::string_view call, std::string_view through, std::uint32_t action) const {
    bool opened = false;
    for (const NamedRule& each : rules_) {
      if (!each.conditions.empty() || (each.call->name != call && each.call->name != through)) continue;
      if (each.call->name == call && rank(each.action) <= rank(action)) return true;
      opened = opened || rank(each.action) > rank(action);
    }
    return !opened && rank(default_) <= rank(action);
  }

  void cannot_be_expressed(const NamedRule& rule, Abi abi, std::string cause) {
    problem({.code = "E0355",
             .what = fmt::format("the rule for {} cannot be expressed for {}", rule.call->name,
                                 facts_of(abi).name),
             .at = rule.at,
             .cause = std::move(cause),
             .help = fmt::format("deny it there as a whole, or leave \"{}\" out of `architectures`",
                                 facts_of(abi).name)});
  }

  // --- what holds whatever the profile says

  void lay_floor(Abi abi, std::vector<Rule>& into) const {
    const auto refuse = [&](std::string_view call, std::uint32_t action, std::vector<Condition> conditions) {
      if (const auto number = find_syscall(call)->number(abi))
        into.push_back({*number, action, std::move(conditions)});
    };
    for (const std::uint64_t request : {0x5412U, 0x541CU})  // TIOCSTI, TIOCLINUX
      refuse("ioctl", kEperm, {{.argument = 1, .bits = 32, .value = request, .mask = 0xFFFFFFFF}});
    if (!request_.deny_write_execute) return;
    constexpr std::uint64_t kWrite = 2, kExec = 4, kShmExec = 0100000, kReadImpliesExec = 0x0400000;
    const auto flags = [](std::uint32_t argument, std::uint64_t all) {
      return Condition{.argument = argument, .bits = 32, .value = all, .mask = all};
    };
    if (!facts_of(abi).is_32_bit) refuse("mmap", kEperm, {flags(2, kWrite | kExec)});
    if (abi == Abi::x86) refuse("mmap", kEperm, {});  // the old one, whose arguments are in memory
    refuse("mmap2", kEperm, {flags(2, kWrite | kExec)});
    refuse("mprotect", kEperm, {flags(2, kExec)});
    refuse("pkey_mprotect", kEperm, {flags(2, kExec)});
    refuse("shmat", kEperm, {flags(2, kShmExec)});
    if (abi == Abi::x86) refuse("ipc", kEperm, {through_door(*door_to("shmat"))});
    // With it, whatever is readable would be executable.
    refuse("personality", kEperm,
           {flags(0, kReadImpliesExec),
            {.argument = 0, .bits = 32, .op = Compare::ne, .value = 0xFFFFFFFF, .mask = 0xFFFFFFFF}});
  }

  // --- what was probably not meant

  void warn(std::string what, Origin at, std::string cause, std::string help) {
    warnings_.push_back({.code = "W0303",
                         .what = std::move(what),
                         .at = at,
                         .cause = std::move(cause),
                         .help = std::move(help),
                         .severity = Severity::warning});
  }

  /// What the rules say of one call, taken together.
  struct Stand {
    const NamedRule* denies = nullptr;   ///< the first that does not let it through
    const NamedRule* narrows = nullptr;  ///< the first that lets it through on a condition
    bool has_conditions = false;
    std::optional<std::uint32_t> always;     ///< the strictest without a condition
    std::optional<std::uint32_t> sometimes;  ///< the loosest with one
  };

  std::vector<Stand> stands() const {
    std::vector<Stand> all(all_syscalls().size());
    for (const NamedRule& each : rules_) {
      Stand& stand = all[index_of(each.call)];
      if (!lets_through(each.action) && !stand.denies) stand.denies = &each;
      if (each.conditions.empty()) {
        if (!stand.always || rank(each.action) < rank(*stand.always)) stand.always = each.action;
        continue;
      }
      stand.has_conditions = true;
      if (lets_through(each.action) && !stand.narrows) stand.narrows = &each;
      if (!stand.sometimes || rank(each.action) > rank(*stand.sometimes)) stand.sometimes = each.action;
    }
    return all;
  }
  static std::size_t index_of(const Syscall* call) {
    return static_cast<std::size_t>(call - all_syscalls().data());
  }
  /// Can the call be made at all?
  [[nodiscard]] bool is_possible(const Stand& stand) const {
    if (stand.always && !lets_through(*stand.always)) return false;
    return stand.always || lets_through(default_) || (stand.sometimes && lets_through(*stand.sometimes));
  }

  void look_for_twins() {
    if (rules_.empty()) return;
    const std::vector<Stand> all = stands();
    const auto of = [&all](std::string_view call) -> const Stand& {
      return all[index_of(find_syscall(call))];
    };
    std::set<std::pair<Origin, std::string_view>> told;
    for (const Twin& pair : kTwins) {
      const Stand& call = of(pair.call);
      // An allow-list restricts by allowing on a condition.
      const bool narrowed = call.narrows && !call.always && !lets_through(default_);
      const NamedRule* by = call.denies ? call.denies : narrowed ? call.narrows : nullptr;
      if (!by || !find_syscall(pair.twin)->number(abis_.front())) continue;
      const Stand& twin = of(pair.twin);
      if (twin.has_conditions || !is_possible(twin)) continue;
      if (!told.emplace(by->at, pair.twin).second) continue;
      warn(fmt::format("the rule for {} is missed by {}", pair.call, pair.twin), by->at,
           std::string(pair.why),
           pair.twin == "clone3" ? "deny it with \"errno:ENOSYS\": then the C library uses clone"
                                 : fmt::format("deny {}, too, unless it is needed", pair.twin));
    }
    const NamedRule* clone3 = of("clone3").denies;
    if (clone3 && clone3->action != kEnosys && is_possible(of("clone")))
      warn(fmt::format("clone3 is denied with \"{}\"", action_name(clone3->action)), clone3->at,
           "the C library makes threads with clone3, and with clone only where it gets ENOSYS",
           "deny it by a [[seccomp.rule]] with `action = \"errno:ENOSYS\"`");
  }

  /// A call that is both allowed and denied by name is denied; of what groups bring along nothing is said.
  void look_for_idle_entries() {
    for (const Said<std::string>& name : said_.allow) {
      if (name->starts_with('@')) continue;
      const auto denied =
          std::ranges::find(said_.deny, *name, [](const Said<std::string>& each) { return *each; });
      if (denied == said_.deny.end()) continue;
      warnings_.push_back(
          {.code = "W0304",
           .what = fmt::format("{} is allowed here and denied elsewhere, so it is denied", *name),
           .at = name.at,
           .other = denied->at,
           .other_label = "the stricter one counts",
           .help = fmt::format("deny = [\"!{}\"] takes an inherited entry away", *name),
           .severity = Severity::warning});
    }
  }

  // --- for people

  std::vector<std::string> summary() const {
    std::vector<std::string> lines{fmt::format("default: {}", action_name(default_))};
    std::vector<std::pair<std::uint32_t, std::vector<const Syscall*>>> by_action;
    for (const NamedRule& each : rules_) {
      if (!each.conditions.empty()) continue;
      auto found = std::ranges::find(by_action, each.action, [](const auto& pair) { return pair.first; });
      if (found == by_action.end()) found = by_action.insert(by_action.end(), {each.action, {}});
      found->second.push_back(each.call);
    }
    for (auto& [action, calls] : by_action) {
      std::ranges::sort(calls);  // the table is in the order of names
      calls.erase(std::unique(calls.begin(), calls.end()), calls.end());
      std::string& line = lines.emplace_back(action_name(action) + ":");
      for (const Syscall* call : calls) line.append(" ").append(call->name);
    }
    for (const NamedRule& each : rules_) {
      if (each.conditions.empty()) continue;
      std::vector<std::string> parts;
      for (const Condition& condition : each.conditions) parts.push_back(text_of(condition));
      lines.push_back(
          fmt::format("{}: {} if {}", action_name(each.action), each.call->name, fmt::join(parts, " and ")));
    }
    lines.emplace_back("errno:EPERM: ioctl if argument 1 == 0x5412 or 0x541c");
    if (request_.deny_write_execute)
      lines.emplace_back(
          "errno:EPERM: mmap, mprotect, pkey_mprotect, shmat, personality for writable and executable "
          "memory");
    std::vector<std::string_view> names;
    for (const Abi abi : abis_) names.push_back(facts_of(abi).name);
    lines.push_back(fmt::format("architectures: {}", fmt::join(names, " ")));
    return lines;
  }

  static std::string text_of(const Condition& condition) {
    constexpr std::string_view kOps[] = {"==", "!=", "<", "<=", ">", ">="};
    const std::uint64_t all =
        condition.bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << condition.bits) - 1;
    const std::string masked = condition.mask == all ? "" : fmt::format(" & 0x{:x}", condition.mask);
    return fmt::format("argument {}{} {} 0x{:x}", condition.argument, masked,
                       kOps[static_cast<std::size_t>(condition.op)], condition.value);
  }

  const Seccomp& said_;
  const FilterRequest& request_;
  Diagnostics& warnings_;
  Diagnostics wrong_;
  std::vector<Abi> abis_;
  std::uint32_t default_ = SECCOMP_RET_ALLOW;
  std::vector<NamedRule> rules_;
};

}  // namespace

Result<Filter> make_filter(const Seccomp& said, const FilterRequest& request, Diagnostics& warnings) {
  return Maker(said, request, warnings).make();
}

Result<std::vector<sock_filter>> program_from(std::string_view bytes, const Said<std::string>& file) {
  const auto refuse = [&](std::string what, std::string cause) {
    return fail({.code = "E0357",
                 .what = fmt::format("{} is no seccomp program: {}", quoted(*file), what),
                 .at = file.at,
                 .cause = std::move(cause),
                 .help = "it holds what `seccomp_export_bpf` writes: 8 bytes for each instruction"});
  };
  if (bytes.starts_with("\x7f"
                        "ELF"))
    return refuse("it is an executable", "perhaps it is the program that writes the filter");
  if (bytes.size() % sizeof(sock_filter) != 0)
    return refuse(fmt::format("its size of {} bytes is no multiple of {}", bytes.size(), sizeof(sock_filter)),
                  "");
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  if (!bytes.empty()) std::memcpy(program.data(), bytes.data(), bytes.size());
  if (const auto fault = fault_of(program))
    return refuse(fmt::format("instruction {} {}", fault->at, fault->what), "");
  return program;
}

std::uint32_t answer_to(const std::vector<sock_filter>& program, std::string_view architecture,
                        std::string_view call) {
  seccomp_data data{};
  const Machine* machine = machine_of(architecture);
  if (!machine) return SECCOMP_RET_KILL_PROCESS;
  data.arch = facts_of(machine->abis.front()).audit;
  data.nr = static_cast<int>(find_syscall(call)->number(machine->abis.front()).value_or(0));
  return evaluate(program, data);
}

}  // namespace hutch
