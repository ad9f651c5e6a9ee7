#include "relaunch/kept_room.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstddef>
#include <variant>

#include "child/close_rows.h"
#include "child/room.h"
#include "child/same_text.h"
#include "child/stacks.h"
#include "relaunch/ask.h"
#include "relaunch/build_id.h"
#include "relaunch/kept_file.h"
#include "relaunch/plans_folder.h"

namespace hutch {
namespace {

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

// What is read of it, and mapped, before its size is known: that of a launch of few mounts.
constexpr std::size_t kFirst = 4 * kPage - offsetof(Room, kept);

const KeptHead& head() noexcept { return *reinterpret_cast<const KeptHead*>(g_room.kept); }
const char* part(const Section& section) noexcept { return g_room.kept + section.at; }

/// In place of a fault for each page. Linux before 5.14 does not.
[[gnu::always_inline]] inline void map_at_once(const char* begin, const char* end) noexcept {
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
bool read_kept(int file, std::uint64_t owner) noexcept {
  struct stat found = {};
  if (sys::call(SYS_fstat, file, &found) < 0 || !S_ISREG(found.st_mode) || found.st_uid != owner ||
      (found.st_mode & 077) != 0 || found.st_nlink > 1)
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

}  // namespace

HUTCH_BEGIN void map_room() noexcept {
  // The linker lays the child's stack right before (link_order.txt).
  constexpr std::size_t kStack = kPage;
  const auto* const room = reinterpret_cast<const char*>(&g_room);
  const auto* const stack = static_cast<const char*>(stack_top(0));
  map_at_once(stack == room ? stack - kStack : room, g_room.kept + kFirst);
}

void forget_room() noexcept { sys::call(SYS_madvise, &g_room, sizeof g_room, MADV_DONTNEED); }

bool find_kept(char** words, char** environment, Fd& file) noexcept {
  SlotName slot;
  for (char** word = words; *word != nullptr; ++word) slot.add(*word);
  slot.add(ask_directory(g_room.kept, kBuffer));
  for (char** entry = environment; *entry != nullptr; ++entry) slot.add(*entry);
  char name[3];
  slot.put(name);
  const auto owner = static_cast<std::uint64_t>(sys::call(SYS_geteuid));
  const Fd folder = open_plans_folder(environment, owner);
  if (!folder.ok()) return false;
  file = Fd(sys::open_at(folder.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  // The place of a standard stream that is closed would be taken by one of them.
  if (folder.get() <= STDERR_FILENO || file.get() <= STDERR_FILENO) return false;
  if (!read_kept(file.get(), owner) || !has_these_words(words)) return false;
  const long entries = same_environment(environment);
  return entries >= 0 && have_same_answers(Questions::all_others) && restore_image(environment, entries);
}

bool open_sources() noexcept {
  if (!have_same_answers(Questions::about_pins)) return false;
  for (const Step& step : kept_steps()) {
    if (const auto* source = std::get_if<PinSource>(&step.op); source != nullptr && !is_held(*source))
      return false;
  }
  return true;
}

void close_sources() noexcept {
  CloseRows rows;
  for (std::uint32_t i = 0; i < head().pins; ++i) {
    rows.add(g_room.pins[i].fd);
    g_room.pins[i].fd = -1;
  }
}

std::span<const Step> kept_steps() noexcept {
  return {reinterpret_cast<const Step*>(part(head().image)), head().steps};
}

std::span<const Pinned> kept_pins() noexcept { return {g_room.pins, head().pins}; }
std::span<int> kept_slots() noexcept { return {g_room.slots, head().slots}; }
std::span<std::uint64_t> kept_made() noexcept { return {g_room.made, head().slots}; }

std::span<char> spare_room() noexcept { return {g_room.buffer, kBuffer}; }

}  // namespace hutch
