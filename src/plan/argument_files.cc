#include "plan/argument_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "plan/argument_words.h"
#include "plan/hidden_names.h"
#include "plan/mount_steps.h"

namespace hutch {
namespace {

using Entries = std::map<std::string, Mount>;

/// A word that may be a file, and what it comes to on the host.
struct Finding {
  FileWord word;
  std::string named;  ///< its place: as the program would name it, absolute
  std::string real;   ///< the file of the host, free of links
  FileKind kind = FileKind::missing;
  bool is_link = false;  ///< the name is that of a link
};

const char* kind_word(FileKind kind) {
  switch (kind) {
    case FileKind::fifo:
      return "a FIFO";
    case FileKind::socket:
      return "a socket";
    default:
      return "a device";
  }
}

bool is_of_kernel(const Finding& one) {
  constexpr std::string_view kKernels[] = {"/proc", "/sys"};
  const auto lies_in = [&one](std::string_view top) {
    return is_within(one.named, top) || is_within(one.real, top);
  };
  // /dev/stdin and its like name descriptors, which the program has anyway.
  const bool leaves_dev = is_within(one.named, "/dev") && !is_within(one.real, "/dev");
  return leaves_dev || std::ranges::any_of(kKernels, lies_in) ||
         (one.kind == FileKind::directory && lies_in("/dev"));
}

class Judge {
 public:
  Judge(Draft& draft, Entries& entries, const View& tree)
      : draft_(draft),
        entries_(entries),
        tree_(tree),
        files_(draft.profile.process.files),
        here_(draft.host.caller().directory) {}

  void judge_all() {
    std::vector<Finding> found;
    for (FileWord& word : file_words(draft_.request, draft_.profile.process)) {
      Finding one = look_up(std::move(word));
      if (one.real.empty() || one.named == "/") continue;
      if (one.real == "/") {
        leave_out(one, "it leads to the root folder, which is everything");
        continue;
      }
      found.push_back(std::move(one));
    }
    // Folders first: a file in one of them comes with it.
    std::ranges::stable_partition(found, [](const auto& one) { return one.kind == FileKind::directory; });
    for (const Finding& one : found) judge(one);
    if (!here_.empty()) keep_place(here_);
  }

 private:
  /// Which file of the host the word is, as the kernel would find it from the caller's folder.
  [[nodiscard]] Finding look_up(FileWord word) const {
    Finding one{.word = std::move(word)};
    const std::string& text = one.word.text;
    if (!text.starts_with('/') && here_.empty()) return one;
    const std::string raw = text.starts_with('/') ? text : here_ + "/" + text;
    one.named = normalise(raw);
    if (has_dots(text)) {
      // What ".." means depends on where links lead, so it is taken out before the program sees it.
      const std::string_view last = name_of(raw);
      const bool is_step = last == ".." || last == "." || last.empty();
      const std::string above = draft_.host.real_path(is_step ? raw : std::string(parent_of(raw)));
      if (above.empty()) return one;
      one.named = is_step ? above : join_path(above, last);
    }
    one.real = draft_.host.real_path(one.named);
    if (!one.real.empty()) {
      one.kind = draft_.host.follow(one.named).kind;
      one.is_link = draft_.host.look(one.named).kind == FileKind::symlink;
    } else if (may_be_made(one)) {
      const std::string above = draft_.host.real_path(std::string(parent_of(one.named)));
      one.real = join_path(above, name_of(one.named));
    }
    return one;
  }

  static bool has_dots(std::string_view text) {
    return std::ranges::any_of(components(text), [](std::string_view part) { return part == ".."; });
  }

  /// With "rw", a file that is missing can be made where the caller could make it.
  [[nodiscard]] bool may_be_made(const Finding& one) const {
    const Host& host = draft_.host;
    if (*files_ != Process::Files::rw || one.word.is_program || !looks_like_output(one.word.text))
      return false;
    if (const PathFact fact = host.look(one.named); fact.kind != FileKind::missing || fact.error != ENOENT)
      return false;
    const std::string above(parent_of(one.named));
    return host.follow(above).kind == FileKind::directory && host.may(above, W_OK | X_OK) &&
           !host.is_read_only(above);
  }

  void judge(const Finding& one) {
    const View::Walk walk = tree_.walk(one.named);
    if (const Mount* hides = hiding_entry(entries_, draft_.profile, draft_.host, one.named, one.real))
      return refuse_hidden(one, *hides);
    if (is_there_already(one, walk)) return leave_as_it_is(one, walk);
    if (comes_with_folder(one)) return take(one, one.named);
    if (is_named_before(one, walk)) return take(one, walk.path);
    if (const std::string why = why_not(one, walk); !why.empty()) return leave_out(one, why);
    if (!has_place(one, walk)) return;
    add(one, walk);
  }

  /// Does the profile show this very file there, or the folder that it is to be made in?
  [[nodiscard]] bool is_there_already(const Finding& one, const View::Walk& walk) const {
    if (one.kind == FileKind::missing) return shown_folder(one, walk) != nullptr;
    return !walk.seen.on_host.empty() && !walk.seen.mount->backing.opaque &&
           draft_.host.real_path(walk.seen.on_host) == one.real;
  }

  /// The mount that shows the folder of a file that is missing, or null.
  [[nodiscard]] const PlacedMount* shown_folder(const Finding& one, const View::Walk& walk) const {
    const View::Walk above = tree_.walk(std::string(parent_of(one.named)));
    const bool is_shown = !above.seen.on_host.empty() && walk.missing == walk.path &&
                          draft_.host.real_path(above.seen.on_host) == parent_of(one.real);
    return is_shown ? above.seen.mount : nullptr;
  }

  /// What the profile says of a place holds: a word opens nothing that a line has closed.
  void leave_as_it_is(const Finding& one, const View::Walk& walk) {
    const PlacedMount* const mount =
        one.kind == FileKind::missing ? shown_folder(one, walk) : walk.seen.mount;
    const bool is_device = one.kind == FileKind::char_device || one.kind == FileKind::block_device;
    if (wants_to_write(one) && mount->read_only && !is_device)
      leave_out(one, "the profile shows it read-only, and it stays so");
    take(one, one.named);
  }

  [[nodiscard]] bool is_named_before(const Finding& one, const View::Walk& walk) const {
    const auto found = entries_.find(walk.path);
    return found != entries_.end() && found->second.from_arguments && source_of(found->second) == one.real;
  }

  [[nodiscard]] bool comes_with_folder(const Finding& one) const {
    return std::ranges::any_of(folders_,
                               [&one](const std::string& each) { return is_within(one.named, each); });
  }

  [[nodiscard]] bool wants_to_write(const Finding& one) const {
    return *files_ == Process::Files::rw && !one.word.is_program;
  }

  /// Why this is nothing that a command line may show; empty if it may.
  [[nodiscard]] std::string why_not(const Finding& one, const View::Walk& walk) const {
    if (is_of_kernel(one)) return "it lies in a file system of the kernel";
    if (one.kind != FileKind::file && one.kind != FileKind::directory && one.kind != FileKind::missing)
      return fmt::format("it is {}", kind_word(one.kind));
    if (one.kind != FileKind::missing && !draft_.host.may(one.named, R_OK)) return "you may not read it";
    if (entries_.contains(walk.path)) return "the profile says itself what is there";
    const bool is_other = walk.seen.kind != FileKind::missing &&
                          (walk.seen.on_host.empty() || draft_.host.real_path(walk.seen.on_host) != one.real);
    if (is_other && !(one.kind == FileKind::directory && walk.seen.kind == FileKind::directory))
      return "the profile has something else there";
    if (one.kind == FileKind::directory && has_own_entries(walk.path))
      return "the profile says itself what is seen of that folder";
    return {};
  }

  [[nodiscard]] bool has_own_entries(const std::string& folder) const {
    return std::ranges::any_of(entries_, [&folder](const auto& entry) {
      return entry.first != "/" && is_within(entry.first, folder) && !entry.second.is_glob &&
             entry.second.type != MountType::hidden && !entry.second.from_arguments;
    });
  }

  void refuse_hidden(const Finding& one, const Mount& hides) {
    const bool leads = one.named != one.real;
    draft_.problem({.code = "E0347",
                    .what = fmt::format("{} of the command line must not be shown", quoted(one.word.text)),
                    .at = files_.at,
                    .other = hides.key_at,
                    .other_label = "this hides it",
                    .cause = leads ? fmt::format("it leads to {}, which the profile hides", quoted(one.real))
                                   : "the profile hides it",
                    .help = "name another file, or copy it to where the profile shows files"});
  }

  /// Is there a place for it inside, or can one be made?
  bool has_place(const Finding& one, const View::Walk& walk) {
    if (!walk.loops && !walk.not_directory) {
      if (walk.missing.empty()) return true;
      const PlacedMount& mount = tree_.mount_of(walk.missing);
      if (mount.backing.ours && !(mount.asked != nullptr && mount.asked->type == MountType::hidden))
        return true;
    }
    const PlacedMount& mount = tree_.mount_of(walk.missing.empty() ? walk.path : walk.missing);
    Diagnostic problem{
        .code = "E0348",
        .what = fmt::format("there is no place inside for {} of the command line", quoted(one.word.text)),
        .at = files_.at,
        .cause = fmt::format("{} is missing in {}, where nothing can be made",
                             quoted(walk.missing.empty() ? walk.path : walk.missing), quoted(mount.path)),
        .help =
            "copy the file to where the profile shows files, or give that folder a file system of its "
            "own: \"tmpfs\""};
    if (mount.asked != nullptr) {
      problem.other = mount.asked->key_at;
      problem.other_label = fmt::format("{} would lie inside this mount", quoted(one.named));
    }
    draft_.problem(std::move(problem));
    return false;
  }

  /// Whoever packed a picture chose where a link in its place leads: that may be read, but not overwritten.
  [[nodiscard]] std::string why_read_only(const Finding& one) const {
    if (one.is_link) return fmt::format("it is a link: name {} to have that written", quoted(one.real));
    if (one.kind != FileKind::missing && draft_.host.is_read_only(one.real))
      return "the host has it mounted read-only";
    return {};
  }

  void add(const Finding& one, const View::Walk& walk) {
    bool writes = wants_to_write(one);
    if (const std::string why = writes ? why_read_only(one) : std::string(); !why.empty()) {
      writes = false;
      draft_.skip(fmt::format("writing to {} of the command line", quoted(one.word.text)), why, files_.at);
    }
    Mount file{.target = walk.path, .at = files_.at, .key_at = files_.at, .type = MountType::bind};
    file.source = Said<std::string>{one.real, files_.at};
    file.write = Said<bool>{writes, files_.at};
    file.from_arguments = true;
    file.is_made = one.kind == FileKind::missing;
    if (one.kind == FileKind::directory) folders_.push_back(one.named);
    draft_.plan.remarks.push_back(
        {fmt::format("{} of the command line is shown at {}{}", quoted(one.word.text), quoted(walk.path),
                     file.is_made ? ", and made if the program writes to it"
                     : writes     ? ", writable"
                                  : ", read-only"),
         files_.at});
    entries_.emplace(file.target, std::move(file));
    keep_place(std::string(parent_of(walk.path)));
    take(one, walk.path);
  }

  void take(const Finding& one, const std::string& path) {
    const bool is_relative = !one.word.text.starts_with('/');
    draft_.named.push_back({.index = one.word.index,
                            .from = one.word.from,
                            .path = path,
                            .always = has_dots(one.word.text),
                            .is_relative = is_relative});
  }

  /// A folder that holds nothing but what was named is empty and read-only: what a program makes beside would
  /// be lost without a word.
  void keep_place(const std::string& folder) {
    const View::Walk walk = tree_.walk(folder);
    if (walk.missing.empty() || walk.loops || walk.not_directory || entries_.contains(walk.path) ||
        comes_with_folder({.named = folder}))
      return;
    const PlacedMount& mount = tree_.mount_of(walk.missing);
    if (!mount.backing.ours || (mount.asked != nullptr && mount.asked->type == MountType::hidden)) return;
    Mount place{.target = walk.path, .at = files_.at, .key_at = files_.at, .type = MountType::tmpfs};
    place.write = Said<bool>{false, files_.at};
    place.from_arguments = true;
    entries_.emplace(place.target, std::move(place));
  }

  void leave_out(const Finding& one, const std::string& why) {
    draft_.skip(fmt::format("{} of the command line", quoted(one.word.text)), why, files_.at);
  }

  Draft& draft_;
  Entries& entries_;
  const View& tree_;
  const Said<Process::Files>& files_;
  const std::string& here_;
  std::vector<std::string> folders_;
};

}  // namespace

bool may_name_files(const Draft& draft) {
  return *draft.profile.process.files != Process::Files::none && !draft.request.arguments.empty();
}

void add_argument_files(Draft& draft, Entries& entries, const View& tree) {
  Judge(draft, entries, tree).judge_all();
}

}  // namespace hutch
