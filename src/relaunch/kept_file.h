#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "host/question.h"
#include "plan/step.h"
#include "relaunch/digest.h"

/// A kept plan as a file: src/recall writes it, and reads `plan` of it; src/relaunch has use for all else,
/// and takes it as it is. For this machine and this very program alone.

namespace hutch {

/// A part of the file, in bytes from its beginning.
struct Section {
  std::uint32_t at = 0, size = 0;
};

inline constexpr std::string_view kKeptMagic = "hutchkp3";
inline constexpr std::size_t kProgramId = 32;
inline constexpr std::size_t kLargestKept = std::size_t{1} << 22U;

/// Of words of 64 bits, as Fletcher's: it finds what was damaged, and keeps nobody from writing another.
struct Checksum {
  std::uint64_t words = 0, sums = 0;
  bool operator==(const Checksum&) const = default;
};

/// What the file begins with.
struct KeptHead {
  char magic[8] = {};
  char program[kProgramId] = {};  ///< its build id, and zeros
  Digest::Key key;                ///< random; of every digest here
  Digest::Value environment;
  Section words;      ///< of the command line after "hutch", each with a NUL
  Section questions;  ///< KeptQuestion, its subject and a NUL, filled up to eight bytes; and so on
  Section image;      ///< `steps` of Step, and what they point to, as bytes from the image's beginning
  Section moves;      ///< uint32_t: where in the image such a pointer is
  Section handed_on;  ///< HandedOn: pointers to the caller's own environment
  Section plan;       ///< for src/recall
  std::uint32_t steps = 0, pins = 0, slots = 0;
  std::uint32_t padding = 0;
  Checksum sound;  ///< of all that stands before `plan`, but itself: what was damaged is not used
};
static_assert(std::is_trivially_copyable_v<KeptHead> && sizeof(KeptHead) % 8 == 0);

/// What was asked about the world, without what it answered: transcript.h. Names in a folder come in
/// whatever order: NamesDigest. `follow` of what the launch holds anyway is asked of that: see
/// PinQuestion.
struct KeptQuestion {
  HostQuestion asked = HostQuestion::caller;
  std::uint32_t subject = 0;  ///< bytes of it, without the NUL
  std::uint64_t number = 0;
  Digest::Value answer;
};
static_assert(std::is_trivially_copyable_v<KeptQuestion> && sizeof(KeptQuestion) == 32);

/// What `number` of such a `follow` says.
struct PinQuestion {
  bool is_one = false;
  Pin pin = 0;
  Expect expect = Expect::anything;
};

constexpr std::uint64_t number_of(Pin pin, Expect expect) noexcept {
  return (static_cast<std::uint64_t>(expect) << 32) + std::uint64_t{pin} + 1;
}

constexpr PinQuestion about_pin(const KeptQuestion& question) noexcept {
  if (question.asked != HostQuestion::follow || question.number == 0) return {};
  return {.is_one = true,
          .pin = static_cast<Pin>(question.number) - 1,
          .expect = static_cast<Expect>(question.number >> 32)};
}

/// An entry of the program's environment that is the caller's own.
struct HandedOn {
  std::uint32_t at = 0;     ///< the pointer, in the image
  std::uint32_t entry = 0;  ///< of the caller's environment
};

/// What a launch without the C library has room for.
inline constexpr std::uint32_t kMostSlots = 4096;
inline constexpr std::uint32_t kMostPins = 4096;

inline std::size_t filled_up(std::size_t size) noexcept { return (size + 7) & ~std::size_t{7}; }

/// What `sound` has to be, for a file that is there up to `plan`.
Checksum checksum_of_kept(const char* file) noexcept;

/// Names in whatever order.
class NamesDigest {
 public:
  explicit NamesDigest(const Digest::Key& key) noexcept;
  void add(std::string_view name) noexcept;
  /// `there`: false for a folder that cannot be read.
  [[nodiscard]] Digest::Value value(bool there) const noexcept;

 private:
  Digest::Key key_;
  Digest::Value sum_;
  std::uint64_t count_ = 0;
};

/// Of which of a fixed number of files: FNV-1a, 64 bits. It only chooses a name.
class SlotName {
 public:
  static constexpr std::uint64_t kSlots = 128;
  void add(std::string_view text) noexcept;
  void put(char (&name)[3]) const noexcept;

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

}  // namespace hutch
