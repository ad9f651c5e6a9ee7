#include "base/log.h"

// spdlog takes the fmt that everything else uses, not its bundled copy.
#ifndef SPDLOG_FMT_EXTERNAL
#define SPDLOG_FMT_EXTERNAL
#endif

#include <fcntl.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/text.h"
#include "base/unique_fd.h"

namespace hutch {
namespace {

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // a log that cannot be written must not stop a launch
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

using QuietSink = spdlog::sinks::base_sink<spdlog::details::null_mutex>;

/// "hutch: text" on standard error.
class TerminalSink final : public QuietSink {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    write_all(STDERR_FILENO,
              fmt::format("hutch: {}\n", std::string_view(message.payload.data(), message.payload.size())));
  }
  void flush_() override {}
};

/// One JSON object a line: time (seconds since 1970), level, pid, text.
class JsonSink final : public QuietSink {
 public:
  explicit JsonSink(UniqueFd file) : file_(std::move(file)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    using std::chrono::microseconds;
    const auto since = std::chrono::duration_cast<microseconds>(message.time.time_since_epoch()).count();
    const auto level = spdlog::level::to_string_view(message.level);
    write_all(file_.get(),
              fmt::format("{{\"time\":{}.{:06},\"level\":\"{}\",\"pid\":{},\"text\":{}}}\n",
                          since / 1'000'000, since % 1'000'000, std::string_view(level.data(), level.size()),
                          ::getpid(), quoted({message.payload.data(), message.payload.size()})));
  }
  void flush_() override {}

 private:
  UniqueFd file_;
};

// Never destroyed: exit paths need not run any code for it.
spdlog::logger* logger = nullptr;

spdlog::level::level_enum level_of(Verbosity verbosity) {
  switch (verbosity) {
    case Verbosity::quiet:
      return spdlog::level::off;
    case Verbosity::info:
      return spdlog::level::info;
    case Verbosity::debug:
      return spdlog::level::debug;
  }
  return spdlog::level::off;
}

}  // namespace

bool start_log(Verbosity verbosity, const std::string& json_file) {
  if (verbosity == Verbosity::quiet && json_file.empty()) return true;
  auto fresh = std::make_unique<spdlog::logger>("hutch");
  if (verbosity != Verbosity::quiet) {
    fresh->sinks().push_back(std::make_shared<TerminalSink>());
    fresh->sinks().back()->set_level(level_of(verbosity));
  }
  if (!json_file.empty()) {
    UniqueFd file(::open(json_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600));
    if (!file) return false;
    fresh->sinks().push_back(std::make_shared<JsonSink>(std::move(file)));
  }
  // A file is read later, when nobody can ask again: it gets everything.
  fresh->set_level(json_file.empty() ? level_of(verbosity) : spdlog::level::debug);
  delete logger;
  logger = fresh.release();
  return true;
}

bool log_wants(Verbosity level) { return logger != nullptr && logger->should_log(level_of(level)); }

void log_line(Verbosity level, std::string_view text) {
  if (!log_wants(level)) return;
  const std::string safe = printable(text);
  logger->log(level_of(level), spdlog::string_view_t(safe.data(), safe.size()));
}

}  // namespace hutch
