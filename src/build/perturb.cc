#include "build/perturb.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <map>
#include <utility>

#include "base/own_path.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "build/folders.h"
#include "build/interruption.h"
#include "build/tree.h"
#include "build/tree_copy.h"
#include "launch/errno_text.h"

// The launcher and the process that becomes the second hutch:
//
//   launcher                              other
//   fork -------------------------------> unshare: user (if it is tried), mounts, names
//            <---- ready pipe: one byte
//   writes the id maps
//            ----- go pipe: one byte ---> changes what is around, copies inputs, execve
//   waits, forwards signals

namespace hutch {
namespace {

constexpr int kNotStarted = 125;
constexpr uid_t kOther = 4321;
constexpr std::pair<const char*, const char*> kOtherVariables[] = {
    {"TZ", "Pacific/Kiritimati"}, {"LANG", "tr_TR.UTF-8"}, {"LC_ALL", "tr_TR.UTF-8"}, {"LANGUAGE", "tr"},
    {"USER", "somebody"},         {"LOGNAME", "somebody"}, {"COLUMNS", "37"},         {"LINES", "11"},
    {"HUTCH_REBUILD", "1"}};

struct Pipe {
  UniqueFd reader, writer;
  bool make() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) < 0) return false;
    reader.reset(ends[0]);
    writer.reset(ends[1]);
    return true;
  }
};

bool write_file(const std::string& path, const std::string& text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// `id` of the host becomes another one; for root all others stay what they are, so that it reaches all
/// files.
std::string other_map(std::uint32_t id) {
  const std::uint32_t other = id == kOther ? kOther + 1 : kOther;
  if (::geteuid() != 0) return fmt::format("{} {} 1\n", other, id);
  if (id != 0) return "0 0 4294967295\n";
  return fmt::format("0 {0} 1\n1 1 {1}\n{0} 0 1\n{2} {2} {3}\n", other, other - 1, other + 1,
                     4294967295U - (other + 1));
}

bool map_ids(pid_t other) {
  const std::string process = fmt::format("/proc/{}/", other);
  if (::geteuid() != 0 && !write_file(process + "setgroups", "deny")) return false;
  return write_file(process + "uid_map", other_map(::geteuid())) &&
         write_file(process + "gid_map", other_map(::getegid()));
}

class Other {
 public:
  Other(const Rerun& rerun, const Host& host, bool as_another_user)
      : rerun_(rerun), host_(host), as_another_user_(as_another_user) {}

  Result<RerunEnding> run() {
    const std::string said = rerun_.folder + "/said";
    const UniqueFd log(::open(said.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!log || !ready_.make() || !go_.make()) return failed("open");
    sigset_t before = {};
    const sigset_t waited = block_signals(before);
    const pid_t child = ::fork();
    if (child == 0) become_other(log.get(), before);
    if (child < 0) {
      ::sigprocmask(SIG_SETMASK, &before, nullptr);
      return failed("fork");
    }
    ready_.writer.reset();
    char byte = 0;
    const bool is_ready = ::read(ready_.reader.get(), &byte, 1) == 1;
    if (is_ready && (!as_another_user_ || map_ids(child))) (void)!::write(go_.writer.get(), "!", 1);
    go_.writer.reset();
    RerunEnding ending{.status = wait_for(child, waited)};
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    ending.said = read_back(log.get());
    ending.circumstances.changed = {"host name", "umask",      "time zone",      "locale",    "environment",
                                    "addresses", "processors", "order of names", "start time"};
    if (as_another_user_) ending.circumstances.changed.insert(ending.circumstances.changed.begin(), "user");
    return ending;
  }

 private:
  static std::unexpected<Diagnostics> failed(const char* call) {
    return fail({.code = "E0509",
                 .what = fmt::format("cannot build a second time: {}: {}", call, errno_text(errno))});
  }

  static sigset_t block_signals(sigset_t& before) {
    sigset_t waited = signals_that_end();
    ::sigaddset(&waited, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &waited, &before);
    return waited;
  }

  static int wait_for(pid_t child, const sigset_t& waited) {
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) != child) {
      siginfo_t signal = {};
      // What the terminal sends reaches the child as well; what somebody sends us does not.
      if (::sigwaitinfo(&waited, &signal) > 0 && signal.si_signo != SIGCHLD && signal.si_code <= 0)
        ::kill(child, signal.si_signo);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  static std::string read_back(int file) {
    constexpr off_t kMost = off_t{64} * 1024;
    const off_t size = ::lseek(file, 0, SEEK_END);
    std::string text(static_cast<std::size_t>(std::min(size, kMost)), '\0');
    ::lseek(file, size > kMost ? size - kMost : 0, SEEK_SET);
    const ssize_t got = ::read(file, text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

  [[noreturn]] void give_up(const char* call) const {
    const std::string text = fmt::format("{}: {}\n", call, errno_text(errno));
    (void)!::write(STDERR_FILENO, text.data(), text.size());
    ::_exit(kNotStarted);
  }

  [[noreturn]] void become_other(int log, const sigset_t& signals) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    ::dup2(null.get(), STDIN_FILENO);
    ::dup2(null.get(), STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    const int user = as_another_user_ ? CLONE_NEWUSER : 0;
    if (::unshare(user | CLONE_NEWNS | CLONE_NEWUTS) < 0) give_up("unshare");
    char byte = '!';
    (void)!::write(ready_.writer.get(), &byte, 1);
    go_.writer.reset();
    if (::read(go_.reader.get(), &byte, 1) != 1) give_up("id maps");
    change_surroundings();
    std::vector<std::string> arguments = rerun_.arguments;
    shuffle_inputs(arguments);
    ::sigprocmask(SIG_SETMASK, &signals, nullptr);
    const sigset_t ending = signals_that_end();
    ::sigprocmask(SIG_UNBLOCK, &ending, nullptr);
    execute(arguments);
  }

  void change_surroundings() const {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) give_up("mount");
    constexpr std::string_view kName = "another-machine";
    if (::sethostname(kName.data(), kName.size()) < 0) give_up("sethostname");
    ::umask(::umask(0) == 077 ? 022 : 077);
    ::personality(ADDR_NO_RANDOMIZE);
    cpu_set_t all;
    if (::sched_getaffinity(0, sizeof all, &all) == 0) {
      int last = 0;
      for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &all)) last = cpu;
      CPU_ZERO(&all);
      CPU_SET(last, &all);
      ::sched_setaffinity(0, sizeof all, &all);
    }
    // Time is told in seconds by file systems and makers of archives: in the next one at the earliest.
    const timespec second = {.tv_sec = 1, .tv_nsec = 100'000'000};
    ::nanosleep(&second, nullptr);
  }

  /// A tmpfs lists the newest name first: things are made there in the order in which the folder lists them.
  void shuffle_inputs(std::vector<std::string>& arguments) const {
    const std::string copies = rerun_.folder + "/inputs";
    if (::mkdir(copies.c_str(), 0700) < 0) give_up("mkdir");
    if (::mount("tmpfs", copies.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") < 0) give_up("mount");
    std::size_t count = 0;
    for (const InputDigest& input : rerun_.inputs) {
      struct stat facts = {};
      if (::stat(input.source.c_str(), &facts) < 0 || !S_ISDIR(facts.st_mode)) continue;
      const std::string copied = fmt::format("{}/{}", copies, count++);
      if (!copy_tree(input.source + "/.", copied, {.order = Order::as_listed})) give_up("copying the inputs");
      const std::string target = doubled_dollars(quoted(glob_escape(input.target)));
      const std::string source = doubled_dollars(quoted(copied));
      arguments.insert(arguments.begin() + 1,
                       {"--set", fmt::format("build.inputs.{}.source = {}", target, source)});
    }
  }
  static std::string doubled_dollars(const std::string& text) {
    std::string doubled;
    for (const char c : text) {
      doubled += c;
      if (c == '$') doubled += c;
    }
    return doubled;
  }

  [[noreturn]] void execute(const std::vector<std::string>& arguments) const {
    std::map<std::string, std::string, std::less<>> variables = host_.caller().environment;
    for (const auto& [name, value] : kOtherVariables) variables[name] = value;
    std::vector<std::string> environment, words{"hutch"};
    for (const auto& [name, value] : variables) environment.push_back(fmt::format("{}={}", name, value));
    words.insert(words.end(), arguments.begin(), arguments.end());
    // By its path: from there it finds its profiles.
    const std::string path = own_path(), program = path.empty() ? "/proc/self/exe" : path;
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> all;
      all.reserve(texts.size() + 1);
      for (std::string& each : texts) all.push_back(each.data());
      all.push_back(nullptr);
      return all;
    };
    ::execve(program.c_str(), pointers(words).data(), pointers(environment).data());
    give_up("execve");
  }

  const Rerun& rerun_;
  const Host& host_;
  const bool as_another_user_;
  Pipe ready_, go_;
};

}  // namespace

Result<RerunEnding> run_again(const Rerun& rerun, const Host& host) {
  TRY(RerunEnding first, Other(rerun, host, true).run());
  if (first.status != kNotStarted) return first;
  remove_tree(rerun.folder + "/inputs");
  TRY(RerunEnding again, Other(rerun, host, false).run());
  const std::string_view why = first.said;
  again.circumstances.unchanged = {
      fmt::format("user: {}", printable(why.substr(0, std::min(why.find('\n'), std::size_t{200}))))};
  return again;
}

}  // namespace hutch
