#include "launch/tell_failure.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <variant>

#include "base/text.h"
#include "base/unique_fd.h"
#include "launch/errno_text.h"
#include "launch/remedies.h"
#include "plan/describe.h"
#include "plan/walked_path.h"

namespace hutch {
namespace {

/// Where the tree of a slot is going to be: a step that makes it is about that place.
std::string place_of(const Plan& plan, Slot slot) {
  for (const Step& step : plan.steps) {
    if (const auto* attach = std::get_if<Attach>(&step.op); attach != nullptr && attach->slot == slot) {
      return quoted(attach->path.view());
    }
    if (const auto* root = std::get_if<EnterRoot>(&step.op); root != nullptr && root->slot == slot)
      return quoted("/");
    if (const auto* stage = std::get_if<AttachStage>(&step.op); stage != nullptr && stage->slot == slot) {
      return "the stage";
    }
    if (const auto* overlay = std::get_if<MakeOverlay>(&step.op); overlay != nullptr) {
      bool takes_part = overlay->upper == slot || overlay->work == slot;
      for (const Slot layer : overlay->lower) takes_part = takes_part || layer == slot;
      if (takes_part) return place_of(plan, overlay->slot);
    }
  }
  return "the sandbox";
}

constexpr std::array<const char*, 3> kStreams{"standard input", "standard output", "standard error"};

/// What could not be done, in the words of the profile.
struct Attempt {
  const Plan& plan;

  std::string operator()(const PinSource& s) const { return fmt::format("open {}", quoted(s.path.view())); }
  std::string operator()(const MakeOutput& s) const { return fmt::format("make {}", quoted(s.path.view())); }
  std::string operator()(const OpenStream& s) const {
    const auto index = static_cast<std::size_t>(s.stream);
    return fmt::format("open {} as {}", quoted(s.path.view()), index < 3 ? kStreams[index] : "a stream");
  }
  std::string operator()(const CloneChild&) const { return "make the namespaces"; }
  std::string operator()(const WriteChildFile&) const { return "map the ids"; }
  std::string operator()(const RunMapHelper& s) const {
    return fmt::format("map the ids: {}", printable(s.program.view()));
  }
  std::string operator()(const WriteFile& s) const {
    const bool is_map = s.path.view().ends_with("id_map") || s.path.view().ends_with("/setgroups");
    return is_map ? "map the ids" : fmt::format("write {}", quoted(s.path.view()));
  }
  std::string operator()(const CloneTree& s) const { return set_up(s.slot); }
  std::string operator()(const OpenLayer& s) const { return set_up(s.slot); }
  std::string operator()(const MakeFilesystem& s) const { return set_up(s.slot); }
  std::string operator()(const AttachStage& s) const { return set_up(s.slot); }
  std::string operator()(const CloneStaged& s) const { return set_up(s.slot); }
  std::string operator()(const MakeOverlay& s) const { return set_up(s.slot); }
  std::string operator()(const MountImage& s) const { return set_up(s.slot); }
  std::string operator()(const MountServed& s) const { return set_up(s.slot); }
  std::string operator()(const RunMounter& s) const { return set_up(s.slot); }
  std::string operator()(const EnterRoot&) const { return "enter the new root"; }
  std::string operator()(const MakeDir& s) const { return set_up(s.path); }
  std::string operator()(const MakeSymlink& s) const { return set_up(s.path); }
  std::string operator()(const MakeFile& s) const { return set_up(s.path); }
  std::string operator()(const Attach& s) const { return set_up(s.path); }
  std::string operator()(const Seal& s) const { return set_up(s.path); }
  std::string operator()(const ReadOnlyView& s) const { return set_up(s.path); }
  std::string operator()(const Hide&) const { return "hide what the program must not see"; }
  std::string operator()(const Exec& s) const { return fmt::format("execute {}", quoted(s.path.view())); }
  std::string operator()(const auto& s) const { return describe(Op(s)); }

 private:
  [[nodiscard]] std::string set_up(Slot slot) const { return "set up " + place_of(plan, slot); }
  static std::string set_up(ZStr path) { return "set up " + quoted(path.view()); }
};

/// What `detail` points at: the part of a path that is to blame, or the option.
std::string tell_detail(const Step& step, const Report& report) {
  if (report.detail == 0) return {};
  const auto* hide = std::get_if<Hide>(&step.op);
  if (hide != nullptr && report.detail <= hide->paths.size)
    return quoted(hide->paths.data[report.detail - 1].view());
  if (const std::string_view path = walked_path(step.op); report.call == Call::openat2 && !path.empty()) {
    const std::string part = quoted(path.substr(0, report.detail));
    if (report.error == ENOENT) return fmt::format("there is no {} in the sandbox", part);
    if (report.error == ENOTDIR) return fmt::format("{} goes through something that is no directory", part);
    if (report.error == EACCES) return fmt::format("{} may not be entered", part);
    return {};
  }
  const auto* made = std::get_if<MakeFilesystem>(&step.op);
  if (made != nullptr && report.call == Call::fsconfig && report.detail <= made->options.size) {
    return fmt::format("{} refused the option {}", made->type.view(),
                       quoted(made->options.data[report.detail - 1].view()));
  }
  return {};
}

std::string join(std::string first, std::string_view second) {
  if (!first.empty() && !second.empty()) first += "; ";
  return first.append(second);
}

}  // namespace

std::optional<std::string> read_from_machine(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 4096> piece;
  while (text.size() < 1'000'000) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text;
}

Diagnostic tell_failure(const Plan& plan, const Report& report, const ReadText& read,
                        const std::string& said) {
  if (report.step >= plan.steps.size()) {
    return {.code = "E0509",
            .what = fmt::format("cannot set up the sandbox: {}: {}", call_name(report.call),
                                errno_text(report.error))};
  }
  const Step& step = plan.steps[report.step];
  Advice advice = advise({plan, step, report, read});
  return {.code = std::move(advice.code),
          .what = fmt::format("cannot {}: {}: {}", std::visit(Attempt{plan}, step.op), call_name(report.call),
                              errno_text(report.error)),
          .at = step.origin,
          .step = fmt::format("step {} of {}: {}", report.step + 1, plan.steps.size(), describe(step.op)),
          .cause = join(said.empty() ? tell_detail(step, report) : said, advice.cause),
          .help = std::move(advice.help)};
}

Diagnostic tell_death(const Plan&, int wait_code, int wait_status) {
  Diagnostic told{.code = "E0505", .what = "the sandbox ended while it was being set up"};
  if (wait_code == CLD_EXITED) {
    told.cause = fmt::format("its process ended with status {}", wait_status);
    return told;
  }
  const char* name = ::sigabbrev_np(wait_status);
  told.cause =
      fmt::format("its process was ended by signal {} ({})", wait_status, name != nullptr ? name : "?");
  if (wait_status == SIGSYS) {
    told.help =
        "a seccomp filter around hutch kills what makes system calls it does not like: loosen that filter";
  } else if (wait_status == SIGKILL) {
    told.help = "was there no memory left? dmesg shows what the kernel killed";
  }
  return told;
}

}  // namespace hutch
