#pragma once

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <type_traits>

#include "child/run.h"

/// System calls as the kernel has them: nothing between us and it, no library state, no cancellation points.
/// Every one returns what the kernel returns: a value, or a negative errno.

namespace hutch {

/// In decimal digits, with a NUL behind. Returns where that is.
inline char* put_number(char* at, std::uint64_t number) noexcept {
  std::size_t digits = 1;
  for (std::uint64_t rest = number / 10; rest != 0; rest /= 10) ++digits;
  char* const end = at + digits;
  *end = '\0';
  for (char* digit = end; digit != at; number /= 10) *--digit = static_cast<char>('0' + number % 10);
  return end;
}

}  // namespace hutch

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

/// Not the library's syscall(2): its errno belongs to whoever shares our memory.
inline long raw(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                long f = 0) noexcept {
#if defined(__x86_64__)
  register const long r10 __asm__("r10") = d;
  register const long r8 __asm__("r8") = e;
  register const long r9 __asm__("r9") = f;
  long result = number;  // NOLINT(misc-const-correctness): the assembly writes it
  __asm__ volatile("syscall"
                   : "+a"(result)
                   : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register const long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register const long x1 __asm__("x1") = b;
  register const long x2 __asm__("x2") = c;
  register const long x3 __asm__("x3") = d;
  register const long x4 __asm__("x4") = e;
  register const long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#else
#error "hutch knows how to call the kernel on x86_64 and arm64"
#endif
}

template <class... Arguments>
long call(long number, Arguments... arguments) noexcept {
  return raw(number, word(arguments)...);
}

inline long close(int fd) noexcept { return call(SYS_close, fd); }
inline long open_at(int directory, const char* path, int flags, mode_t mode = 0) noexcept {
  return call(SYS_openat, directory, path, flags, mode);
}

/// "/proc/self/fd/N": the way to open again what is open as a path only. `room` is kDescriptorPath.
inline constexpr std::size_t kDescriptorPath = 32;
inline const char* descriptor_path(char* room, int fd) noexcept {
  char* end = room;
  for (const char* from = "/proc/self/fd/"; *from != '\0'; ++from) *end++ = *from;
  put_number(end, static_cast<std::uint64_t>(fd));
  return room;
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
