#include "relaunch/digest.h"

#include <catch2/catch.hpp>
#include <string>

using namespace hutch;

namespace {

constexpr Digest::Key kKey{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

Digest::Value of(std::string_view text, const Digest::Key& key = kKey) {
  Digest digest(key);
  digest.bytes(text);
  return digest.value();
}

}  // namespace

TEST_CASE("a digest is SipHash-2-4 with 128 bits, as its authors' own test vectors have it") {
  // vectors.h of the reference implementation: the input is 00, 01, 02 …
  CHECK(of("") == Digest::Value{0xe6a825ba047f81a3U, 0x930255c71472f66dU});
  CHECK(of(std::string(1, '\0')) == Digest::Value{0x44af996bd8c187daU, 0x45fc229b11597634U});
}

TEST_CASE(
    "a digest depends on each byte, on their order and on the key, and not on the pieces they come in") {
  CHECK_FALSE(of("ab") == of("ba"));
  CHECK_FALSE(of("ab") == of(std::string("ab\0", 3)));
  CHECK_FALSE(of("ab") == of("ab", {kKey.low, kKey.high + 1}));
  Digest pieces(kKey);
  for (const char* piece : {"a text ", "that is ", "", "longer than a word"}) pieces.bytes(piece);
  CHECK(pieces.value() == of("a text that is longer than a word"));
  Digest numbered(kKey);
  numbered.text("ab");
  CHECK(numbered.value() == of(std::string("\2\0\0\0\0\0\0\0ab", 10)));
}
