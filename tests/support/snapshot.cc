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
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string>& expected() {
  static std::set<std::string> pids;
  return pids;
}

void add_descendants(const std::string& pid, std::vector<std::string>& found) {
  std::error_code ignored;
  for (const auto& task : fs::directory_iterator("/proc/" + pid + "/task", ignored)) {
    std::istringstream children(read_all(task.path() / "children"));
    for (std::string child; children >> child;) {
      if (expected().contains(child)) continue;
      const std::string stat = read_all("/proc/" + child + "/stat");
      const std::size_t after_name = stat.rfind(") ");
      if (after_name == std::string::npos) continue;
      const char state = stat[after_name + 2];
      if (state != 'Z' && state != 'X') found.push_back(stat.substr(0, after_name + 1));
      add_descendants(child, found);
    }
  }
}

}  // namespace

void expect_running(pid_t pid) { expected().insert(std::to_string(pid)); }

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
