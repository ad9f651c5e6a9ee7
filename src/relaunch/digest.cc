#include "relaunch/digest.h"

#include <bit>

static_assert(std::endian::native == std::endian::little);

namespace hutch {
namespace {

std::uint64_t rotated(std::uint64_t value, int by) noexcept { return value << by | value >> (64 - by); }

}  // namespace

Digest::Digest(const Key& key) noexcept
    : v0_(key.low ^ 0x736f6d6570736575U),
      v1_(key.high ^ 0x646f72616e646f6dU ^ 0xeeU),
      v2_(key.low ^ 0x6c7967656e657261U),
      v3_(key.high ^ 0x7465646279746573U) {}

void Digest::bytes(std::string_view text) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (length_ % 8 == 0 && end - at >= 8) {
      __builtin_memcpy(&word_, at, 8);
      at += 8;
      length_ += 8;
      take_word();
    } else {
      word_ |= std::uint64_t{static_cast<unsigned char>(*at++)} << 8 * (length_ % 8);
      if (++length_ % 8 == 0) take_word();
    }
  }
}

void Digest::number(std::uint64_t value) noexcept {
  bytes({reinterpret_cast<const char*>(&value), sizeof value});
}

void Digest::text(std::string_view text) noexcept {
  number(text.size());
  bytes(text);
}

Digest::Value Digest::value() const noexcept {
  Digest last = *this;
  last.word_ |= length_ << 56;
  last.take_word();
  last.v2_ ^= 0xeeU;
  for (int i = 0; i < 4; ++i) last.round();
  Value value;
  value.low = last.v0_ ^ last.v1_ ^ last.v2_ ^ last.v3_;
  last.v1_ ^= 0xddU;
  for (int i = 0; i < 4; ++i) last.round();
  value.high = last.v0_ ^ last.v1_ ^ last.v2_ ^ last.v3_;
  return value;
}

void Digest::round() noexcept {
  v0_ += v1_, v1_ = rotated(v1_, 13) ^ v0_, v0_ = rotated(v0_, 32);
  v2_ += v3_, v3_ = rotated(v3_, 16) ^ v2_;
  v0_ += v3_, v3_ = rotated(v3_, 21) ^ v0_;
  v2_ += v1_, v1_ = rotated(v1_, 17) ^ v2_, v2_ = rotated(v2_, 32);
}

void Digest::take_word() noexcept {
  v3_ ^= word_;
  round();
  round();
  v0_ ^= word_;
  word_ = 0;
}

}  // namespace hutch
