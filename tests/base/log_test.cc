#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <regex>
#include <string>

using namespace hutch;

namespace {

std::string read_all(int fd) {
  std::string out(65536, '\0');
  const ssize_t got = ::pread(fd, out.data(), out.size(), 0);
  out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return out;
}

/// Runs `body` with standard error going to a file, and returns what was written there.
template <class Body>
std::string standard_error_of(Body body) {
  char name[] = "/tmp/hutch-log-XXXXXX";
  const int file = ::mkostemp(name, O_CLOEXEC);
  ::unlink(name);
  const int before = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  ::dup2(file, STDERR_FILENO);
  body();
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  std::string out = read_all(file);
  ::close(file);
  return out;
}

}  // namespace

TEST_CASE("nothing is logged until somebody asks, then what was asked for and no more") {
  CHECK(start_log(Verbosity::quiet, ""));
  CHECK(standard_error_of([] { log_line(Verbosity::info, "too early"); }).empty());
  CHECK_FALSE(log_wants(Verbosity::info));

  CHECK(standard_error_of([] {
          CHECK(start_log(Verbosity::info, ""));
          log_line(Verbosity::info, "left out\x1b[1m");
          log_line(Verbosity::debug, "details");
        }) == "hutch: left out\\x1b[1m\n");
  CHECK(log_wants(Verbosity::info));
  CHECK_FALSE(log_wants(Verbosity::debug));

  CHECK(standard_error_of([] {
          CHECK(start_log(Verbosity::debug, ""));
          log_line(Verbosity::debug, "details {}");
        }) == "hutch: details {}\n");

  char name[] = "/tmp/hutch-log-XXXXXX";
  const int file = ::mkostemp(name, O_CLOEXEC);
  CHECK(standard_error_of([&] {
          CHECK(start_log(Verbosity::quiet, name));
          log_line(Verbosity::debug, "say \"hi\"");
        }).empty());
  CHECK(std::regex_match(
      read_all(file),
      std::regex(R"re(\{"time":\d+\.\d{6},"level":"debug","pid":\d+,"text":"say \\"hi\\""\}\n)re")));
  ::close(file);
  ::unlink(name);

  errno = 0;
  CHECK_FALSE(start_log(Verbosity::quiet, "/nonexistent/log"));
  CHECK(errno == ENOENT);
}
