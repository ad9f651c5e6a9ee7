#include "relaunch/relaunch.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/prctl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <atomic>
#include <cstddef>
#include <variant>

#include "child/close_rows.h"
#include "child/file_limit.h"
#include "child/keep_dumpable.h"
#include "child/read_only_image.h"
#include "child/room.h"
#include "child/same_text.h"
#include "child/share.h"
#include "child/stacks.h"
#include "relaunch/ask.h"
#include "relaunch/build_id.h"
#include "relaunch/kept_file.h"
#include "relaunch/plans_folder.h"

namespace hutch {
namespace {

constexpr std::int64_t kWorthTelling = 50'000'000;  ///< nanoseconds: then the launcher proper registers it

// In the program's own memory, whose page tables are there already.
constexpr std::size_t kPage = 4096;
constexpr std::size_t kBuffer = 4 * kPage;
constexpr std::size_t kLists =
    kMostPins * sizeof(Pinned) + kMostSlots * (sizeof(std::uint64_t) + sizeof(int));
struct Room {
  // Right behind what is kept, so that they share its last page.
  Pinned* pins;
  std::uint64_t* made;
  int* slots;
  char* buffer;
  char kept[kLargestKept + kLists + kBuffer];
};
alignas(kPage) HUTCH_ROOM Room g_room;

Relaunched g_running;

/// The launcher proper has use for none of it.
void forget_room() noexcept { sys::call(SYS_madvise, &g_room, sizeof g_room, MADV_DONTNEED); }

// What is read of it, and mapped, before its size is known: that of a launch of few mounts.
constexpr std::size_t kFirst = 4 * kPage - offsetof(Room, kept);

const KeptHead& head() noexcept { return *reinterpret_cast<const KeptHead*>(g_room.kept); }
const char* part(const Section& section) noexcept { return g_room.kept + section.at; }

// --- what is kept

/// In place of a fault for each page. Linux before 5.14 does not.
void map_at_once(const char* begin, const char* end) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(begin) & ~(kPage - 1);
  if (begin < end)
    sys::call(SYS_madvise, at, reinterpret_cast<std::uintptr_t>(end) - at, MADV_POPULATE_WRITE);
}

bool read_into(int file, std::size_t from, std::size_t to) noexcept {
  while (from < to) {
    const long got = sys::call(SYS_pread64, file, g_room.kept + from, to - from, from);
    if (got == -EINTR) continue;
    if (got <= 0) return false;
    from += static_cast<std::size_t>(got);
  }
  return true;
}

bool is_this_program(const char (&program)[kProgramId]) noexcept {
  const std::string_view id = build_id();
  if (id.empty() || id.size() > kProgramId) return false;
  for (std::size_t i = 0; i < kProgramId; ++i) {
    if (program[i] != (i < id.size() ? id.data()[i] : '\0')) return false;
  }
  return true;
}

/// In order, without gaps that could hold anything, and all before `plan`.
bool has_sound_parts(const KeptHead& kept, std::size_t size) noexcept {
  std::size_t at = sizeof kept;
  for (const Section& each :
       {kept.words, kept.questions, kept.image, kept.moves, kept.handed_on, kept.plan}) {
    if (each.at != at) return false;
    at += filled_up(each.size);
    if (at > size) return false;
  }
  return at == size && kept.steps > 0 && kept.image.size >= kept.steps * sizeof(Step) &&
         kept.pins <= kMostPins && kept.slots <= kMostSlots;
}

/// Everything but `plan`.
bool read_kept(int file) noexcept {
  struct stat found = {};
  if (sys::call(SYS_fstat, file, &found) < 0 || !S_ISREG(found.st_mode) ||
      static_cast<long>(found.st_uid) != sys::call(SYS_geteuid) || (found.st_mode & 077) != 0 ||
      found.st_nlink > 1)
    return false;
  const auto size = static_cast<std::size_t>(found.st_size);
  if (found.st_size <= static_cast<off_t>(sizeof(KeptHead)) || size > kLargestKept) return false;
  const std::size_t first = size < kFirst ? size : kFirst;
  if (!read_into(file, 0, first)) return false;
  const KeptHead& kept = head();
  if (std::string_view(kept.magic, sizeof kept.magic) != kKeptMagic || !is_this_program(kept.program) ||
      !has_sound_parts(kept, size))
    return false;
  g_room.pins = reinterpret_cast<Pinned*>(g_room.kept + kept.plan.at);
  g_room.made = reinterpret_cast<std::uint64_t*>(g_room.pins + kept.pins);
  g_room.slots = reinterpret_cast<int*>(g_room.made + kept.slots);
  g_room.buffer = reinterpret_cast<char*>(g_room.slots + kept.slots);
  map_at_once(g_room.kept + kFirst, g_room.buffer);
  if (kept.plan.at > first && !read_into(file, first, kept.plan.at)) return false;
  // What was read of `plan` with the first pages may lie here.
  for (std::uint32_t i = 0; i < kept.pins; ++i) g_room.pins[i] = Pinned();
  for (std::uint32_t i = 0; i < kept.slots; ++i) g_room.made[i] = 0, g_room.slots[i] = -1;
  return checksum_of_kept(g_room.kept) == kept.sound;
}

bool has_these_words(char** words) noexcept {
  const char* at = part(head().words);
  const char* const end = at + head().words.size;
  for (; *words != nullptr; ++words) {
    for (const char* word = *words;; ++word, ++at) {
      if (at == end || *at != *word) return false;
      if (*word == '\0') break;
    }
    ++at;
  }
  return at == end;
}

/// How many variables there are; -1 where they are not the same.
long same_environment(char** environment) noexcept {
  Digest digest(head().key);
  long count = 0;
  for (; environment[count] != nullptr; ++count)
    digest.bytes({environment[count], length_of(environment[count]) + 1});
  return digest.value() == head().environment ? count : -1;
}

/// As src/launch has them: what the caller has to reach, held until the program begins.
bool open_pin(const char* path, Pin pin, Expect expect, struct stat& found) noexcept {
  if (pin >= head().pins || g_room.pins[pin].fd >= 0) return false;
  const int directory = expect == Expect::directory ? O_DIRECTORY : 0;
  const long fd = sys::open_at(AT_FDCWD, path, O_PATH | O_CLOEXEC | directory);
  if (fd < 0) return false;
  g_room.pins[pin].fd = static_cast<int>(fd);
  if (sys::call(SYS_fstat, fd, &found) < 0) return false;
  if (expect == Expect::not_directory && S_ISDIR(found.st_mode)) return false;
  g_room.pins[pin].device = found.st_dev;
  g_room.pins[pin].inode = found.st_ino;
  return true;
}

/// Opens it, too.
bool ask_pin(const PinQuestion& question, const char* path, Digest::Value& answer) noexcept {
  struct stat found = {};
  if (!open_pin(path, question.pin, question.expect, found)) return false;
  answer = answer_about(found, head().key);
  return true;
}

/// Or opens what nothing was asked about.
bool is_held(const PinSource& step) noexcept {
  struct stat found = {};
  return (step.pin < head().pins && g_room.pins[step.pin].fd >= 0) ||
         open_pin(step.path.c_str(), step.pin, step.expect, found);
}

enum class Questions : std::uint8_t { about_pins, all_others };

bool have_same_answers(Questions wanted) noexcept {
  const Surroundings around{.key = head().key, .buffer = g_room.buffer, .size = kBuffer};
  const char* at = part(head().questions);
  const char* const end = at + head().questions.size;
  while (at != end) {
    const auto& question = *reinterpret_cast<const KeptQuestion*>(at);
    const char* const subject = at + sizeof question;
    if (static_cast<std::size_t>(end - at) < sizeof question ||
        static_cast<std::size_t>(end - subject) < filled_up(std::size_t{question.subject} + 1) ||
        subject[question.subject] != '\0')
      return false;
    at = subject + filled_up(std::size_t{question.subject} + 1);
    const PinQuestion pin = about_pin(question);
    if (pin.is_one != (wanted == Questions::about_pins)) continue;
    Digest::Value answer;
    const bool is_known = pin.is_one ? ask_pin(pin, subject, answer) : ask(question, subject, around, answer);
    if (!is_known || !(answer == question.answer)) return false;
  }
  return true;
}

std::span<const Step> steps() noexcept {
  return {reinterpret_cast<const Step*>(part(head().image)), head().steps};
}

/// The image becomes steps: its pointers are put right.
bool restore_image(char** environment, long entries) noexcept {
  const KeptHead& kept = head();
  char* const image = g_room.kept + kept.image.at;
  const auto* const moves = reinterpret_cast<const std::uint32_t*>(part(kept.moves));
  for (std::size_t i = 0; i < kept.moves.size / sizeof *moves; ++i) {
    if (moves[i] % sizeof(std::uint64_t) != 0 || moves[i] + sizeof(std::uint64_t) > kept.image.size)
      return false;
    auto& pointer = *reinterpret_cast<std::uint64_t*>(image + moves[i]);
    if (pointer >= kept.image.size) return false;
    pointer += reinterpret_cast<std::uint64_t>(image);
  }
  const auto* const handed_on = reinterpret_cast<const HandedOn*>(part(kept.handed_on));
  for (std::size_t i = 0; i < kept.handed_on.size / sizeof *handed_on; ++i) {
    const HandedOn& each = handed_on[i];
    if (each.at % sizeof(char*) != 0 || each.at + sizeof(char*) > kept.image.size ||
        each.entry >= static_cast<std::uint32_t>(entries))
      return false;
    *reinterpret_cast<char**>(image + each.at) = environment[each.entry];
  }
  return true;
}

/// What every launch writes to: the child's stack, which the linker lays right before (link_order.txt), and
/// the room's first pages.
void map_what_is_needed() noexcept {
  constexpr std::size_t kStack = kPage;
  const auto* const room = reinterpret_cast<const char*>(&g_room);
  const auto* const stack = static_cast<const char*>(stack_top(0));
  map_at_once(stack == room ? stack - kStack : room, g_room.kept + kFirst);
}

bool find_kept(char** words, char** environment, Fd& file) noexcept {
  map_what_is_needed();
  SlotName slot;
  for (char** word = words; *word != nullptr; ++word) slot.add(*word);
  slot.add(ask_directory(g_room.kept, kBuffer));
  for (char** entry = environment; *entry != nullptr; ++entry) slot.add(*entry);
  char name[3];
  slot.put(name);
  const Fd folder = open_plans_folder(environment);
  if (!folder.ok()) return false;
  file = Fd(sys::open_at(folder.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  // The place of a standard stream that is closed would be taken by one of them.
  if (folder.get() <= STDERR_FILENO || file.get() <= STDERR_FILENO) return false;
  if (!read_kept(file.get()) || !has_these_words(words)) return false;
  const long entries = same_environment(environment);
  return entries >= 0 && have_same_answers(Questions::all_others) && restore_image(environment, entries);
}

// --- the launch

std::uint64_t now() noexcept {
  struct timespec time = {};
  sys::call(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

struct Pair {
  Fd reader{-EBADF}, writer{-EBADF};
};

bool make_pipe(Pair& pipe) noexcept {
  int ends[2];
  if (sys::call(SYS_pipe2, ends, O_CLOEXEC) < 0) return false;
  pipe.reader = Fd(ends[0]);
  pipe.writer = Fd(ends[1]);
  return true;
}

bool make_channel(Pair& channel) noexcept {
  int ends[2];
  const int on = 1;
  if (sys::call(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return false;
  channel.reader = Fd(ends[0]);
  channel.writer = Fd(ends[1]);
  return sys::call(SYS_setsockopt, ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) >= 0;
}

void close_pins() noexcept {
  CloseRows rows;
  for (std::uint32_t i = 0; i < head().pins; ++i) {
    rows.add(g_room.pins[i].fd);
    g_room.pins[i].fd = -1;
  }
}

bool write_child_file(const WriteChildFile& step, long child) noexcept {
  char path[64];
  char* end = path;
  for (const char* from = "/proc/"; *from != '\0'; ++from) *end++ = *from;
  end = put_number(end, static_cast<std::uint64_t>(child));
  *end++ = '/';
  if (step.name.size() >= 32) return false;
  for (const char c : step.name.view()) *end++ = c;
  *end = '\0';
  const Fd file(sys::open_at(AT_FDCWD, path, O_WRONLY | O_CLOEXEC));
  return file.ok() && sys::call(SYS_write, file.get(), step.content.c_str(), step.content.size()) ==
                          static_cast<long>(step.content.size());
}

/// What a launcher does with signals, in short: all wait until the launcher proper takes them.
class HeldSignals {
 public:
  HeldSignals() noexcept {
    const KernelSigaction defaults;
    sys::call(SYS_rt_sigprocmask, SIG_SETMASK, &kAllSignals, &mask_, sizeof mask_);
    sys::call(SYS_rt_sigaction, SIGCHLD, &defaults, &child_, sizeof child_.mask);
  }
  ~HeldSignals() {
    if (handed_over_) return;
    sys::call(SYS_rt_sigaction, SIGCHLD, &child_, nullptr, sizeof child_.mask);
    set_signal_mask(mask_);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  void hand_over(Relaunched& to) noexcept {
    to.mask_before = mask_;
    to.child_signal_before = child_;
    handed_over_ = true;
  }

 private:
  SignalSet mask_ = 0;
  KernelSigaction child_;
  bool handed_over_ = false;
};

bool is_readable(int fd) noexcept {
  struct pollfd end = {fd, POLLIN, 0};
  struct timespec at_once = {0, 0};
  return sys::call(SYS_ppoll, &end, 1, &at_once, nullptr, 8) > 0;
}

// Of those that launch/signals.h takes.
constexpr SignalSet kEnding =
    signal_bit(SIGHUP) | signal_bit(SIGINT) | signal_bit(SIGQUIT) | signal_bit(SIGTERM);
constexpr SignalSet kTaken = kEnding | signal_bit(SIGUSR1) | signal_bit(SIGUSR2) | signal_bit(SIGWINCH) |
                             signal_bit(SIGCONT) | signal_bit(SIGTSTP);

/// Waits for the end of a sandbox, for a signal, or until the launcher proper has to know of it. True for the
/// first.
bool await_end(int pidfd) noexcept {
  const Fd signals(sys::call(SYS_signalfd4, -1, &kTaken, sizeof kTaken, O_CLOEXEC));
  struct pollfd ends[] = {{pidfd, POLLIN, 0}, {signals.get(), POLLIN, 0}};
  struct timespec patience = {0, kWorthTelling};
  return sys::call(SYS_ppoll, ends, 2, &patience, nullptr, 8) > 0 && ends[0].revents != 0;
}

/// Waits for the end of set-up, however long that takes, or for a signal that ends it: its number, else 0.
/// One that the caller ignores does not, nor one that comes when the program is about to begin: it is the
/// program's.
int await_set_up(int report, const std::atomic<bool>& executes) noexcept {
  SignalSet ending = 0;
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    KernelSigaction now;
    sys::call(SYS_rt_sigaction, signal, nullptr, &now, sizeof now.mask);
    if (now.handler != SIG_IGN) ending |= signal_bit(signal);
  }
  const Fd signals(sys::call(SYS_signalfd4, -1, &ending, sizeof ending, O_CLOEXEC));
  struct pollfd ends[] = {{report, POLLIN, 0}, {signals.get(), POLLIN, 0}};
  while (ends[0].revents == 0) {
    sys::call(SYS_ppoll, ends, 2, nullptr, nullptr, 8);
    if (ends[0].revents != 0 || ends[1].revents == 0) continue;
    struct signalfd_siginfo ended_by;
    if (!executes && sys::call(SYS_read, signals.get(), &ended_by, sizeof ended_by) > 0)
      return static_cast<int>(ended_by.ssi_signo);
    ends[1].fd = -1;
  }
  return 0;
}

[[noreturn]] void end(int status) noexcept {
  while (true) sys::call(SYS_exit_group, status);
}

void begin_child(void* context) noexcept { run_child(*static_cast<const ChildContext*>(context)); }

/// One try. Members end in reverse order.
class Launch {
 public:
  explicit Launch(Fd file) noexcept : file_(static_cast<Fd&&>(file)) {}
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;
  ~Launch() {
    kill();
    close_pins();
  }

  void run() noexcept {
    if (!prepare() || !clone() || !help_child()) return;
    bool has_ended = await_end(pidfd_.get());
    if (!has_ended && !executes_) {
      if (const int signal = await_set_up(report_.reader.get(), executes_); signal != 0) {
        kill();
        end(128 + signal);
      }
      has_ended = await_end(pidfd_.get());
    }
    // What did not come to execve has a reason to tell.
    if (!executes_ || is_told()) return;
    if (has_ended) end(reap());
    hand_over();
  }

 private:
  bool prepare() noexcept {
    if (!have_same_answers(Questions::about_pins)) return false;
    for (const Step& step : steps()) {
      if (const auto* source = std::get_if<PinSource>(&step.op); source != nullptr && !is_held(*source))
        return false;
      if (const auto* clone = std::get_if<CloneChild>(&step.op)) namespaces_ = clone->namespaces;
    }
    image_ = Fd(sys::open_at(AT_FDCWD, "/proc/self/exe", O_PATH | O_CLOEXEC));
    return image_.ok() && make_stacks() && make_pipe(report_) && make_pipe(go_) && make_channel(channel_);
  }

  bool clone() noexcept {
    context_.steps = steps();
    context_.pins = {g_room.pins, head().pins};
    context_.slots = {g_room.slots, head().slots};
    context_.made = {g_room.made, head().slots};
    context_.report_fd = report_.writer.get();
    context_.channel_fd = channel_.writer.get();
    context_.go_fd = go_.reader.get();
    context_.parents_ends = {report_.reader.get(), go_.writer.get(), channel_.reader.get()};
    context_.init_image = image_.get();
    context_.program_stack = stack_top(1);
    context_.executes = &executes_;
    files_.tell(context_);
    int pidfd = -1;
    child_ = clone_sharing(namespaces_, &pidfd, stack_top(0), begin_child, &context_);
    if (child_ < 0) return false;
    pidfd_ = Fd(pidfd);
    report_.writer = Fd(-EBADF);
    go_.reader = Fd(-EBADF);
    return true;
  }

  /// The steps of Phase::parent.
  bool help_child() noexcept {
    for (const Step& step : steps()) {
      if (const auto* file = std::get_if<WriteChildFile>(&step.op);
          file != nullptr && !write_child_file(*file, child_))
        return false;
      if (std::holds_alternative<LetChildGo>(step.op) && sys::call(SYS_write, go_.writer.get(), "!", 1) < 0)
        return false;
    }
    return true;
  }

  /// Has a step said that it failed?
  [[nodiscard]] bool is_told() const noexcept {
    Report report;
    return is_readable(report_.reader.get()) &&
           sys::call(SYS_read, report_.reader.get(), &report, sizeof report) > 0;
  }

  void kill() noexcept {
    if (!pidfd_.ok()) return;
    sys::call(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    reap();
  }

  /// What `hutch run` ends with.
  int reap() noexcept {
    siginfo_t ended = {};
    long rc = -EINTR;
    while (rc == -EINTR) rc = sys::call(SYS_waitid, P_PIDFD, pidfd_.get(), &ended, WEXITED, nullptr);
    pidfd_ = Fd(-EBADF);
    if (rc < 0) return 128 + SIGKILL;
    return ended.si_code == CLD_EXITED ? ended.si_status : 128 + ended.si_status;
  }

  void hand_over() noexcept {
    g_running.child = static_cast<pid_t>(child_);
    g_running.pidfd = pidfd_.release();
    g_running.channel = channel_.reader.release();
    g_running.childs_channel = channel_.writer.release();
    g_running.file = file_.release();
    g_running.began = began_;
    signals_.hand_over(g_running);
  }

  // The child's, too, in this very place, until the program begins.
  ChildContext context_;
  std::atomic<bool> executes_ = false;
  Fd file_;
  const std::uint64_t began_ = now();
  HeldSignals signals_;
  const KeepDumpable dumpable_;
  const FileLimit files_{head().slots, head().pins};
  Fd image_{-EBADF};
  Pair report_, go_, channel_;
  std::uint64_t namespaces_ = 0;
  long child_ = -1;
  Fd pidfd_{-EBADF};
};

bool is_privileged(char** behind_environment) noexcept {
  for (const auto* each = reinterpret_cast<const Elf64_auxv_t*>(behind_environment); each->a_type != AT_NULL;
       ++each) {
    if (each->a_type == AT_SECURE) return each->a_un.a_val != 0;
  }
  return true;
}

}  // namespace

const Relaunched* relaunched() noexcept { return g_running.child > 0 ? &g_running : nullptr; }

void relaunch(long* stack) noexcept {
  char** const words = reinterpret_cast<char**>(stack + 1);
  if (*stack < 3 || !same_text(words[1], "run")) return;
  char** const environment = words + *stack + 1;
  char** end = environment;
  while (*end != nullptr) ++end;
  if (is_privileged(end + 1) || value_of(environment, kOwnPath) != nullptr) return;
  Fd file(-EBADF);
  if (find_kept(words + 1, environment, file)) Launch(static_cast<Fd&&>(file)).run();
  forget_room();
}

}  // namespace hutch
