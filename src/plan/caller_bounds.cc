#include "plan/caller_bounds.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace hutch {
namespace {

/// Root that stays in the user namespace of the host can do more; what exactly, the kernel says then.
bool is_bound(const Draft& draft) {
  return draft.is_new(Ns::user) || draft.is_joined(Ns::user) || !draft.host.caller().has_setid_capabilities;
}

struct Excess {
  std::string_view kind;  ///< the word of `build.allow_unpinned`
  Unpinned unpinned;
  std::string cause, help;
};

void accept_or_refuse(Draft& draft, Excess found) {
  const auto& accepted = draft.profile.build.allow_unpinned;
  if (std::ranges::any_of(accepted, [&](const auto& each) { return *each == found.kind; })) {
    draft.plan.unpinned.push_back(std::move(found.unpinned));
    return;
  }
  draft.problem(
      {.code = "E0346",
       .what = fmt::format("`{}` cannot be {} for this caller", found.unpinned.name, found.unpinned.wanted),
       .at = found.unpinned.at,
       .cause = std::move(found.cause),
       .help = fmt::format("{}; or accept the difference: build.allow_unpinned = [\"{}\"]", found.help,
                           found.kind)});
}

std::string number(std::uint64_t value) {
  return value == RLIM_INFINITY ? "unlimited" : fmt::format("{}", value);
}

std::string both(std::uint64_t soft, std::uint64_t hard) {
  return soft == hard ? number(soft) : fmt::format("{}, at most {}", number(soft), number(hard));
}

std::string list(const std::vector<std::uint32_t>& processors) {
  return fmt::format("{}", fmt::join(processors, ","));
}

}  // namespace

Limit limit_within_bounds(Draft& draft, const Limit& wanted) {
  if (!is_bound(draft)) return wanted;
  const HostLimit own = draft.host.limit(wanted.resource);
  if (wanted.hard <= own.hard) return wanted;
  Limit nearest = wanted;
  nearest.hard = own.hard;
  nearest.soft = std::min(wanted.soft, own.hard);
  accept_or_refuse(
      draft, {.kind = "limits",
              .unpinned = {fmt::format("limits.{}", wanted.name), both(wanted.soft, wanted.hard),
                           both(nearest.soft, nearest.hard), wanted.at},
              .cause = fmt::format("the caller's hard limit is {}, and it can only be lowered: getrlimit(2)",
                                   number(own.hard)),
              .help = "choose a lower one, or raise the caller's: limits.conf(5), `ulimit -Ha`"});
  return nearest;
}

std::optional<int> nice_within_bounds(Draft& draft, const Said<std::int32_t>& wanted) {
  const int own = is_bound(draft) ? draft.host.nice() : *wanted;
  if (*wanted >= own) return *wanted;
  constexpr int kCeiling = 20;  // getrlimit(2), RLIMIT_NICE
  const auto ceiling = draft.host.limit(RLIMIT_NICE).soft;
  if (static_cast<std::uint64_t>(kCeiling - *wanted) <= ceiling) return *wanted;
  accept_or_refuse(
      draft,
      {.kind = "nice",
       .unpinned = {"nice", fmt::format("{}", *wanted), fmt::format("{}", own), wanted.at},
       .cause = fmt::format("the caller's own is {}, and without CAP_SYS_NICE outside it only goes up", own),
       .help = "start hutch without nice(1), or choose a value that is not below the caller's"});
  return std::nullopt;
}

std::optional<int> oom_score_within_bounds(Draft& draft, const Said<std::int32_t>& wanted) {
  const int own = is_bound(draft) ? draft.host.oom_score_adj() : *wanted;
  if (*wanted >= own) return *wanted;
  accept_or_refuse(
      draft, {.kind = "oom_score_adj",
              .unpinned = {"oom_score_adj", fmt::format("{}", *wanted), fmt::format("{}", own), wanted.at},
              .cause = fmt::format(
                  "the caller's own is {}, and without CAP_SYS_RESOURCE outside it only goes up", own),
              .help = "choose a value that is not below the caller's"});
  return std::nullopt;
}

std::vector<std::uint32_t> processors_within_bounds(Draft& draft,
                                                    const Said<std::vector<std::uint32_t>>& wanted) {
  const auto allowed = draft.host.processors();
  if (!allowed || std::ranges::includes(*allowed, *wanted)) return *wanted;
  std::vector<std::uint32_t> nearest;
  std::ranges::set_intersection(*wanted, *allowed, std::back_inserter(nearest));
  for (const std::uint32_t each : *allowed) {
    if (nearest.size() < wanted->size() && !std::ranges::binary_search(*wanted, each))
      nearest.push_back(each);
  }
  std::ranges::sort(nearest);
  accept_or_refuse(draft,
                   {.kind = "cpu_affinity",
                    .unpinned = {"cpu_affinity", list(*wanted), list(nearest), wanted.at},
                    .cause = fmt::format("the machine, or the cpuset of the caller, has the processors {}",
                                         list(*allowed)),
                    .help = "choose among these"});
  return nearest;
}

std::uint64_t personality_within_bounds(Draft& draft, std::uint64_t wanted, Origin at) {
  // The usual one is nobody's wish; what keeps it from being set is told when it is.
  if (wanted == 0 || draft.host.may_have_personality(wanted)) return wanted;
  accept_or_refuse(draft, {.kind = "personality",
                           .unpinned = {"personality", fmt::format("{:#x}", wanted), "0x0", at},
                           .cause = "personality(2) is denied, by a seccomp filter around hutch",
                           .help = "run it where the call is allowed, or leave `personality` out"});
  return 0;
}

}  // namespace hutch
