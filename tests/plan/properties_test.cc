// What holds for every profile: tried on many that nobody wrote.
#include <fmt/format.h>

#include <rapidcheck/catch.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "plan/codec.h"
#include "plan/compare.h"
#include "plan/describe.h"
#include "plan/draft.h"
#include "support/fake_host.h"
#include "support/plan_of.h"

using namespace hutch;
using namespace hutch::test;

namespace {

FakeHost machine() {
  FakeHost host;
  for (const char* folder : {"/srv/a/b/c", "/srv/a/d", "/srv/e", "/proc", "/sys"}) host.dir(folder, 0777);
  for (const char* path : {"/", "/srv", "/srv/a", "/srv/a/b"}) host.dir(path, 0777);
  host.file("/srv/a/b/file", 0777)
      .file("/srv/file", 0777)
      .device("/dev/null")
      .env("LANG", "C")
      .env("SECRET", "x");
  host.kernel().landlock = 6;
  return host;
}

struct Made {
  Compiled compiled;
  Grants grants;
};

Made make(const std::string& toml, const Host& host) {
  Made made{plan_of(toml, host), {}};
  if (!made.compiled.plan) RC_FAIL(toml + "\n" + made.compiled.errors());
  made.grants = grants_of(made.compiled.profile, *made.compiled.plan, host);
  return made;
}

std::string text_of(const std::vector<Difference>& differences) {
  std::string text;
  for (const Difference& each : differences)
    text += fmt::format("{} {} {}: {} -> {}\n", static_cast<int>(each.change), each.topic, each.what,
                        each.before, each.after);
  return text;
}

// --- profiles of lines that have nothing to do with each other, each with values from tight to wide

struct Chain {
  const char* key;
  std::vector<const char*> values;  ///< "" leaves the line out
};
const std::vector<Chain>& chains() {
  static const std::vector<Chain> kChains{
      {"mounts.'/srv/a'",
       {"", "{ type = 'bind', exec = false }", "'ro'", "'rw'",
        "{ type = 'bind', write = true, devices = true }"}},
      {"mounts.'/srv/e'", {"", "'ro'", "'rw'"}},
      {"mounts.'/dev/null'", {"", "'device'"}},
      {"mounts.'/proc'", {"", "'proc'"}},
      {"mounts.'/scratch'",
       {"{ type = 'tmpfs', size = '1M' }", "{ type = 'tmpfs', size = '2M' }", "'tmpfs'"}},
      {"namespaces.ipc", {"'new'", "'host'"}},
      {"namespaces.uts", {"", "'host'"}},
      {"namespaces.cgroup", {"", "'host'"}},
      {"namespaces.nested", {"'deny'", "'allow'"}},
      {"capabilities.keep", {"", "['chown']", "['chown', 'net_raw']"}},
      {"process.no_new_privs", {"true", "false"}},
      {"process.memory_deny_write_execute", {"true", "false"}},
      {"process.die_with_parent", {"", "false"}},
      {"process.keep_fds", {"", "[7]", "[5, 7]"}},
      {"process.stdin", {"'null'", "'inherit'"}},
      {"process.tty", {"'none'", "'new'", "'inherit'"}},
      {"process.timeout", {"'1s'", "'1h'", ""}},
      {"process.cpu_affinity", {"'1'", "'0-1'", "'0-4'", ""}},
      {"limits.nofile", {"16", "{ soft = 8, hard = 64 }", "'unlimited'"}},
      {"limits.core", {"0", "'1G'", ""}},
      {"environment.inherit", {"", "['LANG']", "['LANG', 'SECRET']"}},
      // Rules that follow the mounts would tie these to each other.
      {"landlock",
       {"{ mounts = false, bind_tcp = [] }", "{ mounts = false, bind_tcp = [80] }",
        "{ mounts = false, bind_tcp = [80, 443] }", ""}},
      {"network.loopback", {"false", "true"}},
  };
  return kChains;
}

using Choice = std::vector<std::size_t>;

std::string profile_of(const Choice& choice) {
  std::string text;
  for (std::size_t i = 0; i < chains().size(); ++i) {
    const std::string value = chains()[i].values[choice[i]];
    if (!value.empty()) text += fmt::format("{} = {}\n", chains()[i].key, value);
  }
  return text;
}

Choice any_choice() {
  Choice choice;
  for (const Chain& chain : chains())
    choice.push_back(*rc::gen::inRange<std::size_t>(0, chain.values.size()));
  return choice;
}

/// The same, but for some lines that are tighter; true if any is.
bool tighten(Choice& choice) {
  bool any = false;
  for (std::size_t i = 0; i < choice.size(); ++i) {
    if (choice[i] == 0 || *rc::gen::inRange(0, 4) != 0) continue;
    choice[i] = *rc::gen::inRange<std::size_t>(0, choice[i]);
    any = true;
  }
  return any;
}

// --- trees in which mounts lie in each other, and what they show, found out in another way

std::string any_tree() {
  const std::vector<std::string> places{"/srv",     "/srv/a", "/srv/a/b", "/srv/a/b/c",
                                        "/srv/a/d", "/srv/e", "/x",       "/x/y"};
  const std::vector<std::string> sources{"/srv", "/srv/a", "/srv/a/b", "/srv/e"};
  std::string text;
  for (const std::string& place : places) {
    std::string value;
    switch (*rc::gen::inRange(0, 9)) {
      case 0:
        value = "{ type = 'tmpfs' }";
        break;
      case 1:
        value = place == "/x" || place == "/x/y" ? "" : "{ type = 'hidden' }";
        break;
      case 2:
      case 3:
      case 4: {
        const bool write = *rc::gen::arbitrary<bool>();
        const bool exec = *rc::gen::arbitrary<bool>();
        value = fmt::format("{{ type = 'bind', source = '{}', write = {}, exec = {} }}",
                            *rc::gen::elementOf(sources), write, exec);
        break;
      }
      default:
        break;
    }
    if (!value.empty()) text += fmt::format("mounts.'{}' = {}\n", place, value);
  }
  return text;
}

/// One that stands: where there is no place for a mount, another tree is tried.
Compiled any_compiled_tree(std::string& text, const Host& host) {
  while (true) {
    text = any_tree();
    Compiled compiled = plan_of(text, host);
    if (compiled.plan) return compiled;
  }
}

/// Every path of the host that can be seen inside, with what can be done there: by walking the view that
/// `hutch access` asks, not by the steps.
std::map<std::string, Rights> rights_by_walking(const Profile& profile, const Host& host) {
  const Request request{.needs_command = false};
  Draft draft(profile, request, host);
  create_namespaces(draft);
  map_identity(draft);
  place_mounts(draft);
  std::map<std::string, Rights> found;
  std::vector<std::string> todo{"/"};
  while (!todo.empty()) {
    const std::string path = std::move(todo.back());
    todo.pop_back();
    const Seen seen = draft.view.look(path);
    const PlacedMount& mount = draft.view.mount_of(path);
    const bool covered = mount.asked != nullptr && mount.asked->type == MountType::hidden;
    if (!seen.on_host.empty() && !covered && !mount.backing.opaque) {
      found[seen.on_host] |= kMayRead | (mount.read_only ? 0 : kMayWrite) | (mount.no_exec ? 0 : kMayExecute);
    }
    if (seen.kind != FileKind::directory) continue;
    for (const std::string& name : draft.view.list(path))
      todo.push_back(path == "/" ? "/" + name : path + "/" + name);
  }
  return found;
}

bool has_file_change(const std::vector<Difference>& differences, Change change) {
  return std::ranges::any_of(differences, [change](const Difference& each) {
    return each.change == change && each.topic == "file";
  });
}

/// Are all rights of `part` in `whole`?
bool within(const std::map<std::string, Rights>& part, const std::map<std::string, Rights>& whole) {
  return std::ranges::all_of(part, [&whole](const auto& each) {
    const auto found = whole.find(each.first);
    return (each.second & ~(found == whole.end() ? 0U : found->second)) == 0;
  });
}

}  // namespace

TEST_CASE("comparing has laws") {
  const FakeHost host = machine();
  rc::prop("a tighter profile grants no more, and the looser one does", [&host] {
    const Choice loose = any_choice();
    Choice tight = loose;
    RC_PRE(tighten(tight));
    const Grants wide = make(profile_of(loose), host).grants;
    const Grants narrow = make(profile_of(tight), host).grants;
    const std::vector<Difference> narrowed = compare(wide, narrow);
    if (widens(narrowed)) RC_FAIL(profile_of(loose) + "->\n" + profile_of(tight) + text_of(narrowed));
    const std::vector<Difference> widened = compare(narrow, wide);
    if (!widens(widened)) RC_FAIL(profile_of(tight) + "->\n" + profile_of(loose) + text_of(widened));
  });
  rc::prop("nothing differs from itself", [&host] {
    const std::string profile = profile_of(any_choice());
    RC_ASSERT(compare(make(profile, host).grants, make(profile, host).grants).empty());
  });
  rc::prop("the way back is the way there, turned round", [&host] {
    const Grants a = make(profile_of(any_choice()), host).grants;
    const Grants b = make(profile_of(any_choice()), host).grants;
    const auto there = compare(a, b);
    const auto back = compare(b, a);
    RC_ASSERT(there.size() == back.size());
    for (const Difference& each : there) {
      if (each.change == Change::other) continue;
      const Change turned = each.change == Change::wider ? Change::narrower : Change::wider;
      RC_ASSERT(std::ranges::any_of(back, [&](const Difference& other) {
        // What cannot be compared is wider both ways: none of these lines is so, but sets that only overlap.
        return other.what == each.what && (other.change == turned || each.topic == "limit");
      }));
    }
  });
  rc::prop("two steps that do not widen do not widen together", [&host] {
    Choice choice = any_choice();
    const Grants a = make(profile_of(choice), host).grants;
    tighten(choice);
    const Grants b = make(profile_of(choice), host).grants;
    tighten(choice);
    const Grants c = make(profile_of(choice), host).grants;
    RC_ASSERT_FALSE(widens(compare(a, b)));
    RC_ASSERT_FALSE(widens(compare(b, c)));
    RC_ASSERT_FALSE(widens(compare(a, c)));
  });
  rc::prop("files are wider or narrower exactly where a walk through both trees finds it so", [&host] {
    std::string before, after;
    const Compiled first = any_compiled_tree(before, host);
    const Compiled second = any_compiled_tree(after, host);
    const std::vector<Difference> differences =
        compare(grants_of(first.profile, *first.plan, host), grants_of(second.profile, *second.plan, host));
    const auto was = rights_by_walking(first.profile, host);
    const auto is = rights_by_walking(second.profile, host);
    if (has_file_change(differences, Change::wider) == within(is, was) ||
        has_file_change(differences, Change::narrower) == within(was, is))
      RC_FAIL(before + "->\n" + after + text_of(differences));
  });
}

TEST_CASE("plans have laws") {
  const FakeHost host = machine();
  rc::prop("the order of lines means nothing", [&host] {
    std::vector<std::string> lines;
    const std::string text = profile_of(any_choice()) + any_tree();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      const std::string line = text.substr(at, end - at);
      const std::string key = line.substr(0, line.find(" = "));
      at = end + 1;
      if (std::ranges::none_of(lines,
                               [&key](const std::string& other) { return other.starts_with(key + " = "); }))
        lines.push_back(line);
    }
    const auto joined = [&lines] { return fmt::format("{}\n", fmt::join(lines, "\n")); };
    const std::string written = joined();
    std::mt19937 dice(*rc::gen::arbitrary<unsigned>());
    std::ranges::shuffle(lines, dice);
    const std::string shuffled = joined();
    const Compiled first = plan_of(written, host);
    const Compiled second = plan_of(shuffled, host);
    RC_ASSERT(first.plan.has_value() == second.plan.has_value());
    if (first.plan) RC_ASSERT(plan_digest(*first.plan) == plan_digest(*second.plan));
  });
  rc::prop("a plan that is encoded and decoded is the same plan", [&host] {
    const Made made = make(profile_of(any_choice()) + "process.command = ['/probe']\n", host);
    const std::string bytes = encode(*made.compiled.plan);
    const Result<Plan> decoded = decode(bytes);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(plan_digest(*decoded) == plan_digest(*made.compiled.plan));
    RC_ASSERT(encode(*decoded) == bytes);
  });
  rc::prop("bytes that are no plan are refused, and nothing worse happens", [&host] {
    std::string bytes = encode(*make(profile_of(any_choice()), host).compiled.plan);
    const auto where = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes.resize(*rc::gen::arbitrary<bool>() ? where : bytes.size());
    if (where < bytes.size()) bytes[where] = static_cast<char>(*rc::gen::arbitrary<char>());
    const Result<Plan> decoded = decode(bytes);
    if (!decoded) RC_ASSERT(decoded.error().front().code == "E0428");
  });
}
