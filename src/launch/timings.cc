#include "launch/timings.h"

#include <sys/mman.h>
#include <time.h>

namespace hutch {
namespace {

std::uint64_t read_clock(clockid_t clock) noexcept {
  timespec time = {};
  ::clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

std::uint64_t monotonic_now() noexcept { return read_clock(CLOCK_MONOTONIC); }

Timings::Timings() : last_(monotonic_now()) {
  stages_.push_back({"start", read_clock(CLOCK_PROCESS_CPUTIME_ID)});
}

Timings::~Timings() {
  if (!steps_.empty()) ::munmap(steps_.data(), steps_.size_bytes());
}

void Timings::stage_done(const char* name) {
  const std::uint64_t now = monotonic_now();
  stages_.push_back({name, now - last_});
  last_ = now;
}

bool Timings::begin_steps(std::size_t count) {
  steps_began_ = monotonic_now();
  void* const room = ::mmap(nullptr, count * sizeof(std::uint64_t), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return false;
  steps_ = {static_cast<std::uint64_t*>(room), count};
  return true;
}

}  // namespace hutch
