#include "launch/image.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <string>

#include "base/unique_fd.h"
#include "child/mounts.h"

namespace hutch {
namespace {

constexpr int kMostRaces = 64;  // for a free device, with others who want one

/// A loop device with the file behind it.
struct Loop {
  UniqueFd device;
  std::string path;
};

Outcome set_up(int image, bool writable, Loop& loop) {
  const UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control) return {Call::open, errno};
  loop_config config = {};
  config.fd = static_cast<__u32>(image);
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (writable ? 0U : unsigned{LO_FLAGS_READ_ONLY});
  for (int race = 0; race < kMostRaces; ++race) {
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) return {Call::ioctl, errno};
    loop.path = fmt::format("/dev/loop{}", number);
    loop.device.reset(::open(loop.path.c_str(), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC));
    if (!loop.device) return {Call::open, errno};
    if (::ioctl(loop.device.get(), LOOP_CONFIGURE, &config) == 0) return {};
    if (errno != EBUSY) return {Call::ioctl, errno};
  }
  return {Call::ioctl, EBUSY};
}

/// Nobody else may read an ext4 that is written to, or write as well: their caches do not know of each other.
/// The lock is that of the open file, so the device keeps it for as long as it has the file: fcntl(2).
Outcome lock(int image, bool writable) {
  struct flock whole = {};
  whole.l_type = writable ? F_WRLCK : F_RDLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(image, F_OFD_SETLK, &whole) == 0) return {};
  return {Call::fcntl, errno};
}

}  // namespace

Outcome mount_image(const MountImage& step, std::span<const Pinned> pins, std::span<int> slots) {
  if (step.pin >= pins.size() || step.slot >= slots.size()) return {Call::open, EBADF};
  const std::string pinned = fmt::format("/proc/self/fd/{}", pins[step.pin].fd);
  const UniqueFd image(::open(pinned.c_str(), (step.writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY));
  if (!image) return {Call::open, errno};
  const bool is_ext4 = step.type.view() == "ext4";
  if (is_ext4) {
    if (const Outcome locked = lock(image.get(), step.writable); !locked.ok()) return locked;
  }
  Loop loop;
  if (const Outcome ready = set_up(image.get(), step.writable, loop); !ready.ok()) return ready;
  const Fd made = open_filesystem(step.type.c_str());
  if (!made.ok()) return {Call::fsopen, made.error()};
  if (const Outcome set = set_option(made.get(), "source", loop.path.c_str()); !set.ok()) return set;
  if (!step.writable) {
    if (const Outcome set = set_option(made.get(), "ro", nullptr); !set.ok()) return set;
  }
  // An ext4 says itself what an error in it does, and may say "panic".
  if (is_ext4) {
    if (const Outcome set = set_option(made.get(), "errors", "remount-ro"); !set.ok()) return set;
  }
  return finish_filesystem(made.get(), step.flags, slots[step.slot]);
}

}  // namespace hutch
