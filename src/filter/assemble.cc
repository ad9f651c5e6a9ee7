#include "filter/assemble.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <span>
#include <utility>

#include "filter/evaluate.h"

namespace hutch {
namespace {

using Program = std::vector<sock_filter>;

constexpr std::uint32_t kSkipped = 0xFFFFFFFF;
constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr);
constexpr std::uint32_t kArchitecture = offsetof(seccomp_data, arch);
static_assert(std::endian::native == std::endian::little, "the low half of an argument comes first");
constexpr std::uint32_t low_half(std::uint32_t argument) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args)) + 8 * argument;
}
constexpr std::uint32_t high_half(std::uint32_t argument) { return low_half(argument) + 4; }

constexpr sock_filter load(std::uint32_t offset) { return {BPF_LD | BPF_W | BPF_ABS, 0, 0, offset}; }
constexpr sock_filter answer(std::uint32_t action) { return {BPF_RET | BPF_K, 0, 0, action}; }
constexpr sock_filter jump(std::size_t by) {
  return {BPF_JMP | BPF_JA, 0, 0, static_cast<std::uint32_t>(by)};
}

struct Branch {
  std::vector<Condition> conditions;
  std::uint32_t action = 0;
  friend bool operator==(const Branch&, const Branch&) = default;
};

/// What happens with one number: the first branch that holds, or `otherwise`.
struct Verdict {
  std::vector<Branch> branches;
  std::uint32_t otherwise = 0;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// The floor in a list that is ordered by strictness.
void lay_floor(Verdict& verdict, const Rule& rule) {
  if (rank(rule.action) < rank(verdict.otherwise)) {
    const auto at = std::ranges::find_if(
        verdict.branches, [&](const Branch& each) { return rank(each.action) > rank(rule.action); });
    verdict.branches.insert(at, {rule.conditions, rule.action});
    return;
  }
  // What happens otherwise is as strict, but a branch may be looser.
  std::vector<Branch> branches;
  for (Branch& each : verdict.branches) {
    if (rank(each.action) > rank(rule.action)) {
      Branch both{rule.conditions, rule.action};
      both.conditions.insert(both.conditions.end(), each.conditions.begin(), each.conditions.end());
      branches.push_back(std::move(both));
    }
    branches.push_back(std::move(each));
  }
  verdict.branches = std::move(branches);
}

using Rules = std::vector<const Rule*>;

Verdict decide(Rules rules, const Rules& floor, std::uint32_t otherwise) {
  if (rules.size() == 1 && floor.empty() && rules.front()->conditions.empty())
    return {{}, rules.front()->action};
  std::ranges::reverse(rules);
  std::ranges::stable_sort(rules, {}, [](const Rule* each) { return rank(each->action); });
  Verdict verdict{{}, otherwise};
  for (const Rule* each : rules) {
    if (each->conditions.empty()) {
      verdict.otherwise = each->action;
      break;
    }
    verdict.branches.push_back({each->conditions, each->action});
  }
  for (const Rule* each : floor) lay_floor(verdict, *each);
  while (!verdict.branches.empty() && verdict.branches.back().action == verdict.otherwise)
    verdict.branches.pop_back();
  return verdict;
}

// --- one comparison

/// Where a comparison goes on: behind it, at the end of its branch, or at the next instruction.
enum class To : std::uint8_t { next, holds, fails };
struct Line {
  sock_filter op;
  To yes = To::next, no = To::next;
};
using Lines = std::vector<Line>;

Line test(std::uint16_t how, std::uint32_t value, To yes, To no) {
  return {{static_cast<std::uint16_t>(BPF_JMP | how | BPF_K), 0, 0, value}, yes, no};
}

void load_half(Lines& lines, std::uint32_t offset, std::uint32_t mask) {
  lines.push_back({load(offset)});
  if (mask != 0xFFFFFFFF) lines.push_back({{BPF_ALU | BPF_AND | BPF_K, 0, 0, mask}});
}

std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32U); }

/// Everything is asked as "equal", "greater" or "at least", the rest turns the answer round.
Lines compare(const Condition& condition) {
  const Compare op = condition.op;
  const bool turned = op == Compare::ne || op == Compare::lt || op == Compare::le;
  const To yes = turned ? To::fails : To::holds;
  const To no = turned ? To::holds : To::fails;
  const bool equality = op == Compare::eq || op == Compare::ne;
  Lines lines;
  if (condition.bits == 64 && (!equality || high(condition.mask) != 0)) {
    load_half(lines, high_half(condition.argument), high(condition.mask));
    if (!equality) lines.push_back(test(BPF_JGT, high(condition.value), yes, To::next));
    lines.push_back(test(BPF_JEQ, high(condition.value), To::next, no));
  }
  load_half(lines, low_half(condition.argument), low(condition.mask));
  const bool at_least = op == Compare::ge || op == Compare::lt;
  const auto how = static_cast<std::uint16_t>(equality ? BPF_JEQ : at_least ? BPF_JGE : BPF_JGT);
  lines.push_back(test(how, low(condition.value), yes, no));
  return lines;
}

void append(Program& program, const Branch& branch) {
  std::vector<Lines> all;
  std::size_t size = 1;
  for (const Condition& each : branch.conditions) {
    all.push_back(compare(each));
    size += all.back().size();
  }
  const std::size_t begin = program.size();
  for (const Lines& lines : all) {
    const std::size_t behind = program.size() + lines.size();
    for (const Line& line : lines) {
      sock_filter op = line.op;
      const auto distance = [&](To to) {
        const std::size_t here = program.size() + 1;
        const std::size_t target = to == To::next ? here : to == To::holds ? behind : begin + size;
        return static_cast<std::uint8_t>(target - here);
      };
      if (BPF_CLASS(op.code) == BPF_JMP) {
        op.jt = distance(line.yes);
        op.jf = distance(line.no);
      }
      program.push_back(op);
    }
  }
  program.push_back(answer(branch.action));
}

// --- all numbers of one architecture

struct Range {
  std::uint32_t first = 0;  ///< up to the next one's
  Verdict verdict;
};

void append(Program& program, std::span<const Range> ranges) {
  if (ranges.size() == 1) {
    const Verdict& verdict = ranges.front().verdict;
    for (const Branch& each : verdict.branches) append(program, each);
    program.push_back(answer(verdict.otherwise));
    return;
  }
  const std::size_t half = ranges.size() / 2;
  const std::uint32_t pivot = ranges[half].first;
  // Jumps over more than 255 instructions take one of their own; whether it does is known once they are
  // there.
  const std::size_t here = program.size();
  program.push_back({BPF_JMP | BPF_JGE | BPF_K, 0, 0, pivot});
  append(program, ranges.first(half));
  const std::size_t below = program.size() - here - 1;
  if (below <= 0xFF) {
    program[here].jt = static_cast<std::uint8_t>(below);
  } else {
    program[here].jf = 1;
    program.insert(program.begin() + static_cast<std::ptrdiff_t>(here) + 1, jump(below));
  }
  append(program, ranges.subspan(half));
}

/// Adds what holds from `first` on; equal neighbours are one range.
void put(std::vector<Range>& ranges, std::uint32_t first, Verdict verdict) {
  if (ranges.back().first == first) {
    ranges.back().verdict = std::move(verdict);
    if (ranges.size() > 1 && ranges[ranges.size() - 2].verdict == ranges.back().verdict) ranges.pop_back();
  } else if (ranges.back().verdict != verdict) {
    ranges.push_back({first, std::move(verdict)});
  }
}

Rules by_number(const std::vector<Rule>& rules) {
  Rules sorted;
  sorted.reserve(rules.size());
  for (const Rule& each : rules) sorted.push_back(&each);
  std::ranges::stable_sort(sorted, {}, &Rule::number);
  return sorted;
}

/// The numbers of which something else may hold than of those without a name.
std::vector<std::uint32_t> numbers_of(const AbiRules& abi) {
  std::vector<std::uint32_t> numbers;
  if (abi.otherwise != abi.unnamed_otherwise) {
    numbers.reserve(all_syscalls().size());
    for (const Syscall& each : all_syscalls()) {
      if (const auto number = each.number(abi.abi)) numbers.push_back(*number);
    }
  } else {
    for (const Rule& each : abi.rules) numbers.push_back(each.number);
    for (const Rule& each : abi.floor) numbers.push_back(each.number);
    if (abi.exception) numbers.push_back(abi.exception->number);
  }
  std::ranges::sort(numbers);
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

/// The next of a sorted list that are for this number.
Rules take(const Rules& sorted, std::size_t& at, std::uint32_t number) {
  Rules found;
  for (; at < sorted.size() && sorted[at]->number == number; ++at) found.push_back(sorted[at]);
  return found;
}

void rule_numbers(const AbiRules& abi, std::vector<Range>& ranges) {
  const Rules rules = by_number(abi.rules), floor = by_number(abi.floor);
  std::size_t next_rule = 0, next_floor = 0;
  put(ranges, facts_of(abi.abi).bit, {{}, abi.unnamed_otherwise});
  for (const std::uint32_t number : numbers_of(abi)) {
    const bool excepted = abi.exception && abi.exception->number == number;
    const std::uint32_t otherwise = excepted ? abi.exception->action : abi.otherwise;
    put(ranges, number, decide(take(rules, next_rule, number), take(floor, next_floor, number), otherwise));
    put(ranges, number + 1, {{}, abi.unnamed_otherwise});
  }
}

/// `together` in the order of their numbers.
Program block_of(const std::vector<const AbiRules*>& together, std::uint32_t audit) {
  const bool has_x32 =
      std::ranges::any_of(together, [](const AbiRules* each) { return each->abi == Abi::x32; });
  std::vector<Range> ranges{{0, {{}, SECCOMP_RET_ERRNO | ENOSYS}}};
  for (const AbiRules* each : together) rule_numbers(*each, ranges);
  if (audit == AUDIT_ARCH_X86_64 && !has_x32) put(ranges, kX32Bit, {{}, SECCOMP_RET_ERRNO | ENOSYS});
  put(ranges, kSkipped, {{}, SECCOMP_RET_ALLOW});
  Program program{load(kNumber)};
  append(program, ranges);
  return program;
}

}  // namespace

std::vector<sock_filter> assemble(const std::vector<AbiRules>& all) {
  Program program{load(kArchitecture)};
  std::vector<std::uint32_t> done;
  for (const AbiRules& each : all) {
    const std::uint32_t audit = facts_of(each.abi).audit;
    if (std::ranges::find(done, audit) != done.end()) continue;
    done.push_back(audit);
    std::vector<const AbiRules*> together;
    for (const AbiRules& other : all) {
      if (facts_of(other.abi).audit == audit) together.push_back(&other);
    }
    std::ranges::sort(together, {}, [](const AbiRules* one) { return facts_of(one->abi).bit; });
    const Program block = block_of(together, audit);
    if (block.size() <= 0xFF) {
      program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, static_cast<std::uint8_t>(block.size()), audit});
    } else {
      program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, audit});
      program.push_back(jump(block.size()));
    }
    program.insert(program.end(), block.begin(), block.end());
  }
  program.push_back(answer(SECCOMP_RET_KILL_PROCESS));
  return program.size() > kMostInstructions ? Program{} : program;
}

}  // namespace hutch
