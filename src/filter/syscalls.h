#pragma once

#include <linux/audit.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// System calls by name: their numbers on each architecture, and groups of them. See syscalls(2).

namespace hutch {

/// A way to call the kernel, which one machine may have several of.
enum class Abi : std::uint8_t { x86_64, x32, x86, aarch64, arm };
inline constexpr std::size_t kAbis = 5;

/// Numbers of x32 carry this bit, under the audit architecture of x86_64.
inline constexpr std::uint32_t kX32Bit = 0x40000000;

struct AbiFacts {
  std::string_view name;  ///< "x86_64", as profiles say it
  std::uint32_t audit;    ///< AUDIT_ARCH_*
  bool is_32_bit;         ///< registers, and so arguments, have 32 bits
  std::uint32_t bit;      ///< what every number carries
};
const AbiFacts& facts_of(Abi abi);
std::optional<Abi> abi_from(std::string_view name);

struct Syscall {
  std::string_view name;
  std::array<std::int32_t, kAbis> numbers;  ///< by Abi, without `bit`; -1: it has no such call
  std::uint16_t
      widths;  ///< two bits for each argument: 0 as wide as a register, 1 a 32-bit one, 2 a 16-bit one

  [[nodiscard]] std::optional<std::uint32_t> number(Abi abi) const {
    const std::int32_t number = numbers[static_cast<std::size_t>(abi)];
    if (number < 0) return std::nullopt;
    return static_cast<std::uint32_t>(number) | facts_of(abi).bit;
  }
  /// How many bits of an argument the kernel looks at.
  [[nodiscard]] int bits(std::uint32_t argument) const {
    const unsigned code = (static_cast<unsigned>(widths) >> (2 * argument)) & 3U;
    return code == 0 ? 64 : code == 1 ? 32 : 16;
  }
};

/// In the order of their names.
std::span<const Syscall> all_syscalls();
const Syscall* find_syscall(std::string_view name);

/// The calls of "@group" or of a single name; nothing for an unknown one.
std::vector<const Syscall*> calls_of(std::string_view name);
/// Everything that calls_of() knows, for did-you-mean.
std::vector<std::string_view> call_names();

}  // namespace hutch
