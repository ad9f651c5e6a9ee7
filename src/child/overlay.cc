#include <cstddef>

#include "child/mounts.h"
#include "child/steps.h"

namespace hutch {
namespace {

constexpr std::size_t kLongestValue = 255;  // of fsconfig(2): longer strings are EINVAL

/// Text in a buffer of its own; once it does not fit it stays that way.
class Text {
 public:
  void add(const char* text) noexcept {
    for (; *text != '\0'; ++text) add(*text);
  }
  void add(char byte) noexcept {
    if (length_ == kLongestValue) {
      fits_ = false;
      return;
    }
    bytes_[length_++] = byte;
    bytes_[length_] = '\0';
  }
  void add_descriptor(int fd) noexcept {
    char digits[12];
    std::size_t count = 0;
    auto rest = static_cast<unsigned>(fd);
    do {
      digits[count++] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    add("/proc/self/fd/");
    while (count > 0) add(digits[--count]);
  }

  [[nodiscard]] bool fits() const noexcept { return fits_; }
  [[nodiscard]] const char* c_str() const noexcept { return bytes_; }

 private:
  char bytes_[kLongestValue + 1] = {};
  std::size_t length_ = 0;
  bool fits_ = true;
};

Outcome set_text(int made, const char* key, const Text& value) noexcept {
  if (!value.fits()) return failed(Call::fsconfig, E2BIG);
  return set_option(made, key, value.c_str());
}

Outcome set_lower(int made, const MakeOverlay& s, const ChildContext& context) noexcept {
  Text all;
  for (const Slot slot : s.lower) {
    if (slot != *s.lower.begin()) all.add(':');
    all.add_descriptor(in_slot(context, slot));
  }
  if (all.fits()) return set_text(made, "lowerdir", all);
  // Too many for one string: one by one, which kernels before 6.7 do not know.
  for (const Slot slot : s.lower) {
    Text one;
    one.add_descriptor(in_slot(context, slot));
    const Outcome added = set_text(made, "lowerdir+", one);
    if (added.error == EINVAL) return failed(Call::fsconfig, E2BIG);
    if (!added.ok()) return added;
  }
  return {};
}

Outcome set_directory(int made, const char* key, int base, ZStr name) noexcept {
  Text path;
  path.add_descriptor(base);
  if (!name.empty()) {
    path.add('/');
    path.add(name.c_str());
  }
  return set_text(made, key, path);
}

Outcome set_upper(int made, const MakeOverlay& s, const ChildContext& context) noexcept {
  const bool staged = s.stage != kNone;
  if (!staged && s.upper == kNone) return {};
  const Outcome upper = set_directory(made, "upperdir", in_slot(context, staged ? s.stage : s.upper),
                                      staged ? s.upper_name : ZStr());
  if (!upper.ok()) return upper;
  return set_directory(made, "workdir", in_slot(context, staged ? s.stage : s.work),
                       staged ? s.work_name : ZStr());
}

}  // namespace

Outcome run(const MakeOverlay& s, const ChildContext& context) noexcept {
  const Fd made = open_filesystem("overlay");
  if (!made.ok()) return failed(Call::fsopen, made.error());
  if (const Outcome lower = set_lower(made.get(), s, context); !lower.ok()) return lower;
  if (const Outcome upper = set_upper(made.get(), s, context); !upper.ok()) return upper;
  if (s.user_xattr) {
    if (const Outcome flag = set_option(made.get(), "userxattr", nullptr); !flag.ok()) return flag;
  }
  // Neither is needed, both want file handles and extra inode bits of the layers. Kernels without them say
  // EINVAL.
  for (const char* key : {"index", "xino"}) {
    const Outcome off = set_option(made.get(), key, "off");
    if (!off.ok() && off.error != EINVAL) return off;
  }
  const Outcome done = finish_filesystem(made.get(), s.flags, context.slots[s.slot]);
  if (!done.ok()) return done;
  for (const Slot slot : s.lower) close_slot(context, slot);
  if (s.stage == kNone && s.upper != kNone) {
    close_slot(context, s.upper);
    close_slot(context, s.work);
  }
  remember_made(context, s.slot);
  return {};
}

}  // namespace hutch
