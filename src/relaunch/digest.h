#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hutch {

/// SipHash-2-4 with 128 bits (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): who does not
/// have the key can neither guess a value nor find two texts with the same one. Here the key lies beside the
/// values, in a file that nobody else may read.
class Digest {
 public:
  struct Key {
    std::uint64_t low = 0, high = 0;
  };
  struct Value {
    std::uint64_t low = 0, high = 0;
    friend bool operator==(const Value& a, const Value& b) noexcept {
      return a.low == b.low && a.high == b.high;
    }
  };

  explicit Digest(const Key& key) noexcept;

  void bytes(std::string_view text) noexcept;
  // As a ByteWriter puts them.
  void number(std::uint64_t value) noexcept;
  void text(std::string_view text) noexcept;

  [[nodiscard]] Value value() const noexcept;

 private:
  void round() noexcept;
  void take_word() noexcept;

  std::uint64_t v0_, v1_, v2_, v3_;
  std::uint64_t word_ = 0, length_ = 0;
};

}  // namespace hutch
