#include "profile/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "profile/check.h"
#include "profile/expand.h"
#include "profile/layers.h"
#include "profile/merge.h"
#include "profile/params.h"
#include "profile/read.h"
#include "profile/read_toml.h"
#include "profile/when.h"

namespace hutch {
namespace {

/// A file, a drop-in or an option: one text that takes part, and what it extends.
struct Unit {
  std::uint32_t source = 0;
  Value tree;
  std::vector<std::size_t> parents;
  std::string called;  ///< in messages: the file's name, or "--set"
  bool is_file = true;
  bool is_own = false;  ///< the profile itself, its drop-ins and options: these may name it
  std::pair<dev_t, ino_t> identity;
};

class Loader {
 public:
  Loader(const LoadRequest& request, const Host& host, Sources& sources)
      : request_(request), host_(host), sources_(sources), variables_(host, sources) {
    variables_.give_directory(request.directory);
  }

  Result<Loaded> load();

 private:
  // Finding and reading
  void find_asked();
  void find_named(const std::string& name, Origin at, std::vector<std::size_t>& into);
  void add_file(const std::string& path, const std::string& called, Origin at,
                std::vector<std::size_t>& into);
  void add_found(const std::string& path, Origin at, std::vector<std::size_t>& into);
  void add_override(const Override& option);
  bool parse(Unit& unit);
  void extend(std::size_t index);
  void find_beside();
  std::vector<std::size_t> find_parent(std::size_t index, const Value& parent);
  void cannot_read(const std::string& called, const CannotRead& reason, Origin at);
  void tell_cycle(std::size_t first, Origin at);
  [[nodiscard]] std::string chain() const;
  [[nodiscard]] std::string directory_of(const std::string& path) const;

  // Putting together
  void give_parameters();
  void contribute(std::size_t index);
  void take_tests(Unit& unit);
  void report(Diagnostics found);

  const LoadRequest& request_;
  const Host& host_;
  Sources& sources_;
  Variables variables_;
  std::vector<Unit> units_;
  std::vector<std::size_t> roots_, open_, order_;
  std::set<std::size_t> visited_;
  bool is_beside_ = false;
  Loaded loaded_;
  Value tests_{Table{}, {}};
  Diagnostics wrong_;
};

void Loader::report(Diagnostics found) {
  for (Diagnostic& each : found) {
    (each.severity == Severity::warning ? loaded_.warnings : wrong_).push_back(std::move(each));
  }
}

/// CAP_SYS_ADMIN in the namespace that owns the mounts undoes them.
void warn_of_mount_power(const Profile& profile, Diagnostics& warnings) {
  const auto power =
      std::ranges::find_if(profile.keep_capabilities, [](const auto& name) { return *name == "sys_admin"; });
  if (power == profile.keep_capabilities.end()) return;
  for (const auto& [target, mount] : profile.mounts) {
    const bool hides = mount.type == MountType::hidden;
    const bool seals = mount.type == MountType::bind && !(mount.write && **mount.write);
    if (!hides && !seals) continue;
    warnings.push_back({.code = "W0102",
                        .what = fmt::format("with `sys_admin` the program can undo that {} is {}",
                                            quoted(target), hides ? "hidden" : "read-only"),
                        .at = power->at,
                        .other = mount.at,
                        .other_label = "this is no wall then",
                        .cause = "it may mount and unmount in its own mount namespace",
                        .help = "do without `sys_admin`; what must not be reached must not be mounted",
                        .severity = Severity::warning});
    return;
  }
}

/// "a.toml -> b.toml": who asked for whom.
std::string Loader::chain() const {
  std::string text;
  for (const std::size_t each : open_) text += units_[each].called + " -> ";
  return printable(text);
}

void Loader::cannot_read(const std::string& called, const CannotRead& reason, Origin at) {
  Diagnostic diagnostic{
      .code = "E0210", .what = fmt::format("cannot read {}: {}", printable(called), reason.why), .at = at};
  if (!open_.empty()) diagnostic.cause = fmt::format("extended by {}{}", chain(), printable(called));
  wrong_.push_back(std::move(diagnostic));
}

std::string Loader::directory_of(const std::string& path) const {
  const std::string& directory = host_.caller().directory;
  if (!directory.empty() || path.starts_with('/'))
    return host_.files().real_directory(
        absolute_from(directory, path.find('/') == path.npos ? std::string_view(".") : parent_of(path)));
  const std::string real =
      host_.files().real_directory(path.find('/') == path.npos ? "." : path.substr(0, path.rfind('/')));
  return real.starts_with('/') ? real : "";
}

void Loader::tell_cycle(std::size_t first, Origin at) {
  std::string circle;
  for (auto each = std::ranges::find(open_, first); each != open_.end(); ++each)
    circle += units_[*each].called + " -> ";
  const std::string& called = units_[first].called;
  wrong_.push_back({.code = "E0203",
                    .what = fmt::format("{} extends itself", printable(called)),
                    .at = at,
                    .label = "the circle closes here",
                    .cause = printable(circle + called)});
}

void Loader::add_file(const std::string& path, const std::string& called, Origin at,
                      std::vector<std::size_t>& into) {
  auto file = host_.files().read(path, kLargestProfile);
  if (!file) return cannot_read(called, file.error(), at);
  for (std::size_t i = 0; i < units_.size(); ++i) {
    if (!units_[i].is_file || units_[i].identity != file->identity) continue;
    if (std::ranges::find(open_, i) != open_.end()) return tell_cycle(i, at);
    return into.push_back(i);
  }
  Unit unit{.called = called, .is_own = open_.empty() && !is_beside_, .identity = file->identity};
  unit.source = sources_.add(called, std::move(file->text), directory_of(path));
  loaded_.files.push_back(called);
  if (!parse(unit)) return;
  units_.push_back(std::move(unit));
  into.push_back(units_.size() - 1);
  extend(units_.size() - 1);
}

bool Loader::parse(Unit& unit) {
  auto tree = read_toml(unit.source, sources_);
  if (!tree) {
    report(std::move(tree).error());
    return false;
  }
  Diagnostics shape = check_shape(*tree, sources_);
  const bool sound =
      std::ranges::all_of(shape, [](const Diagnostic& each) { return each.severity == Severity::warning; });
  report(std::move(shape));
  unit.tree = *std::move(tree);
  return sound;
}

void Loader::extend(std::size_t index) {
  const Entry* extends = units_[index].tree.table()->find("extends");
  if (!extends) return;
  open_.push_back(index);
  const Array parents = *extends->value.array();
  for (const Value& parent : parents) {
    const std::vector<std::size_t> found = find_parent(index, parent);
    units_[index].parents.insert(units_[index].parents.end(), found.begin(), found.end());
  }
  open_.pop_back();
}

/// Below the profile that is asked for, which they may extend themselves.
void Loader::find_beside() {
  std::vector<std::size_t> besides;
  is_beside_ = true;
  for (const auto& each : request_.beside) {
    const std::vector<std::size_t> found = find_parent(roots_.front(), {*each, each.at});
    besides.insert(besides.end(), found.begin(), found.end());
  }
  is_beside_ = false;
  roots_.insert(roots_.begin(), besides.begin(), besides.end());
}

std::vector<std::size_t> Loader::find_parent(std::size_t index, const Value& parent) {
  const std::string& said = *parent.string();
  auto name = variables_.expand(said, parent.at, Variables::Use::path);
  if (!name) {
    Diagnostic diagnostic = std::move(name).error().diagnostic;
    if (said.find("${param:") != said.npos)
      diagnostic.label = "parameters are not known yet where `extends` is read";
    wrong_.push_back(std::move(diagnostic));
    return {};
  }
  std::vector<std::size_t> found;
  if (is_profile_path(*name)) {
    const std::string& folder = sources_.directory(units_[index].source);
    if (folder.empty() && !name->starts_with('/')) {
      cannot_read(*name, {"the current directory was deleted, or cannot be read"}, parent.at);
      return {};
    }
    const std::string path = name->starts_with('/') ? *name : folder + "/" + *name;
    add_file(path, absolute_from(folder, *name), parent.at, found);
  } else {
    find_named(*name, parent.at, found);
  }
  return found;
}

void Loader::find_named(const std::string& name, Origin at, std::vector<std::size_t>& into) {
  const std::string shown = printable(name);
  if (!is_profile_name(name)) {
    return wrong_.push_back(
        {.code = "E0211",
         .what = fmt::format("{} is neither the name of a profile nor a path", quoted(name)),
         .at = at,
         .help = "a name has letters, digits and . _ + @ - between its slashes; a path starts with "
                 "./ or / or ends in .toml"});
  }
  const auto path = find_profile(name, host_);
  if (!path) {
    const std::vector<std::string> names = profile_names(host_);
    const std::vector<std::string_view> views(names.begin(), names.end());
    const auto near = closest(name, views);
    const std::string suggestion = near ? fmt::format("did you mean `{}`?", *near) : "";
    const std::string here = host_.caller().directory + "/" + name;
    Diagnostic diagnostic{
        .code = at.known() ? "E0202" : "E0201",
        .what = fmt::format("there is no profile `{}`", shown),
        .at = at,
        .label = at.known() ? suggestion : "",
        .cause =
            fmt::format("looked in {}", printable(fmt::format("{}", fmt::join(profile_path(host_), ", ")))),
        .help = at.known() ? "" : suggestion};
    if (!open_.empty())
      diagnostic.cause = fmt::format("extended by {}{}; {}", chain(), shown, diagnostic.cause);
    if (!at.known() && host_.files().is_there(here + ".toml"))
      diagnostic.help = fmt::format("for the file here, write ./{}.toml", shown);
    return wrong_.push_back(std::move(diagnostic));
  }
  add_found(*path, at, into);
  for (const std::string& drop_in : find_drop_ins(name, host_)) add_found(drop_in, at, into);
}

/// A file that was found by name. In a folder that somebody else prepared, `./.hutch` must not decide what a
/// name means.
void Loader::add_found(const std::string& path, Origin at, std::vector<std::size_t>& into) {
  const std::string project = join_path(host_.caller().directory, ".hutch");
  const uid_t uid = host_.caller().uid;
  const Files& files = host_.files();
  if (is_within(path, project) && (files.is_of_others(project, uid) || files.is_of_others(path, uid))) {
    return wrong_.push_back(
        {.code = "E0213",
         .what = fmt::format("{} could have been written by somebody else", quoted(path)),
         .at = at,
         .cause = "its owner is neither you nor root, or everybody may write to it",
         .help = "if you trust it, name it by its path; else remove it or run from another folder"});
  }
  add_file(path, path, at, into);
}

void Loader::find_asked() {
  const std::string& asked = request_.profile;
  const std::string& directory = host_.caller().directory;
  const std::string path = asked.starts_with('/') || directory.empty() ? asked : directory + "/" + asked;
  const bool has_slash = asked.find('/') != asked.npos;
  if (asked.empty()) {
    wrong_.push_back({.code = "E0211", .what = "the name of a profile cannot be empty"});
  } else if (is_profile_path(asked) ||
             (has_slash && host_.files().is_there(path) && !host_.files().is_directory(path))) {
    add_file(path, asked, {}, roots_);
    if (!wrong_.empty() && directory.empty() && wrong_.front().code == "E0210") {
      wrong_.front().cause = "the current directory was deleted, or cannot be read";
    }
  } else {
    find_named(asked, {}, roots_);
  }
}

void Loader::add_override(const Override& option) {
  Unit unit{.called = option.option, .is_file = false, .is_own = true};
  unit.source = sources_.add(option.option, option.toml, host_.caller().directory);
  if (!parse(unit)) return;
  units_.push_back(std::move(unit));
  roots_.push_back(units_.size() - 1);
  extend(units_.size() - 1);
}

/// Declarations count wherever they are: whether a file takes part may depend on them.
void Loader::give_parameters() {
  Value declared{Table{}, {}};
  for (const Unit& unit : units_) {
    if (const Entry* params = unit.tree.table()->find("params")) {
      Value layer{Table{}, {}};
      layer.table()->put(*params);
      merge(declared, std::move(layer));
    }
  }
  const Entry* params = declared.table()->find("params");
  auto values =
      parameter_values(params ? *params->value.table() : Table{}, request_.parameters, variables_, sources_);
  if (!values) return report(std::move(values).error());
  variables_.give(*std::move(values));
}

/// Parents first, each file once, at its first place.
void Loader::contribute(std::size_t index) {
  if (!visited_.insert(index).second) return;
  const Unit& unit = units_[index];
  if (const Entry* when = unit.tree.table()->find("when")) {
    const auto verdict = check_when(*when->value.table(), variables_);
    if (!verdict) return wrong_.push_back(verdict.error());
    if (!verdict->holds) {
      return loaded_.skipped.push_back(
          {fmt::format("profile {}", printable(unit.called)), verdict->why, when->key_at});
    }
  }
  for (const std::size_t parent : unit.parents) contribute(parent);
  order_.push_back(index);
}

/// Tests are no part of the sandbox. What a parent proves need not hold for those who open more than it.
void Loader::take_tests(Unit& unit) {
  Table& top = *unit.tree.table();
  Entry* tests = top.find("test");
  if (tests == nullptr) return;
  if (request_.with_tests && unit.is_own) {
    Value layer{Table{}, {}};
    layer.table()->put(*tests);
    merge(tests_, std::move(layer));
  }
  top.remove("test");
}

Result<Loaded> Loader::load() {
  find_asked();
  if (!roots_.empty()) find_beside();
  for (const Override& option : request_.overrides) add_override(option);
  if (!wrong_.empty()) return std::unexpected(std::move(wrong_));

  // Parameters are known only when every file is.
  give_parameters();
  if (!wrong_.empty()) return std::unexpected(std::move(wrong_));
  for (const std::size_t root : roots_) contribute(root);

  loaded_.files.clear();
  loaded_.effective = {Table{}, {}};
  for (const std::size_t index : order_) {
    Unit& unit = units_[index];
    if (unit.is_file) loaded_.files.push_back(unit.called);
    take_tests(unit);
    Diagnostics undefined = expand(unit.tree, variables_, loaded_.skipped);
    if (undefined.empty()) undefined = check_expanded(unit.tree, sources_);
    sort_by_place(undefined);
    report(std::move(undefined));
    if (!unit.is_own) {
      unit.tree.table()->remove("name");
      unit.tree.table()->remove("description");
    }
    if (wrong_.empty()) merge(loaded_.effective, std::move(unit.tree));
  }
  if (!wrong_.empty()) return std::unexpected(std::move(wrong_));

  if (const Entry* tests = tests_.table()->find("test")) {
    auto read = read_tests(*tests->value.array(), variables_);
    if (read)
      loaded_.tests = *std::move(read);
    else
      report(std::move(read).error());
  }
  finish_merge(loaded_.effective);
  report(check_merged(loaded_.effective, sources_));
  if (!wrong_.empty()) return std::unexpected(std::move(wrong_));
  TRY(loaded_.profile, read_profile(loaded_.effective));
  loaded_.profile.skipped = loaded_.skipped;
  warn_of_mount_power(loaded_.profile, loaded_.warnings);
  return std::move(loaded_);
}

}  // namespace

Result<Loaded> load_profile(const LoadRequest& request, const Host& host, Sources& sources) {
  return Loader(request, host, sources).load();
}

}  // namespace hutch
