#include "support/snapshot.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace hutch::test {
namespace {

namespace fs = std::filesystem;

void add_file(std::vector<std::string>& lines, const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return;
  char text[128];
  // Sizes and times of files change by themselves; a name, a kind, an owner and rights do not.
  std::snprintf(text, sizeof text, " %o %u:%u", found.st_mode, found.st_uid, found.st_gid);
  lines.push_back("file " + path + text);
}

std::string read_all(const std::string& path) {
  std::ifstream file(path);
  // An iterator would throw where a process ends while its file in /proc is read.
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The state in /proc/PID/stat; of one that is no more, or waits for its parent only, 0. `text` becomes "1234
/// (sleep)".
char state_of(const std::string& pid, std::string& text) {
  text = read_all("/proc/" + pid + "/stat");
  const std::size_t after_name = text.rfind(") ");
  if (after_name == std::string::npos) return 0;
  const char state = text[after_name + 2];
  text.resize(after_name + 1);
  return state == 'Z' || state == 'X' ? 0 : state;
}

std::set<std::string>& expected() {
  static std::set<std::string> pids;
  return pids;
}

void add_descendants(const std::string& pid, std::vector<std::string>& found) {
  std::error_code ignored;
  // Not a range-for, which throws where the process ends in the middle.
  for (fs::directory_iterator task("/proc/" + pid + "/task", ignored), end; !ignored && task != end;
       task.increment(ignored)) {
    std::istringstream children(read_all(task->path() / "children"));
    for (std::string child; children >> child;) {
      if (expected().contains(child)) continue;
      std::string text;
      if (state_of(child, text) != 0) found.push_back(text);
      add_descendants(child, found);
    }
  }
}

}  // namespace

void expect_running(pid_t pid) { expected().insert(std::to_string(pid)); }

bool has_ended(pid_t pid) {
  std::string text;
  return state_of(std::to_string(pid), text) == 0;
}

void reap_orphans() {
  std::istringstream children(read_all("/proc/thread-self/children"));
  for (std::string child; children >> child;) {
    if (!expected().contains(child)) waitpid(std::stoi(child), nullptr, WNOHANG);
  }
}

void adopt_orphans() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

std::vector<std::string> living_descendants(const std::string& pid) {
  std::vector<std::string> found;
  add_descendants(pid, found);
  return found;
}

HostSnapshot HostSnapshot::take(const std::vector<std::string>& watched) {
  HostSnapshot snapshot;
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) snapshot.lines_.push_back("mount " + line);

  std::error_code ignored;
  for (const char* folder : {"/", "/mnt", "/srv", "/media", "/opt", "/home"}) {
    add_file(snapshot.lines_, folder);
    for (const auto& entry : fs::directory_iterator(folder, ignored)) add_file(snapshot.lines_, entry.path());
  }
  for (const std::string& folder : watched) {
    add_file(snapshot.lines_, folder);
    for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) {
      add_file(snapshot.lines_, entry.path());
    }
  }
  std::sort(snapshot.lines_.begin(), snapshot.lines_.end());
  return snapshot;
}

std::string HostSnapshot::difference(const HostSnapshot& later) const {
  std::vector<std::string> gone, came;
  std::set_difference(lines_.begin(), lines_.end(), later.lines_.begin(), later.lines_.end(),
                      std::back_inserter(gone));
  std::set_difference(later.lines_.begin(), later.lines_.end(), lines_.begin(), lines_.end(),
                      std::back_inserter(came));
  std::string text;
  for (const std::string& line : gone) text += "- " + line + "\n";
  for (const std::string& line : came) text += "+ " + line + "\n";
  return text;
}

}  // namespace hutch::test
