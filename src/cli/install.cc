#include "install/install.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/own_path.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/print_diagnostics.h"
#include "install/behind.h"
#include "profile/layers.h"
#include "profile/read_toml.h"

namespace hutch {
namespace {

/// The profile as whoever starts the wrapper can name it, from any folder.
std::string lasting_name(const std::string& profile, const Host& host) {
  if (!is_profile_path(profile)) return profile;
  const std::string real = host.real_path(absolute_from(host.caller().directory, profile));
  return real.empty() ? absolute_from(host.caller().directory, profile) : real;
}

/// Everybody's wrapper needs a profile that everybody has, and that nobody but root can change.
Result<void> is_for_everybody(const std::string& profile, const Host& host) {
  const std::string path = is_profile_path(profile) ? profile : find_profile(profile, host).value_or(profile);
  for (std::string_view each = path; each != "/"; each = parent_of(each)) {
    const PathFact fact = host.follow(std::string(each));
    const bool is_roots = fact.uid == 0 && ((fact.mode & 022) == 0 || (fact.mode & 01000) != 0);
    const bool is_readable = (fact.mode & (each == path ? 04 : 01)) != 0;
    if (is_roots && is_readable) continue;
    return fail({.code = "E0939",
                 .what = fmt::format("{} is not a profile for everybody", quoted(path)),
                 .cause = fmt::format(
                     "{} {}", quoted(each),
                     is_roots ? "cannot be read by everybody" : "can be changed by others than root"),
                 .help = "put it into /etc/hutch/profiles and install it by its name"});
  }
  return {};
}

/// What a wrapper would run if it were started now; an error where it would end with one.
Result<std::string> program_behind(const Installed& wrapper, Session& session) {
  Sources& sources = session.sources;
  const std::uint32_t marker = sources.add(wrapper.path, fmt::format("profile = {}", wrapper.profile), "/");
  const auto marked = read_toml(marker, sources);
  const std::string* profile = marked ? marked->table()->entries[0].value.string() : nullptr;
  if (!profile)
    return fail({.code = "E0935",
                 .what = fmt::format("{} no longer says for which profile it is", quoted(wrapper.path))});
  TRY(const Loaded loaded, load_profile({.profile = *profile}, session.host, sources));
  return real_program(loaded.profile, wrapper.path, session.host);
}

/// In the order of the files; for those that are no wrappers, nothing.
using Programs = std::vector<Result<std::string>>;

std::string installed_text(const std::vector<Installed>& all, const Programs& programs) {
  std::string text;
  for (std::size_t i = 0; i < all.size(); ++i) {
    text += fmt::format("{}  {}{}", all[i].profile, printable(all[i].path),
                        all[i].unchanged ? "" : "  (changed since)");
    if (const auto& program = programs[i]; !program)
      text += fmt::format("  ({}: {})", program.error()[0].code, printable(program.error()[0].what));
    text += '\n';
  }
  return text;
}

std::string installed_json(const std::vector<Installed>& all, const Programs& programs,
                           const Sources& sources) {
  Json json;
  json.object([&] {
    json.key("installed");
    json.array([&] {
      for (std::size_t i = 0; i < all.size(); ++i)
        json.object([&] {
          json.field("path", all[i].path);
          json.field("profile", all[i].profile);
          json.field("wrapper", all[i].is_wrapper);
          json.field("unchanged", all[i].unchanged);
          if (!all[i].is_wrapper) return;
          if (programs[i]) return json.field("program", *programs[i]);
          json.key("diagnostics");
          json.array([&] { diagnostics_json(json, programs[i].error(), sources); });
        });
    });
  });
  return json.text();
}

int list(Session& session, const std::vector<Installed>& all) {
  Programs programs;
  for (const Installed& each : all)
    programs.push_back(each.is_wrapper ? program_behind(each, session) : Result<std::string>());
  const std::string text =
      session.wants_json() ? installed_json(all, programs, session.sources) : installed_text(all, programs);
  return session.say(text) ? 0 : 1;
}

Result<void> undo(const std::string& profile, const std::vector<Installed>& all) {
  std::vector<std::string> paths;
  for (const Installed& each : all)
    if (each.profile == quoted(profile)) paths.push_back(each.path);
  if (paths.empty())
    return fail({.code = "E0936",
                 .what = fmt::format("nothing is installed for {}", quoted(profile)),
                 .help = "`hutch install --list` shows what is; --system looks in /usr/local"});
  return remove_files(paths);
}

Result<void> install(Session& session, const std::string& profile, const InstallPlace& place) {
  TRY(const Loaded loaded, load_profile({.profile = profile}, session.host, session.sources));
  if (place.for_everybody) TRY_DO(is_for_everybody(profile, session.host));
  TRY(const Installation made,
      plan_installation({.profile = profile, .hutch = own_path()}, loaded.profile, place, session.host));
  TRY_DO(write_files(made.files));
  if (!session.wants_json()) session.complain(made.warnings);
  return {};
}

Result<void> obey(Session& session, const InstallPlace& place) {
  const std::string profile = lasting_name(session.words.operands[0], session.host);
  if (session.words.has("--undo")) return undo(profile, list_installed(place, session.host));
  return install(session, profile, place);
}

Result<void> check_words(const Words& words) {
  const auto wrong = [](std::string what) {
    return fail({.code = "E0904", .what = std::move(what), .help = "hutch help install"});
  };
  if (words.has("--user") && words.has("--system")) return wrong("--user and --system contradict each other");
  if (words.has("--list") && words.has("--undo")) return wrong("--list and --undo contradict each other");
  if (words.has("--list") != words.operands.empty())
    return wrong(words.has("--list") ? "--list takes no PROFILE" : "`install` needs a PROFILE");
  return {};
}

}  // namespace

int install_command(Session& session) {
  const Words& words = session.words;
  if (const auto fine = check_words(words); !fine) {
    session.complain(fine.error());
    return 2;
  }
  const bool as_root = session.host.caller().uid == 0;
  const auto place = install_place(session.host, words.has("--system") || (as_root && !words.has("--user")));
  if (place && words.has("--list")) return list(session, list_installed(*place, session.host));
  const auto done = place ? obey(session, *place) : std::unexpected(place.error());
  if (done) return 0;
  session.complain(done.error());
  return 1;
}

}  // namespace hutch
