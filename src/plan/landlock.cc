// The second wall: which rules of landlock(7) hold, written out by the profile or following from its mounts.
#include "plan/landlock.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/landlock_abi.h"
#include "base/path.h"
#include "base/text.h"
#include "filter/landlock.h"
#include "plan/draft.h"

namespace hutch {

using namespace landlock;

namespace {

constexpr std::uint64_t kReading = kReadFile | kReadDir;
constexpr std::uint64_t kWriting = kWriteFile | kTruncate | kRemoveDir | kRemoveFile | kMakeDir | kMakeReg |
                                   kMakeSock | kMakeFifo | kMakeSym | kRefer;
constexpr std::uint64_t kMakingNodes = kMakeChar | kMakeBlock;
constexpr std::uint64_t kAll = kReading | kExecute | kWriting | kMakingNodes | kIoctlDev;

}  // namespace

const std::uint64_t kLandlockRead = kReading;
const std::uint64_t kLandlockWrite = kWriting | kMakingNodes | kIoctlDev;
const std::uint64_t kLandlockExecute = kExecute | kReadFile;

bool is_cover(const PlacedMount& mount) {
  return mount.asked != nullptr && mount.asked->type == MountType::hidden;
}

bool is_listed(const std::optional<std::vector<Said<std::string>>>& paths, const View& view,
               const std::string& path) {
  return paths && std::ranges::any_of(*paths, [&](const Said<std::string>& each) {
           return is_within(path, view.walk(normalise(*each)).path);
         });
}

std::uint64_t rights_of(const PlacedMount& mount, FileKind kind) {
  if (is_cover(mount)) return kAll;
  std::uint64_t rights = kReading;
  if (!mount.no_exec) rights |= kExecute;
  if (!mount.read_only) rights |= kWriting;
  // What is no file can be written to on a read-only mount, too.
  if (kind == FileKind::fifo) rights |= kWriteFile;
  if (!mount.no_devices) {
    rights |= kWriteFile | kTruncate | kIoctlDev;
    if (!mount.read_only) rights |= kMakingNodes;
  }
  return rights;
}

namespace {

/// What is to be restricted, and what this kernel can.
struct Wanted {
  std::uint64_t files = 0, network = 0, scope = 0;
  bool log = false;
};

struct Rule {
  std::uint64_t rights = 0;
  Origin at;
};

class Rules {
 public:
  explicit Rules(Draft& draft)
      : draft_(draft), profile_(draft.profile.landlock), abi_(draft.host.kernel().landlock) {}

  void make() {
    const Wanted wanted = want();
    if (wanted.files == 0 && wanted.network == 0 && wanted.scope == 0) return;
    Wanted can = wanted;
    can.files &= landlock_files(abi_);
    can.network &= landlock_network(abi_);
    can.scope &= landlock_scope(abi_);
    can.log = wanted.log && abi_ >= 7;
    if (!tell_what_lacks(wanted, can)) return;
    if (can.files == 0 && can.network == 0 && can.scope == 0) return;

    const Slot ruleset = draft_.new_slot();
    add(MakeRuleset{.files = can.files, .network = can.network, .scope = can.scope, .slot = ruleset},
        origin());
    if (can.files != 0) {
      collect_paths();
      for (const auto& [path, rule] : paths_) {
        if ((rule.rights & can.files) == 0) continue;
        add(AllowPath{.ruleset = ruleset, .path = draft_.keep(path), .rights = rule.rights & can.files},
            rule.at);
      }
    }
    for (const auto& [port, rule] : ports()) {
      if ((rule.rights & can.network) == 0) continue;
      add(AllowPort{.ruleset = ruleset, .port = port, .rights = rule.rights & can.network}, rule.at);
    }
    // A domain that the program makes itself must not fill the host's log.
    const std::uint64_t flags = abi_ < 7 ? 0 : can.log ? kLogNewExecOn : kLogSubdomainsOff;
    add(RestrictSelf{.ruleset = ruleset, .flags = flags}, origin());
  }

 private:
  void add(Op op, Origin at) { draft_.add(draft_.landlock, std::move(op), at, Phase::privileges); }

  [[nodiscard]] Origin origin() const {
    if (profile_) return profile_->at;
    return draft_.profile.share_abstract_sockets ? draft_.profile.share_abstract_sockets->at
                                                 : draft_.profile.namespaces.of(Ns::net).at;
  }

  [[nodiscard]] bool follows_mounts() const {
    return profile_ && !profile_->lists_files() && (!profile_->mounts || **profile_->mounts);
  }

  /// Those of the host's network are kept away unless they are shared.
  [[nodiscard]] bool scopes_abstract_sockets() const {
    const MaybeSaid<bool>& share = draft_.profile.share_abstract_sockets;
    if (share) return !**share;
    return !draft_.is_new(Ns::net) && !draft_.is_joined(Ns::net);
  }

  Wanted want() {
    const MaybeSaid<bool>& share = draft_.profile.share_abstract_sockets;
    if (share && **share && draft_.is_new(Ns::net)) {
      draft_.problem({.code = "E0301",
                      .what = "`abstract_sockets = \"host\"` needs the host's network",
                      .at = share->at,
                      .other = draft_.profile.namespaces.of(Ns::net).at,
                      .other_label = "`net` is new here",
                      .help = "say `namespaces.net = \"host\"`, or drop this"});
    }
    Wanted wanted;
    if (scopes_abstract_sockets()) wanted.scope |= kScopeAbstractUnixSocket;
    if (!profile_) return wanted;
    if (follows_mounts() && !draft_.is_new(Ns::mount)) {
      draft_.problem({.code = "E0351",
                      .what = "Landlock has no mounts to follow",
                      .at = profile_->at,
                      .other = draft_.profile.namespaces.of(Ns::mount).at,
                      .other_label = fmt::format("`mount` is {} here", draft_.whose(Ns::mount)),
                      .help = "write out `read`, `write` and `execute`, or say `mounts = false`"});
    }
    if (profile_->lists_files() || follows_mounts()) wanted.files = kAll;
    if (profile_->bind_tcp) wanted.network |= kBindTcp;
    if (profile_->connect_tcp) wanted.network |= kConnectTcp;
    for (const Said<std::string>& word : profile_->scope)
      wanted.scope |= *word == "signal" ? kScopeSignal : kScopeAbstractUnixSocket;
    wanted.log = *profile_->log && (wanted.files | wanted.network | wanted.scope) != 0;
    return wanted;
  }

  [[nodiscard]] std::string why_none() const {
    if (abi_ == -EOPNOTSUPP)
      return "it is not switched on: the kernel's parameter `lsm=` does not name landlock";
    if (abi_ == -ENOSYS) return "this kernel was built without it, or a filter around hutch hides it";
    return fmt::format("the kernel refuses it (errno {})", -abi_);
  }

  /// False where that is an error.
  bool tell_what_lacks(const Wanted& wanted, const Wanted& can) {
    std::vector<std::string> lacks;
    // Without this right, moving between folders is always denied: more than was asked for.
    const std::uint64_t files = wanted.files & ~can.files & ~kRefer;
    const std::uint64_t network = wanted.network & ~can.network;
    const std::uint64_t scope = wanted.scope & ~can.scope;
    const bool log = wanted.log && !can.log;
    if (abi_ > 0 && files != 0) lacks.push_back(landlock_files_text(files));
    if (abi_ <= 0 && files != 0) lacks.emplace_back("files");
    if (network != 0) lacks.push_back(landlock_network_text(network));
    if (scope != 0) lacks.push_back(fmt::format("{} beyond the sandbox", landlock_scope_text(scope)));
    if (log) lacks.emplace_back("(the audit log)");
    if (abi_ > 0 && (wanted.files & ~can.files & kRefer) != 0) {
      remark("Landlock of this kernel (ABI 1) always denies moving files between folders", origin());
    }
    if (lacks.empty()) return true;
    const std::string cause =
        abi_ > 0 ? fmt::format("its Landlock has ABI {}", abi_) : fmt::format("no Landlock: {}", why_none());
    const std::string what = fmt::format("this kernel cannot restrict: {}", fmt::join(lacks, ", "));
    const MaybeSaid<bool>& share = draft_.profile.share_abstract_sockets;
    const bool said = share && !**share && (scope & kScopeAbstractUnixSocket) != 0;
    if (said || (profile_ && *profile_->required)) {
      const int abi = landlock_abi_for(files, network, scope, log);
      draft_.problem(
          {.code = "E0350",
           .what = what,
           .at = said ? share->at : profile_->required.at,
           .cause = cause,
           .help = fmt::format("{}Linux {} or newer has it{}", abi_ > 0 ? "" : "switch Landlock on; ",
                               landlock_kernel(abi),
                               said ? ": or leave `abstract_sockets` out" : ": or drop `required`")});
      return false;
    }
    remark(fmt::format("{} ({})", what, cause), origin());
    return true;
  }

  void remark(std::string text, Origin at) { draft_.plan.remarks.push_back({std::move(text), at}); }

  // --- paths

  void allow(const std::string& path, std::uint64_t rights, Origin at) {
    const FileKind kind = draft_.view.look(path).kind;
    if (kind != FileKind::directory && kind != FileKind::unknown) rights &= kOfFiles;
    // What a folder above has is had already.
    for (std::string_view above = path; above != "/" && (rights & ~granted(above)) != 0;) {
      above = parent_of(above);
      if ((rights & ~granted(above)) == 0) return;
    }
    Rule& rule = paths_[path];
    rule.rights |= rights;
    if (!rule.at.known()) rule.at = at;
  }
  [[nodiscard]] std::uint64_t granted(std::string_view path) const {
    const auto found = paths_.find(path);
    return found == paths_.end() ? 0 : found->second.rights;
  }

  void collect_paths() {
    if (follows_mounts()) return follow_mounts();
    if (!profile_) return;
    const auto list = [this](const std::optional<std::vector<Said<std::string>>>& paths,
                             std::uint64_t rights) {
      if (!paths) return;
      for (const Said<std::string>& path : *paths) list_path(path, rights);
    };
    list(profile_->read, kLandlockRead);
    list(profile_->write, kLandlockWrite);
    list(profile_->execute, kLandlockExecute);
  }

  void list_path(const Said<std::string>& said, std::uint64_t rights) {
    const std::string path = normalise(*said);
    const bool known = !draft_.is_joined(Ns::mount);
    const View::Walk walk = known ? draft_.view.walk(path) : View::Walk{};
    if (known && walk.seen.kind == FileKind::missing && !draft_.view.mount_of(walk.path).backing.opaque) {
      draft_.skip(fmt::format("landlock rule for {}", quoted(path)), "there is no such path inside", said.at);
      return;
    }
    const bool is_file = known && walk.seen.kind != FileKind::directory &&
                         walk.seen.kind != FileKind::missing && walk.seen.kind != FileKind::unknown;
    Rule& rule = paths_[path];
    rule.rights |= is_file ? rights & kOfFiles : rights;
    if (!rule.at.known()) rule.at = said.at;
  }

  // --- following the mounts

  static bool leaves_less(const PlacedMount& mount, std::uint64_t rights, const View& view) {
    return !is_cover(mount) && (rights & ~rights_of(mount, view.look(mount.path).kind)) != 0;
  }

  /// The mounts strictly below `path` that leave less than these rights.
  [[nodiscard]] std::vector<const PlacedMount*> narrower_below(const std::string& path,
                                                               std::uint64_t rights) const {
    std::vector<const PlacedMount*> found;
    const std::string below = path == "/" ? "/" : path + "/";
    for (auto each = draft_.view.mounts().lower_bound(below);
         each != draft_.view.mounts().end() && each->first.starts_with(below); ++each) {
      if (each->first != path && leaves_less(each->second, rights, draft_.view))
        found.push_back(&each->second);
    }
    return found;
  }

  /// Rules reach into whatever is mounted below. In a tree of our own, all of which is known, they are given
  /// beside the mounts that leave less; anywhere else the mounts alone keep those apart.
  void allow_around(const PlacedMount& mount, const std::string& path, std::uint64_t rights) {
    const std::vector<const PlacedMount*> narrower = narrower_below(path, rights);
    if (narrower.empty()) return allow(path, rights, place_of(mount));
    std::uint64_t common = rights;
    for (const PlacedMount* each : narrower) common &= rights_of(*each, draft_.view.look(each->path).kind);
    allow(path, common, place_of(mount));
    for (const std::string& name : draft_.view.list(path)) {
      const std::string below = join_path(path, name);
      if (&draft_.view.mount_of(below) != &mount) continue;
      const FileKind kind = draft_.view.look(below).kind;
      if (kind == FileKind::directory) {
        allow_around(mount, below, rights);
      } else if (kind != FileKind::symlink) {
        allow(below, rights, place_of(mount));
      }
    }
    if ((rights & ~common & kMakeReg) != 0) {
      remark(
          fmt::format("Landlock lets nothing new be made in {} itself, since mounts below it are read-only",
                      quoted(path)),
          origin());
    }
  }

  void tell_unguarded(const PlacedMount& mount, std::uint64_t rights) {
    for (const PlacedMount* each : narrower_below(mount.path, rights)) {
      const std::uint64_t lost = rights & ~rights_of(*each, draft_.view.look(each->path).kind);
      const bool said = each->asked != nullptr && each->asked->key_at.known();
      if (!said || (lost & (kMakeReg | kWriteFile)) == 0 || draft_.view.mount_of(each->path).backing.opaque)
        continue;
      remark(fmt::format(
                 "that {} cannot be written is kept by its mount alone: the rules of Landlock for {} reach "
                 "into it",
                 quoted(each->path), quoted(mount.path)),
             each->asked->key_at);
    }
  }

  static Origin place_of(const PlacedMount& mount) {
    return mount.asked != nullptr ? mount.asked->key_at : Origin{};
  }

  void follow_mounts() {
    for (const auto& [path, mount] : draft_.view.mounts()) {
      if (is_cover(mount)) continue;
      const std::uint64_t rights = rights_of(mount, draft_.view.look(path).kind);
      if (mount.backing.ours && mount.backing.layers.empty()) {
        allow_around(mount, path, rights);
      } else {
        tell_unguarded(mount, rights);
        allow(path, rights, place_of(mount));
      }
    }
  }

  [[nodiscard]] std::map<std::uint32_t, Rule> ports() const {
    std::map<std::uint32_t, Rule> all;
    if (!profile_) return all;
    const auto list = [&all](const std::optional<std::vector<Said<std::uint32_t>>>& given,
                             std::uint64_t right) {
      if (!given) return;
      for (const Said<std::uint32_t>& port : *given) {
        Rule& rule = all[*port];
        rule.rights |= right;
        if (!rule.at.known()) rule.at = port.at;
      }
    };
    list(profile_->bind_tcp, kBindTcp);
    list(profile_->connect_tcp, kConnectTcp);
    return all;
  }

  Draft& draft_;
  const std::optional<Landlock>& profile_;
  const int abi_;
  std::map<std::string, Rule, std::less<>> paths_;
};

}  // namespace

void rule_by_landlock(Draft& draft) { Rules(draft).make(); }

}  // namespace hutch
