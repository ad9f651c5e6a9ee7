// Who the program is: id maps, ids, groups, account names. user_namespaces(7), newuidmap(1).
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "plan/caller_bounds.h"
#include "plan/draft.h"

namespace hutch {
namespace {

struct Row {
  std::uint32_t inside = 0, outside = 0, count = 0;
  Origin at;
};

constexpr std::size_t kMostRows = 340;  // the kernel's limit: user_namespaces(7)

/// User ids and group ids are treated alike: what differs is said here.
struct Kind {
  bool groups;
  const char* id;      // "uid"
  const char* map;     // "uid_map"
  const char* helper;  // newuidmap(1)
  const char* ranges;  // subuid(5)
  const char* add_option;
};
constexpr Kind kUsers{false, "uid", "uid_map", "/usr/bin/newuidmap", "/etc/subuid", "--add-subuids"};
constexpr Kind kGroups{true, "gid", "gid_map", "/usr/bin/newgidmap", "/etc/subgid", "--add-subgids"};

void no_ranges(Draft& draft, const Kind& kind, Origin at) {
  const std::string& user = draft.host.caller().user;
  draft.problem({.code = "E0403",
                 .what = fmt::format("{} has no range for {}", kind.ranges,
                                     user.empty() ? fmt::format("uid {}", draft.host.caller().uid) : user),
                 .at = at,
                 .help = fmt::format("as root: usermod {} 100000-165535 {}", kind.add_option, user)});
}

/// The caller at `own`, and the subordinate ids in order at every other number from 0.
std::vector<Row> rows_around(std::uint32_t own, std::uint32_t caller, const std::vector<SubidRange>& ranges,
                             Origin at) {
  std::vector<Row> rows;
  std::uint32_t next = 0;
  bool placed = false;
  const auto place_own = [&] {
    rows.push_back({own, caller, 1, at});
    next = own + 1;
    placed = true;
  };
  if (own == 0) place_own();
  for (SubidRange range : ranges) {
    while (range.count > 0) {
      const std::uint32_t room = !placed && next < own ? own - next : range.count;
      const std::uint32_t take = std::min(range.count, room);
      rows.push_back({next, range.start, take, at});
      next += take;
      range.start += take;
      range.count -= take;
      if (!placed && next == own) place_own();
    }
  }
  if (!placed) rows.push_back({own, caller, 1, at});
  return rows;
}

/// The rows as written, with "self" and "subids" put into numbers.
std::vector<Row> rows_as_written(Draft& draft, const Kind& kind, const std::vector<MapRow>& written,
                                 std::uint32_t caller) {
  std::vector<Row> rows;
  std::optional<std::vector<SubidRange>> ranges;
  for (const MapRow& row : written) {
    if (row.kind == MapRow::Outside::number) {
      rows.push_back({row.inside, row.outside, row.count, row.at});
    } else if (row.kind == MapRow::Outside::self) {
      rows.push_back({row.inside, caller, 1, row.at});
    } else {
      if (!ranges) ranges = draft.host.subids(kind.groups);
      std::uint32_t inside = row.inside;
      std::uint32_t left = row.count;
      for (SubidRange& range : *ranges) {
        const std::uint32_t take = std::min(left, range.count);
        if (take == 0) continue;
        rows.push_back({inside, range.start, take, row.at});
        range.start += take;
        range.count -= take;
        inside += take;
        left -= take;
      }
      if (left == row.count) {
        no_ranges(draft, kind, row.at);
      } else if (left > 0) {
        draft.problem({.code = "E0404",
                       .what = fmt::format("{} gives {} ids fewer than this row asks for", kind.ranges, left),
                       .at = row.at,
                       .help = fmt::format("ask for {} at most, or have more added to {}", row.count - left,
                                           kind.ranges)});
      }
    }
  }
  return rows;
}

void check_rows(Draft& draft, const Kind& kind, const std::vector<Row>& rows) {
  if (rows.size() > kMostRows) {
    draft.problem(
        {.code = "E0311",
         .what = fmt::format("`{}` has {} rows; the kernel takes {}", kind.map, rows.size(), kMostRows),
         .at = rows.front().at});
  }
  const auto overlap = [](std::uint32_t a, std::uint32_t a_count, std::uint32_t b, std::uint32_t b_count) {
    return a < std::uint64_t{b} + b_count && b < std::uint64_t{a} + a_count;
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Row& a = rows[i];
      const Row& b = rows[j];
      const bool inside = overlap(a.inside, a.count, b.inside, b.count);
      if (!inside && !overlap(a.outside, a.count, b.outside, b.count)) continue;
      draft.problem({.code = "E0312",
                     .what = fmt::format("two rows of `{}` overlap {} the namespace", kind.map,
                                         inside ? "inside" : "outside"),
                     .at = a.at,
                     .other = b.at,
                     .other_label = "with this one"});
      return;
    }
  }
}

std::optional<std::uint32_t> inside_of(const std::vector<Row>& rows, std::uint32_t outside) {
  for (const Row& row : rows) {
    if (outside >= row.outside && outside - row.outside < row.count)
      return row.inside + (outside - row.outside);
  }
  return std::nullopt;
}

bool is_mapped(const std::vector<Row>& rows, std::uint32_t inside) {
  return std::ranges::any_of(
      rows, [inside](const Row& row) { return inside >= row.inside && inside - row.inside < row.count; });
}

/// One of the two maps, and the id that the program will have.
struct Chosen {
  std::vector<Row> rows;
  std::uint32_t id = 0;      ///< the program's, inside
  std::uint32_t caller = 0;  ///< outside
};

Chosen choose(Draft& draft, const Kind& kind) {
  const Identity& identity = draft.profile.identity;
  const MaybeSaid<std::uint32_t>& wanted = kind.groups ? identity.gid : identity.uid;
  Chosen chosen;
  chosen.caller = kind.groups ? draft.host.caller().gid : draft.host.caller().uid;
  const Origin at = identity.map.at;
  switch (*identity.map) {
    case IdMap::self:
      chosen.id = wanted ? **wanted : chosen.caller;
      chosen.rows = {{chosen.id, chosen.caller, 1, wanted ? wanted->at : at}};
      break;
    case IdMap::root:
      if (wanted && **wanted != 0) {
        draft.problem({.code = "E0310",
                       .what = fmt::format("`{}` is {}, but `map = \"root\"` makes it 0", kind.id, **wanted),
                       .at = wanted->at,
                       .other = at,
                       .other_label = "the map is chosen here",
                       .help = fmt::format("drop `{}`, or use `map = \"self\"`", kind.id)});
      }
      chosen.rows = {{0, chosen.caller, 1, at}};
      break;
    case IdMap::subids: {
      chosen.id = wanted ? **wanted : chosen.caller;
      const std::vector<SubidRange> ranges = draft.host.subids(kind.groups);
      if (ranges.empty()) no_ranges(draft, kind, at);
      chosen.rows = rows_around(chosen.id, chosen.caller, ranges, at);
      break;
    }
    case IdMap::explicit_: {
      const std::vector<MapRow>& written = kind.groups ? identity.gid_map : identity.uid_map;
      if (written.empty()) {
        draft.problem({.code = "E0313",
                       .what = fmt::format("`map = \"explicit\"` needs `{}`", kind.map),
                       .at = at,
                       .help = fmt::format("{} = [{{ inside = 0, outside = \"self\" }}]", kind.map)});
        break;
      }
      chosen.rows = rows_as_written(draft, kind, written, chosen.caller);
      if (chosen.rows.empty()) break;
      const auto own = inside_of(chosen.rows, chosen.caller);
      chosen.id = wanted ? **wanted : own ? *own : is_mapped(chosen.rows, 0) ? 0 : chosen.rows.front().inside;
      if (!is_mapped(chosen.rows, chosen.id)) {
        draft.problem(
            {.code = "E0314",
             .what = fmt::format("`{}` is {}, which no row of `{}` maps", kind.id, chosen.id, kind.map),
             .at = wanted ? wanted->at : at,
             .other = chosen.rows.front().at,
             .other_label = "the map begins here"});
      }
      break;
    }
  }
  if (!chosen.rows.empty()) check_rows(draft, kind, chosen.rows);
  return chosen;
}

/// Without privileges a process may map only itself; anything else is for the setuid helpers.
bool is_self_only(const Chosen& chosen) {
  return chosen.rows.size() == 1 && chosen.rows.front().count == 1 &&
         chosen.rows.front().outside == chosen.caller;
}

std::string map_text(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) text += fmt::format("{} {} {}\n", row.inside, row.outside, row.count);
  return text;
}

/// The helpers check every row against the caller's ranges; saying it before clone makes the better message.
void check_helper(Draft& draft, const Kind& kind, const Chosen& chosen) {
  const std::vector<SubidRange> ranges = draft.host.subids(kind.groups);
  for (const Row& row : chosen.rows) {
    if (row.count == 1 && row.outside == chosen.caller) continue;
    const bool granted = std::ranges::any_of(ranges, [&row](const SubidRange& range) {
      return row.outside >= range.start &&
             std::uint64_t{row.outside} + row.count <= std::uint64_t{range.start} + range.count;
    });
    if (granted) continue;
    if (ranges.empty()) {
      no_ranges(draft, kind, row.at);
    } else {
      draft.problem({.code = "E0405",
                     .what = fmt::format("{} to {} outside are not yours to map", row.outside,
                                         std::uint64_t{row.outside} + row.count - 1),
                     .at = row.at,
                     .cause = fmt::format("{} gives you {} to {}", kind.ranges, ranges.front().start,
                                          std::uint64_t{ranges.front().start} + ranges.front().count - 1),
                     .help = "use `outside = \"subids\"`, or run as root"});
    }
    return;
  }
  if (draft.host.follow(kind.helper).kind != FileKind::file) {
    draft.problem({.code = "E0406",
                   .what = fmt::format("this id map needs {}, which is not installed", kind.helper),
                   .at = chosen.rows.front().at,
                   .help = "install the package that has newuidmap and newgidmap (Debian: uidmap)"});
  }
}

void run_helper(Draft& draft, const Kind& kind, const Chosen& chosen) {
  std::vector<std::string> words;
  for (const Row& row : chosen.rows) {
    for (const std::uint32_t number : {row.inside, row.outside, row.count})
      words.push_back(std::to_string(number));
  }
  draft.add(draft.parent, RunMapHelper{.program = draft.keep(kind.helper), .rows = draft.keep_all(words)},
            chosen.rows.front().at, Phase::parent);
}

void write_maps(Draft& draft, const Chosen& users, const Chosen& groups, bool deny_setgroups,
                bool privileged) {
  const Origin at = draft.profile.identity.map.at;
  const bool by_child = !privileged && is_self_only(users) && is_self_only(groups);
  if (by_child) {
    // The kernel takes a gid_map from an unprivileged writer only after this.
    draft.add(draft.identity, WriteFile{.path = "/proc/self/setgroups", .content = "deny"}, at);
    draft.add(draft.identity,
              WriteFile{.path = "/proc/self/gid_map", .content = draft.keep(map_text(groups.rows))},
              groups.rows.front().at);
    draft.add(draft.identity,
              WriteFile{.path = "/proc/self/uid_map", .content = draft.keep(map_text(users.rows))},
              users.rows.front().at);
    return;
  }
  if (deny_setgroups) {
    draft.add(draft.parent, WriteChildFile{.name = "setgroups", .content = "deny"},
              draft.profile.identity.setgroups ? draft.profile.identity.setgroups->at : at, Phase::parent);
  }
  if (privileged) {
    draft.add(draft.parent, WriteChildFile{.name = "gid_map", .content = draft.keep(map_text(groups.rows))},
              groups.rows.front().at, Phase::parent);
    draft.add(draft.parent, WriteChildFile{.name = "uid_map", .content = draft.keep(map_text(users.rows))},
              users.rows.front().at, Phase::parent);
  } else {
    check_helper(draft, kGroups, groups);
    check_helper(draft, kUsers, users);
    run_helper(draft, kGroups, groups);
    run_helper(draft, kUsers, users);
  }
  draft.add(draft.parent, LetChildGo{}, {}, Phase::parent);
  draft.add(draft.identity, AwaitParent{});
}

/// setgroups(2) works where the map was written by somebody privileged and nobody denied it.
void check_groups(Draft& draft, bool may_set_groups) {
  const Identity& identity = draft.profile.identity;
  if (may_set_groups) return;
  if (identity.setgroups && **identity.setgroups) {
    draft.problem({.code = "E0315",
                   .what = "`setgroups = \"allow\"` needs a map that somebody privileged writes",
                   .at = identity.setgroups->at,
                   .cause = "who maps only itself must give up setgroups(2) first: user_namespaces(7)",
                   .help = "use `map = \"subids\"`, or run as root"});
  } else if (!identity.groups.empty()) {
    draft.problem({.code = "E0316",
                   .what = "supplementary groups cannot be chosen here",
                   .at = identity.groups.front().at,
                   .other = identity.setgroups ? identity.setgroups->at : Origin{},
                   .other_label = identity.setgroups ? "setgroups is denied here" : "",
                   .cause = "who maps only itself must give up setgroups(2) first: user_namespaces(7)",
                   .help = "use `map = \"subids\"`, or run as root"});
  }
}

void become(Draft& draft, bool set_groups, bool always) {
  const Identity& identity = draft.profile.identity;
  std::vector<gid_t> groups;
  for (const Said<std::uint32_t>& group : identity.groups) groups.push_back(*group);
  std::ranges::sort(groups);
  if (!set_groups && !always) return;
  const Origin at = identity.uid ? identity.uid->at : identity.gid ? identity.gid->at : identity.map.at;
  draft.add(draft.become,
            BecomeIds{.uid = draft.uid,
                      .gid = draft.gid,
                      .set_groups = set_groups,
                      .groups = draft.plan.strings.keep(groups)},
            at);
}

/// Denied in the namespace around us ("unshare -Ur"), it is denied in all below.
bool is_setgroups_denied_around(const Draft& draft) {
  return draft.host.read("/proc/self/setgroups", 16).value_or("").starts_with("deny");
}

void map_into_user_namespace(Draft& draft) {
  const Identity& identity = draft.profile.identity;
  const Chosen users = choose(draft, kUsers);
  const Chosen groups = choose(draft, kGroups);
  if (users.rows.empty() || groups.rows.empty()) return;
  draft.uid = users.id;
  draft.gid = groups.id;
  draft.host_root_inside = inside_of(users.rows, 0).has_value();
  draft.root_is_mapped = is_mapped(users.rows, 0);
  draft.gid_5_is_mapped = is_mapped(groups.rows, 5);

  const bool privileged = draft.host.caller().has_setid_capabilities;
  const bool denied = identity.setgroups && !**identity.setgroups;
  // Whose groups are none, and shall be, has nothing to set. What is said is checked in any case.
  const bool has_groups =
      !draft.host.caller().groups.empty() || !identity.groups.empty() || identity.setgroups.has_value();
  const bool may_set_groups = has_groups && !denied &&
                              (privileged || !is_self_only(users) || !is_self_only(groups)) &&
                              !is_setgroups_denied_around(draft);
  check_groups(draft, may_set_groups);
  for (const Said<std::uint32_t>& group : identity.groups) {
    if (!may_set_groups || is_mapped(groups.rows, *group)) continue;
    draft.problem({.code = "E0314",
                   .what = fmt::format("group {} is not mapped", *group),
                   .at = group.at,
                   .other = groups.rows.front().at,
                   .other_label = groups.rows.front().at.known() ? "the map begins here" : ""});
  }
  write_maps(draft, users, groups, denied, privileged);
  const bool is_somebody_else =
      inside_of(users.rows, users.caller) != users.id || inside_of(groups.rows, groups.caller) != groups.id;
  become(draft, may_set_groups, is_somebody_else);
}

void stay_in_joined_namespace(Draft& draft);

void stay_in_host_namespace(Draft& draft) {
  const Identity& identity = draft.profile.identity;
  const Caller& caller = draft.host.caller();
  const auto contradict = [&draft](Origin at, const char* key) {
    draft.problem({.code = "E0301",
                   .what = fmt::format("`{}` needs a user namespace of its own", key),
                   .at = at,
                   .other = draft.profile.namespaces.of(Ns::user).at,
                   .other_label = fmt::format("`user` is {} here", draft.whose(Ns::user)),
                   .help = "leave `namespaces.user` out (it is \"new\" by default), or drop this"});
  };
  if (identity.map.said()) contradict(identity.map.at, "map");
  if (identity.setgroups) contradict(identity.setgroups->at, "setgroups");
  if (draft.is_joined(Ns::user)) return stay_in_joined_namespace(draft);
  draft.uid = identity.uid ? **identity.uid : caller.uid;
  draft.gid = identity.gid ? **identity.gid : caller.gid;
  draft.host_root_inside = draft.root_is_mapped = draft.gid_5_is_mapped = true;
  const bool changes = draft.uid != caller.uid || draft.gid != caller.gid || !identity.groups.empty();
  if (changes && !caller.has_setid_capabilities) {
    const Origin at = identity.uid   ? identity.uid->at
                      : identity.gid ? identity.gid->at
                                     : identity.groups.front().at;
    contradict(at, "identity");
    return;
  }
  become(draft, caller.has_setid_capabilities, changes);
}

/// Who we are in there is what the map there makes of us; who else to be can be asked for.
void stay_in_joined_namespace(Draft& draft) {
  const Identity& identity = draft.profile.identity;
  const Caller& caller = draft.host.caller();
  draft.uid = identity.uid ? **identity.uid : caller.uid;
  draft.gid = identity.gid ? **identity.gid : caller.gid;
  draft.host_root_inside = caller.uid == 0;
  if (identity.uid || identity.gid || !identity.groups.empty()) become(draft, !identity.groups.empty(), true);
}

void choose_names(Draft& draft) {
  const Identity& identity = draft.profile.identity;
  const Caller& caller = draft.host.caller();
  const bool same_user = draft.uid == caller.uid;
  draft.user = identity.user                       ? **identity.user
               : draft.uid == 0                    ? "root"
               : same_user && !caller.user.empty() ? caller.user
                                                   : "user";
  const auto home_of_caller = caller.environment.find("HOME");
  const bool has_home = home_of_caller != caller.environment.end() && home_of_caller->second.starts_with('/');
  draft.home = identity.home           ? **identity.home
               : same_user && has_home ? home_of_caller->second
               : draft.uid == 0        ? "/root"
                                       : "/home/" + draft.user;
  draft.shell = identity.shell ? **identity.shell : "/bin/sh";
}

}  // namespace

void map_identity(Draft& draft) {
  if (*draft.profile.process.die_with_parent) {
    draft.add(draft.identity, DieWithParent{}, draft.profile.process.die_with_parent.at);
  }
  if (draft.is_new(Ns::user)) {
    map_into_user_namespace(draft);
  } else {
    stay_in_host_namespace(draft);
  }
  choose_names(draft);
  if (!*draft.profile.namespaces.nested) {
    // The limit belongs to the user namespace of the one who opens the file; lifting it again takes
    // CAP_SYS_RESOURCE.
    draft.add(draft.identity, WriteFile{.path = "/proc/sys/user/max_user_namespaces", .content = "0\n"},
              draft.profile.namespaces.nested.at);
  }
  if (const auto& wanted = draft.profile.process.oom_score_adj) {
    if (const auto score = oom_score_within_bounds(draft, *wanted)) {
      draft.add(
          draft.identity,
          WriteFile{.path = "/proc/self/oom_score_adj", .content = draft.keep(fmt::format("{}\n", *score))},
          wanted->at);
    }
  }
}

}  // namespace hutch
