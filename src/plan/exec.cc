// Which program runs, found in the planned tree as execvp(3) would find it inside.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "host/find_program.h"
#include "plan/draft.h"

namespace hutch {
namespace {

enum class Answer { runs, missing, not_executable, unknown };

struct Candidate {
  Answer answer = Answer::missing;
  std::string path;
  std::string why;  ///< for not_executable
};

Candidate look_at(const Draft& draft, const std::string& path) {
  const View::Walk walk = draft.view.walk(path);
  if (walk.seen.kind == FileKind::missing) return {};
  if (walk.seen.kind == FileKind::unknown) return {Answer::unknown, path, {}};
  if (walk.seen.kind == FileKind::directory) return {Answer::not_executable, path, "it is a directory"};
  if (walk.seen.kind != FileKind::file) return {Answer::not_executable, path, "it is no regular file"};
  const bool executable =
      walk.seen.on_host.empty() ? (walk.seen.mode & 0111) != 0 : draft.host.may(walk.seen.on_host, X_OK);
  if (!executable) return {Answer::not_executable, path, "it has no execute permission for you"};
  if (walk.seen.mount->no_exec)
    return {Answer::not_executable, path, "it lies on a mount with `exec = false`"};
  return {Answer::runs, path, {}};
}

/// What may be there, in an image, is tried before what is there behind it in PATH: `otherwise`.
Candidate find(const Draft& draft, const std::string& name, std::vector<std::string>& otherwise) {
  if (name.find('/') != std::string::npos) return look_at(draft, absolute_from(draft.directory, name));
  Candidate refused, first;
  for (const std::string_view directory : split(draft.search_path, ':')) {
    if (!directory.starts_with('/')) continue;  // relative entries would depend on where we are
    Candidate candidate = look_at(draft, join_path(normalise(directory), name));
    if (candidate.answer == Answer::runs || candidate.answer == Answer::unknown) {
      if (first.path.empty()) {
        first = candidate;
      } else {
        otherwise.push_back(candidate.path);
      }
      if (candidate.answer == Answer::runs) break;
    }
    if (candidate.answer == Answer::not_executable && refused.answer == Answer::missing)
      refused = std::move(candidate);
  }
  return first.path.empty() ? refused : first;
}

/// In a tree that is joined: where execvp(3) would look.
Candidate guess(const Draft& draft, const std::string& name, std::vector<std::string>& otherwise) {
  if (name.find('/') != std::string::npos) return {Answer::runs, absolute_from(draft.directory, name), {}};
  for (const std::string_view directory : split(draft.search_path, ':')) {
    if (directory.starts_with('/')) otherwise.push_back(join_path(normalise(directory), name));
  }
  if (otherwise.empty()) return {};
  Candidate first{Answer::runs, otherwise.front(), {}};
  otherwise.erase(otherwise.begin());
  return first;
}

std::vector<Said<std::string>> words_of(const Draft& draft) {
  const Process& process = draft.profile.process;
  std::vector<Said<std::string>> words;
  if (draft.request.arguments.empty() || *process.args == ArgsMode::append) words = process.command;
  const std::size_t before = words.size();
  for (const std::string& argument : draft.request.arguments) words.push_back({argument, {}});
  // A name that would mean another place there is handed over as the place that it is shown at.
  const std::string& outside = draft.host.caller().directory;
  const bool stays = !outside.empty() && draft.view.walk(outside).path == draft.directory;
  for (const Draft::Named& each : draft.named) {
    if (!each.always && !(each.is_relative && !stays)) continue;
    std::string& word = words[before + each.index].value;
    word = word.substr(0, each.from) + each.path;
  }
  return words;
}

Diagnostic cannot_run(const Draft& draft, const Said<std::string>& program, const Candidate& found) {
  if (found.answer == Answer::not_executable) {
    return {.code = "E0602",
            .what = fmt::format("cannot execute {}: {}", quoted(found.path), found.why),
            .at = program.at};
  }
  const bool searched = program->find('/') == std::string::npos;
  const std::string outside = searched ? find_program(draft.host, *program) : std::string();
  std::string help = "mount the folder that it lies in, for example \"/usr\" = \"ro\"";
  if (program->starts_with('-') && !program.at.known())
    help = "options of hutch stand before the profile; these words are the program's";
  else if (searched && outside.empty())
    help = "it is not on your PATH outside either: is it installed?";
  else if (searched)
    help = fmt::format("outside it is {}: mount the folder that it lies in, for example {} = \"ro\"",
                       quoted(outside), quoted(parent_of(outside)));
  return {.code = "E0601",
          .what = fmt::format("there is no program {} inside the sandbox", quoted(*program)),
          .at = program.at,
          .cause = searched ? fmt::format("none of the folders of PATH has it: {}", draft.search_path) : "",
          .help = std::move(help)};
}

}  // namespace

void prepare_exec(Draft& draft) {
  const Process& process = draft.profile.process;
  const std::vector<Said<std::string>> words = words_of(draft);
  if (words.empty()) {
    if (draft.request.needs_command) {
      draft.problem({.code = "E0343",
                     .what = "there is nothing to run",
                     .cause = "the profile has no `process.command`, and no command follows its name",
                     .help = "hutch run PROFILE COMMAND [ARG…]"});
    }
    return;
  }
  std::vector<std::string> otherwise;
  const Candidate found = draft.is_joined(Ns::mount) ? guess(draft, *words.front(), otherwise)
                                                     : find(draft, *words.front(), otherwise);
  if (found.answer != Answer::runs && found.answer != Answer::unknown) {
    Diagnostic problem = cannot_run(draft, words.front(), found);
    if (draft.request.needs_command) {
      draft.problem(std::move(problem));
    } else {
      draft.plan.remarks.push_back({problem.what, problem.at});
    }
    return;
  }
  std::vector<ZStr> argv;
  for (const Said<std::string>& word : words) argv.push_back(draft.keep(*word));
  if (process.argv0) argv.front() = draft.keep(**process.argv0);
  std::vector<const char*> argv_pointers;
  for (const ZStr& word : argv) argv_pointers.push_back(word.c_str());
  argv_pointers.push_back(nullptr);
  const Borrowed<ZStr> env = draft.keep_all(draft.environment);
  std::vector<const char*> env_pointers;
  for (const ZStr& variable : env) env_pointers.push_back(variable.c_str());
  env_pointers.push_back(nullptr);
  StringPool& strings = draft.plan.strings;
  draft.add(draft.exec,
            Exec{.path = draft.keep(found.path),
                 .otherwise = draft.keep_all(otherwise),
                 .argv = strings.keep(argv),
                 .env = env,
                 .argv_pointers = strings.keep(argv_pointers),
                 .env_pointers = strings.keep(env_pointers)},
            words.front().at, Phase::exec);
}

}  // namespace hutch
