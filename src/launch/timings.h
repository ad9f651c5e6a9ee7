#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hutch {

/// Nanoseconds of CLOCK_MONOTONIC: the clock of everything here, also of the child.
std::uint64_t monotonic_now() noexcept;

/// When each stage and each step of a launch was done, for `run --timings`.
class Timings {
 public:
  struct Stage {
    const char* name;
    std::uint64_t nanoseconds;
  };

  /// The first stage, "start", is what this process has computed until now: execve(2) and the C library, too.
  Timings();
  ~Timings();
  Timings(const Timings&) = delete;
  Timings& operator=(const Timings&) = delete;

  /// What was done since the last stage.
  void stage_done(const char* name);
  [[nodiscard]] const std::vector<Stage>& stages() const noexcept { return stages_; }

  /// The launch begins here. False, with errno, where there is no memory that the child can share.
  bool begin_steps(std::size_t count);
  /// By step: when it was done; 0 where it was not. Written by the parent and by the child.
  [[nodiscard]] std::span<std::uint64_t> steps() const noexcept { return steps_; }
  [[nodiscard]] std::uint64_t steps_began() const noexcept { return steps_began_; }

 private:
  std::vector<Stage> stages_;
  std::uint64_t last_ = 0, steps_began_ = 0;
  std::span<std::uint64_t> steps_;
};

}  // namespace hutch
