#include "cli/status.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <variant>

#include "base/landlock_abi.h"
#include "base/path.h"
#include "cli/print_diagnostics.h"
#include "filter/caps.h"
#include "filter/landlock.h"
#include "launch/errno_text.h"
#include "launch/usage.h"
#include "plan/describe.h"

namespace hutch {
namespace {

constexpr mode_t kAnyone = 0666;  // less the caller's umask

std::uint64_t now_in_milliseconds() {
  timespec now = {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

template <class T, class Write>
void list(Json& json, std::string_view name, const T& all, Write write) {
  json.key(name);
  json.array([&] {
    for (const auto& each : all) write(each);
  });
}

struct NamespaceName {
  std::uint64_t flag;
  const char* name;
};
constexpr NamespaceName kNamespaceNames[] = {
    {CLONE_NEWUSER, "user"}, {CLONE_NEWNS, "mount"}, {CLONE_NEWPID, "pid"},       {CLONE_NEWIPC, "ipc"},
    {CLONE_NEWUTS, "uts"},   {CLONE_NEWNET, "net"},  {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"}};

/// The walls, as the plan has them: each stood when the program began, or it did not begin.
struct Walls {
  std::uint64_t namespaces = 0, capabilities = 0;
  bool no_new_privs = false, deny_write_execute = false;
  std::vector<std::string> filters;
  std::vector<const SetLimit*> limits;
  const MakeRuleset* landlock = nullptr;
  std::vector<std::uint64_t> bind_tcp, connect_tcp;

  explicit Walls(const Plan& plan) {
    for (const Step& step : plan.steps) {
      if (const auto* clone = std::get_if<CloneChild>(&step.op)) namespaces |= clone->namespaces;
      if (std::get_if<UnshareTime>(&step.op) != nullptr) namespaces |= CLONE_NEWTIME;
      if (const auto* drop = std::get_if<DropCapabilities>(&step.op)) capabilities = drop->keep;
      if (std::get_if<NoNewPrivs>(&step.op) != nullptr) no_new_privs = true;
      if (std::get_if<SetMemoryDenyWriteExecute>(&step.op) != nullptr) deny_write_execute = true;
      if (const auto* filter = std::get_if<LoadFilter>(&step.op)) {
        filters.emplace_back(filter->name.view());
        deny_write_execute = deny_write_execute || filter->deny_write_execute;
      }
      if (const auto* limit = std::get_if<SetLimit>(&step.op)) limits.push_back(limit);
      if (const auto* ruleset = std::get_if<MakeRuleset>(&step.op)) landlock = ruleset;
      if (const auto* port = std::get_if<AllowPort>(&step.op)) {
        if ((port->rights & landlock::kBindTcp) != 0) bind_tcp.push_back(port->port);
        if ((port->rights & landlock::kConnectTcp) != 0) connect_tcp.push_back(port->port);
      }
    }
  }

  /// Null where nothing is restricted by it. Lists that are there restrict, empty or not.
  void write_landlock(Json& json) const {
    json.key("landlock");
    if (landlock == nullptr) return json.null();
    json.object([&] {
      json.field("files", landlock->files != 0);
      const auto ports = [&](const char* name, std::uint64_t right, const std::vector<std::uint64_t>& all) {
        if ((landlock->network & right) != 0)
          list(json, name, all, [&](std::uint64_t port) { json.value(port); });
      };
      ports("bind_tcp", landlock::kBindTcp, bind_tcp);
      ports("connect_tcp", landlock::kConnectTcp, connect_tcp);
      list(json, "scope", landlock_scope_words(landlock->scope),
           [&](std::string_view word) { json.value(word); });
    });
  }

  void write(Json& json) const {
    json.key("namespaces");
    json.array([&] {
      for (const auto& [flag, name] : kNamespaceNames) {
        if ((namespaces & flag) != 0) json.value(name);
      }
    });
    json.key("capabilities");
    json.array([&] {
      for (int capability = 0; capability < 64; ++capability) {
        if ((capabilities >> capability & 1) != 0) json.value(capability_name(capability));
      }
    });
    json.field("no_new_privs", no_new_privs);
    json.field("memory_deny_write_execute", deny_write_execute);
    list(json, "filters", filters, [&](const std::string& name) { json.value(name); });
    write_landlock(json);
    json.key("limits");
    json.object([&] {
      for (const SetLimit* limit : limits) {
        json.key(limit->name.view());
        json.array([&] {
          for (const std::uint64_t value : {limit->soft, limit->hard}) {
            if (value == RLIM_INFINITY) {
              json.value("unlimited");
            } else {
              json.value(value);
            }
          }
        });
      }
    });
  }
};

void write_signal(Json& json, int number) {
  const char* name = ::sigabbrev_np(number);
  json.key("signal");
  json.object([&] {
    json.field("number", number);
    json.field("name", name != nullptr ? std::string(name) : fmt::format("RTMIN+{}", number - SIGRTMIN));
  });
}

}  // namespace

Result<void> Status::open() {
  for (const Given& given : session_.words.options) {
    if (given.option->name == "--status-fd") {
      const std::string& text = given.value;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), fd_);
      const bool is_number = error == std::errc() && end == text.data() + text.size() && fd_ >= 0;
      const int flags = is_number ? ::fcntl(fd_, F_GETFL) : -1;
      // What we opened ourselves is closed on exec: the caller's is not.
      const bool is_open = flags >= 0 && (::fcntl(fd_, F_GETFD) & FD_CLOEXEC) == 0;
      if (is_open && (flags & O_ACCMODE) != O_RDONLY) continue;
      fd_ = -1;
      return fail(
          {.code = "E0914",
           .what = fmt::format("--status-fd: {}", !is_number ? fmt::format("`{}` is no descriptor", text)
                                                  : is_open  ? fmt::format("{} cannot be written to", text)
                                                             : fmt::format("{} is not open", text)),
           .at = given.at,
           .help = "open it for hutch: hutch run --status-fd 3 … 3>FILE"});
    }
    if (given.option->name == "--report") {
      path_ = given.value;
      file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, kAnyone));
      if (file_) continue;
      return fail({.code = "E0915",
                   .what = fmt::format("the report cannot be written: {}: {}", path_, errno_text(errno)),
                   .at = given.at});
    }
  }
  // A reader that has gone is no reason to end.
  if (fd_ >= 0) ::signal(SIGPIPE, SIG_IGN);
  return {};
}

void Status::tell(const char* event, Body body) {
  if (!wanted()) return;
  if (fd_ >= 0) {
    Json line(Json::compact);
    line.object([&] {
      line.field("event", event);
      body(line);
    });
    write_all(fd_, line.text() + "\n");
  }
  if (file_) events_.emplace_back(event, std::move(body));
}

void Status::planned(const Plan& plan) {
  if (!wanted()) return;
  const Sources& sources = session_.sources;
  tell("plan", [&plan, &sources, digest = plan_digest(plan), time = now_in_milliseconds()](Json& json) {
    const auto entry = [&](const Origin& at) {
      if (at.known()) json.field("at", sources.where(at));
    };
    json.field("time", time);
    json.field("profile", plan.profile_name);
    json.field("digest", digest);
    json.key("enforced");
    json.object([&] { Walls(plan).write(json); });
    list(json, "skipped", plan.skipped, [&](const Skipped& each) {
      json.object([&] {
        json.field("what", each.what);
        json.field("why", each.why);
        entry(each.at);
      });
    });
    list(json, "unpinned", plan.unpinned, [&](const Unpinned& each) {
      json.object([&] {
        json.field("name", each.name);
        json.field("wanted", each.wanted);
        json.field("actual", each.actual);
        entry(each.at);
      });
    });
    list(json, "remarks", plan.remarks, [&](const Said<std::string>& each) {
      json.object([&] {
        json.field("text", *each);
        entry(each.at);
      });
    });
  });
}

void Status::set_up(pid_t program, pid_t init) {
  tell("setup", [program, init, time = now_in_milliseconds()](Json& json) {
    json.field("time", time);
    json.field("pid", program);
    json.field("init", init);
  });
}

void Status::executed() {
  tell("exec", [time = now_in_milliseconds()](Json& json) { json.field("time", time); });
}

void Status::ended(const Ending& ending) {
  tell("exit", [ending, time = now_in_milliseconds()](Json& json) {
    const WaitResult& program = ending.finish.program;
    json.field("time", time);
    json.field("status", ending.status);
    if (!ending.ran) {
      json.field("reason", "interrupted");
      return;
    }
    const bool exited = program.code == CLD_EXITED;
    json.field("reason", ending.finish.timed_out ? "timeout" : exited ? "exited" : "signal");
    json.field("killed", ending.finish.killed);
    if (exited) {
      json.field("code", program.status);
    } else {
      write_signal(json, program.status);
      json.field("core_dumped", program.code == CLD_DUMPED);
    }
    json.key("usage");
    json.object([&] { write_usage(json, ending.finish); });
  });
}

void Status::failed(const Diagnostics& diagnostics, int status) {
  if (!wanted()) return;
  tell("error", [diagnostics, status, &sources = session_.sources, time = now_in_milliseconds()](Json& json) {
    json.field("time", time);
    json.field("status", status);
    json.key("diagnostics");
    json.array([&] { diagnostics_json(json, diagnostics, sources); });
  });
}

bool Status::close() {
  if (!file_) return true;
  Json document;
  document.object([&] {
    document.field("schema_version", 1);
    for (const auto& [event, body] : events_) {
      document.key(event);
      document.object([&] { body(document); });
    }
  });
  errno = 0;
  if (write_all(file_.get(), document.text())) return true;
  session_.complain(
      {{.code = "E0915",
        .what = fmt::format("the report cannot be written: {}: {}", path_, errno_text(errno))}});
  return false;
}

}  // namespace hutch
