// Who the program is, and which variables it gets: user_namespaces(7), environ(7).
#include <fmt/format.h>

#include <algorithm>

#include "base/path.h"
#include "base/text.h"
#include "plan/draft.h"
#include "plan/grants_reader.h"

namespace hutch {

namespace {

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

}  // namespace

void GrantsReader::operator()(const RunMapHelper& s) {
  map(s.program.view().ends_with("newgidmap") ? "gid_map" : "uid_map", words_of(s.rows));
}

void GrantsReader::operator()(const WriteFile& s) {
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

void GrantsReader::operator()(const BecomeIds& s) {
  if (!s.set_groups) return;
  groups_are_set_ = true;
  for (const gid_t group : s.groups) add_group(outside_of("gid_map", group), group_origin(group));
}

void GrantsReader::map(std::string_view name, std::string_view text) {
  if (name == "setgroups") return;
  rows_[std::string(name)] = rows_from(text);
  map_at_[std::string(name)] = at_;
}

std::uint64_t GrantsReader::outside_of(const std::string& which, std::uint64_t inside) const {
  const auto rows = rows_.find(which);
  if (rows == rows_.end()) return inside;
  for (const MappedRange& row : rows->second) {
    if (inside >= row.inside && inside - row.inside < row.count) return row.outside + (inside - row.inside);
  }
  return inside;
}

Origin GrantsReader::group_origin(gid_t group) const {
  for (const Said<std::uint32_t>& said : profile_.identity.groups) {
    if (*said == group) return said.at;
  }
  return at_;
}

void GrantsReader::add_group(std::uint64_t outside, Origin at) {
  put({.topic = "identity",
       .name = fmt::format("group {}", outside),
       .value = "member",
       .at = at,
       .width = 1});
}

void GrantsReader::finish_identity() {
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

void GrantsReader::finish_environment() {
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

}  // namespace hutch
