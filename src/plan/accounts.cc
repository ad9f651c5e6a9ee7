// /etc/passwd and /etc/group inside: passwd(5), group(5).
#include <fmt/format.h>

#include <string>

#include "base/path.h"
#include "plan/draft.h"

namespace hutch {
namespace {

constexpr unsigned kNobody = 65534;

std::string passwd(const Draft& draft) {
  std::string text;
  if (draft.uid != 0 && draft.root_is_mapped) text += "root:x:0:0:root:/root:/bin/sh\n";
  text += fmt::format("{}:x:{}:{}:{}:{}:{}\n", draft.user, draft.uid, draft.gid, draft.user, draft.home,
                      draft.shell);
  if (draft.uid != kNobody) text += "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
  return text;
}

std::string group(const Draft& draft) {
  const std::string& name = draft.profile.identity.group ? **draft.profile.identity.group : draft.user;
  std::string text;
  if (draft.gid != 0 && draft.root_is_mapped) text += "root:x:0:\n";
  text +=
      fmt::format("{}:x:{}:\n", draft.gid == 0 && !draft.profile.identity.group ? "root" : name, draft.gid);
  if (draft.gid != kNobody) text += "nogroup:x:65534:\n";
  return text;
}

/// A mount that supplies the file, or a directory that is not ours to write in, leaves it as it is.
void write_unless_supplied(Draft& draft, const std::string& path, const std::string& content) {
  const View::Walk walk = draft.view.walk(path);
  if (walk.seen.kind != FileKind::missing || walk.loops || walk.not_directory) return;
  if (!draft.view.mount_of(walk.missing).backing.ours) return;
  const std::string directory(parent_of(walk.path));
  if (walk.missing == directory) {
    draft.add(draft.tree, MakeDir{.path = draft.keep(directory)}, draft.profile.identity.accounts.at);
    draft.view.make_directory(directory);
  }
  draft.add(draft.tree, MakeFile{.path = draft.keep(walk.path), .mode = 0644, .content = draft.keep(content)},
            draft.profile.identity.accounts.at);
  draft.view.make_file(walk.path, 0644);
}

}  // namespace

void write_accounts(Draft& draft) {
  if (!*draft.profile.identity.accounts || !draft.is_new(Ns::mount)) return;
  write_unless_supplied(draft, "/etc/passwd", passwd(draft));
  write_unless_supplied(draft, "/etc/group", group(draft));
}

}  // namespace hutch
