#include "build/facts.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "base/text.h"
#include "profile/keys.h"

namespace hutch {
namespace {

constexpr std::string_view kFromCaller = "the caller's";
constexpr std::string_view kFromHost = "the host's";

class Facts {
 public:
  Facts(const Profile& profile, const Plan& plan, const Host& host)
      : profile_(profile), plan_(plan), host_(host) {}

  std::vector<Fact> take() {
    names();
    identity();
    environment();
    process();
    limits();
    files();
    take_back();
    machine();
    return std::move(all_);
  }

 private:
  void add(std::string name, std::optional<std::string> pinned, std::string_view otherwise) {
    const bool is_pinned = pinned.has_value();
    all_.push_back({std::move(name), pinned ? *std::move(pinned) : std::string(otherwise), is_pinned});
  }
  template <class T>
  static std::optional<std::string> said(const MaybeSaid<T>& value) {
    return value ? std::optional(fmt::format("{}", **value)) : std::nullopt;
  }

  void names() {
    const bool own_names = profile_.namespaces.is_new(Ns::uts);
    add("hostname", own_names ? said(profile_.hostname) : std::nullopt, kFromHost);
    add("domainname", own_names ? said(profile_.domainname) : std::nullopt, kFromHost);
    add("process numbers", profile_.namespaces.is_new(Ns::pid) ? std::optional("from 1") : std::nullopt,
        kFromHost);
    add("network", profile_.namespaces.is_new(Ns::net) ? std::optional("none") : std::nullopt, kFromHost);
  }

  void identity() {
    const Identity& identity = profile_.identity;
    add("uid", said(identity.uid), fmt::format("{}", plan_.uid));
    add("gid", said(identity.gid), fmt::format("{}", plan_.gid));
    add("user name", said(identity.user), kFromCaller);
    add("group name", said(identity.group), kFromCaller);
    add("home", said(identity.home), kFromCaller);
    // The kernel lets nobody drop groups who maps no more than one id by himself.
    const bool keeps_groups = !host_.caller().has_setid_capabilities && !host_.caller().groups.empty();
    add("supplementary groups", keeps_groups ? std::nullopt : std::optional("those of the profile"),
        "those of the caller stay, as nobody");
  }

  /// What the program gets, but for what the profile lets through from the caller.
  void environment() {
    const auto* exec = plan_.steps.empty() ? nullptr : std::get_if<Exec>(&plan_.steps.back().op);
    if (exec == nullptr) return;
    for (const ZStr variable : exec->env) {
      const std::string_view text = variable.view();
      const std::string name(text.substr(0, text.find('=')));
      const std::string value(text.substr(std::min(text.size(), name.size() + 1)));
      add("variable " + name, is_from_caller(name) ? std::nullopt : std::optional(value), value);
    }
  }
  [[nodiscard]] bool is_from_caller(const std::string& name) const {
    if (profile_.environment.set.contains(name)) return false;
    const Identity& identity = profile_.identity;
    if (name == "HOME") return !identity.home;
    if (name == "USER" || name == "LOGNAME") return !identity.user;
    if (name == "SHELL") return !identity.shell;
    return name != "PATH" || std::ranges::any_of(profile_.environment.inherit,
                                                 [&](const auto& each) { return glob_matches(*each, name); });
  }

  void process() {
    const Process& process = profile_.process;
    const auto octal = [](std::uint32_t bits) { return fmt::format("{:03o}", bits); };
    add("umask", octal(process.umask ? **process.umask : 022), "");
    add("working folder", said(process.cwd), kFromCaller);
    std::string cpus;
    if (process.cpu_affinity) cpus = fmt::format("{}", fmt::join(**process.cpu_affinity, ","));
    add("processors", process.cpu_affinity ? std::optional(cpus) : std::nullopt, kFromCaller);
    std::string persona;
    for (const auto& word : process.personality) persona += (persona.empty() ? "" : " ") + *word;
    const bool fixed = persona.contains("no_randomize");
    add("addresses", fixed ? std::optional(persona) : std::nullopt, "random");
    add("nice", said(process.nice), kFromCaller);
    add("oom_score_adj", said(process.oom_score_adj), kFromCaller);
    add("timer slack",
        process.timer_slack ? std::optional(fmt::format("{} ns", **process.timer_slack)) : std::nullopt,
        kFromCaller);
    add("io_class", process.io_class ? std::optional("of the profile") : std::nullopt, kFromCaller);
    const bool no_input = process.streams[0]->kind != Stream::Kind::inherit;
    add("standard input", no_input ? std::optional("of the profile") : std::nullopt, kFromCaller);
    add("terminal", *process.tty == Tty::none ? std::optional("none") : std::nullopt, kFromCaller);
    add("signals", "default", "");
  }

  void limits() {
    const auto number = [](std::uint64_t value) {
      return value == RLIM_INFINITY ? std::string("unlimited") : fmt::format("{}", value);
    };
    for (const Key& key : all_keys()) {
      if (key.table != "limits") continue;
      const auto limit = std::ranges::find(profile_.limits, key.name, &Limit::name);
      std::optional<std::string> pinned;
      if (limit != profile_.limits.end()) pinned = number(limit->soft) + " " + number(limit->hard);
      add(fmt::format("limit {}", key.name), std::move(pinned), kFromCaller);
    }
  }

  /// Files by which machines differ: pinned if a mount stands in their place.
  void files() {
    constexpr std::string_view kFiles[] = {
        "/etc/hosts",    "/etc/localtime", "/etc/machine-id", "/proc/cmdline",
        "/proc/cpuinfo", "/proc/meminfo",  "/proc/version",   "/proc/sys/kernel/random/boot_id",
        "/proc/uptime",  "/proc/loadavg",  "/proc/stat",      "/proc/sys/kernel/osrelease",
    };
    for (const std::string_view path : kFiles) {
      const auto mount = profile_.mounts.find(std::string(path));
      const bool fixed = mount != profile_.mounts.end() &&
                         (mount->second.type == MountType::file || mount->second.type == MountType::hidden);
      const bool absent = !path.starts_with("/proc") && mount == profile_.mounts.end() &&
                          !profile_.mounts.contains("/etc") &&
                          profile_.mounts.at("/").type == MountType::tmpfs;
      add(std::string(path),
          fixed    ? std::optional("of the profile")
          : absent ? std::optional("none")
                   : std::nullopt,
          kFromHost);
    }
  }

  /// What the profile says and this caller cannot have.
  void take_back() {
    constexpr std::pair<std::string_view, std::string_view> kCalled[] = {{"cpu_affinity", "processors"},
                                                                         {"personality", "addresses"}};
    for (const Unpinned& each : plan_.unpinned) {
      std::string name = each.name;
      if (name.starts_with("limits.")) name.replace(0, 7, "limit ");
      for (const auto& [key, called] : kCalled)
        if (name == key) name = called;
      const auto fact = std::ranges::find(all_, name, &Fact::name);
      const std::string value = fmt::format("{} instead of {}", each.actual, each.wanted);
      if (fact == all_.end()) {
        all_.push_back({name, value, false});
      } else {
        *fact = {name, value, false};
      }
    }
  }

  void machine() {
    utsname names = {};
    ::uname(&names);
    add("kernel", std::nullopt, names.release);
    add("processor", std::nullopt, names.machine);
    add("clock", std::nullopt, "goes on");
    add("random numbers", std::nullopt, "random");
  }

  const Profile& profile_;
  const Plan& plan_;
  const Host& host_;
  std::vector<Fact> all_;
};

}  // namespace

std::vector<Fact> facts_of(const Profile& profile, const Plan& plan, const Host& host) {
  return Facts(profile, plan, host).take();
}

}  // namespace hutch
