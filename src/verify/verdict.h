#pragma once

#include <string>
#include <utility>

namespace hutch {

/// What reading a step back came to.
struct Verdict {
  enum class State { ok, differs, unreadable };
  State state = State::ok;
  std::string expected, found;  ///< with `differs`
  std::string why;              ///< with `unreadable`: why it cannot be read back
};

inline Verdict as_planned() { return {}; }
inline Verdict differs(std::string expected, std::string found) {
  return {.state = Verdict::State::differs, .expected = std::move(expected), .found = std::move(found)};
}
inline Verdict unreadable(std::string why) {
  return {.state = Verdict::State::unreadable, .why = std::move(why)};
}
inline Verdict compared(const std::string& expected, const std::string& found) {
  return expected == found ? as_planned() : differs(expected, found);
}

/// The worse one: what differs, then what cannot be read, then what is as planned.
inline Verdict worse(Verdict one, Verdict other) {
  const auto rank = [](const Verdict& each) {
    return each.state == Verdict::State::differs ? 2 : each.state == Verdict::State::unreadable ? 1 : 0;
  };
  return rank(other) > rank(one) ? std::move(other) : std::move(one);
}

}  // namespace hutch
