#include "profile/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "profile/keys.h"
#include "profile/read_build.h"
#include "profile/reader.h"
#include "profile/words.h"

namespace hutch {
namespace {

template <class Word>
struct Named {
  std::string_view name;
  Word word;
};

template <class Word, std::size_t n>
auto one_of_words(const Named<Word> (&words)[n]) {
  return [&words](const Value& value) {
    return std::ranges::find(words, std::string_view(*value.string()), &Named<Word>::name)->word;
  };
}

constexpr Named<Propagation> kPropagation[] = {
    {"private", Propagation::private_}, {"slave", Propagation::slave}, {"shared", Propagation::shared}};
constexpr Named<bool> kAllow[] = {{"allow", true}, {"deny", false}};
constexpr Named<IdMap> kMaps[] = {
    {"self", IdMap::self}, {"root", IdMap::root}, {"subids", IdMap::subids}, {"explicit", IdMap::explicit_}};
constexpr Named<Tty> kTty[] = {
    {"auto", Tty::automatic}, {"new", Tty::fresh}, {"inherit", Tty::inherit}, {"none", Tty::none}};
constexpr Named<ArgsMode> kArgs[] = {{"replace", ArgsMode::replace}, {"append", ArgsMode::append}};
constexpr Named<Process::Files> kFiles[] = {
    {"none", Process::Files::none}, {"ro", Process::Files::ro}, {"rw", Process::Files::rw}};
constexpr Named<Compare> kCompare[] = {{"eq", Compare::eq},       {"ne", Compare::ne}, {"lt", Compare::lt},
                                       {"le", Compare::le},       {"gt", Compare::gt}, {"ge", Compare::ge},
                                       {"masked_eq", Compare::eq}};
constexpr Named<MountType> kTypes[] = {
    {"bind", MountType::bind},       {"device", MountType::device}, {"tmpfs", MountType::tmpfs},
    {"proc", MountType::proc},       {"dev", MountType::dev},       {"sysfs", MountType::sysfs},
    {"mqueue", MountType::mqueue},   {"devpts", MountType::devpts}, {"cgroup", MountType::cgroup},
    {"mirror", MountType::mirror},   {"dir", MountType::dir},       {"hidden", MountType::hidden},
    {"overlay", MountType::overlay}, {"image", MountType::image},   {"file", MountType::file},
    {"symlink", MountType::symlink}};
constexpr std::string_view kNamespaceNames[kNamespaces] = {"user", "mount", "pid",    "ipc",
                                                           "uts",  "net",   "cgroup", "time"};

void check_join(std::string_view name, const Namespaces& namespaces, std::size_t i, Diagnostics& wrong) {
  const auto contradict = [&](const Origin& at, std::string_view what, const Origin& other) {
    wrong.push_back({.code = "E0117",
                     .what = fmt::format("`namespaces.{}` cannot {}", name, what),
                     .at = at,
                     .other = other,
                     .help = "say one of them"});
  };
  const Said<bool>& fresh = namespaces.fresh[i];
  const MaybeSaid<std::string>& join = namespaces.join[i];
  const MaybeSaid<std::string>& persist = namespaces.persist[i];
  if (join && *fresh) contradict(join->at, "be joined and be new", fresh.at);
  if (!persist) return;
  if (join) {
    contradict(persist->at, "be joined and be kept anew", join->at);
  } else if (!*fresh) {
    contradict(persist->at, "be the host's and be kept", fresh.at);
  }
}

void read_namespaces(const Table& top, Namespaces& into, Diagnostics& wrong) {
  const Reader reader(top, "namespaces");
  for (std::size_t i = 0; i < kNamespaces; ++i) {
    if (const Value* value = reader.find(kNamespaceNames[i])) {
      const Reader given(value->table());
      given.take("new", into.fresh[i]);
      given.take("join", into.join[i]);
      given.take("persist", into.persist[i]);
      check_join(kNamespaceNames[i], into, i, wrong);
    }
  }
  if (const Value* time = reader.find("time")) {
    const Reader clock(time->table());
    clock.take("monotonic", into.monotonic_offset, Reader::nanoseconds);
    clock.take("boottime", into.boottime_offset, Reader::nanoseconds);
  }
  reader.take("propagation", into.propagation, one_of_words(kPropagation));
  reader.take("nested", into.nested, one_of_words(kAllow));
}

std::vector<MapRow> map_rows(const Reader& identity, std::string_view key) {
  std::vector<MapRow> rows;
  const Value* list = identity.find(key);
  if (!list) return rows;
  for (const Value& each : *list->array()) {
    const Reader reader(each.table());
    MapRow row{.inside = Reader::number(*reader.find("inside")), .at = each.at};
    const Value& outside = *reader.find("outside");
    if (outside.integer()) {
      row.outside = Reader::number(outside);
    } else {
      row.kind = *outside.string() == "self" ? MapRow::Outside::self : MapRow::Outside::subids;
    }
    if (const Value* count = reader.find("count")) row.count = Reader::number(*count);
    rows.push_back(row);
  }
  return rows;
}

void read_identity(const Table& top, Identity& into) {
  const Reader reader(top, "identity");
  reader.take("uid", into.uid);
  reader.take("gid", into.gid);
  reader.take("groups", into.groups);
  reader.take("user", into.user);
  reader.take("group", into.group);
  reader.take("home", into.home);
  reader.take("shell", into.shell);
  reader.take("accounts", into.accounts);
  reader.take("map", into.map, one_of_words(kMaps));
  reader.take("setgroups", into.setgroups, one_of_words(kAllow));
  into.uid_map = map_rows(reader, "uid_map");
  into.gid_map = map_rows(reader, "gid_map");
}

Mount read_mount(const Entry& entry) {
  const Reader reader(entry.value.table());
  Mount mount{.at = entry.value.at, .key_at = entry.key_at};
  mount.type = one_of_words(kTypes)(*reader.find("type"));
  mount.is_glob = has_glob(entry.key);
  mount.target = mount.is_glob ? entry.key : glob_unescape(entry.key);
  if (const Value* optional = reader.find("optional")) mount.optional = *optional->boolean();
  reader.take("write", mount.write);
  reader.take("exec", mount.exec);
  reader.take("suid", mount.suid);
  reader.take("devices", mount.devices);
  reader.take("source", mount.source);
  reader.take("recursive", mount.recursive);
  reader.take("size", mount.size, Reader::size);
  reader.take("inodes", mount.inodes, Reader::size);
  reader.take("mode", mount.mode, Reader::mode);
  reader.take("hidepid", mount.hidepid);
  reader.take("subset", mount.subset_pid, [](const Value&) { return true; });
  reader.take("mask", mount.mask);
  reader.take("fallback", mount.fallback_bind, [](const Value&) { return true; });
  reader.take("nodes", mount.nodes);
  reader.take("lower", mount.lower);
  reader.take("upper", mount.upper);
  reader.take("work", mount.work);
  reader.take("content", mount.content);
  reader.take("to", mount.to);
  return mount;
}

void read_mounts(const Table& top, std::map<std::string, Mount>& into) {
  const Reader reader(top, "mounts");
  if (reader.table()) {
    for (const Entry& each : reader.table()->entries) {
      Mount mount = read_mount(each);
      std::string target = mount.target;
      into.insert_or_assign(std::move(target), std::move(mount));
    }
  }
  into.try_emplace("/", Mount{.target = "/", .type = MountType::tmpfs});
}

void read_environment(const Table& top, Environment& into) {
  const Reader reader(top, "environment");
  reader.take("inherit", into.inherit);
  reader.take("unset", into.unset);
  if (const Value* set = reader.find("set")) {
    for (const Entry& each : set->table()->entries)
      into.set[each.key] = {*each.value.string(), each.value.at};
  }
}

Stream stream_of(const Value& value) {
  const std::string& said = *value.string();
  if (said == "inherit") return {};
  if (said == "null") return {Stream::Kind::null, ""};
  return {Stream::Kind::path, said};
}

void read_affinity(const Value& value, Process& into, Diagnostics& wrong) {
  std::set<std::uint32_t> cpus;
  for (const CpuRange& range : cpus_from(*value.string()).value_or(std::vector<CpuRange>{})) {
    if (range.first > range.last) {
      wrong.push_back({.code = "E0105",
                       .what = fmt::format("`cpu_affinity` has the range {}-{}, which ends before it begins",
                                           range.first, range.last),
                       .at = value.at,
                       .label = fmt::format("write {}-{}", range.last, range.first)});
      continue;
    }
    for (std::uint32_t cpu = range.first; cpu <= range.last; ++cpu) cpus.insert(cpu);
  }
  into.cpu_affinity = {{{cpus.begin(), cpus.end()}, value.at}};
}

void read_process(const Table& top, Process& into, Diagnostics& wrong) {
  const Reader reader(top, "process");
  reader.take("command", into.command);
  reader.take("args", into.args, one_of_words(kArgs));
  reader.take("argv0", into.argv0);
  reader.take("cwd", into.cwd);
  reader.take("umask", into.umask, Reader::mode);
  reader.take("tty", into.tty, one_of_words(kTty));
  reader.take("init", into.init);
  reader.take("die_with_parent", into.die_with_parent);
  reader.take("no_new_privs", into.no_new_privs);
  reader.take("keep_fds", into.keep_fds);
  reader.take("stdin", into.streams[0], stream_of);
  reader.take("stdout", into.streams[1], stream_of);
  reader.take("stderr", into.streams[2], stream_of);
  reader.take("files", into.files, one_of_words(kFiles));
  reader.take("nice", into.nice);
  reader.take("oom_score_adj", into.oom_score_adj);
  if (const Value* cpus = reader.find("cpu_affinity")) read_affinity(*cpus, into, wrong);
  reader.take("io_class", into.io_class,
              [](const Value& value) { return io_class_from(*value.string()).value_or(IoClass{}); });
  reader.take("timer_slack", into.timer_slack, Reader::nanoseconds);
  reader.take("personality", into.personality);
  reader.take("timeout", into.timeout, Reader::nanoseconds);
  reader.take("kill_after", into.kill_after, Reader::nanoseconds);
  reader.take("memory_deny_write_execute", into.memory_deny_write_execute);
  reader.take("core_scheduling", into.core_scheduling);
}

void read_limits(const Table& top, std::vector<Limit>& into, Diagnostics& wrong) {
  const Reader reader(top, "limits");
  if (!reader.table()) return;
  for (const Entry& each : reader.table()->entries) {
    const LimitUnit unit = limit_unit(find_key("limits", each.key)->words);
    Limit limit{.resource = limit_resource(each.key), .name = each.key, .at = each.value.at};
    if (const Table* both = each.value.table()) {
      limit.soft = limit_from(both->find("soft")->value, unit).value_or(0);
      limit.hard = limit_from(both->find("hard")->value, unit).value_or(0);
      if (limit.soft > limit.hard) {
        wrong.push_back({.code = "E0116",
                         .what = fmt::format("limit `{}` has a `soft` above its `hard`", each.key),
                         .at = both->find("soft")->value.at,
                         .other = both->find("hard")->value.at,
                         .other_label = "the most it can be"});
      }
    } else {
      limit.soft = limit.hard = limit_from(each.value, unit).value_or(0);
    }
    into.push_back(std::move(limit));
  }
  std::ranges::sort(into, {}, &Limit::resource);
}

void read_landlock(const Table& top, std::optional<Landlock>& into, Diagnostics& wrong) {
  const Entry* entry = top.find("landlock");
  if (entry == nullptr) return;
  Landlock rules{.at = entry->key_at};
  const Reader reader(top, "landlock");
  const auto list = [&reader](std::string_view key, auto& into_list) {
    if (reader.find(key)) reader.take(key, into_list.emplace());
  };
  list("read", rules.read);
  list("write", rules.write);
  list("execute", rules.execute);
  list("bind_tcp", rules.bind_tcp);
  list("connect_tcp", rules.connect_tcp);
  reader.take("scope", rules.scope);
  reader.take("mounts", rules.mounts);
  reader.take("required", rules.required);
  reader.take("log", rules.log);
  if (rules.mounts && **rules.mounts && rules.lists_files()) {
    wrong.push_back(
        {.code = "E0110",
         .what = "`landlock.mounts` and lists of paths contradict each other",
         .at = rules.mounts->at,
         .help = "drop it, or drop `read`, `write` and `execute`: the rules follow from [mounts] then"});
  }
  into = std::move(rules);
}

void read_seccomp_rules(const Reader& reader, std::vector<SeccompRule>& into) {
  const Value* rows = reader.find("rule");
  if (rows == nullptr) return;
  const auto number = [](const Value& value) { return *value.integer(); };
  for (const Value& row : *rows->array()) {
    const Reader rule(row.table());
    SeccompRule& made = into.emplace_back();
    rule.take("syscall", made.syscall, Reader::text);
    rule.take("action", made.action, Reader::text);
    const Value* args = rule.find("args");
    if (args == nullptr) continue;
    for (const Value& each : *args->array()) {
      const Reader argument(each.table());
      ArgumentRule& arg = made.args.emplace_back();
      arg.at = each.at;
      arg.index = Reader::number(*argument.find("index"));
      if (const Value* op = argument.find("op")) arg.op = one_of_words(kCompare)(*op);
      argument.take("value", arg.value, number);
      argument.take("mask", arg.mask, number);
    }
  }
}

void read_seccomp(const Table& top, Seccomp& into) {
  const Reader reader(top, "seccomp");
  reader.take("default", into.default_action, Reader::text);
  reader.take("deny_action", into.deny_action, Reader::text);
  reader.take("allow", into.allow);
  reader.take("deny", into.deny);
  reader.take("architectures", into.architectures);
  reader.take("log", into.log);
  reader.take("file", into.file);
  read_seccomp_rules(reader, into.rules);
}

void read_network(const Table& top, Profile& into, Diagnostics& wrong) {
  const Reader reader(top, "network");
  reader.take("loopback", into.loopback);
  reader.take("abstract_sockets", into.share_abstract_sockets,
              [](const Value& value) { return *value.string() == "host"; });
  if (!into.share_abstract_sockets || !**into.share_abstract_sockets || !into.landlock) return;
  for (const Said<std::string>& word : into.landlock->scope) {
    if (*word != "abstract_unix_socket") continue;
    wrong.push_back({.code = "E0110",
                     .what = "abstract sockets cannot be shared and be kept away",
                     .at = into.share_abstract_sockets->at,
                     .other = word.at,
                     .other_label = "they do not reach beyond the sandbox here"});
  }
}

}  // namespace

Result<Profile> read_profile(const Value& merged) {
  const Table& top = *merged.table();
  Profile profile;
  Diagnostics wrong;
  const Reader reader(&top);
  reader.take("name", profile.name);
  reader.take("description", profile.description);
  reader.take("hostname", profile.hostname);
  reader.take("domainname", profile.domainname);
  read_namespaces(top, profile.namespaces, wrong);
  read_identity(top, profile.identity);
  read_mounts(top, profile.mounts);
  read_environment(top, profile.environment);
  read_process(top, profile.process, wrong);
  read_limits(top, profile.limits, wrong);
  Reader(top, "capabilities").take("keep", profile.keep_capabilities);
  read_landlock(top, profile.landlock, wrong);
  read_seccomp(top, profile.seccomp);
  read_network(top, profile, wrong);
  read_build(top, profile, wrong);
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  return profile;
}

}  // namespace hutch
