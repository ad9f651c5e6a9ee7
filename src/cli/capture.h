#pragma once

#include <signal.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace hutch {

/// The beginning of what was written somewhere.
struct Written {
  std::string text;
  bool is_cut = false;  ///< more came than is kept
};

/// What a process of its own wrote and came to.
struct Captured {
  Written out, err;
  std::optional<std::string> told;  ///< what `body` gave back; nothing where it was killed
  int interrupted_by = 0;           ///< a signal that came for us meanwhile; the process has been ended
};

/// While it lives, signals that would end us wait in a descriptor: first the folders of tests are removed.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  /// For a child, which is to get them as ever.
  void let_go() const;
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The next one that is waiting; 0: none.
  [[nodiscard]] int take() const;

 private:
  sigset_t before_;
  UniqueFd fd_;
};

/// Runs `body` in a process of its own, in `folder`, with `input` as its standard input, and keeps what is
/// written to its standard output and error: of each at most `most` bytes. E0923 where there is no such
/// process.
Result<Captured> capture(const HeldSignals& signals, const std::string& folder, std::string_view input,
                         std::size_t most, const std::function<std::string()>& body);

}  // namespace hutch
