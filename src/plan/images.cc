// Images: recognised by what they hold; mounted by the kernel for root, through a FUSE mounter for others.
// loop(4), fuse(4).
#include <fmt/format.h>
#include <linux/mount.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "plan/image_format.h"
#include "plan/image_mounter.h"
#include "plan/mount_steps.h"

namespace hutch {
namespace {

constexpr const char* kFuse = "/dev/fuse";

/// May this caller have the kernel mount a block device? In a user namespace the kernel trusts none.
bool kernel_mounts(const Host& host) {
  if (!host.caller().has_admin_capability) return false;
  const std::string map = host.read("/proc/self/uid_map", 64).value_or("");
  const auto blank = [](char c) { return c == ' ' || c == '\n'; };
  std::string words;
  for (const char c : map) {
    if (!blank(c)) words += c;
    if (blank(c) && !words.empty() && !words.ends_with(' ')) words += ' ';
  }
  return words == "0 0 4294967295 ";
}

/// What is wrong with the file; nothing if it can be mounted.
std::optional<Diagnostic> look_at_head(const Draft& draft, const std::string& source, const ImageHead& head,
                                       bool writable) {
  if (head.format == ImageFormat::none) {
    return Diagnostic{.code = "E0360",
                      .what = fmt::format("{} is no image that can be mounted", quoted(source)),
                      .cause =
                          "it begins with no superblock of a squashfs, erofs or ext4; its name does not "
                          "count",
                      .help = "a table of partitions is none either: take the partition out of it"};
  }
  const char* name = format_name(head.format);
  const std::uint64_t bytes = draft.host.follow(source).size;
  if (bytes < head.bytes) {
    return Diagnostic{.code = "E0361",
                      .what = fmt::format("{} is cut off", quoted(source)),
                      .cause = fmt::format("its {} has {} bytes, the file has {}", name, head.bytes, bytes),
                      .help = "fetch or make it again"};
  }
  if (writable && head.format != ImageFormat::ext4) {
    return Diagnostic{.code = "E0364",
                      .what = fmt::format("{} cannot be written to", quoted(source)),
                      .cause = fmt::format("it is a {}, which is read-only by nature", name),
                      .help = "drop `write`"};
  }
  if (head.needs_recovery && !writable) {
    return Diagnostic{
        .code = "E0362",
        .what = fmt::format("{} was not unmounted cleanly", quoted(source)),
        .cause = "what its journal holds has yet to be written, unless somebody has it mounted now",
        .help = fmt::format("once nobody has, repair it: e2fsck -p {}", source)};
  }
  return std::nullopt;
}

/// Why no mounter can serve the image to this caller.
std::optional<Diagnostic> look_at_mounter(const Host& host, const std::string& source, ImageFormat format,
                                          const ImageMounter* mounter, bool writable) {
  if (writable) {
    return Diagnostic{.code = "E0364",
                      .what = fmt::format("{} can only be written to by root", quoted(source)),
                      .cause = "a FUSE mounter may leave a damaged file behind",
                      .help = "drop `write`, or run as root"};
  }
  if (mounter == nullptr) {
    return Diagnostic{
        .code = "E0363",
        .what = fmt::format("nothing here can mount the {} {} for an ordinary user", format_name(format),
                            quoted(source)),
        .cause = fmt::format("the kernel does it only for root; a FUSE mounter would, but there is no {}",
                             usual_image_mounter(format).program),
        .help = fmt::format("as root: apt-get install {}{}", usual_image_mounter(format).package,
                            format == ImageFormat::erofs ? " (Debian 13 or later)" : "")};
  }
  const PathFact fuse = host.follow(kFuse);
  if (fuse.kind != FileKind::char_device) {
    return Diagnostic{.code = "E0365",
                      .what = fmt::format("{} cannot be mounted: there is no {}", quoted(source), kFuse),
                      .cause = "this machine has no FUSE, or a container without it is around",
                      .help = "as root: modprobe fuse; of a container: --device /dev/fuse"};
  }
  if (!host.may(kFuse, R_OK | W_OK)) {
    return Diagnostic{
        .code = "E0365",
        .what = fmt::format("{} cannot be mounted: {} is not open to you", quoted(source), kFuse),
        .cause = "udev opens it to everybody, but is not at work here",
        .help = "as root: chmod 0666 /dev/fuse"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Slot> MountSteps::image_of(const Mount& mount) {
  const Origin at = mount.source ? mount.source->at : mount.at;
  const std::string source = source_of(mount);
  const auto refuse = [&](std::optional<Diagnostic> problem) {
    if (!problem) return false;
    problem->at = problem->code == "E0364" ? mount.write->at : at;
    draft_.problem(*std::move(problem));
    return true;
  };
  const std::optional<std::string> begin = draft_.host.read(source, kImageHead);
  if (!begin) {
    draft_.problem({.code = "E0360",
                    .what = fmt::format("{} is no image that can be mounted", quoted(source)),
                    .at = at,
                    .cause = "it is no file that you can read"});
    return std::nullopt;
  }
  const bool writable = mount.write && **mount.write;
  const ImageHead head = read_image_head(*begin);
  if (refuse(look_at_head(draft_, source, head, writable))) return std::nullopt;
  const char* type = format_name(head.format);
  if (kernel_mounts(draft_.host)) {
    const Pin pin = draft_.pin(source, Expect::not_directory, at);
    const Slot slot = draft_.new_slot();
    draft_.add(draft_.before_clone,
               MountImage{.type = draft_.keep(type),
                          .pin = pin,
                          .writable = writable,
                          .slot = slot,
                          .flags = {.set = flags_of(mount).set}},
               at, Phase::before_clone);
    return slot;
  }
  const ImageMounter* const mounter = find_image_mounter(draft_.host, head.format);
  if (refuse(look_at_mounter(draft_.host, source, head.format, mounter, writable))) return std::nullopt;
  return serve_image(mount, source, mounter->program, type);
}

Slot MountSteps::serve_image(const Mount& mount, const std::string& source, const char* program,
                             const char* type) {
  const Origin at = mount.source ? mount.source->at : mount.at;
  const Pin pin = draft_.pin(source, Expect::not_directory, at);
  const Slot slot = draft_.new_slot();
  // The kernel judges by the modes in the image, for everybody in the sandbox, and for nobody outside of it.
  const std::vector<std::string> options{"source=image",
                                         fmt::format("subtype={}", type),
                                         "rootmode=40000",
                                         fmt::format("user_id={}", draft_.uid),
                                         fmt::format("group_id={}", draft_.gid),
                                         "default_permissions",
                                         "allow_other",
                                         "ro"};
  draft_.add(draft_.parent,
             RunMounter{.program = draft_.keep(program),
                        .type = draft_.keep(type),
                        .pin = pin,
                        .slot = slot,
                        .dies_with_parent = *draft_.profile.process.die_with_parent},
             at, Phase::parent);
  draft_.add(draft_.filesystems,
             MountServed{.device = draft_.keep(kFuse),
                         .type = draft_.keep(type),
                         .options = draft_.keep_all(options),
                         .slot = slot,
                         .flags = {.set = flags_of(mount).set}},
             at);
  return slot;
}

}  // namespace hutch
