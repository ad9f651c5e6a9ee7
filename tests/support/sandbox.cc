#include "support/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "support/snapshot.h"

namespace hutch::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Pipes {
  int in = -1, out = -1, err = -1;
};

std::map<std::string, std::string> base_environment() {
  const char* home = std::getenv("HOME");
  const char* user = std::getenv("USER");
  return {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
          {"HOME", home ? home : "/"},
          {"USER", user ? user : (geteuid() == 0 ? "root" : "nobody")},
          {"LANG", "C.UTF-8"},
          {"HUTCH_PROFILE_PATH", HUTCH_SOURCE_DIR "/profiles"}};
}

pid_t start(const std::vector<std::string>& command, const Options& options, Pipes& pipes) {
  std::vector<std::string> environment;
  std::map<std::string, std::string> variables = base_environment();
  for (const auto& [name, value] : options.env) variables[name] = value;
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  std::vector<char*> arguments, entries;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  for (const std::string& entry : environment) entries.push_back(const_cast<char*>(entry.c_str()));
  arguments.push_back(nullptr);
  entries.push_back(nullptr);

  int in[2], out[2], err[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) return -1;
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    dup2(err[1], 2);
    for (const int stream : options.closed) close(stream);
    if (chdir(options.cwd.empty() ? "/tmp" : options.cwd.c_str()) != 0) _exit(98);
    execvpe(arguments[0], arguments.data(), entries.data());
    _exit(99);
  }
  for (const int fd : {in[0], out[1], err[1]}) close(fd);
  pipes = {in[1], out[0], err[0]};
  return pid;
}

/// Reads both streams until they end or the time is over. True if they ended.
bool drain(int out, int err, std::string& out_text, std::string& err_text, Clock::time_point until) {
  pollfd streams[] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
  std::string* const texts[] = {&out_text, &err_text};
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0 || poll(streams, 2, static_cast<int>(left)) <= 0) return false;
    for (int i = 0; i < 2; ++i) {
      if (streams[i].revents == 0) continue;
      char part[65536];
      const ssize_t size = read(streams[i].fd, part, sizeof part);
      if (size > 0) {
        texts[i]->append(part, static_cast<std::size_t>(size));
      } else {
        streams[i].fd = -1;
      }
    }
  }
  return true;
}

int status_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/// The processes of a sandbox that was killed take a moment to go.
std::vector<std::string> leftover_processes() {
  for (int i = 0;; ++i) {
    reap_orphans();
    std::vector<std::string> alive = living_descendants();
    if (alive.empty() || i == 100) return alive;
    usleep(20'000);
  }
}

void give_input(int fd, const std::string& input) {
  // Smaller than a pipe's buffer, always: it cannot block.
  if (!input.empty() && write(fd, input.data(), input.size()) < 0) {
  }
  close(fd);
}

}  // namespace

Workspace::Workspace() {
  std::string name = "/tmp/hutch-test.XXXXXX";
  REQUIRE(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

Workspace::~Workspace() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string Workspace::write(const std::string& name, std::string_view content, mode_t mode) const {
  const std::string path = path_ + "/" + name;
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
  chmod(path.c_str(), mode);
  return path;
}

std::string Workspace::profile(const std::string& name, std::string_view toml) const {
  return write(name + ".toml", "schema = 1\n" + std::string(toml));
}

std::string Answer::operator[](std::string_view key) const {
  const std::vector<std::string> found = all(std::string(key) + "=");
  return found.empty() ? "(missing)" : found.front();
}

std::vector<std::string> Answer::all(std::string_view prefix) const {
  std::vector<std::string> found;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(prefix)) found.push_back(line.substr(prefix.size()));
  }
  return found;
}

Answer run_program(const std::vector<std::string>& command, const Options& options) {
  adopt_orphans();
  ::signal(SIGPIPE, SIG_IGN);
  const HostSnapshot before = HostSnapshot::take(options.watched);
  Pipes pipes;
  const pid_t pid = start(command, options, pipes);
  REQUIRE(pid > 0);
  give_input(pipes.in, options.input);
  Answer answer;
  const bool ended = drain(pipes.out, pipes.err, answer.out, answer.err,
                           Clock::now() + std::chrono::seconds(options.seconds));
  close(pipes.out);
  close(pipes.err);
  if (!ended) kill(pid, SIGKILL);
  int status = 0;
  waitpid(pid, &status, 0);
  answer.status = status_of(status);

  std::string told;
  for (const std::string& word : command) told += word + " ";
  INFO("command: " << told << "\nstatus: " << answer.status << "\nout: " << answer.out
                   << "\nerr: " << answer.err);
  CHECK(ended);
  const std::vector<std::string> alive = leftover_processes();
  CHECK(alive == std::vector<std::string>{});
  CHECK(before.difference(HostSnapshot::take(options.watched)) == "");
  return answer;
}

Answer run_hutch(const std::vector<std::string>& arguments, const Options& options) {
  std::vector<std::string> command = {hutch_binary()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_program(command, options);
}

Running::Running(const std::vector<std::string>& arguments, const Options& options) {
  adopt_orphans();
  ::signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> command = {hutch_binary()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  Pipes pipes;
  pid_ = start(command, options, pipes);
  REQUIRE(pid_ > 0);
  in_ = pipes.in;
  out_ = pipes.out;
  err_ = pipes.err;
}

Running::~Running() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (const int fd : {in_, out_, err_}) {
    if (fd >= 0) close(fd);
  }
}

std::string Running::wait_for(std::string_view prefix) {
  for (;;) {
    std::size_t end = 0;
    while ((end = unread_.find('\n')) != std::string::npos) {
      const std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      if (line.starts_with(prefix)) return line.substr(prefix.size());
    }
    pollfd stream = {out_, POLLIN, 0};
    char part[4096];
    if (poll(&stream, 1, 30'000) <= 0) return "(end)";
    const ssize_t size = read(out_, part, sizeof part);
    if (size <= 0) return "(end)";
    unread_.append(part, static_cast<std::size_t>(size));
    output_.append(part, static_cast<std::size_t>(size));
  }
}

void Running::signal(int number) const { kill(pid_, number); }

Answer Running::wait() {
  close(std::exchange(in_, -1));
  Answer answer;
  answer.out = output_;
  CHECK(drain(out_, err_, answer.out, answer.err, Clock::now() + std::chrono::seconds(30)));
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  answer.status = status_of(status);
  CHECK(leftover_processes() == std::vector<std::string>{});
  return answer;
}

std::vector<pid_t> Running::descendants() const {
  std::vector<pid_t> found;
  for (const std::string& one : living_descendants(std::to_string(pid_))) found.push_back(std::stoi(one));
  return found;
}

std::string probe_mount() { return "\"/probe\" = { type = \"bind\", source = \"" HUTCH_PROBE "\" }\n"; }

std::string bare_profile(std::string_view mounts, std::string_view top) {
  return std::string(top) + "\n[process]\ncommand = [\"/probe\"]\nargs = \"append\"\n[mounts]\n" +
         probe_mount() + std::string(mounts);
}

std::string hutch_binary() {
  const char* chosen = std::getenv("HUTCH_BINARY");
  return chosen && *chosen ? chosen : HUTCH_BUILT;
}

std::vector<std::string> words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  return {std::istream_iterator<std::string>(stream), {}};
}

bool have_program(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"}) {
    if (access((folder + name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // An iterator would throw where a process ends while its file in /proc is read.
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace hutch::test
