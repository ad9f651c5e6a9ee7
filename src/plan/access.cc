#include "plan/access.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/path.h"
#include "base/text.h"
#include "plan/draft.h"
#include "plan/landlock.h"

namespace hutch {
namespace {

const char* noun(FileKind kind) {
  switch (kind) {
    case FileKind::file:
      return "a file";
    case FileKind::directory:
      return "a directory";
    case FileKind::symlink:
      return "a symbolic link";
    case FileKind::char_device:
    case FileKind::block_device:
      return "a device";
    case FileKind::fifo:
      return "a pipe";
    case FileKind::socket:
      return "a socket";
    case FileKind::missing:
    case FileKind::unknown:
      break;
  }
  return "nothing";
}

bool is_device(FileKind kind) { return kind == FileKind::char_device || kind == FileKind::block_device; }

/// Rules that are written out leave no more than they name. Those that follow from the mounts change nothing.
void narrow_by_landlock(const Draft& draft, const View::Walk& walk, AccessAnswer& answer) {
  const std::optional<Landlock>& rules = draft.profile.landlock;
  if (!rules || !rules->lists_files() || draft.host.kernel().landlock <= 0) return;
  const AccessAnswer before = answer;
  const bool execute = is_listed(rules->execute, draft.view, walk.path);
  const bool directory = walk.seen.kind == FileKind::directory;
  answer.readable &= is_listed(rules->read, draft.view, walk.path) || (execute && !directory);
  answer.writable &= is_listed(rules->write, draft.view, walk.path);
  answer.executable &= execute || directory;  // folders may always be passed through
  const bool narrower = answer.readable != before.readable || answer.writable != before.writable ||
                        answer.executable != before.executable;
  if (narrower) answer.what += ", which [landlock] allows less of";
}

AccessAnswer answer_for(const Draft& draft, const std::string& path) {
  const View::Walk walk = draft.view.walk(path);
  AccessAnswer answer;
  const PlacedMount& mount = walk.seen.mount != nullptr ? *walk.seen.mount : draft.view.mount_of(walk.path);
  if (mount.asked != nullptr) answer.decided_by = mount.asked->key_at;
  if (walk.loops) {
    answer.what = "symbolic links go round in circles";
    return answer;
  }
  const bool below_covered = mount.asked != nullptr && mount.asked->type == MountType::hidden;
  if (walk.seen.kind == FileKind::missing) {
    answer.what = below_covered          ? "hidden"
                  : mount.backing.opaque ? "not known before it runs: the kernel makes what is there"
                  : !walk.missing.empty() && walk.missing != walk.path
                      ? fmt::format("nothing: {} does not exist inside", quoted(walk.missing))
                      : "nothing";
    return answer;
  }
  if (walk.seen.kind == FileKind::unknown) {
    answer.what = "not known before it runs: it is in an image, which nobody looks into";
    return answer;
  }
  if (below_covered) {
    answer.what = "hidden";
    return answer;
  }
  const Seen& seen = walk.seen;
  answer.visible = true;
  const auto may = [&](int mode, mode_t bits) {
    return seen.on_host.empty() ? (seen.mode & bits) != 0 || draft.uid == 0
                                : draft.host.may(seen.on_host, mode);
  };
  answer.readable = may(R_OK, 0444) && !(is_device(seen.kind) && mount.no_devices);
  answer.writable = may(W_OK, 0222) && (!mount.read_only || is_device(seen.kind)) &&
                    !(is_device(seen.kind) && mount.no_devices);
  answer.executable = may(X_OK, 0111) && (!mount.no_exec || seen.kind == FileKind::directory);
  const std::string whose =
      seen.on_host.empty() ? "of the sandbox's own" : fmt::format("of the host ({})", quoted(seen.on_host));
  answer.what =
      fmt::format("{} {}{}", noun(seen.kind), whose, mount.read_only ? ", on a read-only mount" : "");
  narrow_by_landlock(draft, walk, answer);
  return answer;
}

}  // namespace

Result<AccessAnswer> access_of(const Profile& profile, const Host& host, const std::string& path) {
  const Request request{.needs_command = false};
  Draft draft(profile, request, host);
  create_namespaces(draft);
  map_identity(draft);
  choose_environment(draft);
  place_mounts(draft);
  write_accounts(draft);
  if (!draft.errors.empty()) return std::unexpected(std::move(draft.errors));
  return answer_for(draft, normalise(path));
}

}  // namespace hutch
