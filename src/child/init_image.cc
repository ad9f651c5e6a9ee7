#include "child/init_image.h"

#include <fcntl.h>
#include <linux/prctl.h>

#include <type_traits>

namespace hutch {
namespace {

// As letters, four bits each: an argument can hold no zeros.
constexpr std::size_t kLetters = 2 * sizeof(InitImage);
static_assert(std::is_trivially_copyable_v<InitImage>);

Outcome begin(const InitImage& image) noexcept {
  if (image.death_signal != 0) {
    // execve(2) may have cleared it.
    const long rc = sys::call(SYS_prctl, PR_SET_PDEATHSIG, image.death_signal, 0, 0, 0);
    if (rc < 0) return check(Call::prctl, rc);
    if (reader_is_gone(image.report)) return failed(Call::poll, EPIPE);
  }
  return image.init.shrink();
}

}  // namespace

Outcome InitImage::execute(int image) const noexcept {
  char numbers[kLetters + 1];
  const auto* const bytes = reinterpret_cast<const unsigned char*>(this);
  for (std::size_t i = 0; i < sizeof *this; ++i) {
    numbers[2 * i] = static_cast<char>('a' + (bytes[i] >> 4));
    numbers[2 * i + 1] = static_cast<char>('a' + (bytes[i] & 15));
  }
  numbers[kLetters] = '\0';
  const char* const arguments[] = {kInitName, numbers, nullptr};
  const char* const environment[] = {nullptr};
  return check(Call::execveat, sys::call(SYS_execveat, image, "", arguments, environment, AT_EMPTY_PATH));
}

bool InitImage::read(const char* argument) noexcept {
  auto* const bytes = reinterpret_cast<unsigned char*>(this);
  for (std::size_t i = 0; i < kLetters; ++i) {
    const int half = argument[i] - 'a';
    if (half < 0 || half > 15) return false;
    bytes[i / 2] = static_cast<unsigned char>(i % 2 == 0 ? half << 4 : bytes[i / 2] | half);
  }
  return argument[kLetters] == '\0';
}

void InitImage::run() const noexcept {
  // On the stack, which is there: see Init::serve.
  char name[] = {'h', 'u', 't', 'c', 'h', '-', 'i', 'n', 'i', 't', '\0'};
  sys::call(SYS_prctl, PR_SET_NAME, name, 0, 0, 0);
  const Outcome begun = begin(*this);
  if (!begun.ok()) {
    const Report told{static_cast<std::uint32_t>(step), begun.call, begun.error, begun.detail};
    sys::call(SYS_write, report, &told, sizeof told);
    while (true) sys::call(SYS_exit_group, kSetupFailed);
  }
  sys::close(report);
  sys::close(ready);
  init.serve();
}

}  // namespace hutch
