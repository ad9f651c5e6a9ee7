#include "support/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <utility>

#include "support/sandbox.h"
#include "support/snapshot.h"

namespace hutch::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{10};

bool over(Clock::time_point end) { return Clock::now() >= end; }

}  // namespace

Terminal::Terminal(const std::vector<std::string>& command, const Setting& setting) {
  adopt_orphans();
  master_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(master_ >= 0);
  REQUIRE(grantpt(master_) == 0);
  REQUIRE(unlockpt(master_) == 0);
  slave_ = open(ptsname(master_), O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(slave_ >= 0);
  const winsize size{setting.rows, setting.columns, 0, 0};
  ioctl(master_, TIOCSWINSZ, &size);

  std::map<std::string, std::string> variables = {
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"HOME", "/tmp"},
      {"TERM", "xterm"},
      {"LANG", "C.UTF-8"},
      {"PS1", "host> "},
      {"HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles"}};
  for (const auto& [name, value] : setting.env) variables[name] = value;
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  std::vector<char*> arguments, entries;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  for (const std::string& entry : environment) entries.push_back(const_cast<char*>(entry.c_str()));
  arguments.push_back(nullptr);
  entries.push_back(nullptr);

  pid_ = fork();
  REQUIRE(pid_ >= 0);
  if (pid_ > 0) return;
  setsid();
  ioctl(slave_, TIOCSCTTY, 0);
  dup2(setting.input >= 0 ? setting.input : slave_, 0);
  dup2(setting.output >= 0 ? setting.output : slave_, 1);
  dup2(slave_, 2);
  ::signal(SIGPIPE, SIG_DFL);
  if (chdir(setting.cwd.c_str()) != 0) _exit(98);
  execvpe(arguments[0], arguments.data(), entries.data());
  _exit(99);
}

Terminal::~Terminal() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(slave_);
  close(master_);
  std::vector<std::string> left;
  for (int i = 0; i < 100; ++i) {
    reap_orphans();
    left = living_descendants();
    if (left.empty()) return;
    if (i == 50) {
      for (const std::string& one : left) kill(std::stoi(one), SIGKILL);
    }
    usleep(20'000);
  }
}

void Terminal::type(std::string_view keys) {
  REQUIRE(write(master_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
}

bool Terminal::read_some(int milliseconds) {
  pollfd end = {master_, POLLIN, 0};
  if (poll(&end, 1, milliseconds) <= 0) return false;
  char part[65536];
  const ssize_t size = read(master_, part, sizeof part);
  if (size <= 0) return false;
  seen_.append(part, static_cast<std::size_t>(size));
  return true;
}

bool Terminal::wait_for(std::string_view text) {
  for (const auto end = Clock::now() + kPatience;;) {
    if (const std::size_t at = seen_.find(text, matched_); at != std::string::npos) {
      matched_ = at + text.size();
      return true;
    }
    if (over(end)) {
      UNSCOPED_INFO("waited for: " << text << "\nseen since: " << seen_.substr(matched_));
      return false;
    }
    read_some(20);
  }
}

std::string Terminal::text_until(std::string_view text) {
  const std::size_t from = matched_;
  return wait_for(text) ? seen_.substr(from, matched_ - text.size() - from) : "(nothing)";
}

bool Terminal::stays_silent(int milliseconds) {
  const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
  const std::size_t before = seen_.size();
  while (!over(end)) read_some(10);
  return seen_.size() == before;
}

void Terminal::resize(unsigned short rows, unsigned short columns) {
  const winsize size{rows, columns, 0, 0};
  REQUIRE(ioctl(master_, TIOCSWINSZ, &size) == 0);
}

termios Terminal::modes() const {
  termios modes = {};
  REQUIRE(tcgetattr(slave_, &modes) == 0);
  return modes;
}

bool Terminal::becomes_raw(bool raw) {
  for (const auto end = Clock::now() + kPatience; !over(end); read_some(5)) {
    if (is_raw() == raw) return true;
  }
  return false;
}

pid_t Terminal::foreground_group() const {
  pid_t group = -1;
  ioctl(master_, TIOCGPGRP, &group);
  return group;
}

std::string Terminal::identity() const {
  struct stat found = {};
  REQUIRE(fstat(slave_, &found) == 0);
  return std::to_string(found.st_dev) + ":" + std::to_string(found.st_rdev);
}

int Terminal::wait() {
  for (const auto end = Clock::now() + kPatience; !over(end); read_some(5)) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) continue;
    pid_ = -1;
    while (read_some(20)) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return -1;
}

bool same_modes(const termios& one, const termios& other) {
  return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag && one.c_cflag == other.c_cflag &&
         one.c_lflag == other.c_lflag && std::memcmp(one.c_cc, other.c_cc, sizeof one.c_cc) == 0;
}

}  // namespace hutch::test
