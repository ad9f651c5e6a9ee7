#include "plan/compare_filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "filter/evaluate.h"
#include "filter/syscalls.h"

namespace hutch {
namespace {

using Filters = std::vector<LoadedFilter>;

constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr);
constexpr std::uint32_t kArchitecture = offsetof(seccomp_data, arch);

/// A question that a program asks about 32 bits of a call: `(word & mask) op value`.
struct Question {
  std::uint16_t op = 0;
  std::uint32_t mask = 0, value = 0;
  friend auto operator<=>(const Question&, const Question&) = default;
};
using Questions = std::map<std::uint32_t, std::set<Question>>;  ///< by offset in seccomp_data

/// What the accumulator holds: a number, or a word of the call under a mask.
struct Held {
  bool known = true;
  std::uint32_t number = 0;  ///< or the offset of the word
  std::uint32_t mask = 0;
  friend auto operator<=>(const Held&, const Held&) = default;
};

bool holds(std::uint16_t op, std::uint32_t a, std::uint32_t k) {
  switch (BPF_OP(op)) {
    case BPF_JEQ:
      return a == k;
    case BPF_JGT:
      return a > k;
    case BPF_JGE:
      return a >= k;
    default:
      return (a & k) != 0;
  }
}

/// Every question that a program can come to ask about this call. False: it does more than ask.
class Asker {
 public:
  Asker(const std::vector<sock_filter>& program, std::uint32_t audit, std::uint32_t number,
        Questions& questions)
      : program_(program), audit_(audit), number_(number), questions_(questions) {}

  bool ask() {
    todo_.emplace_back(0, Held{});
    while (!todo_.empty()) {
      const auto [at, held] = todo_.back();
      todo_.pop_back();
      // Without a branch behind it, a place is come to once.
      if (!held.known && !seen_.emplace(at, held).second) continue;
      if (!step(at, held)) return false;
    }
    return true;
  }

 private:
  bool step(std::size_t at, Held held) {
    const sock_filter& op = program_[at];
    switch (op.code) {
      case BPF_RET | BPF_K:
        return true;
      case BPF_LD | BPF_W | BPF_ABS:
        todo_.emplace_back(at + 1, load(op.k));
        return true;
      case BPF_LD | BPF_IMM:
        todo_.emplace_back(at + 1, Held{.number = op.k});
        return true;
      case BPF_ALU | BPF_AND | BPF_K:
        (held.known ? held.number : held.mask) &= op.k;
        todo_.emplace_back(at + 1, held);
        return true;
      case BPF_JMP | BPF_JA:
        todo_.emplace_back(at + 1 + op.k, held);
        return true;
      default:
        return branch(at, op, held);
    }
  }

  bool branch(std::size_t at, const sock_filter& op, const Held& held) {
    if (BPF_CLASS(op.code) != BPF_JMP || BPF_SRC(op.code) != BPF_K) return false;
    if (held.known) {
      todo_.emplace_back(at + 1 + (holds(op.code, held.number, op.k) ? op.jt : op.jf), held);
      return true;
    }
    questions_[held.number].insert({op.code, held.mask, op.k});
    todo_.emplace_back(at + 1 + op.jt, held);
    todo_.emplace_back(at + 1 + op.jf, held);
    return true;
  }

  [[nodiscard]] Held load(std::uint32_t offset) const {
    if (offset == kNumber) return {.number = number_};
    if (offset == kArchitecture) return {.number = audit_};
    return {.known = false, .number = offset, .mask = ~std::uint32_t{0}};
  }

  const std::vector<sock_filter>& program_;
  std::uint32_t audit_, number_;
  Questions& questions_;
  std::vector<std::pair<std::size_t, Held>> todo_;
  std::set<std::pair<std::size_t, Held>> seen_;
};

/// Words that give every combination of answers that one word can give. Nothing where those are too many.
std::optional<std::vector<std::uint32_t>> telling_words(const std::set<Question>& questions) {
  constexpr std::size_t kMost = 2048;
  std::set<std::uint32_t> masks;
  std::set<std::uint32_t> words{0, ~std::uint32_t{0}};
  for (const Question& each : questions) {
    masks.insert(each.mask);
    words.insert(each.value);
    if (BPF_OP(each.op) == BPF_JGT || BPF_OP(each.op) == BPF_JGE) {
      words.insert(each.value - 1);
      words.insert(each.value + 1);
    }
    if (BPF_OP(each.op) != BPF_JSET) continue;
    masks.insert(each.value);
    for (std::uint32_t bit = 1; bit != 0; bit <<= 1U) {
      if ((each.value & bit) != 0) words.insert(bit);
    }
    words.insert(~each.value);
  }
  // What one mask leaves open, another may ask about.
  for (const std::uint32_t mask : masks) {
    const std::vector<std::uint32_t> so_far(words.begin(), words.end());
    for (const std::uint32_t a : so_far) {
      for (const std::uint32_t b : so_far) words.insert((a & mask) | (b & ~mask));
      if (words.size() > kMost) return std::nullopt;
    }
  }
  return std::vector<std::uint32_t>(words.begin(), words.end());
}

void put_word(seccomp_data& call, std::uint32_t offset, std::uint32_t word) {
  const std::uint32_t index = offset / 4;
  constexpr std::uint32_t kPointer = offsetof(seccomp_data, instruction_pointer) / 4;
  const unsigned shift = index % 2 == 0 ? 0 : 32;
  const auto replaced = [&](std::uint64_t whole) {
    return (whole & ~(std::uint64_t{0xffffffff} << shift)) | std::uint64_t{word} << shift;
  };
  if (index < kPointer + 2) {
    call.instruction_pointer = replaced(call.instruction_pointer);
  } else {
    auto& argument = call.args[(index - kPointer) / 2 - 1];
    argument = replaced(argument);
  }
}

/// What the two say to one call, over all arguments that matter.
struct Verdict {
  bool understood = true, wider = false, narrower = false, other = false;
  std::set<std::uint32_t> before, after;

  [[nodiscard]] bool differs() const { return !understood || wider || narrower || other; }
  [[nodiscard]] Change change() const {
    if (!understood || wider) return Change::wider;
    return narrower ? Change::narrower : Change::other;
  }
};

class Calls {
 public:
  Calls(const Filters& first, const Filters& second) : first_(first), second_(second) {}

  Verdict compare(std::uint32_t audit, std::uint32_t number) {
    Verdict verdict;
    Questions questions;
    for (const Filters* filters : {&first_, &second_}) {
      for (const LoadedFilter& each : *filters)
        verdict.understood = verdict.understood && Asker(each.program, audit, number, questions).ask();
    }
    if (verdict.understood) verdict.understood = choose_words(questions);
    seccomp_data call{};
    call.nr = static_cast<int>(number);
    call.arch = audit;
    if (!verdict.understood) {
      note(call, verdict);
      return verdict;
    }
    try_all(call, 0, verdict);
    return verdict;
  }

 private:
  bool choose_words(const Questions& questions) {
    constexpr std::size_t kMostCalls = 1U << 16U;
    words_.clear();
    std::size_t calls = 1;
    for (const auto& [offset, asked] : questions) {
      auto telling = telling_words(asked);
      if (!telling) return false;
      calls *= telling->size();
      if (calls > kMostCalls) return false;
      words_.emplace_back(offset, *std::move(telling));
    }
    return true;
  }

  void try_all(seccomp_data& call, std::size_t next, Verdict& verdict) {
    if (next == words_.size()) return note(call, verdict);
    for (const std::uint32_t word : words_[next].second) {
      put_word(call, words_[next].first, word);
      try_all(call, next + 1, verdict);
    }
  }

  void note(const seccomp_data& call, Verdict& verdict) const {
    const std::uint32_t before = answer_of(first_, call);
    const std::uint32_t after = answer_of(second_, call);
    verdict.before.insert(before);
    verdict.after.insert(after);
    if (before == after) return;
    const bool same_kind = (before & SECCOMP_RET_ACTION_FULL) == (after & SECCOMP_RET_ACTION_FULL);
    if (same_kind)
      verdict.other = true;
    else
      (strictest(before, after) == after ? verdict.narrower : verdict.wider) = true;
  }

  const Filters& first_;
  const Filters& second_;
  std::vector<std::pair<std::uint32_t, std::vector<std::uint32_t>>> words_;
};

std::string actions_text(const std::set<std::uint32_t>& actions) {
  std::vector<std::string> names;
  for (const std::uint32_t action : actions) names.push_back(action_name(action));
  return names.size() == 1 ? names.front() : fmt::format("by arguments: {}", fmt::join(names, ", "));
}

/// The ways into the kernel of a machine, its own first.
std::vector<Abi> ways_in(std::string_view architecture) {
  if (architecture == "x86_64") return {Abi::x86_64, Abi::x32, Abi::x86};
  if (architecture == "aarch64") return {Abi::aarch64, Abi::arm};
  return {};
}

Origin place_of(const Filters& filters) { return filters.empty() ? Origin{} : filters.back().at; }

bool same_programs(const Filters& first, const Filters& second) {
  const auto same = [](const LoadedFilter& a, const LoadedFilter& b) {
    return std::ranges::equal(a.program, b.program, [](const sock_filter& one, const sock_filter& other) {
      return one.code == other.code && one.jt == other.jt && one.jf == other.jf && one.k == other.k;
    });
  };
  return std::ranges::equal(first, second, same);
}

}  // namespace

std::uint32_t answer_of(const Filters& filters, const seccomp_data& call) {
  std::uint32_t action = SECCOMP_RET_ALLOW;
  for (const LoadedFilter& each : filters) action = strictest(evaluate(each.program, call), action);
  return action;
}

std::vector<Difference> compare_filters(const Filters& first, const Filters& second,
                                        std::string_view architecture) {
  std::vector<Difference> found;
  if (same_programs(first, second)) return found;
  Calls calls(first, second);
  const std::vector<Abi> all = ways_in(architecture);
  if (all.empty()) {
    found.push_back({Change::wider, "seccomp", "all calls", "some filter", "what cannot be compared",
                     place_of(first), place_of(second)});
  }
  for (const Abi abi : all) {
    const AbiFacts& facts = facts_of(abi);
    const std::string suffix = abi == all.front() ? "" : fmt::format(" ({})", facts.name);
    std::set<std::uint32_t> named;
    const auto look_at = [&](std::uint32_t number, const std::string& name,
                             std::set<Change>* told = nullptr) {
      const Verdict verdict = calls.compare(facts.audit, number);
      if (!verdict.differs() || (told != nullptr && !told->insert(verdict.change()).second)) return;
      found.push_back({verdict.change(), "seccomp", name + suffix, actions_text(verdict.before),
                       verdict.understood ? actions_text(verdict.after) : "what cannot be compared",
                       place_of(first), place_of(second)});
    };
    for (const Syscall& call : all_syscalls()) {
      const std::optional<std::uint32_t> number = call.number(abi);
      if (!number) continue;
      named.insert(*number);
      look_at(*number, std::string(call.name));
    }
    // Of those without a name, one speaks for all.
    constexpr std::uint32_t kBehindAll = 1024;
    std::set<Change> told;
    for (std::uint32_t number = 0; number <= kBehindAll; ++number) {
      if (!named.contains(number | facts.bit)) look_at(number | facts.bit, "calls without a name", &told);
    }
  }
  return found;
}

}  // namespace hutch
