#pragma once

#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/host.h"

namespace hutch::test {

/// A machine that exists only in a test: what is not described is not there.
///
///   FakeHost host;                                    // uid 1000, ada, /home/ada, Linux 6.1 on x86_64
///   host.dir("/usr").link("/bin", "usr/bin").file("/usr/bin/env", 0755).device("/dev/null").env("LANG",
///   "C");
///
/// Directories are implied by what is below them. Links are followed as the kernel does.
class FakeHost : public Host {
 public:
  FakeHost() {
    put("/", {FileKind::directory, 0, 0755, 0, 0});
    caller_.uid = 1000;
    caller_.gid = 1000;
    caller_.groups = {1000};
    caller_.user = "ada";
    caller_.directory = "/home/ada";
    caller_.environment = {
        {"HOME", "/home/ada"}, {"USER", "ada"}, {"PATH", "/usr/bin:/bin"}, {"SHELL", "/bin/sh"}};
    kernel_ = {6, 1, "x86_64", 40, 2};
    owned("/home/ada", {FileKind::directory, 0, 0755, 1000, 1000});
  }

  FakeHost& dir(const std::string& path, mode_t mode = 0755) {
    return owned(path, {FileKind::directory, 0, mode, 0, 0});
  }
  FakeHost& file(const std::string& path, mode_t mode = 0644) {
    return owned(path, {FileKind::file, 0, mode, 0, 0});
  }
  FakeHost& device(const std::string& path, mode_t mode = 0666) {
    return owned(path, {FileKind::char_device, 0, mode, 0, 0});
  }
  FakeHost& socket(const std::string& path, mode_t mode = 0777) {
    return owned(path, {FileKind::socket, 0, mode, 0, 0});
  }
  FakeHost& link(const std::string& path, const std::string& to) {
    links_[path] = to;
    return owned(path, {FileKind::symlink, 0, 0777, 0, 0});
  }
  /// Anything else: an owner, a kind without a helper.
  FakeHost& owned(const std::string& path, PathFact fact) {
    for (std::size_t slash = path.find('/', 1); slash != path.npos; slash = path.find('/', slash + 1)) {
      files_.try_emplace(path.substr(0, slash), PathFact{FileKind::directory, 0, 0755, 0, 0});
    }
    put(path, fact);
    return *this;
  }
  /// The caller may not look at or below this path.
  FakeHost& forbidden(const std::string& path) {
    forbidden_.insert(path);
    return *this;
  }
  FakeHost& read_only(const std::string& path) {
    read_only_.insert(path);
    return *this;
  }
  FakeHost& env(const std::string& name, const std::string& value) {
    caller_.environment[name] = value;
    return *this;
  }
  FakeHost& unset(const std::string& name) {
    caller_.environment.erase(name);
    return *this;
  }
  FakeHost& user(const std::string& name, uid_t uid, gid_t gid) {
    caller_.user = name;
    caller_.uid = uid;
    caller_.gid = gid;
    caller_.groups = {gid};
    caller_.has_setid_capabilities = caller_.has_admin_capability = uid == 0;
    return *this;
  }
  FakeHost& root() { return user("root", 0, 0).env("HOME", "/root").env("USER", "root").dir("/root", 0700); }
  FakeHost& directory(const std::string& path) {
    caller_.directory = path;
    return *this;
  }
  /// A file with something in it.
  FakeHost& text(const std::string& path, std::string content, mode_t mode = 0644) {
    const std::uint64_t size = content.size();
    contents_[path] = std::move(content);
    return owned(path, {FileKind::file, 0, mode, 0, 0, size});
  }
  /// Something is mounted there.
  FakeHost& mounted(const std::string& path) {
    mounts_.insert(path);
    return dir(path);
  }
  FakeHost& linux_version(int major, int minor) {
    kernel_.major = major;
    kernel_.minor = minor;
    return *this;
  }
  FakeHost& subid(std::uint32_t start, std::uint32_t count) {
    subuids_.push_back({start, count});
    subgids_.push_back({start, count});
    return *this;
  }

  /// The caller's own limit: the soft and the hard one.
  FakeHost& limited(int resource, std::uint64_t soft, std::uint64_t hard) {
    limits_[resource] = {soft, hard};
    return *this;
  }
  FakeHost& niced(int nice) {
    nice_ = nice;
    return *this;
  }
  FakeHost& oom_scored(int score) {
    oom_score_adj_ = score;
    return *this;
  }
  FakeHost& with_processors(std::vector<std::uint32_t> processors) {
    processors_ = std::move(processors);
    return *this;
  }
  FakeHost& without_personality() {
    may_have_personality_ = false;
    return *this;
  }

  Caller& caller() { return caller_; }
  Kernel& kernel() { return kernel_; }

  [[nodiscard]] const Caller& caller() const override { return caller_; }
  [[nodiscard]] const Kernel& kernel() const override { return kernel_; }

  [[nodiscard]] PathFact look(const std::string& path) const override { return walk(path, false).fact; }
  [[nodiscard]] PathFact follow(const std::string& path) const override { return walk(path, true).fact; }
  [[nodiscard]] std::string read_link(const std::string& path) const override {
    const Walked walked = walk(path, false);
    const auto found = links_.find(walked.path);
    return walked.fact.kind == FileKind::symlink && found != links_.end() ? found->second : "";
  }
  [[nodiscard]] std::optional<std::vector<std::string>> list(const std::string& path) const override {
    const Walked walked = walk(path, true);
    if (walked.fact.kind != FileKind::directory || forbidden_.contains(walked.path)) return std::nullopt;
    const std::string prefix = walked.path == "/" ? "/" : walked.path + "/";
    std::vector<std::string> names;
    for (auto at = files_.lower_bound(prefix); at != files_.end() && at->first.starts_with(prefix); ++at) {
      const std::string name = at->first.substr(prefix.size());
      if (!name.empty() && name.find('/') == name.npos) names.push_back(name);
    }
    return names;
  }
  [[nodiscard]] std::string real_path(const std::string& path) const override {
    const Walked walked = walk(path, true);
    return walked.fact.kind == FileKind::missing ? "" : walked.path;
  }
  [[nodiscard]] std::optional<std::string> read(const std::string& path, std::size_t limit) const override {
    const Walked walked = walk(path, true);
    if (walked.fact.kind != FileKind::file) return std::nullopt;
    const auto found = contents_.find(walked.path);
    return found == contents_.end() ? "" : found->second.substr(0, limit);
  }
  [[nodiscard]] std::vector<std::string> mounts_below(const std::string& path) const override {
    std::vector<std::string> below;
    for (const std::string& each : mounts_) {
      if (each.starts_with(path == "/" ? path : path + "/")) below.push_back(each);
    }
    return below;
  }
  [[nodiscard]] bool is_read_only(const std::string& path) const override {
    const std::string real = real_path(path);
    for (const std::string& top : read_only_) {
      if (real == top || real.starts_with(top == "/" ? top : top + "/")) return true;
    }
    return false;
  }
  [[nodiscard]] bool may(const std::string& path, int mode) const override {
    const PathFact fact = follow(path);
    if (fact.kind == FileKind::missing) return false;
    if (caller_.uid == 0)
      return (mode & 1) == 0 || fact.kind == FileKind::directory || (fact.mode & 0111) != 0;
    unsigned bits = fact.mode & 7U;
    if (fact.uid == caller_.uid) {
      bits = (fact.mode >> 6U) & 7U;
    } else if (fact.gid == caller_.gid || has_group(fact.gid)) {
      bits = (fact.mode >> 3U) & 7U;
    }
    return (static_cast<unsigned>(mode) & ~bits) == 0;
  }
  [[nodiscard]] std::vector<SubidRange> subids(bool of_groups) const override {
    return of_groups ? subgids_ : subuids_;
  }
  [[nodiscard]] HostLimit limit(int resource) const override {
    const auto found = limits_.find(resource);
    return found == limits_.end() ? HostLimit{} : found->second;
  }
  [[nodiscard]] int nice() const override { return nice_; }
  [[nodiscard]] int oom_score_adj() const override { return oom_score_adj_; }
  [[nodiscard]] std::optional<std::vector<std::uint32_t>> processors() const override { return processors_; }
  [[nodiscard]] bool may_have_personality(std::uint64_t /*persona*/) const override {
    return may_have_personality_;
  }

 private:
  struct Walked {
    PathFact fact;
    std::string path;  ///< without links
  };

  void put(const std::string& path, PathFact fact) { files_.insert_or_assign(path, fact); }
  [[nodiscard]] bool has_group(gid_t gid) const {
    for (const gid_t group : caller_.groups) {
      if (group == gid) return true;
    }
    return false;
  }
  static std::vector<std::string> parts(const std::string& path) {
    std::vector<std::string> all;
    std::string part;
    for (const char c : path + "/") {
      if (c != '/') {
        part += c;
      } else if (!part.empty()) {
        all.push_back(std::exchange(part, {}));
      }
    }
    return all;
  }

  [[nodiscard]] Walked walk(const std::string& path, bool follow_last) const {
    if (path.empty() || path.front() != '/') return missing(ENOENT);
    std::vector<std::string> todo = parts(path);
    std::string here = "/";
    int links = 0;
    for (std::size_t next = 0; next < todo.size(); ++next) {
      const std::string name = todo[next];
      if (files_.at(here).kind != FileKind::directory) return missing(ENOTDIR);
      if (forbidden_.contains(here)) return missing(EACCES);
      if (name == ".") continue;
      if (name == "..") {
        here = here.rfind('/') == 0 ? "/" : here.substr(0, here.rfind('/'));
        continue;
      }
      const std::string at = here == "/" ? "/" + name : here + "/" + name;
      const auto found = files_.find(at);
      if (found == files_.end()) return missing(ENOENT);
      const bool last = next + 1 == todo.size();
      if (found->second.kind != FileKind::symlink || (last && !follow_last)) {
        here = at;
        continue;
      }
      if (++links > 40) return missing(ELOOP);
      const std::string to = links_.at(at);
      std::vector<std::string> rest = parts(to);
      rest.insert(rest.end(), todo.begin() + static_cast<std::ptrdiff_t>(next) + 1, todo.end());
      todo = std::move(rest);
      next = static_cast<std::size_t>(-1);
      if (to.starts_with('/')) here = "/";
    }
    return {files_.at(here), here};
  }
  static Walked missing(int error) { return {{FileKind::missing, error, 0, 0, 0}, ""}; }

  Caller caller_;
  Kernel kernel_;
  std::map<std::string, PathFact> files_;
  std::map<std::string, std::string> links_;
  std::map<std::string, std::string> contents_;
  std::set<std::string> forbidden_, read_only_, mounts_;
  std::vector<SubidRange> subuids_, subgids_;
  std::map<int, HostLimit> limits_;
  int nice_ = 0, oom_score_adj_ = 0;
  std::optional<std::vector<std::uint32_t>> processors_;
  bool may_have_personality_ = true;
};

}  // namespace hutch::test
