#include "filter/evaluate.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <string_view>

namespace hutch {
namespace {

static_assert(std::endian::native == std::endian::little, "arguments are read low half first");

constexpr std::uint32_t kScratch = BPF_MEMWORDS;

/// By sock_filter::code, as seccomp_check_filter() of the kernel has them.
bool is_taken(std::uint16_t code) {
  switch (code) {
    case BPF_LD | BPF_W | BPF_ABS:
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LD | BPF_IMM:
    case BPF_LDX | BPF_IMM:
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
    case BPF_RET | BPF_K:
    case BPF_RET | BPF_A:
    case BPF_MISC | BPF_TAX:
    case BPF_MISC | BPF_TXA:
    case BPF_ALU | BPF_NEG:
    case BPF_JMP | BPF_JA:
      return true;
    default:
      break;
  }
  if ((code & 0xff00) != 0 || (code & ~(BPF_CLASS(0xff) | BPF_OP(0xff) | BPF_SRC(0xff))) != 0) return false;
  if (BPF_CLASS(code) == BPF_ALU) {
    switch (BPF_OP(code)) {
      case BPF_ADD:
      case BPF_SUB:
      case BPF_MUL:
      case BPF_DIV:
      case BPF_AND:
      case BPF_OR:
      case BPF_XOR:
      case BPF_LSH:
      case BPF_RSH:
        return true;
      default:
        return false;
    }
  }
  if (BPF_CLASS(code) != BPF_JMP) return false;
  const auto op = BPF_OP(code);
  return op == BPF_JEQ || op == BPF_JGT || op == BPF_JGE || op == BPF_JSET;
}

bool is_branch(std::uint16_t code) { return BPF_CLASS(code) == BPF_JMP && BPF_OP(code) != BPF_JA; }

std::optional<std::string> fault_at(std::span<const sock_filter> program, std::size_t at) {
  const sock_filter& op = program[at];
  const std::size_t left = program.size() - at - 1;
  if (!is_taken(op.code))
    return fmt::format("has the code 0x{:x}, which no seccomp program may have", op.code);
  if (op.code == (BPF_LD | BPF_W | BPF_ABS) && (op.k >= sizeof(seccomp_data) || op.k % 4 != 0))
    return fmt::format("loads from offset {}: a call has {} bytes, read 4 at a time", op.k,
                       sizeof(seccomp_data));
  const bool scratch = op.code == BPF_ST || op.code == BPF_STX || op.code == (BPF_LD | BPF_MEM) ||
                       op.code == (BPF_LDX | BPF_MEM);
  if (scratch && op.k >= kScratch)
    return fmt::format("uses scratch word {}, and there are {}", op.k, kScratch);
  if (op.code == (BPF_ALU | BPF_DIV | BPF_K) && op.k == 0) return "divides by zero";
  if ((op.code == (BPF_ALU | BPF_LSH | BPF_K) || op.code == (BPF_ALU | BPF_RSH | BPF_K)) && op.k > 31)
    return fmt::format("shifts by {} bits", op.k);
  const auto lands = [&](std::uint32_t by) -> std::optional<std::string> {
    if (by < left) return std::nullopt;
    return fmt::format("jumps to {}, and there are {} instructions", at + 1 + by, program.size());
  };
  if (op.code == (BPF_JMP | BPF_JA)) return lands(op.k);
  if (is_branch(op.code)) {
    if (auto wrong = lands(op.jt)) return wrong;
    return lands(op.jf);
  }
  return std::nullopt;
}

/// A scratch word is read only where every way there wrote it.
std::optional<ProgramFault> unwritten_word(std::span<const sock_filter> program) {
  static_assert(kScratch <= 16);
  std::array<std::uint16_t, kMostInstructions> written{};
  written.fill(0xffff);
  std::uint16_t now = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& op = program[at];
    now = static_cast<std::uint16_t>(now & written[at]);
    const auto meet = [&](std::size_t by) {
      written[at + 1 + by] = static_cast<std::uint16_t>(written[at + 1 + by] & now);
    };
    if (op.code == BPF_ST || op.code == BPF_STX) {
      now = static_cast<std::uint16_t>(now | 1U << op.k);
    } else if (op.code == (BPF_LD | BPF_MEM) || op.code == (BPF_LDX | BPF_MEM)) {
      if ((now >> op.k & 1U) == 0)
        return ProgramFault{at, fmt::format("reads scratch word {}, which may not be written yet", op.k)};
    } else if (op.code == (BPF_JMP | BPF_JA)) {
      meet(op.k);
      now = 0xffff;
    } else if (is_branch(op.code)) {
      meet(op.jt);
      meet(op.jf);
      now = 0xffff;
    }
  }
  return std::nullopt;
}

std::uint32_t compute(std::uint16_t code, std::uint32_t a, std::uint32_t b) {
  switch (BPF_OP(code)) {
    case BPF_ADD:
      return a + b;
    case BPF_SUB:
      return a - b;
    case BPF_MUL:
      return a * b;
    case BPF_AND:
      return a & b;
    case BPF_OR:
      return a | b;
    case BPF_XOR:
      return a ^ b;
    case BPF_LSH:
      return a << (b & 31U);
    case BPF_RSH:
      return a >> (b & 31U);
    default:
      return 0 - a;
  }
}

bool holds(std::uint16_t code, std::uint32_t a, std::uint32_t b) {
  switch (BPF_OP(code)) {
    case BPF_JEQ:
      return a == b;
    case BPF_JGT:
      return a > b;
    case BPF_JGE:
      return a >= b;
    default:
      return (a & b) != 0;
  }
}

struct Registers {
  std::uint32_t a = 0, x = 0;
  std::array<std::uint32_t, kScratch> scratch{};
};

/// Does what only carries a value from one place to another. False: it is something else.
bool move(const sock_filter& op, const seccomp_data& call, Registers& now) {
  switch (op.code) {
    case BPF_LD | BPF_W | BPF_ABS:
      std::memcpy(&now.a, reinterpret_cast<const char*>(&call) + op.k, sizeof now.a);
      return true;
    case BPF_LD | BPF_W | BPF_LEN:
      now.a = sizeof call;
      return true;
    case BPF_LDX | BPF_W | BPF_LEN:
      now.x = sizeof call;
      return true;
    case BPF_LD | BPF_IMM:
      now.a = op.k;
      return true;
    case BPF_LDX | BPF_IMM:
      now.x = op.k;
      return true;
    case BPF_LD | BPF_MEM:
      now.a = now.scratch[op.k];
      return true;
    case BPF_LDX | BPF_MEM:
      now.x = now.scratch[op.k];
      return true;
    case BPF_ST:
      now.scratch[op.k] = now.a;
      return true;
    case BPF_STX:
      now.scratch[op.k] = now.x;
      return true;
    case BPF_MISC | BPF_TAX:
      now.x = now.a;
      return true;
    case BPF_MISC | BPF_TXA:
      now.a = now.x;
      return true;
    default:
      return false;
  }
}

struct ActionName {
  std::string_view name;
  std::uint32_t action;
};
constexpr ActionName kActions[] = {{"allow", SECCOMP_RET_ALLOW},
                                   {"log", SECCOMP_RET_LOG},
                                   {"trap", SECCOMP_RET_TRAP},
                                   {"kill", SECCOMP_RET_KILL_PROCESS}};
constexpr int kLastErrno = 133;   // EHWPOISON
constexpr int kMostErrno = 4095;  // MAX_ERRNO of the kernel

}  // namespace

std::optional<ProgramFault> fault_of(std::span<const sock_filter> program) {
  if (program.empty()) return ProgramFault{0, "is missing: the program is empty"};
  if (program.size() > kMostInstructions)
    return ProgramFault{kMostInstructions,
                        fmt::format("is one too many: the kernel takes {}", kMostInstructions)};
  for (std::size_t at = 0; at < program.size(); ++at) {
    if (auto wrong = fault_at(program, at)) return ProgramFault{at, *std::move(wrong)};
  }
  if (BPF_CLASS(program.back().code) != BPF_RET)
    return ProgramFault{program.size() - 1, "is the last one and does not return"};
  return unwritten_word(program);
}

std::uint32_t evaluate(std::span<const sock_filter> program, const seccomp_data& call) {
  Registers now;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& op = program[at];
    if (move(op, call, now)) continue;
    const std::uint32_t operand = BPF_SRC(op.code) == BPF_X ? now.x : op.k;
    if (op.code == (BPF_RET | BPF_K)) return op.k;
    if (op.code == (BPF_RET | BPF_A)) return now.a;
    if (op.code == (BPF_JMP | BPF_JA)) {
      at += op.k;
    } else if (BPF_CLASS(op.code) == BPF_JMP) {
      at += holds(op.code, now.a, operand) ? op.jt : op.jf;
    } else if (BPF_OP(op.code) == BPF_DIV) {
      if (operand == 0) return SECCOMP_RET_KILL_THREAD;  // the kernel's program ends with 0 there
      now.a /= operand;
    } else {
      now.a = compute(op.code, now.a, operand);
    }
  }
  return SECCOMP_RET_KILL_PROCESS;
}

std::int32_t rank(std::uint32_t action) {
  return static_cast<std::int32_t>(action & SECCOMP_RET_ACTION_FULL);
}

std::uint32_t strictest(std::uint32_t newer, std::uint32_t older) {
  return rank(older) < rank(newer) ? older : newer;
}

std::string action_name(std::uint32_t action) {
  const std::uint32_t data = action & SECCOMP_RET_DATA;
  switch (action & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ERRNO: {
      const char* name = data > 0 && data <= kLastErrno ? ::strerrorname_np(static_cast<int>(data)) : nullptr;
      return name ? fmt::format("errno:{}", name) : fmt::format("errno:{}", data);
    }
    case SECCOMP_RET_KILL_THREAD:
      return "kill_thread";
    case SECCOMP_RET_TRACE:
      return fmt::format("trace:{}", data);
    case SECCOMP_RET_USER_NOTIF:
      return "notify";
    default:
      break;
  }
  for (const ActionName& each : kActions) {
    if ((action & SECCOMP_RET_ACTION_FULL) == each.action) return std::string(each.name);
  }
  return "kill";  // what the kernel does with an action that it does not know
}

std::optional<std::uint32_t> action_from(const std::string& name) {
  for (const ActionName& each : kActions) {
    if (name == each.name) return each.action;
  }
  constexpr std::string_view kPrefix = "errno:";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::string_view error = std::string_view(name).substr(kPrefix.size());
  if (error == "EWOULDBLOCK") return SECCOMP_RET_ERRNO | EAGAIN;
  if (error == "EDEADLOCK") return SECCOMP_RET_ERRNO | EDEADLK;
  if (error == "ENOTSUP") return SECCOMP_RET_ERRNO | EOPNOTSUPP;
  for (int number = 1; number <= kLastErrno; ++number) {
    const char* known = ::strerrorname_np(number);
    if (known && error == known) return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number);
  }
  int number = 0;
  const auto [end, wrong] = std::from_chars(error.data(), error.data() + error.size(), number);
  if (wrong != std::errc{} || end != error.data() + error.size() || error.empty() || number < 0 ||
      number > kMostErrno)
    return std::nullopt;
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number);
}

}  // namespace hutch
