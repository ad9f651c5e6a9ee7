#pragma once

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "child/run.h"
#include "host/host.h"

namespace hutch {

/// The file that a mounter reads.
struct MountedImage {
  std::string path;
  int pinned = -1;  ///< O_PATH
};

/// FUSE mounters that run beside a sandbox and serve its images. What is in an image may be made to attack
/// whoever reads it, so each runs in a sandbox of its own: with the libraries, /dev/fuse, the image behind a
/// read-only mount and the descriptor by which it serves, and with no network, no capability, no other file.
class Mounters {
 public:
  Mounters() = default;
  Mounters(const Mounters&) = delete;
  Mounters& operator=(const Mounters&) = delete;
  ~Mounters() { kill(); }

  /// `served` is what MountServed sent. Does not wait: who uses the file system waits until it is served, or
  /// hears that nobody does.
  Outcome start(const RunMounter& step, const MountedImage& image, UniqueFd served, const Host& host);
  [[nodiscard]] bool any() const noexcept { return !running_.empty(); }

  /// What they have said on standard error, or what there is to say about them; one line.
  [[nodiscard]] std::string said() const;

  /// How long set-up, which waits for them, goes on without a sign of life; milliseconds for poll(2).
  [[nodiscard]] int patience() const noexcept { return any() ? kPatience : -1; }
  /// That time is over: who waits for them hears that nobody serves any more.
  void give_up() noexcept;

  /// The sandbox has ended, and its mounts with it: they end by themselves, or are killed a moment later.
  void end() noexcept;
  /// Whoever waits for an answer of theirs cannot be killed before.
  void kill() noexcept;

 private:
  static constexpr int kPatience = 20'000;
  struct Running {
    pid_t pid = -1;
    UniqueFd pidfd, words;
  };
  void reap() noexcept;
  std::vector<Running> running_;
  bool given_up_ = false;
};

/// libfuse has a mount made by executing fusermount(1), and is given the descriptor through the socket of
/// which the environment tells the number. In the sandbox of a mounter, fusermount is hutch, and the mount is
/// made already. False if this process was not executed so.
bool hand_over_mount(char** argv);

}  // namespace hutch
