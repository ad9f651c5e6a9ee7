#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <string>

#include "base/path.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "cli/commands.h"
#include "plan/access.h"
#include "profile/layers.h"
#include "starter/first_profile.h"

namespace hutch {
namespace {

/// The base and what goes with the program, as one profile. Not of a file: there is none yet.
Result<Loaded> load_base(const std::string& from, const std::vector<Suggestion>& suggestions,
                         Session& session) {
  std::string names;
  if (from == "base/system") names = "\"base/home-private\"";
  for (const Suggestion& each : suggestions)
    if (!each.opens) names += (names.empty() ? "" : ", ") + quoted(each.profile);
  LoadRequest request{.profile = from, .overrides = {}, .parameters = {}, .directory = "", .beside = {}};
  if (!names.empty()) request.overrides.push_back({"what the program needs", "extends = [" + names + "]"});
  return load_profile(request, session.host, session.sources);
}

Result<void> write_new(const std::string& path, const std::string& text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (file && write_all(file.get(), text)) return {};
  const int error = errno;
  if (file) ::unlink(path.c_str());
  return fail({.code = "E0944",
               .what = fmt::format("cannot write {}: {}", quoted(path), ::strerror(error)),
               .help = error == EEXIST ? "remove it, or say another name: nothing is overwritten"
                                       : "say another name; without -o it is printed"});
}

Result<std::string> text_of(Session& session, const std::string& file) {
  TRY(const ProgramChain chain, chain_of(session.words.operands[0], session.host));
  const std::string from = session.words.has("--from") ? session.words.value("--from") : "base/system";
  TRY(const Loaded base, load_base(from, suggestions_for(chain), session));
  const auto is_visible = [&](const std::string& path) {
    const auto found = access_of(base.profile, session.host, path);
    return found && found->visible && found->readable && (found->executable || !session.host.may(path, X_OK));
  };
  const auto layers = profile_layers(session.host);
  const std::string data(layers.empty() ? "" : parent_of(layers.back().directory));
  return first_profile(chain,
                       {.from = from,
                        .schema = data + "/schema/profile.schema.json",
                        .file = file.empty() ? "./FILE.toml" : file,
                        .is_visible = is_visible},
                       session.host);
}

}  // namespace

int new_command(Session& session) {
  const std::string file = session.words.has("--output") ? session.words.value("--output") : "";
  const bool has_folder = file.find('/') != file.npos;
  const auto text = text_of(session, file.empty() || has_folder ? file : "./" + file);
  if (!text) {
    session.complain(text.error());
    return 1;
  }
  if (file.empty()) return session.say(*text) ? 0 : 1;
  const auto written = write_new(file, *text);
  if (!written) session.complain(written.error());
  return written ? 0 : 1;
}

}  // namespace hutch
