#include "plan/image_mounter.h"

#include <sys/types.h>

namespace hutch {
namespace {

// The first one of a format that is there is taken: squashfuse_ll tells hard links apart, squashfuse does
// not.
constexpr ImageMounter kMounters[] = {{ImageFormat::squashfs, "/usr/bin/squashfuse_ll", "squashfuse"},
                                      {ImageFormat::squashfs, "/usr/bin/squashfuse", "squashfuse"},
                                      {ImageFormat::erofs, "/usr/bin/erofsfuse", "erofsfuse"},
                                      {ImageFormat::ext4, "/usr/bin/fuse2fs", "fuse2fs"}};

}  // namespace

const ImageMounter* find_image_mounter(const Host& host, ImageFormat format) {
  constexpr mode_t kWrittenByOthers = 022;
  for (const ImageMounter& each : kMounters) {
    if (each.format != format) continue;
    const PathFact fact = host.follow(each.program);
    if (fact.kind == FileKind::file && fact.uid == 0 && (fact.mode & kWrittenByOthers) == 0) return &each;
  }
  return nullptr;
}

const ImageMounter& usual_image_mounter(ImageFormat format) {
  const ImageMounter* last = kMounters;
  for (const ImageMounter& each : kMounters)
    if (each.format == format) last = &each;
  return *last;
}

}  // namespace hutch
