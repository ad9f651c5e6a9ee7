// Giving up privileges: capabilities(7), prctl(2), seccomp(2).
#include <fmt/format.h>
#include <linux/capability.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "filter/caps.h"
#include "filter/evaluate.h"
#include "filter/seccomp.h"
#include "plan/draft.h"

namespace hutch {
namespace {

bool keeps(std::uint64_t mask, int capability) { return (mask >> capability & 1) != 0; }

/// With CAP_SYS_RESOURCE the program could lift the limit that `nested = "deny"` sets.
void check_nested(Draft& draft, std::uint64_t keep) {
  if (*draft.profile.namespaces.nested || !keeps(keep, CAP_SYS_RESOURCE)) return;
  Origin at;
  for (const Said<std::string>& name : draft.profile.keep_capabilities) {
    if (*name == "sys_resource") at = name.at;
  }
  draft.problem({.code = "E0331",
                 .what = "`sys_resource` could lift the limit that `nested = \"deny\"` sets",
                 .at = at,
                 .other = draft.profile.namespaces.nested.at,
                 .other_label = "user namespaces are denied here",
                 .help = "drop one of the two"});
}

/// Where the profile first says something of filters; unknown if it does not.
Origin place_of(const Seccomp& said) {
  if (said.default_action.said()) return said.default_action.at;
  if (!said.allow.empty()) return said.allow.front().at;
  if (!said.deny.empty()) return said.deny.front().at;
  if (!said.rules.empty()) return said.rules.front().syscall.at;
  return said.architectures.empty() ? Origin{} : said.architectures.front().at;
}

struct PlannedFilter {
  LoadFilter step;
  Origin at;
  std::vector<sock_filter> program;
};

bool lets_through(const PlannedFilter& filter, const Draft& draft, std::string_view call) {
  return strictest(SECCOMP_RET_LOG, answer_to(filter.program, draft.host.kernel().architecture, call)) ==
         SECCOMP_RET_LOG;
}

/// Between the filter and the program a few calls are still made.
void check_launch(Draft& draft, const PlannedFilter& filter) {
  const auto need = [&](std::string_view call, std::string help) {
    if (lets_through(filter, draft, call)) return;
    draft.problem({.code = "E0359",
                   .what = fmt::format(
                       "with this filter the program could not be started: {} is answered with {}", call,
                       action_name(answer_to(filter.program, draft.host.kernel().architecture, call))),
                   .at = filter.at,
                   .help = std::move(help)});
  };
  need("execve", "allow execve: what is executed can be limited by [mounts] and [landlock]");
  const std::uint32_t poll = answer_to(filter.program, draft.host.kernel().architecture, "ppoll");
  if ((poll & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO)
    need("ppoll", "allow ppoll, or deny it with an error: hutch looks whether its caller is still there");
  if (*draft.profile.process.no_new_privs) return;
  for (const std::string_view call : {"capget", "capset", "prctl"})
    need(call,
         "without `no_new_privs` capabilities are dropped after the filter is loaded: allow it, or leave "
         "`no_new_privs` on");
}

std::optional<PlannedFilter> filter_of_file(Draft& draft) {
  const MaybeSaid<std::string>& file = draft.profile.seccomp.file;
  if (!file) return std::nullopt;
  const auto bytes = draft.host.read(**file, kMostInstructions * sizeof(sock_filter) + 1);
  if (!bytes) {
    draft.problem({.code = "E0357",
                   .what = fmt::format("cannot read the seccomp program {}", quoted(**file)),
                   .at = file->at,
                   .cause = draft.host.follow(**file).kind == FileKind::missing
                                ? "there is no such file"
                                : "it is no file that you may read"});
    return std::nullopt;
  }
  auto program = program_from(*bytes, *file);
  if (!program) {
    for (Diagnostic& each : program.error()) draft.problem(std::move(each));
    return std::nullopt;
  }
  PlannedFilter made{{.name = draft.keep(**file)}, file->at, *std::move(program)};
  made.step.program = draft.plan.strings.keep(made.program);
  return made;
}

std::optional<PlannedFilter> filter_of_rules(Draft& draft, bool deny_write_execute) {
  const Seccomp& said = draft.profile.seccomp;
  const Origin at = place_of(said);
  auto filter = make_filter(
      said, {.architecture = draft.host.kernel().architecture, .deny_write_execute = deny_write_execute},
      draft.plan.warnings);
  if (!filter) {
    for (Diagnostic& each : filter.error()) draft.problem(std::move(each));
    return std::nullopt;
  }
  PlannedFilter made{{.name = "floor"}, at, std::move(filter->program)};
  made.step.program = draft.plan.strings.keep(made.program);
  made.step.rules = static_cast<std::uint32_t>(filter->rules);
  made.step.deny_write_execute = deny_write_execute;
  if (at.known()) {
    made.step.name = "seccomp";
    made.step.summary = draft.keep_all(filter->summary);
  }
  return made;
}

/// In the order in which they can be loaded: one that denies seccomp(2) is the last.
std::vector<PlannedFilter> plan_filters(Draft& draft, bool deny_write_execute) {
  std::vector<PlannedFilter> filters;
  auto file = filter_of_file(draft);
  auto rules = filter_of_rules(draft, deny_write_execute);
  if (file) filters.push_back(*std::move(file));
  if (rules) filters.push_back(*std::move(rules));
  for (PlannedFilter& each : filters) {
    each.step.log = *draft.profile.seccomp.log;
    check_launch(draft, each);
  }
  if (filters.size() == 2 && !lets_through(filters.front(), draft, "seccomp")) {
    std::swap(filters.front(), filters.back());
    if (!lets_through(filters.front(), draft, "seccomp"))
      draft.problem(
          {.code = "E0359",
           .what =
               "the rules and the compiled program both deny seccomp, so only one of them could be loaded",
           .at = filters.back().at,
           .help = "allow seccomp in one of them: the other still denies it"});
  }
  return filters;
}

}  // namespace

void drop_privileges(Draft& draft) {
  const Profile& profile = draft.profile;
  const int last = draft.host.kernel().last_capability;
  std::uint64_t keep = 0;
  Origin kept_at;
  if (auto mask = capability_mask(profile.keep_capabilities, last)) {
    keep = *mask;
    if (!profile.keep_capabilities.empty()) kept_at = profile.keep_capabilities.front().at;
  } else {
    for (Diagnostic& each : mask.error()) draft.problem(std::move(each));
  }
  check_nested(draft, keep);

  const bool deny_write_execute = *profile.process.memory_deny_write_execute;
  const bool by_kernel = draft.host.kernel().at_least(6, 3);
  const std::vector<PlannedFilter> filters = plan_filters(draft, deny_write_execute && !by_kernel);

  const auto add = [&draft](Op op, Origin at) {
    draft.add(draft.privileges, std::move(op), at, Phase::privileges);
  };
  const bool no_new_privs = *profile.process.no_new_privs;
  // A filter takes no_new_privs or CAP_SYS_ADMIN: without the first it is loaded while the second is still
  // there.
  const auto add_landlock = [&draft] {
    for (Step& each : draft.landlock) draft.privileges.push_back(std::move(each));
    draft.landlock.clear();
  };
  if (!no_new_privs) add_landlock();
  const auto add_filters = [&] {
    for (const PlannedFilter& each : filters) add(each.step, each.at);
  };
  if (!no_new_privs) add_filters();
  add(DropCapabilities{.keep = keep, .ambient = keep != 0 && draft.uid != 0, .last_capability = last},
      kept_at);
  if (deny_write_execute && by_kernel) {
    add(SetMemoryDenyWriteExecute{}, profile.process.memory_deny_write_execute.at);
  }
  if (no_new_privs) {
    add(NoNewPrivs{}, profile.process.no_new_privs.at);
    add_landlock();
    add_filters();
  }
}

}  // namespace hutch
