#include <fcntl.h>
#include <sys/stat.h>

#include "child/channel.h"
#include "child/mounts.h"
#include "child/steps.h"

/// A file system that a process beside the sandbox serves: fuse(4).

namespace hutch {
namespace {

constexpr std::size_t kDigits = 12;

/// The descriptor in decimal, as the kernel wants it.
Outcome set_descriptor(int made, int fd) noexcept {
  char text[kDigits] = {};
  char* first = text + kDigits - 1;
  auto rest = static_cast<unsigned>(fd);
  do {
    *--first = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  return set_option(made, "fd", first);
}

}  // namespace

Outcome run(const MountServed& s, const ChildContext& context) noexcept {
  // Here, not by the launcher: the kernel wants it opened in the user namespace that the file system belongs
  // to.
  Fd server(sys::open_at(AT_FDCWD, s.device.c_str(), O_RDWR | O_CLOEXEC));
  if (!server.ok()) return failed(Call::open, server.error());
  const Fd made = open_filesystem("fuse");
  if (!made.ok()) return failed(Call::fsopen, made.error());
  if (const Outcome set = set_options(made.get(), s.options); !set.ok()) return set;
  if (const Outcome set = set_descriptor(made.get(), server.get()); !set.ok()) return set;
  if (const Outcome done = finish_filesystem(made.get(), s.flags, context.slots[s.slot]); !done.ok())
    return done;
  const int handed = server.get();
  const Outcome sent = send_message(context.channel_fd, {.kind = Message::Kind::served}, &handed, 1);
  if (!sent.ok()) return sent;
  // Ours would keep everybody waiting for a mounter that has ended.
  server = Fd(-EBADF);
  struct stat found = {};
  return check(Call::fstat, sys::call(SYS_newfstatat, in_slot(context, s.slot), "", &found, AT_EMPTY_PATH));
}

}  // namespace hutch
