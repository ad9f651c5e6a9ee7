#include "build/build.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "build/differences.h"
#include "build/folders.h"
#include "build/perturb.h"
#include "build/record.h"
#include "build/tree.h"
#include "build/tree_copy.h"
#include "cli/commands.h"
#include "cli/load_request.h"
#include "launch/errno_text.h"
#include "launch/own_image.h"
#include "plan/compile.h"
#include "plan/describe.h"

namespace hutch {
namespace {

constexpr int kTrouble = 125, kDiffers = 1;

/// One `hutch build`. Each step gives an exit status where that is not 0, or goes on.
class BuildRun {
 public:
  explicit BuildRun(Session& session) : session_(session) {}

  int run() {
    if (const auto ready = prepare(); !ready) return give_up(ready.error());
    const BuildJob job{
        .profile = loaded_.profile, .plan = plan_, .host = session_.host, .into = into_, .keep = keep_};
    const auto built = run_build(job, collection_);
    if (!built) return give_up(built.error());
    if (built->ending.status != 0) return tell_failed_build(*built);
    if (record_) return compare_with(*record_);
    std::optional<Rebuilt> rebuilt;
    if (words().has("--check")) {
      auto second = build_again(*built);
      if (!second) return give_up(second.error(), tells_difference(second.error()) ? kDiffers : kTrouble);
      rebuilt = *std::move(second);
    }
    const auto finished = finish(*built, rebuilt ? &*rebuilt : nullptr);
    return finished ? 0 : give_up(finished.error());
  }

 private:
  static bool tells_difference(const Diagnostics& diagnostics) { return diagnostics.front().code == "E0708"; }

  [[nodiscard]] const Words& words() const { return session_.words; }

  int give_up(const Diagnostics& diagnostics, int status = kTrouble) {
    session_.complain(diagnostics);
    return status;
  }

  Result<void> prepare() {
    TRY_DO(protect_own_image());
    TRY_DO(read_words());
    TRY(loaded_, load_profile(load_, session_.host, session_.sources));
    session_.complain(loaded_.warnings);
    TRY(plan_,
        compile(loaded_.profile, {.arguments = request_.command, .needs_command = true}, session_.host));
    session_.complain(plan_.warnings);
    log_skipped(plan_.skipped, session_.sources);
    if (record_) return check_inputs_of(*record_);
    return {};
  }

  /// What is asked for: by the words, or by a record.
  Result<void> read_words() {
    const bool verifies = words().has("--verify");
    if (verifies && (words().has("--check") || words().has("--into") || words().has("--record"))) {
      return fail(
          {.code = "E0905",
           .what = "--verify puts nothing anywhere, and goes with none of --check, --into and --record"});
    }
    if (verifies) {
      TRY(ReadRecord record, read_record(words().value("--verify")));
      request_.profile = record.request.profile;
      record_ = std::move(record);
    }
    if (words().operands.empty() && !verifies) {
      return fail({.code = "E0904",
                   .what = "`hutch build` needs a PROFILE",
                   .help = fmt::format("usage: hutch build {}", words().command->usage)});
    }
    if (!words().operands.empty()) request_.profile = words().operands[0];
    if (!words().arguments.empty()) request_.command = words().arguments;
    TRY(const LoadRequest own, load_request(words(), request_.profile, session_.host));
    for (const Override& each : own.overrides) request_.overrides.emplace_back(each.option, each.toml);
    for (const auto& [name, value] : own.parameters) request_.parameters[name] = value;
    if (record_) TRY_DO(agrees_with(record_->request));
    load_ = {.profile = request_.profile, .parameters = request_.parameters};
    for (const auto& [option, toml] : request_.overrides) load_.overrides.push_back({option, toml});
    into_ = absolute(words().value("--into"));
    keep_ = absolute(words().value("--keep"));
    if (verifies) {
      scratch_.emplace(temporary_place());
      if (scratch_->path().empty()) return no_scratch();
      into_ = scratch_->path() + "/out";
    }
    return {};
  }

  /// A record may be somebody else's: what is opened and what runs is the caller's to say.
  [[nodiscard]] Result<void> agrees_with(const BuildRequest& recorded) const {
    const auto toml = [](const auto& overrides) {
      std::vector<std::string> all;
      for (const auto& each : overrides) all.push_back(each.second);
      return all;
    };
    const bool names_file = words().operands.empty() && recorded.profile.find('/') != std::string::npos;
    if (!names_file && toml(recorded.overrides) == toml(request_.overrides) &&
        recorded.parameters == request_.parameters && recorded.command == request_.command)
      return {};
    std::string line = "hutch build --verify " + typed(words().value("--verify"));
    for (const std::string& each : toml(recorded.overrides)) line.append(" --set ").append(typed(each));
    for (const auto& [name, value] : recorded.parameters)
      line.append(" --param ").append(typed(fmt::format("{}={}", name, value)));
    line.append(" ").append(typed(request_.profile));
    if (!recorded.command.empty()) line.append(" --");
    for (const std::string& word : recorded.command) line.append(" ").append(typed(word));
    return fail({.code = "E0714",
                 .what = "the record is of a build that was asked for with other words",
                 .cause =
                     "a profile's file, options, parameters and words are not taken from a record, which "
                     "may be somebody else's",
                 .help = fmt::format("if you agree with it: {}", line)});
  }
  /// As a shell reads it.
  static std::string typed(const std::string& word) {
    std::string text = "'";
    for (const char c : printable(word)) text += c == '\'' ? "'\\''" : std::string(1, c);
    return text + "'";
  }

  [[nodiscard]] std::string absolute(const std::string& path) const {
    return path.empty() ? path : absolute_from(session_.host.caller().directory, path);
  }
  [[nodiscard]] std::string temporary_place() const {
    const auto& environment = session_.host.caller().environment;
    const auto said = environment.find("TMPDIR");
    return said != environment.end() && said->second.starts_with('/') ? said->second : "/tmp";
  }
  [[nodiscard]] std::unexpected<Diagnostics> no_scratch() const {
    return fail(
        {.code = "E0707",
         .what = fmt::format("cannot make a folder in {}: {}", quoted(temporary_place()), errno_text(errno)),
         .help = "TMPDIR names another place"});
  }

  /// Before anything runs: other inputs are another build.
  Result<void> check_inputs_of(const ReadRecord& record) const {
    for (const auto& [target, input] : loaded_.profile.build.inputs) {
      if (std::ranges::find(record.inputs, target, &Dependency::name) != record.inputs.end()) continue;
      return fail(
          {.code = "E0710",
           .what = fmt::format("the profile has an input {}, and the record has none", quoted(target)),
           .at = input.at,
           .help = "nothing ran; build with the profile that the record was made with"});
    }
    for (const Dependency& each : record.inputs) {
      const auto input = loaded_.profile.build.inputs.find(each.name);
      if (input == loaded_.profile.build.inputs.end()) {
        return fail(
            {.code = "E0710",
             .what = fmt::format("the record has an input {}, and the profile has none", quoted(each.name)),
             .help = "nothing ran; build with the profile that the record was made with"});
      }
      TRY(const std::string now, digest_of(*input->second.source));
      if (now == each.sha256) continue;
      return fail({.code = "E0710",
                   .what = fmt::format("the input {} is not what the record says", quoted(each.name)),
                   .at = input->second.source.at,
                   .cause = fmt::format("the digest of {} is {}, and was {}", quoted(*input->second.source),
                                        now, each.sha256),
                   .help = "nothing ran; only the same inputs can give the same outputs"});
    }
    return {};
  }

  int tell_failed_build(const Built& built) {
    if (!built.ending.ran) return built.ending.status;
    session_.complain(
        {{.code = "E0712",
          .what = fmt::format("the build ended with status {}", built.ending.status),
          .help = keep_.empty() ? "nothing was taken out; --keep FOLDER keeps its working folder"
                                : fmt::format("its working folder is in {}", quoted(keep_))}});
    return built.ending.status;
  }

  int compare_with(const ReadRecord& record) {
    const std::vector<Unlike> unlike = compare_outputs(record.artifacts, collection_.artifacts());
    if (unlike.empty()) return 0;
    Diagnostics all;
    for (const Unlike& each : unlike) {
      all.push_back({.code = "E0710",
                     .what = fmt::format("{} is not what the record says", quoted(each.name)),
                     .cause = fmt::format("the record and this build: {}", each.what)});
    }
    return give_up(all, kDiffers);
  }

  /// The words for another hutch that builds the same.
  [[nodiscard]] std::vector<std::string> arguments_for(const std::string& folder) const {
    std::vector<std::string> arguments{"build", "--color=never", "--into=" + folder + "/out",
                                       "--record=" + folder + "/record.json"};
    for (const Given& each : words().options)
      if ((each.option->groups & kProfileOptions) != 0)
        arguments.push_back(fmt::format("{}={}", each.option->name, each.value));
    arguments.push_back(request_.profile);
    arguments.emplace_back("--");
    arguments.insert(arguments.end(), request_.command.begin(), request_.command.end());
    return arguments;
  }

  Result<Rebuilt> build_again(const Built& first) {
    const TemporaryFolder folder(temporary_place());
    if (folder.path().empty()) return no_scratch();
    TRY(const RerunEnding second,
        run_again({arguments_for(folder.path()), first.inputs, folder.path()}, session_.host));
    if (second.status != 0) {
      return fail({.code = "E0708",
                   .what = fmt::format("the second build failed, with status {}", second.status),
                   .cause = last_lines(second.said),
                   .help = changed_text(second.circumstances)});
    }
    TRY(const ReadRecord other, read_record(folder.path() + "/record.json"));
    const std::vector<Unlike> unlike = compare_outputs(collection_.artifacts(), other.artifacts);
    if (unlike.empty()) return second.circumstances;
    const std::string one = collection_.staged(unlike.front().name);
    const std::string two = folder.path() + "/out/" + unlike.front().name;
    Diagnostics all;
    all.push_back({.code = "E0708",
                   .what = fmt::format("two builds of the same differ: {}", unlike.front().name),
                   .cause = fmt::format("{}; {}", unlike.front().what, where_they_differ(one, two)),
                   .help = changed_text(second.circumstances)});
    if (unlike.size() > 1) all.front().cause += fmt::format("; and {} more differ", unlike.size() - 1);
    if (!keep_.empty()) {
      TRY_DO(keep_both(folder.path() + "/out"));
      all.front().help += fmt::format("; both are in {}", quoted(keep_));
    }
    show_difference(one, two);
    return std::unexpected(std::move(all));
  }

  Result<void> keep_both(const std::string& second) {
    if (!make_folders(keep_ + "/first")) {
      return fail(
          {.code = "E0707", .what = fmt::format("cannot make {}: {}", quoted(keep_), errno_text(errno))});
    }
    for (const Output& each : collection_.outputs())
      TRY_DO(copy_tree(collection_.staged(each.name), keep_ + "/first/" + each.name));
    return copy_tree(second, keep_ + "/second");
  }

  static std::string changed_text(const Rebuilt& circumstances) {
    std::string text = "changed for the second build: ";
    for (std::size_t i = 0; i < circumstances.changed.size(); ++i)
      text += (i == 0 ? "" : ", ") + circumstances.changed[i];
    for (const std::string& each : circumstances.unchanged) text += "; not changed: " + each;
    return text;
  }
  static std::string last_lines(const std::string& text) {
    constexpr std::size_t kMost = 600;
    return printable(text.size() > kMost ? text.substr(text.size() - kMost) : text);
  }

  Result<void> finish(const Built& built, const Rebuilt* rebuilt) {
    TRY_DO(collection_.put_in_place(words().has("--replace")));
    for (const Output& each : collection_.outputs())
      log_line(Verbosity::info, fmt::format("{} is at {}, sha256 {}", each.inside, each.to, each.sha256));
    const Profile& profile = loaded_.profile;
    BuildRecord record{.request = request_,
                       .plan_digest = plan_digest(plan_),
                       .epoch = profile.build.epoch ? **profile.build.epoch : kDefaultEpoch,
                       .facts = facts_of(profile, plan_, session_.host),
                       .artifacts = collection_.artifacts(),
                       .outputs = collection_.outputs(),
                       .built = &built,
                       .rebuilt = rebuilt};
    for (const InputDigest& each : built.inputs)
      record.inputs.push_back({each.target, each.source, each.sha256});
    for (const std::string& file : loaded_.files) {
      const std::string path = absolute(file);
      TRY(const std::string digest, digest_of(path));
      record.profiles.push_back({file, path, digest});
    }
    return write_record(record_json(record));
  }

  [[nodiscard]] std::string record_path() const {
    if (words().has("--record")) return absolute(words().value("--record"));
    const Profile& profile = loaded_.profile;
    if (profile.build.record && into_.empty()) return **profile.build.record;
    std::string name = profile.name ? **profile.name : request_.profile;
    name = std::string(name_of("/" + name));  // "build/make" is in a folder
    if (!profile.name && name.ends_with(".toml")) name.resize(name.size() - 5);
    return absolute_from(into_.empty() ? session_.host.caller().directory : into_, name + ".provenance.json");
  }

  /// A record is there as a whole or not at all.
  Result<void> write_record(const std::string& text) const {
    const std::string path = record_path(), made = path + ".new";
    const UniqueFd file(::open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (file && write_all(file.get(), text) && ::rename(made.c_str(), path.c_str()) == 0) return {};
    const int error = errno;
    if (file) ::unlink(made.c_str());
    return fail(
        {.code = "E0711",
         .what = fmt::format("the record cannot be written to {}: {}", quoted(path), errno_text(error)),
         .help = "the outputs are in place; --record FILE names another file"});
  }

  Session& session_;
  std::optional<ReadRecord> record_;  ///< that is to be verified
  std::optional<TemporaryFolder> scratch_;
  BuildRequest request_;
  LoadRequest load_;
  Loaded loaded_;
  Plan plan_;
  Collection collection_;
  std::string into_, keep_;
};

}  // namespace

int build_command(Session& session) { return BuildRun(session).run(); }

}  // namespace hutch
