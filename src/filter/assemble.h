#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "filter/syscalls.h"
#include "profile/profile.h"

/// Rules become a program: classic BPF that looks a number up by binary search over ranges.

namespace hutch {

/// One comparison of an argument. `value` and `mask` are as wide as the kernel reads the argument.
struct Condition {
  std::uint32_t argument = 0;
  int bits = 64;  ///< 64, 32 or 16: the rest is not looked at, as the kernel does not
  Compare op = Compare::eq;
  std::uint64_t value = 0;
  std::uint64_t mask = ~std::uint64_t{0};

  friend bool operator==(const Condition&, const Condition&) = default;
};

/// `action` where all conditions hold. Of several that apply to a call the strictest counts, as if each were
/// a filter of its own; of equally strict ones the later.
struct Rule {
  std::uint32_t number = 0;  ///< with the bit of x32
  std::uint32_t action = 0;
  std::vector<Condition> conditions;  ///< none: always
};

/// All there is to say about the calls of one way into the kernel.
struct AbiRules {
  Abi abi = Abi::x86_64;
  std::vector<Rule> rules;
  std::vector<Rule> floor;              ///< stricter than whatever `rules` say
  std::uint32_t otherwise = 0;          ///< where no rule applies
  std::uint32_t unnamed_otherwise = 0;  ///< for numbers that no known call has
  std::optional<Rule> exception;        ///< another `otherwise` for one number
};

/// The program for these; any other architecture ends the process, and an x32 call where x32 is not among
/// `all` does not exist (ENOSYS). A number of -1, which a tracer makes of a call that it answers itself, is
/// let through. Empty if it would be longer than the kernel takes.
std::vector<sock_filter> assemble(const std::vector<AbiRules>& all);

}  // namespace hutch
