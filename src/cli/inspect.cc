#include <fmt/format.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/sandbox_json.h"
#include "launch/control.h"
#include "launch/tell_failure.h"

namespace hutch {
namespace {

/// What runs in it, as the host sees it.
struct Resources {
  std::vector<pid_t> pids;
  double cpu_seconds = 0;
  std::uint64_t resident = 0;  ///< bytes; what processes share is counted for each
};

constexpr std::size_t kMostProcesses = 10'000;

void add_with_children(pid_t pid, Resources& into) {
  if (into.pids.size() == kMostProcesses) return;
  const std::string folder = fmt::format("/proc/{}", pid);
  const auto stat = read_from_machine(folder + "/stat");
  if (!stat) return;
  const std::size_t after_name = stat->rfind(") ");
  if (after_name == std::string::npos) return;
  const auto fields = split(std::string_view(*stat).substr(after_name + 2), ' ');
  constexpr std::size_t kUser = 14 - 3, kSystem = 15 - 3, kResident = 24 - 3;  // proc(5) counts from 1
  if (fields.size() <= kResident) return;
  const auto number = [&fields](std::size_t i) {
    return std::strtoull(std::string(fields[i]).c_str(), nullptr, 10);
  };
  into.pids.push_back(pid);
  into.cpu_seconds +=
      static_cast<double>(number(kUser) + number(kSystem)) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  into.resident += number(kResident) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto children = read_from_machine(fmt::format("{}/task/{}/children", folder, pid));
  for (const std::string_view word : split(children.value_or(""), ' ')) {
    if (!word.empty())
      add_with_children(static_cast<pid_t>(std::strtol(std::string(word).c_str(), nullptr, 10)), into);
  }
}

std::string for_people(const Registered& sandbox, const Resources& resources, const std::string& plan) {
  std::string text;
  const auto line = [&text](std::string_view name, const std::string& value) {
    text += fmt::format("{:<11} {}\n", name, value);
  };
  line("name", sandbox.name);
  line("profile", printable(sandbox.profile));
  line("command", printable(sandbox.command));
  line("plan", sandbox.digest);
  line("launcher", std::to_string(sandbox.launcher));
  line("processes", fmt::format("{}", fmt::join(resources.pids, " ")));
  line("used", fmt::format("{:.2f} s of processor time, {:.1f} MiB resident", resources.cpu_seconds,
                           static_cast<double>(resources.resident) / (1 << 20)));
  std::string namespaces;
  for (const auto& [name, inode] : sandbox.namespaces)
    namespaces += fmt::format("{}{}:[{}]", namespaces.empty() ? "" : " ", name, inode);
  line("namespaces", namespaces.empty() ? "(not known)" : namespaces);
  text += "\n";
  for (const std::string_view each : split(plan, '\n')) text += printable(each) + "\n";
  text.pop_back();
  return text;
}

Result<std::string> inspect(const Session& session) {
  TRY(const Registered found, find_sandbox(session.host.caller(), session.words.operands.front()));
  const bool json_wanted = session.wants_json();
  TRY(const Reply reply, ask(found, json_wanted ? Question::describe_json : Question::describe));
  // A launch answers when its entry is whole, which it need not have been before.
  TRY(const Registered sandbox, find_sandbox(session.host.caller(), found.name));
  Resources resources;
  if (open_init(sandbox)) add_with_children(sandbox.init, resources);
  if (!json_wanted) return for_people(sandbox, resources, reply.text);
  if (!is_json(reply.text)) {
    return fail({.code = "E0919",
                 .what = fmt::format("the sandbox {} does not answer", quoted(sandbox.name)),
                 .cause = "what its launcher says of its plan is not JSON"});
  }
  Json json;
  json.object([&] {
    sandbox_json(json, sandbox);
    json.key("processes");
    json.array([&] {
      for (const pid_t pid : resources.pids) json.value(pid);
    });
    json.field("cpu_seconds", resources.cpu_seconds);
    json.field("resident_bytes", resources.resident);
    json.key("plan");
    json.document(reply.text);
  });
  return json.text();
}

}  // namespace

int inspect_command(Session& session) {
  const auto text = inspect(session);
  if (text) return session.say(*text) ? 0 : 1;
  session.complain(text.error());
  return 1;
}

}  // namespace hutch
