// Each step is left out, or done wrongly, while everything else is done as planned: verify must name it.

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/gather.h"
#include "launch/hand_made.h"
#include "support/plan_of.h"
#include "verify/verify.h"

namespace hutch::test {
namespace {

constexpr std::array<gid_t, 2> kGroups = {0, 4321};
constexpr int kForeign = 9;  // a descriptor that would survive exec

const Host& machine() {
  static const std::unique_ptr<Host> host = gather_host(environ);
  return *host;
}

/// As many kinds of steps as one profile can have.
std::string everything() {
  std::string text = R"(
schema = 1
hostname = "verified"
domainname = "verified.example"
[mounts]
"/usr" = "ro"
"/bin" = "mirror"
"/lib" = "mirror"
"/lib64" = "mirror"
"/proc" = "proc"
"/dev" = "dev"
"/tmp" = { type = "tmpfs", mode = "1777", size = "1M" }
"/sealed" = { type = "tmpfs", write = false }
"/a/file" = { type = "file", content = "as planned" }
"/a/link" = { type = "symlink", to = "file" }
"/usr/share" = "hidden"
"/over" = { type = "overlay", lower = ["/usr/lib"], upper = "tmpfs" }
[namespaces]
nested = "deny"
[namespaces.time]
monotonic = "+1d"
[process]
command = ["/bin/sh", "-c", "true"]
cwd = "/tmp"
umask = "0027"
stdin = "/usr/bin/env"
nice = 5
oom_score_adj = 500
cpu_affinity = "0"
io_class = "idle"
timer_slack = "70us"
personality = ["no_randomize"]
tty = "none"
[limits]
nofile = 64
core = 0
)";
  if (::geteuid() == 0) {
    text += R"([identity]
map = "explicit"
uid = 5
gid = 6
uid_map = [{ inside = 0, outside = 0, count = 10 }]
gid_map = [{ inside = 0, outside = 0, count = 10 }]
groups = [7]
setgroups = "allow"
)";
  }
  return text;
}

/// The second wall, which takes a newer kernel.
std::string landlocked() {
  return R"(
schema = 1
[mounts]
"/usr" = "ro"
"/bin" = "mirror"
"/lib" = "mirror"
"/lib64" = "mirror"
[process]
command = ["/bin/sh", "-c", "true"]
cwd = "/usr"
personality = ["no_randomize"]
memory_deny_write_execute = true
timeout = "5s"
[landlock]
mounts = true
bind_tcp = [8080]
)";
}

/// Linux 6.7: Landlock with ports, and PR_SET_MDWE.
std::vector<std::string> profiles() {
  if (machine().kernel().at_least(6, 7) && ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1) >= 4) {
    return {everything(), landlocked()};
  }
  return {everything()};
}

template <class... Kinds>
std::vector<std::string> all_kinds(const std::variant<Kinds...>*) {
  return {Kinds::kind...};
}

/// Keeps what it sees, and lets nothing run. Deaf, it has the kernel's word only.
class Look : public Inspector {
 public:
  Look(const Plan& plan, bool deaf) : plan_(plan), deaf_(deaf) {}
  Result<bool> look(const Standing& sandbox) override {
    Standing shown = sandbox;
    if (deaf_) shown.done_at = {};
    TRY(Verification found, verify(plan_, shown));
    seen = std::move(found);
    return false;
  }
  Verification seen;

 private:
  const Plan& plan_;
  bool deaf_;
};

struct Tried {
  std::string refused;  ///< set-up itself failed: how
  Verification seen;
};

/// Does `executed`, and compares what comes of it with `planned`.
Tried compare(const Plan& planned, const Plan& executed, bool deaf = true) {
  Look look(planned, deaf);
  const auto ending = launch(executed, machine(), {.inspector = &look});
  if (!ending) return {.refused = ending.error().front().code + " " + ending.error().front().what};
  return {.refused = {}, .seen = std::move(look.seen)};
}

std::string kind_of(const Step& step) {
  return std::visit([]<class T>(const T&) -> std::string { return T::kind; }, step.op);
}

std::string differing(const Verification& seen, const Plan& plan) {
  std::string text;
  for (std::size_t i = 0; i < seen.steps.size(); ++i) {
    if (seen.steps[i].state != Verdict::State::differs) continue;
    text += kind_of(plan.steps[i]) + ": expected " + seen.steps[i].expected + ", found " +
            seen.steps[i].found + "\n";
  }
  for (const std::string& each : seen.unplanned) text += "unplanned: " + each + "\n";
  return text;
}

/// Steps that the kernel shows to nobody, and why: that they were not done is told by who should have done
/// them. A kind that is missed and not in here fails the test.
const std::map<std::string, std::string> kCannotBeSeen = {
    {"die_with_parent", "PR_GET_PDEATHSIG answers only the process itself"},
    {"keep_open", "a descriptor of the init, which cannot be looked into; `hutch enter` would fail"},
    {"hide_from_others", "it is lifted for the look"},
    {"use_callers_rights", "it lasts while sources are opened, and DropCapabilities ends it"},
    {"keep_mounts_private", "it is about the old root, which is gone"},
    {"watch", "the launcher keeps the time"},
    {"deny_write_execute", "PR_GET_MDWE answers only the process itself"},
    {"allow_path", "the kernel does not show Landlock rules"},
    {"allow_port", "the kernel does not show Landlock rules"},
    {"restrict_self", "the kernel does not show Landlock domains"},
    {"attach_stage",
     "the stage goes with the old root; newer kernels clone from what is attached nowhere, too"},
};

/// Kinds that neither profile has, and why.
const std::map<std::string, std::string> kInNoProfile = {
    {"make_output", "needs a word of the command line: tests/integration/files_test.cc"},
    {"open_namespace", "needs another sandbox"},
    {"join_namespace", "needs another sandbox: tests/integration/verify_test.cc"},
    {"persist_namespace", "mounts on the host"},
    {"mount_image", "needs loop devices: tests/integration/image_test.cc"},
    {"run_mounter", "needs FUSE: tests/integration/image_test.cc"},
    {"mount_served", "needs FUSE: tests/integration/image_test.cc"},
    {"run_map_helper", "needs newuidmap and ranges in /etc/subuid"},
    {"write_child_file", "only root writes the maps of its child"},
    {"let_child_go", "only root's child waits for its maps"},
    {"await_parent", "only root's child waits for its maps"},
    {"become_ids", "who maps only itself is who it is"},
    {"keep_open", "Linux before 6.11"},
    {"open_terminal", "needs a terminal on standard input"},
    {"take_terminal", "needs a terminal on standard input"},
    {"schedule_core", "needs SMT"},
    {"deny_write_execute", "Linux 6.3"},
    {"make_ruleset", "Linux 6.7"},
    {"allow_path", "Linux 6.7"},
    {"allow_port", "Linux 6.7"},
    {"restrict_self", "Linux 6.7"},
    {"watch", "Linux 6.7: it is in the profile that has Landlock"},
};

/// Kinds without which later steps fail, so that set-up itself tells it.
const std::set<std::string> kRefused = {
    "pin_source",  "open_stream", "write_child_file", "write_file",   "use_callers_rights", "clone_tree",
    "open_layer",  "stage_entry", "make_filesystem",  "clone_staged", "make_overlay",       "make_dir",
    "make_file",   "attach",      "unshare_time",     "start_init",   "no_new_privs",       "exec",
    "make_ruleset"};

/// Steps that are not left out here, and why.
const std::map<std::string, std::string> kNotTried = {
    {"enter_root", "what follows would be done to the host's root"},
    {"clone", "everything would be done to the host"},
    {"let_child_go", "the child would wait for ever"},
    {"await_parent", "a race: the maps may be there already, or not"},
};

TEST_CASE("a sandbox that is set up as planned is found to be so") {
  NEEDS_NAMESPACES();
  for (const std::string& profile : profiles()) {
    const Compiled box = plan_of(profile, machine());
    INFO(box.errors());
    REQUIRE(box.plan);
    const Tried tried = compare(*box.plan, *box.plan, false);
    CHECK(tried.refused.empty());
    CHECK(differing(tried.seen, *box.plan).empty());
    CHECK(tried.seen.steps.size() == box.plan->steps.size());
  }
}

TEST_CASE("every kind of step is in a profile of this test, or is said not to be") {
  std::set<std::string> present;
  for (const std::string& profile : profiles()) {
    const Compiled box = plan_of(profile, machine());
    INFO(box.errors());
    REQUIRE(box.plan);
    for (const Step& step : box.plan->steps) present.insert(kind_of(step));
  }
  for (const std::string& kind : all_kinds(static_cast<Op*>(nullptr))) {
    CAPTURE(kind);
    CHECK((present.contains(kind) || kInNoProfile.contains(kind)));
  }
}

/// Leaves out one step after the other, and collects the kinds that verify named.
void leave_out_each(const std::string& profile, std::set<std::string>& named) {
  const Compiled box = plan_of(profile, machine());
  INFO(box.errors());
  REQUIRE(box.plan);
  const Plan& planned = *box.plan;
  for (std::size_t i = 0; i < planned.steps.size(); ++i) {
    const std::string kind = kind_of(planned.steps[i]);
    if (kNotTried.contains(kind)) continue;
    // What this kernel does not have, nobody covers.
    const auto* view = std::get_if<ReadOnlyView>(&planned.steps[i].op);
    if (view != nullptr && ::access(view->path.c_str(), F_OK) != 0) continue;
    Compiled other = plan_of(profile, machine());
    REQUIRE(other.plan);
    REQUIRE(other.plan->steps.size() == planned.steps.size());
    other.plan->steps.erase(other.plan->steps.begin() + static_cast<std::ptrdiff_t>(i));
    const Tried tried = compare(planned, *other.plan);
    if (!tried.refused.empty()) {
      CAPTURE(kind, tried.refused);
      CHECK(kRefused.contains(kind));
      continue;
    }
    CAPTURE(i + 1, kind, differing(tried.seen, planned));
    const bool told = tried.seen.steps[i].state == Verdict::State::differs;
    if (told) named.insert(kind);
    CHECK((told || kCannotBeSeen.contains(kind)));
    CHECK(tried.seen.as_planned() != told);
  }
}

TEST_CASE("a step that is left out is named, or set-up itself refuses") {
  NEEDS_NAMESPACES();
  REQUIRE(::fcntl(STDERR_FILENO, F_DUPFD, kForeign) >= 0);
  // A group to lose: otherwise, where root is in no other than its own, nothing of become_ids could be seen.
  if (::geteuid() == 0) REQUIRE(::setgroups(kGroups.size(), kGroups.data()) == 0);
  std::set<std::string> named;
  for (const std::string& profile : profiles()) leave_out_each(profile, named);
  ::close(kForeign);
  for (const char* kind : {"attach",
                           "seal",
                           "make_symlink",
                           "make_file",
                           "set_hostname",
                           "set_domainname",
                           "bring_loopback_up",
                           "set_limit",
                           "set_nice",
                           "set_io_priority",
                           "set_affinity",
                           "set_personality",
                           "set_timer_slack",
                           "set_umask",
                           "new_session",
                           "new_group",
                           "connect_stream",
                           "change_dir",
                           "reset_signals",
                           "drop_capabilities",
                           "load_filter",
                           "close_descriptors",
                           "write_file"}) {
    CAPTURE(kind);
    CHECK(named.contains(kind));
  }
}

template <class T>
T* first(
    Plan& plan, const std::function<bool(const T&)>& fits = [](const T&) { return true; }) {
  for (Step& step : plan.steps) {
    T* found = std::get_if<T>(&step.op);
    if (found != nullptr && fits(*found)) return found;
  }
  return nullptr;
}

void insert_before_hostname(Plan& plan, const std::vector<Op>& ops) {
  auto at = std::ranges::find_if(
      plan.steps, [](const Step& step) { return std::holds_alternative<SetHostname>(step.op); });
  for (const Op& op : ops) at = plan.steps.insert(at, Step{op, {}, Phase::setup}) + 1;
}

/// The same plan with a step that nobody does: the numbers of the others stay.
void skip(Step& step) {
  if (std::holds_alternative<Watch>(step.op)) step.op = KeepMountsPrivate{};
  step.phase = step.phase == Phase::parent ? Phase::parent : Phase::before_clone;
}

TEST_CASE("a step that the kernel does not show is named when nobody has done it") {
  NEEDS_NAMESPACES();
  std::set<std::string> named, tried_kinds;
  for (const std::string& profile : profiles()) {
    const Compiled box = plan_of(profile, machine());
    REQUIRE(box.plan);
    for (std::size_t i = 0; i < box.plan->steps.size(); ++i) {
      const std::string kind = kind_of(box.plan->steps[i]);
      if (!kCannotBeSeen.contains(kind)) continue;
      tried_kinds.insert(kind);
      Compiled other = plan_of(profile, machine());
      REQUIRE(other.plan);
      skip(other.plan->steps[i]);
      const Tried tried = compare(*box.plan, *other.plan, false);
      CAPTURE(i + 1, kind, tried.refused, differing(tried.seen, *box.plan));
      if (!tried.refused.empty()) {
        CHECK(kRefused.contains(kind));
        named.insert(kind);
        continue;
      }
      CHECK(tried.seen.steps[i].state == Verdict::State::differs);
      CHECK_FALSE(tried.seen.as_planned());
      if (tried.seen.steps[i].state == Verdict::State::differs) named.insert(kind);
    }
  }
  CHECK(named == tried_kinds);
  CHECK(tried_kinds.size() >= 5);
}

TEST_CASE("a step that is done wrongly is named") {
  NEEDS_NAMESPACES();
  struct Row {
    const char* named;
    std::function<void(Plan&)> sabotage;
  };
  const Row rows[] = {
      {"make_filesystem: expected nosuid at \"/tmp\", found no nosuid",
       [](Plan& plan) {
         first<MakeFilesystem>(plan, [](const MakeFilesystem& s) {
           return s.type.view() == "tmpfs" && s.options.size == 2;
         })->flags.set &= ~std::uint64_t{MOUNT_ATTR_NOSUID};
       }},
      {"make_filesystem: expected size=1048576, found size=64k",
       [](Plan& plan) {
         static const std::vector<ZStr> kOptions{"mode=1777", "size=65536"};
         first<MakeFilesystem>(plan, [](const MakeFilesystem& s) {
           return s.type.view() == "tmpfs" && s.options.size == 2;
         })->options = {kOptions.data(), kOptions.size()};
       }},
      {"clone_tree: expected ro at \"/usr\", found no ro",
       [](Plan& plan) {
         first<CloneTree>(plan, [](const CloneTree& s) { return s.path.view() == "/usr"; })->flags.set &=
             ~std::uint64_t{MOUNT_ATTR_RDONLY};
       }},
      {"pin_source: expected the object that is at \"/dev/zero\", found another one",
       [](Plan& plan) {
         first<PinSource>(plan, [](const PinSource& s) { return s.path.view() == "/dev/zero"; })->path =
             "/dev/full";
         first<CloneTree>(plan, [](const CloneTree& s) { return s.path.view() == "/dev/zero"; })->path =
             "/dev/full";
       }},
      {"hide: expected \"/proc/timer_list\" is hidden, found it is not",
       [](Plan& plan) {
         Hide* const hide = first<Hide>(plan, [](const Hide& s) { return !s.directories; });
         while (hide->paths.data[hide->paths.size - 1].view() != "/proc/timer_list") --hide->paths.size;
         --hide->paths.size;
       }},
      {"hide: expected noexec at \"/proc/interrupts\", found no noexec",
       [](Plan& plan) {
         first<Hide>(plan, [](const Hide& s) { return !s.directories; })->flags.set &=
             ~std::uint64_t{MOUNT_ATTR_NOEXEC};
       }},
      {"set_hostname: expected \"verified\", found \"other\"",
       [](Plan& plan) { first<SetHostname>(plan)->name = "other"; }},
      {"make_file: expected 10 bytes as planned in \"/a/file\", found another content",
       [](Plan& plan) {
         first<MakeFile>(plan, [](const MakeFile& s) { return s.path.view() == "/a/file"; })->content =
             "otherwise!";
       }},
      {"make_symlink: expected \"file\", found \"/etc\"",
       [](Plan& plan) {
         first<MakeSymlink>(plan, [](const MakeSymlink& s) { return s.path.view() == "/a/link"; })->to =
             "/etc";
       }},
      {"attach: expected 1 mount(s) at \"/tmp\", found 2",
       [](Plan& plan) {
         const Slot slot = plan.slots++;
         insert_before_hostname(plan, {MakeFilesystem{.type = "tmpfs", .slot = slot}, Attach{slot, "/tmp"}});
       }},
      {"unplanned: / of a tmpfs at \"/a\"",
       [](Plan& plan) {
         const Slot slot = plan.slots++;
         insert_before_hostname(plan, {MakeFilesystem{.type = "tmpfs", .slot = slot}, Attach{slot, "/a"}});
       }},
      {"close_descriptors: expected descriptors 0, 1, 2, found descriptors 0, 1, 2, 9",
       [](Plan& plan) {
         static constexpr std::uint32_t kKept = kForeign;
         first<CloseDescriptors>(plan)->keep = {&kKept, 1};
       }},
      {"drop_capabilities: expected CapInh: none, found kill",
       [](Plan& plan) { first<DropCapabilities>(plan)->keep |= std::uint64_t{1} << CAP_KILL; }},
      // Who may not read programs sees their number only.
      {::geteuid() == 0 ? "load_filter: expected the floor filter as number" : "load_filter: expected ",
       [](Plan& plan) {
         static std::vector<sock_filter> allow{{0x06, 0, 0, 0x7fff0000}};  // return SECCOMP_RET_ALLOW
         LoadFilter* floor = first<LoadFilter>(plan);
         floor->program = {allow.data(), allow.size()};
         if (::geteuid() != 0) {
           const auto at = std::ranges::find_if(
               plan.steps, [](const Step& step) { return std::holds_alternative<LoadFilter>(step.op); });
           const Step again = *at;
           plan.steps.insert(at, again);
         }
       }},
      {"set_limit: expected nofile 64, at most 64, found nofile 63, at most 64",
       [](Plan& plan) {
         first<SetLimit>(plan, [](const SetLimit& s) { return s.name.view() == "nofile"; })->soft = 63;
       }},
      {"set_umask: expected umask 0027, found umask 0000",
       [](Plan& plan) { first<SetUmask>(plan)->mask = 0; }},
      {"clone: expected a ipc namespace of its own, found the launcher's",
       [](Plan& plan) { first<CloneChild>(plan)->namespaces &= ~std::uint64_t{CLONE_NEWIPC}; }},
      {"change_dir: expected in \"/tmp\", found in \"/usr\"",
       [](Plan& plan) { first<ChangeDir>(plan)->path = "/usr"; }},
  };
  const Compiled box = plan_of(everything(), machine());
  REQUIRE(box.plan);
  REQUIRE(::fcntl(STDERR_FILENO, F_DUPFD, kForeign) >= 0);
  for (const Row& row : rows) {
    Compiled other = plan_of(everything(), machine());
    REQUIRE(other.plan);
    row.sabotage(*other.plan);
    const Tried tried = compare(*box.plan, *other.plan);
    const std::string found = differing(tried.seen, *box.plan);
    CAPTURE(row.named, tried.refused, found);
    CHECK(found.find(row.named) != std::string::npos);
    CHECK_FALSE(tried.seen.as_planned());
  }
  ::close(kForeign);
}

TEST_CASE("nothing runs in a sandbox that is not as planned, and the message names step and line") {
  NEEDS_NAMESPACES();
  const std::string profile =
      "schema = 1\nhostname = \"right\"\n[mounts]\n\"/\" = { type = \"bind\", source = \"/\" }\n"
      "[process]\ncommand = [\"/bin/sh\", \"-c\", \"echo ran >&2; exit 3\"]\n";
  const Compiled box = plan_of(profile, machine());
  Compiled other = plan_of(profile, machine());
  INFO(box.errors());
  REQUIRE(box.plan);
  Verifier verifier(*box.plan);
  const auto good = launch(*other.plan, machine(), {.inspector = &verifier});
  REQUIRE(good);
  CHECK(good->status == 3);
  first<SetHostname>(*other.plan)->name = "wrong";
  const auto bad = launch(*other.plan, machine(), {.inspector = &verifier});
  REQUIRE_FALSE(bad);
  const Diagnostic& told = bad.error().front();
  CHECK(told.code == "E0510");
  CHECK(told.what == "the sandbox is not as planned: expected \"right\", found \"wrong\"");
  CHECK(told.step.find(": set hostname \"right\"") != std::string::npos);
  CHECK(told.at.line == 2);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

}  // namespace
}  // namespace hutch::test
