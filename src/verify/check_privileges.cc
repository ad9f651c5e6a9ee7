// What the program may do: ids, capabilities, no_new_privs, filters. capabilities(7), credentials(7).
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "filter/caps.h"
#include "verify/checks.h"

namespace hutch {
namespace {

constexpr const char* kLandlock = "the kernel does not show Landlock rules";

/// The four ids of a line of status: real, effective, saved, file system.
Verdict check_id(const char* field, std::uint32_t inside, const IdRows& rows, const Evidence& e) {
  const auto outside = rows.outside(inside);
  if (!outside) return differs(fmt::format("{} {} is mapped", field, inside), "it is not");
  return compared(fmt::format("{0}: {1} {1} {1} {1}", field, *outside),
                  fmt::format("{}: {}", field, e.program.status(field)));
}

std::uint64_t mask_of(const Evidence& e, const char* field) {
  constexpr int kHex = 16;
  return std::strtoull(e.program.status(field).c_str(), nullptr, kHex);
}

std::string names(std::uint64_t mask) {
  std::vector<std::string> all;
  for (int each = 0; each < 64; ++each) {
    if ((mask >> each & 1) != 0) all.push_back(capability_name(each));
  }
  return all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", "));
}

Verdict check_set(const char* field, std::uint64_t wanted, const Evidence& e) {
  const std::uint64_t found = mask_of(e, field);
  if (found == wanted) return as_planned();
  return differs(fmt::format("{}: {}", field, names(wanted)), names(found));
}

long filters_of(const ProcessFiles& process) {
  return std::strtol(process.status("Seccomp_filters").c_str(), nullptr, 10);
}

}  // namespace

Verdict check(const BecomeIds& s, const Evidence& e) {
  Verdict verdict = worse(check_id("Uid", s.uid, e.uids, e), check_id("Gid", s.gid, e.gids, e));
  if (!s.set_groups) return verdict;
  std::vector<std::string> wanted, found = words_of(e.program.status("Groups"));
  for (const gid_t group : s.groups) wanted.push_back(std::to_string(e.gids.outside(group).value_or(group)));
  std::ranges::sort(wanted);
  std::ranges::sort(found);
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return worse(verdict, compared(fmt::format("groups: {}", fmt::join(wanted, " ")),
                                 fmt::format("groups: {}", fmt::join(found, " "))));
}

Verdict check(const UseCallersRights&, const Evidence&) {
  return unreadable("it lasts only while sources are opened; the capabilities of the program tell the rest");
}

Verdict check(const DropCapabilities& s, const Evidence& e) {
  Verdict verdict;
  for (const char* field : {"CapInh", "CapPrm", "CapEff"})
    verdict = worse(verdict, check_set(field, s.keep, e));
  verdict = worse(verdict, check_set("CapAmb", s.ambient ? s.keep : 0, e));
  // The caller's may be smaller.
  if (const std::uint64_t more = mask_of(e, "CapBnd") & ~s.keep; more != 0)
    verdict = worse(verdict, differs("CapBnd: no more than " + names(s.keep), names(more)));
  return verdict;
}

Verdict check(const NoNewPrivs&, const Evidence& e) {
  return compared("NoNewPrivs: 1", "NoNewPrivs: " + e.program.status("NoNewPrivs"));
}

Verdict check(const LoadFilter& s, const Evidence& e) {
  constexpr const char* kFilterMode = "2";
  if (e.program.status("Seccomp") != kFilterMode) return differs("seccomp filters", "none");
  if (e.program.status("Seccomp_filters").empty()) return unreadable("the kernel does not tell their number");
  const auto is_filter = [](const Step& step) { return is<LoadFilter>(step); };
  const auto here = e.plan.steps.begin() + static_cast<std::ptrdiff_t>(e.step);
  const long inherited = filters_of(e.self);
  const long wanted = inherited + std::ranges::count_if(e.plan.steps, is_filter);
  const Verdict number =
      compared(fmt::format("{} filter(s)", wanted), fmt::format("{} filter(s)", filters_of(e.program)));
  if (!e.filters.problem.empty()) {
    return worse(number,
                 unreadable(fmt::format("their number is right; what they say is shown to root at most ({})",
                                        e.filters.problem)));
  }
  const auto index =
      static_cast<std::size_t>(inherited + std::count_if(e.plan.steps.begin(), here, is_filter));
  const bool same =
      index < e.filters.programs.size() &&
      std::ranges::equal(s.program, e.filters.programs[index], [](sock_filter a, sock_filter b) {
        return a.code == b.code && a.jt == b.jt && a.jf == b.jf && a.k == b.k;
      });
  return worse(number, same ? as_planned()
                            : differs(fmt::format("the {} filter as number {}", s.name.view(), index + 1),
                                      "another program"));
}

Verdict check(const MakeRuleset&, const Evidence&) { return unreadable(kLandlock); }
Verdict check(const AllowPath&, const Evidence&) { return unreadable(kLandlock); }
Verdict check(const AllowPort&, const Evidence&) { return unreadable(kLandlock); }
Verdict check(const RestrictSelf&, const Evidence&) { return unreadable(kLandlock); }

Verdict check(const SetMemoryDenyWriteExecute&, const Evidence&) {
  return unreadable("PR_GET_MDWE answers only the process itself");
}
Verdict check(const DieWithParent&, const Evidence&) {
  return unreadable("PR_GET_PDEATHSIG answers only the process itself");
}

}  // namespace hutch
