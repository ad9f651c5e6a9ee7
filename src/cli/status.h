#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/unique_fd.h"
#include "cli/session.h"
#include "launch/launch.h"
#include "plan/plan.h"

namespace hutch {

/// What `run` tells programs: each event as a line of JSON on --status-fd when it happens, and all of them as
/// one document in the --report file at the end: schema/report.schema.json. Costs nothing where neither is
/// asked for.
class Status final : public Observer {
 public:
  explicit Status(const Session& session) : session_(session) {}

  /// Opens what the options name. E0914, E0915.
  Result<void> open();
  [[nodiscard]] bool wanted() const noexcept { return fd_ >= 0 || file_; }

  void planned(const Plan& plan);
  void set_up(pid_t program, pid_t init) override;
  void executed() override;
  void ended(const Ending& ending);
  void failed(const Diagnostics& diagnostics, int status);
  /// Writes the report. False, after an error message, if it cannot be written.
  bool close();

 private:
  using Body = std::function<void(Json&)>;
  void tell(const char* event, Body body);

  const Session& session_;
  int fd_ = -1;
  UniqueFd file_;
  std::string path_;
  std::vector<std::pair<const char*, Body>> events_;
};

/// The JSON Schema (draft 2020-12) of the --report document; each line of --status-fd has one of its parts.
std::string report_schema();

}  // namespace hutch
