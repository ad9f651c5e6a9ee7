#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/host.h"
#include "launch/control.h"
#include "launch/registry.h"

namespace hutch {

/// The part of a launcher that makes its sandbox known: `hutch ps`, `inspect`, `enter`, `kill`.
///
/// One with a name has it before anything runs, and nobody else can take it. One without gets a name only
/// once it has lived for a moment, so that short launches pay nothing.
class Registration {
 public:
  using Clock = std::chrono::steady_clock;
  /// What costs something to say is asked for when it is needed.
  struct About {
    std::string name;  ///< empty: PROFILE-PID, later
    std::string profile, command;
    std::function<std::string()> digest;
    std::function<std::string(bool json)> plan;
    std::function<std::string()> walls;  ///< encode(walls_of(plan))
  };

  Registration(const Caller& caller, About about) : caller_(caller), about_(std::move(about)) {}

  /// With a name: E0426, E0427, E0916 for one that cannot be a name.
  Result<void> claim();
  /// The program runs, since `began`.
  void begin(pid_t program, pid_t init, Clock::time_point began);

  /// When tick() has something to do; nothing: never.
  [[nodiscard]] std::optional<Clock::time_point> due() const noexcept { return due_; }
  void tick();
  /// Readable when somebody asks; -1: nobody can.
  [[nodiscard]] int fd() const noexcept { return socket_.get(); }
  void serve();
  /// True once: the init is to be asked for its namespaces.
  [[nodiscard]] bool wants_namespaces() noexcept { return std::exchange(wants_namespaces_, false); }
  /// As the init sent them. Where there is none, or it could not, they are looked for under /proc/PID/ns.
  void take_namespaces(std::vector<UniqueFd> descriptors);

 private:
  void publish();
  void answer(const Asked& asked);

  const Caller& caller_;
  About about_;
  Registered registered_;
  std::optional<RunFile> entry_;
  UniqueFd socket_;
  std::optional<Clock::time_point> due_;
  bool wants_namespaces_ = false, awaits_namespaces_ = false;
  std::vector<UniqueFd> namespaces_;
  std::vector<Asked> waiting_;
};

}  // namespace hutch
