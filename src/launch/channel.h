#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "child/channel.h"

namespace hutch {

/// A message of the sandbox, with what came along.
struct Received {
  Message message;
  pid_t sender = 0;  ///< as this process sees it: unix(7), SCM_CREDENTIALS
  std::vector<UniqueFd> descriptors;
};

/// The launcher's end of the channel (child/channel.h), and the other one: that everybody else has closed it
/// would only wake the launcher, who hears of the end of the sandbox by its pidfd.
class Channel {
 public:
  static Result<Channel> make();
  static Channel of(int ours, int theirs) noexcept;

  [[nodiscard]] int fd() const noexcept { return ours_.get(); }
  [[nodiscard]] int childs_fd() const noexcept { return theirs_.get(); }
  /// The next message that is waiting; nothing if there is none.
  std::optional<Received> take();

 private:
  UniqueFd ours_, theirs_;
};

}  // namespace hutch
