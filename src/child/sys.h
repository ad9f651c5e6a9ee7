#pragma once

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <type_traits>

#include "child/run.h"

/// System calls as the kernel has them: nothing between us and it, no library state, no cancellation points.
/// Every one returns what the kernel returns: a value, or a negative errno.

namespace hutch::sys {

template <class T>
long word(T value) noexcept {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<long>(value);
  } else if constexpr (std::is_null_pointer_v<T>) {
    return 0;
  } else {
    return static_cast<long>(value);
  }
}

template <class... Arguments>
long call(long number, Arguments... arguments) noexcept {
  const long result = ::syscall(number, word(arguments)...);
  return result == -1 ? -errno : result;
}

inline long close(int fd) noexcept { return call(SYS_close, fd); }
inline long open_at(int directory, const char* path, int flags, mode_t mode = 0) noexcept {
  return call(SYS_openat, directory, path, flags, mode);
}

}  // namespace hutch::sys

namespace hutch {

inline Outcome check(Call call, long result) noexcept {
  return result < 0 ? Outcome{call, static_cast<int>(-result)} : Outcome{};
}
inline Outcome failed(Call call, int error, std::uint32_t detail = 0) noexcept {
  return {call, error, detail};
}

/// A descriptor of this function: closed at its end. (UniqueFd goes through the library.)
class Fd {
 public:
  explicit Fd(long opened) noexcept : result_(opened) {}
  Fd(Fd&& other) noexcept : result_(other.result_) { other.result_ = -EBADF; }
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      if (ok()) sys::close(get());
      result_ = other.result_;
      other.result_ = -EBADF;
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  ~Fd() {
    if (ok()) sys::close(get());
  }

  [[nodiscard]] bool ok() const noexcept { return result_ >= 0; }
  [[nodiscard]] int get() const noexcept { return static_cast<int>(result_); }
  [[nodiscard]] int error() const noexcept { return ok() ? 0 : static_cast<int>(-result_); }
  [[nodiscard]] int release() noexcept {
    const int fd = get();
    result_ = -EBADF;
    return fd;
  }

 private:
  long result_;
};

}  // namespace hutch
