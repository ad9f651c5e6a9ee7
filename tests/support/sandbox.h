#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The built program, run as a user would run it. Each run has a clean environment, a time limit, and a look
/// at the host's mounts, processes and files before and after it: a difference fails the test that made it.

namespace hutch::test {

/// A folder of a test's own, removed at its end. World-accessible names are avoided: it is 0700.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

  /// Writes a file and the folders it needs; gives its absolute path.
  std::string write(const std::string& name, std::string_view content, mode_t mode = 0644) const;
  /// A profile `NAME.toml`; `schema = 1` comes first.
  std::string profile(const std::string& name, std::string_view toml) const;

 private:
  std::string path_;
};

struct Options {
  std::map<std::string, std::string> env;  ///< besides PATH, HOME, USER, HUTCH_PROFILE_PATH
  std::string input;                       ///< standard input
  std::string cwd;                         ///< empty: the root folder's harmless /tmp
  std::vector<std::string> watched;        ///< folders in which no file may come or go
  std::vector<int> closed;                 ///< standard streams to close before hutch starts
  int seconds = 30;                        ///< after that it is killed, and the test fails
};

struct Answer {
  int status = 0;  ///< exit status; 128+N when hutch itself died of signal N
  std::string out, err;

  /// The value of "key=value" in `out`; "(missing)" if no line starts so.
  [[nodiscard]] std::string operator[](std::string_view key) const;
  /// All values of lines that start with `prefix`: "mount:…".
  [[nodiscard]] std::vector<std::string> all(std::string_view prefix) const;
  [[nodiscard]] bool has(std::string_view prefix) const { return !all(prefix).empty(); }
};

/// Runs any program to its end.
Answer run_program(const std::vector<std::string>& command, const Options& options = {});

/// hutch ARGUMENTS…, with the profiles of this source tree.
Answer run_hutch(const std::vector<std::string>& arguments, const Options& options = {});

/// A hutch that is still running: its standard output can be read line by line while the test looks from
/// outside.
class Running {
 public:
  explicit Running(const std::vector<std::string>& arguments, const Options& options = {});
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// Reads output until a line starts with `prefix`; the rest of that line, or "(end)".
  std::string wait_for(std::string_view prefix);
  void signal(int number) const;
  /// Closes its input and waits. Checks, too, that nothing is left of it.
  Answer wait();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Host pids of everything below hutch, oldest first.
  [[nodiscard]] std::vector<pid_t> descendants() const;

 private:
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
  std::string output_, unread_;
};

/// The probe as a command line inside, at /probe, and the mount that puts it there.
std::string probe_mount();
/// A profile whose root holds nothing but the probe, and runs it with the arguments of the command line.
/// `top` goes before the tables; `mounts` into [mounts], where further tables may follow.
std::string bare_profile(std::string_view mounts = "", std::string_view top = "");

std::string hutch_binary();
/// Words of `text` between blanks.
std::vector<std::string> words(std::string_view text);
bool have_program(const std::string& name);
std::string read_file(const std::string& path);

}  // namespace hutch::test
