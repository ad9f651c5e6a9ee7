#pragma once

#include <sys/types.h>
#include <termios.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// A terminal of a test's own, with a person at it: pts(4). What runs on it is a session of its own, as a
/// login shell is.

namespace hutch::test {

class Terminal {
 public:
  struct Setting {
    unsigned short rows = 30, columns = 100;
    std::map<std::string, std::string> env;
    int input = -1, output = -1;  ///< instead of the terminal; the terminal stays what it is controlled by
    std::string cwd = "/tmp";
  };

  Terminal(const std::vector<std::string>& command, const Setting& setting);
  explicit Terminal(const std::vector<std::string>& command) : Terminal(command, Setting{}) {}
  /// Hangs up, and kills what is left of the session.
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(std::string_view keys);
  /// Reads until `text` comes after what was waited for before. False, after a while, if it does not come.
  bool wait_for(std::string_view text);
  /// As wait_for; what stands between the last match and this one.
  std::string text_until(std::string_view text);
  /// Nothing but this long silence: milliseconds.
  bool stays_silent(int milliseconds);
  void resize(unsigned short rows, unsigned short columns);

  [[nodiscard]] termios modes() const;
  [[nodiscard]] bool is_raw() const { return (modes().c_lflag & (ICANON | ECHO | ISIG)) == 0; }
  /// Waits for it.
  bool becomes_raw(bool raw);
  [[nodiscard]] pid_t foreground_group() const;
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::string& seen() const { return seen_; }
  /// "st_dev:st_rdev": the same through whatever descriptor.
  [[nodiscard]] std::string identity() const;

  /// Exit status, 128+N for a signal; -1 if it does not end.
  int wait();

 private:
  bool read_some(int milliseconds);

  pid_t pid_ = -1;
  int master_ = -1, slave_ = -1;
  std::string seen_;
  std::size_t matched_ = 0;
};

inline constexpr const char kCtrlC[] = "\x03", kCtrlD[] = "\x04", kCtrlZ[] = "\x1a",
                            kCtrlBackslash[] = "\x1c";

/// Equal in everything that stty shows.
bool same_modes(const termios& one, const termios& other);

}  // namespace hutch::test
